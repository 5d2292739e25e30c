package localstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// claimTime is how long a claim is kept for a run that does not release it, as after a bug:
// longer than any run needs for one provider.
const claimTime = 5 * time.Minute

var _ refresh.Vault = (*Vault)(nil)

// Version implements [refresh.Vault].
func (v *Vault) Version(ctx context.Context, provider string) (refresh.VersionID, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	fi, err := v.stat(provider)
	if err != nil {
		return "", err
	}
	return refresh.VersionID(revision(fi)), nil
}

// Credential returns the name of the credential that the token is for, or "". The error may
// wrap [refresh.ErrNotFound].
func (v *Vault) Credential(ctx context.Context, provider string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	_, stored, err := v.read(provider)
	return stored.Credential, err
}

// Claim implements [refresh.Vault].
func (v *Vault) Claim(ctx context.Context, provider string) (refresh.Ticket, error) {
	if !v.dir.lock.Locked() {
		return refresh.Ticket{}, fmt.Errorf("claiming the refresh token of %q: %s is open for reading only; lock it first", provider, v.dir.name)
	}
	var ticket refresh.Ticket
	err := v.locked(ctx, "claiming", provider, func() error {
		id, stored, err := v.read(provider)
		if err != nil {
			return err
		}
		if err := v.dir.probe(private); err != nil {
			return err
		}
		t := refresh.Ticket{ID: id, Token: stored.Token, Credential: stored.Credential,
			Claim: refresh.Claim{ID: rand.Text(), At: v.now().UTC().Truncate(time.Second)}}
		if t.Before, err = v.lastClaim(provider, id); err != nil {
			return err
		}
		if err := v.claim(provider, id); err != nil {
			return err
		}
		if err := v.noteClaim(provider, id, t.Claim); err != nil {
			v.Release(provider, t)
			return err
		}
		ticket = t
		return nil
	})
	return ticket, err
}

func (v *Vault) claim(provider string, version refresh.VersionID) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if c, ok := v.claims[provider]; ok && c.version == version && v.now().Before(c.until) {
		return refresh.ErrClaimed
	}
	v.claims[provider] = claim{version, v.now().Add(claimTime)}
	return nil
}

// Release implements [refresh.Vault].
func (v *Vault) Release(provider string, _ refresh.Ticket) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.claims, provider)
}

// Rotate implements [refresh.Vault].
func (v *Vault) Rotate(ctx context.Context, provider string, spent refresh.Ticket, next secret.Text) error {
	return v.locked(ctx, "replacing", provider, func() error {
		_, found, err := v.read(provider)
		var e *refresh.Error
		switch {
		case errors.As(err, &e) && e.Code == refresh.CodeRefreshTokenLost, err == nil && found.Token.Equal(next):
			return v.dir.disk.SyncDir(private) // it may be here because this failed the last time
		case err != nil || !found.Token.Equal(spent.Token):
			return err // a person's is there
		}
		// What it is for may have been said anew meanwhile.
		if err := v.store(provider, refresh.StoredRefreshToken{Token: next, Credential: found.Credential}); err != nil {
			return err
		}
		// The run has yet to store what it was spent for.
		fi, err := v.stat(provider)
		if err != nil {
			return err
		}
		v.mu.Lock()
		defer v.mu.Unlock()
		v.claims[provider] = claim{refresh.VersionID(revision(fi)), v.now().Add(claimTime)}
		return nil
	})
}

// Put makes a token the one that the next run claims, as a person who has obtained it
// does, for the credential of that name; empty: the one with the provider's name. It works
// while a run holds the lock of the Dir, as Bind and Restore do.
func (v *Vault) Put(ctx context.Context, provider string, token secret.Text, credential string) error {
	return v.locked(ctx, "putting in", provider, func() error {
		if err := v.dir.known(provider); err != nil {
			return err
		}
		return v.store(provider, refresh.StoredRefreshToken{Token: token, Credential: credential})
	})
}

// Bind says for which credential the present token is; empty: the one with the provider's
// name. The error wraps [refresh.ErrNotFound] where there is none.
func (v *Vault) Bind(ctx context.Context, provider, credential string) error {
	return v.locked(ctx, "binding", provider, func() error {
		_, stored, err := v.read(provider)
		if err != nil {
			return err
		}
		stored.Credential = credential
		return v.write(ticketFile(provider), stored)
	})
}

// Restore makes the token before the present one the one that the next run claims. The
// error wraps [refresh.ErrNotFound] where there is none before.
func (v *Vault) Restore(ctx context.Context, provider string) error {
	return v.locked(ctx, "restoring", provider, func() error {
		data, err := v.dir.disk.Read(previousFile(provider))
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s: %w", v.dir.path(previousFile(provider)), refresh.ErrNotFound)
		}
		if err != nil {
			return err
		}
		before, err := refresh.DecodeRefreshToken(provider, v.dir.path(previousFile(provider)), secret.New(string(data)))
		if err != nil {
			return err
		}
		return v.store(provider, before)
	})
}
