package status

import (
	"cmp"
	"context"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/internal/refresh"
)

// Misbound returns, for each provider whose refresh token is for another credential than its
// config names, that credential. What cannot be seen is left out: operators need not have the
// right to look there, and the next run reports it.
func Misbound(ctx context.Context, from place.Reader, providers []refresh.Provider) map[string]string {
	var names []string
	for _, p := range providers {
		if p.Rotates {
			names = append(names, p.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	listed, err := from.RefreshTokenCredentials(ctx, names)
	if err != nil {
		return nil
	}
	found := map[string]string{}
	for _, p := range providers {
		bound, there := listed[p.Name]
		if !there || !p.Rotates || cmp.Or(bound, p.Name) == p.Credential {
			continue
		}
		// What was listed may be older than the command that bound it.
		if now, err := from.RefreshTokenCredential(ctx, p.Name); err == nil {
			bound = now
		}
		if bound = cmp.Or(bound, p.Name); bound != p.Credential {
			found[p.Name] = bound
		}
	}
	return found
}
