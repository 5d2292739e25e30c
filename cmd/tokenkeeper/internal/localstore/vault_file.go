package localstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// private is the folder of refresh tokens, for their owner alone:
//
//	DIR/private/NAME.json             {"refresh_token": "…", "credential": "…"}
//	DIR/private/NAME.previous.json    the one before
//	DIR/private/.NAME.claim           the last claim, which has nothing secret in it
//	DIR/private/.lock                 locked while one of them is replaced
const private = "private"

func ticketFile(provider string) string   { return path.Join(private, provider+".json") }
func previousFile(provider string) string { return path.Join(private, provider+".previous.json") }
func claimFile(provider string) string    { return path.Join(private, "."+provider+".claim") }

// store replaces a token, durably, and keeps the one before.
func (v *Vault) store(provider string, t refresh.StoredRefreshToken) error {
	data, err := v.dir.disk.Read(ticketFile(provider))
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	default:
		if err := v.dir.replace(previousFile(provider), data); err != nil {
			return err
		}
	}
	return v.write(ticketFile(provider), t)
}

func (v *Vault) write(file string, t refresh.StoredRefreshToken) error {
	return v.dir.replace(file, []byte(t.Encode().Reveal()+"\n"))
}

// A noted claim is one as it is left beside the token.
type notedClaim struct {
	Version refresh.VersionID `json:"version"`
	ID      string            `json:"id"`
	At      time.Time         `json:"at"`
}

func (v *Vault) noteClaim(provider string, version refresh.VersionID, c refresh.Claim) error {
	data, err := json.Marshal(notedClaim{version, c.ID, c.At})
	if err != nil {
		return err
	}
	return v.dir.replace(claimFile(provider), append(data, '\n'))
}

// lastClaim returns the last claim on a version; zero: none is known.
func (v *Vault) lastClaim(provider string, version refresh.VersionID) (refresh.Claim, error) {
	data, err := v.dir.disk.Read(claimFile(provider))
	if errors.Is(err, fs.ErrNotExist) {
		return refresh.Claim{}, nil
	}
	if err != nil {
		return refresh.Claim{}, err
	}
	var c notedClaim
	if err := json.Unmarshal(data, &c); err != nil || c.Version != version {
		return refresh.Claim{}, nil
	}
	return refresh.Claim{ID: c.ID, At: c.At}, nil
}

func (v *Vault) stat(provider string) (fs.FileInfo, error) {
	if err := refresh.CheckName(provider); err != nil {
		return nil, fmt.Errorf("%w: %w", refresh.ErrNotFound, err)
	}
	fi, err := v.dir.root.Stat(ticketFile(provider))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", v.dir.path(ticketFile(provider)), refresh.ErrNotFound)
	}
	return fi, err
}

// read returns the token that is there. Its version is from before it was read: one that
// a person replaces meanwhile is seen to have changed.
func (v *Vault) read(provider string) (refresh.VersionID, refresh.StoredRefreshToken, error) {
	none := refresh.StoredRefreshToken{}
	fi, err := v.stat(provider)
	if err != nil {
		return "", none, err
	}
	where := v.dir.path(ticketFile(provider))
	if err := v.dir.checkPrivate(fi, where); err != nil {
		return "", none, v.dir.badCredential(where, err)
	}
	data, err := v.dir.disk.Read(ticketFile(provider))
	if err != nil {
		return "", none, v.dir.badCredential(where, err)
	}
	stored, err := refresh.DecodeRefreshToken(provider, where, secret.New(string(data)))
	return refresh.VersionID(revision(fi)), stored, err
}

// locked runs f as the only one, of all processes, who looks at the folder and then
// changes it. It makes the folder where it is missing.
func (v *Vault) locked(ctx context.Context, doing, provider string, f func() error) error {
	doing = fmt.Sprintf("%s the refresh token of %q in %s", doing, provider, v.dir.path(private))
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if err := refresh.CheckName(provider); err != nil {
		return fmt.Errorf("%s: %w: %w", doing, refresh.ErrNotFound, err)
	}
	err := v.prepare()
	if err != nil {
		return v.dir.explain(doing, err)
	}
	// A lock of its own for each: one that is shared is held by the whole process.
	lock := flock.New(filepath.Join(v.dir.name, private, ".lock"), flock.SetPermissions(0o600))
	if err := lock.Lock(); err != nil {
		return v.dir.explain(doing, err)
	}
	err = v.dir.sweep(private)
	if err == nil {
		err = f()
	}
	return v.dir.explain(doing, errors.Join(err, lock.Close()))
}

// prepare makes the folder, and refuses one that others can look into.
func (v *Vault) prepare() error {
	d := v.dir
	if err := d.makeFolder(private); err != nil {
		return err
	}
	fi, err := d.root.Stat(private)
	if err != nil {
		return err
	}
	if !fi.IsDir() {
		return fmt.Errorf("%s is not a folder; move it away", d.path(private))
	}
	if permissions(fi)&0o077 != 0 {
		return fmt.Errorf("others can look into %s (mode %04o); run: chmod 700 %s", d.path(private), permissions(fi), ShellWord(d.path(private)))
	}
	return nil
}

// A Vault keeps refresh tokens in the folder private of a [Dir]. It implements
// [refresh.Vault].
//
// Who claims holds the lock of the Dir, so that all claims are of one process, which keeps
// them in its memory. A claim is also left beside the token, so that the next process sees
// that one was made by a process that died. A person may put a token in while a run holds
// the lock of the Dir, and so there is another one for this folder, held only while a file
// of it is compared and replaced.
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

// Vault returns the vault in d. There must be one for all runs, since it knows of the
// claims.
func (d *Dir) Vault() *Vault { return &Vault{dir: d, claims: make(map[string]claim)} }

func (v *Vault) now() time.Time {
	if v.Now == nil {
		return time.Now()
	}
	return v.Now()
}
