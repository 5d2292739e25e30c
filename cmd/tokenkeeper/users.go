package main

import (
	"context"
	"fmt"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// A user is a provider that is logged in to with some credential.
type user struct{ subject }

// users are those of one credential.
type users []user

// users returns the providers whose config is right and names the credential. Those who may
// put credentials and not read configs find none: the runs make the comparison too.
func (c *cli) users(ctx context.Context, p place.Place, parser *tokenendpoint.Parser, cred refresh.Credential) users {
	configs, err := place.Configs(ctx, p)
	if err != nil {
		return nil
	}
	var found users
	for _, d := range configs {
		provider, err := refresh.Understand(parser, d.Document)
		if err != nil || provider.Credential != cred.Name || !cred.Serves(provider.Name) {
			continue
		}
		if endpoint, ok := provider.Endpoint.(*tokenendpoint.Endpoint); ok {
			found = append(found, user{subject{Provider: provider, endpoint: endpoint, parser: parser, place: p, schedule: p.Schedule()}})
		}
	}
	return found
}

// misfits returns what of a credential does not fit the configs that use it.
func (us users) misfits(cred refresh.Credential) refresh.Problems {
	var all refresh.Problems
	for _, u := range us {
		all = append(all, u.endpoint.Check(cred)...)
	}
	return all
}

// harmless says why a login would do harm, or returns nil.
func (u user) harmless() error {
	switch {
	case u.Rotates:
		return errSpends
	case u.Supersedes:
		return errSupersedes
	}
	return nil
}

// tryAll logs in to each of them, and shows the first login that fails.
func (c *cli) tryAll(ctx context.Context, us users, cred refresh.Credential) error {
	if len(us) == 0 {
		return instead(fmt.Errorf("no config that you can read uses the credential %q, so there is nothing to try it with", cred.Name), "leave --try out", "")
	}
	for _, u := range us {
		if err := u.harmless(); err != nil {
			return instead(fmt.Errorf("%s: %w", u.Name, err), "leave --try out: the next run uses the credential", "")
		}
	}
	for _, u := range us {
		if v := (trying{}).try(ctx, u.subject, cred); v.Error != nil {
			if err := c.show(v); err != nil {
				return err
			}
			return errAttention
		}
	}
	return nil
}

// usersOf returns the names of the providers that use a credential.
func (c *cli) usersOf(ctx context.Context, p place.Place, credential string) []string {
	names := []string{}
	configs, err := place.Configs(ctx, p)
	if err != nil {
		return names
	}
	for _, d := range configs {
		if name, _ := d.CredentialName(); name == credential {
			names = append(names, d.Name)
		}
	}
	return names
}
