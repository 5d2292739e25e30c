package secretstore

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/refresh"
)

const (
	longestRun = 4 * time.Minute  // that the template allows, at any tick
	clockError = 10 * time.Second // by which the clocks of runs may lag behind AWS
)

// LongestRun returns how long a run lasts at most at that tick: the template ends it before
// the next one begins, and after four minutes in any case.
func LongestRun(tick time.Duration) time.Duration { return min(tick, longestRun) }

const (
	// maxVersions of the last 24 hours leave room for a claim, for the token that comes of it, and
	// for one that a person puts in: Secrets Manager takes 100.
	maxVersions = 97
	// eagerClaims is how many claims there may be on one token in eagerTime before the next have to
	// wait for claimPause: a provider that is down for a day would use all versions up.
	eagerClaims = 8
	eagerTime   = 3 * time.Hour
	claimPause  = 20 * time.Minute
)

// Claims returns the limits within which a Vault lets a refresh token be claimed at a tick.
func Claims(tick time.Duration) refresh.Claims {
	v := Vault{LongestRun: LongestRun(tick)}
	apart := v.hold()
	if over := apart % max(tick, 1); over > 0 {
		apart += tick - over // there is no run to claim it between two ticks
	}
	return refresh.Claims{Apart: apart, Eager: (eagerClaims - 1) * tick, Rest: claimPause}
}

// hold is for how long a claim keeps other runs away: for as long as its run may last.
func (v *Vault) hold() time.Duration { return cmp.Or(v.LongestRun, longestRun) + clockError }

// Claim implements refresh.Vault.
func (v *Vault) Claim(ctx context.Context, provider string) (refresh.Ticket, error) {
	// Before the look: nothing is taken for older than it is.
	now := v.Secrets.now()
	h, err := v.look(ctx, provider)
	if err != nil {
		return refresh.Ticket{}, err
	}
	name := v.Secrets.secret(provider)
	current, err := v.finish(ctx, h)
	if err != nil {
		return refresh.Ticket{}, err
	}
	rotated := current != h.Current || current == successor(h.previous)
	versions, err := v.Secrets.History(ctx, provider) // the newest first
	if err != nil {
		return refresh.Ticket{}, err
	}
	before, err := lastClaim(name, versions, h.claim, current)
	if err != nil {
		return refresh.Ticket{}, err
	}
	if mine, ok := v.released.Load(provider); !ok || mine != h.claim {
		recent := func(s StoredVersion) bool { return now.Sub(s.StoredAt) < v.hold() }
		switch {
		case !before.StoredAt.IsZero() && recent(before):
			return refresh.Ticket{}, claimed(name, "is claimed by another run")
		case rotated && slices.ContainsFunc(versions, func(s StoredVersion) bool { return s.ID == current && recent(s) }):
			// The run that has stored it may still be about to store what it was for.
			return refresh.Ticket{}, claimed(name, "was replaced by another run just now")
		}
	}
	if err := v.room(name, versions, current, now); err != nil {
		return refresh.Ticket{}, err
	}
	id := claimID(current, before.ID)
	_, err = v.Secrets.Client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId:           aws.String(name),
		ClientRequestToken: aws.String(string(id)),
		VersionStages:      []string{labelClaim},
		SecretString:       aws.String(fmt.Sprintf(`{"claim":%q}`, rand.Text())),
	})
	switch {
	case awscall.Is(err, "ResourceExistsException"):
		return refresh.Ticket{}, claimed(name, "is claimed by another run")
	case err != nil:
		return refresh.Ticket{}, v.Secrets.blocked(ctx, provider, failure("PutSecretValue", name, err))
	}
	t := refresh.Ticket{ID: current, Claim: refresh.Claim{ID: string(id), At: now}}
	if !before.StoredAt.IsZero() {
		t.Before = refresh.Claim{ID: string(before.ID), At: before.StoredAt.Add(-clockError)}
	}
	version, stored, err := v.read(ctx, provider, labelCurrent)
	if version != "" && version != current {
		return refresh.Ticket{}, claimed(name, "was replaced while it was being claimed")
	}
	t.Token, t.Credential = stored.Token, stored.Credential
	return t, err
}

