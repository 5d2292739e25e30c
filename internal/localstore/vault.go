package localstore

import (
	"context"
	"fmt"
	"sync"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// claimTime is how long a claim keeps other runs away: longer than the 20 seconds that a
// run spends on one provider.
const claimTime = 30 * time.Second

// A Vault keeps refresh tokens in the folder private of a [Dir]. It implements
// [refresh.Vault].
//
// Who claims holds the lock of the Dir, so that all claims are of one process, and are
// kept in its memory; a process that dies gives up what it has claimed. A person may put a
// token in while a run holds that lock, and so there is another one for this folder, held
// only while a file of it is compared and replaced.
type Vault struct {
	dir *Dir
	// Now is the clock by which claims end; nil means time.Now.
	Now func() time.Time

	mu     sync.Mutex
	claims map[string]claim // by provider
}

// A claim is on the token in one version of a file.
type claim struct {
	version refresh.VersionID
	until   time.Time
}

var _ refresh.Vault = (*Vault)(nil)

// Vault returns the vault in d. There must be one for all runs, since it knows of the
// claims.
func (d *Dir) Vault() *Vault { return &Vault{dir: d, claims: make(map[string]claim)} }

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

// Claim implements [refresh.Vault].
func (v *Vault) Claim(ctx context.Context, provider string) (refresh.Ticket, error) {
	if !v.dir.lock.Locked() {
		return refresh.Ticket{}, fmt.Errorf("claiming the refresh token of %q: %s is open for reading only; lock it first", provider, v.dir.name)
	}
	var ticket refresh.Ticket
	err := v.locked(ctx, "claiming", provider, func() error {
		found, err := v.read(provider)
		if err != nil {
			return err
		}
		// With the token spent, it would be too late to find out that the next cannot be kept.
		temp, err := v.dir.write(private, make([]byte, maxFile))
		if err == nil {
			err = v.dir.disk.Remove(temp)
		}
		if err != nil {
			return err
		}
		ticket = found
		return v.claim(provider, found.ID)
	})
	if err != nil {
		return refresh.Ticket{}, err
	}
	return ticket, nil
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

// Rotate implements [refresh.Vault].
func (v *Vault) Rotate(ctx context.Context, provider string, spent refresh.Ticket, next secret.Text) error {
	return v.locked(ctx, "replacing", provider, func() error {
		found, err := v.read(provider)
		if err != nil || !found.Token.Equal(spent.Token) {
			return err // a person's is there
		}
		if err := v.store(provider, next); err != nil {
			return err
		}
		// The run has yet to store what it was spent for.
		found, err = v.read(provider)
		if err != nil {
			return err
		}
		v.mu.Lock()
		defer v.mu.Unlock()
		v.claims[provider] = claim{found.ID, v.now().Add(claimTime)}
		return nil
	})
}

func (v *Vault) now() time.Time {
	if v.Now == nil {
		return time.Now()
	}
	return v.Now()
}

// Put makes a token the one that the next run claims, as a person does who has obtained
// it; also while a run holds the lock of the Dir.
func (v *Vault) Put(ctx context.Context, provider string, token secret.Text) error {
	return v.locked(ctx, "putting in", provider, func() error {
		if err := v.dir.known(provider); err != nil {
			return err
		}
		if err := refresh.CheckRefreshToken(token); err != nil {
			return err
		}
		return v.store(provider, token)
	})
}