// Release implements refresh.Vault: what this process has claimed is no obstacle to its next run.
func (v *Vault) Release(provider string, t refresh.Ticket) {
	v.released.Store(provider, refresh.VersionID(t.Claim.ID))
}

// lastClaim returns the claim that has the label, if it is on the version that is current
// now; zero: there is none on that one.
func lastClaim(name string, versions []StoredVersion, last, current refresh.VersionID) (StoredVersion, error) {
	if !isClaim(last, current) {
		return StoredVersion{}, nil
	}
	for _, s := range versions {
		if s.ID == last {
			return s, nil
		}
	}
	// The listing is older than the description.
	return StoredVersion{}, claimed(name, "is claimed by another run")
}

// finish makes the successor of the current version current, where a run has stored one and
// has not moved the label, and returns what is current then.
func (v *Vault) finish(ctx context.Context, h Holding) (refresh.VersionID, error) {
	if !h.Unfinished() {
		return h.Current, nil
	}
	moved, err := v.Secrets.move(ctx, h.Name, h.Current, h.Next)
	if err == nil && !moved {
		err = claimed(v.Secrets.secret(h.Name), "is being replaced by another run")
	}
	return h.Next, err
}

// room says why there may be no further claim for now.
func (v *Vault) room(name string, versions []StoredVersion, current refresh.VersionID, now time.Time) error {
	recent, claims, sinceCurrent := 0, 0, true
	for _, s := range versions {
		if now.Sub(s.StoredAt) < 24*time.Hour {
			recent++
		}
		if sinceCurrent = sinceCurrent && s.ID != current; sinceCurrent && now.Sub(s.StoredAt) < eagerTime {
			claims++
		}
	}
	full := &refresh.Error{Class: refresh.Transient, Code: refresh.CodeWriteBudget}
	switch {
	case recent > maxVersions:
		full.RetryAfter = claimPause
		full.Detail = fmt.Sprintf("secret %s has %d versions of the last 24 hours; Secrets Manager takes 100, and the new refresh token could not be kept", name, recent)
		full.Remedy = "find what logs in, or writes this secret, so often"
	case claims >= eagerClaims && now.Sub(versions[0].StoredAt) < claimPause:
		full.RetryAfter = claimPause - now.Sub(versions[0].StoredAt)
		full.Detail = fmt.Sprintf("the refresh token in %s was claimed %d times in %v and is the same still, so it is tried every %v only: each time takes one of the 100 versions that Secrets Manager keeps a day",
			name, claims, eagerTime, claimPause)
	default:
		return nil
	}
	return full
}

func claimed(secret, how string) error {
	return fmt.Errorf("the refresh token in %s %s: %w", secret, how, refresh.ErrClaimed)
}

// claimID is the id of the one claim on a version that comes after another, or first: see isClaim.
func claimID(current, before refresh.VersionID) refresh.VersionID {
	on := sha256.Sum256([]byte("tokenkeeper vault\x00claim " + current))
	which := sha256.Sum256([]byte("tokenkeeper vault\x00claim " + string(current) + " after " + string(before)))
	return refresh.UUID([16]byte(append(on[:6:6], which[:10]...)))
}

// isClaim reports whether id is that of a claim on a version.
func isClaim(id, current refresh.VersionID) bool {
	on := string(claimID(current, ""))
	return strings.HasPrefix(string(id), on[:len("00000000-0000")])
}

// successor is the id of the version that replaces a spent one. There is one, so that what an
// interrupted run has left is distinguished from what is older; and of two runs that have both spent
// it, the token of the first is kept.
func successor(spent refresh.VersionID) refresh.VersionID {
	sum := sha256.Sum256([]byte("tokenkeeper vault\x00successor " + spent))
	return refresh.UUID([16]byte(sum[:16]))
}
