package localstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"

	"github.com/gofrs/flock"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// private is the folder of refresh tokens, for their owner alone:
//
//	DIR/private/NAME.json    {"refresh_token": "…"}
//	DIR/private/.lock        locked while one of them is replaced
const private = "private"

func ticketFile(provider string) string { return path.Join(private, provider+".json") }

// store replaces a file of the folder, durably.
func (v *Vault) store(provider string, token secret.Text) error {
	return v.dir.replace(ticketFile(provider), []byte(refresh.EncodeRefreshToken(token).Reveal()+"\n"))
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
func (v *Vault) read(provider string) (refresh.Ticket, error) {
	fi, err := v.stat(provider)
	if err != nil {
		return refresh.Ticket{}, err
	}
	where := v.dir.path(ticketFile(provider))
	if err := v.dir.checkPrivate(fi, where); err != nil {
		return refresh.Ticket{}, v.dir.badCredential(where, err)
	}
	data, err := v.dir.disk.Read(ticketFile(provider))
	if err != nil {
		return refresh.Ticket{}, v.dir.badCredential(where, err)
	}
	token, err := refresh.DecodeRefreshToken(provider, where, secret.New(string(data)))
	if err != nil {
		return refresh.Ticket{}, err
	}
	return refresh.Ticket{ID: refresh.VersionID(revision(fi)), Token: token}, nil
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
	err := d.root.Mkdir(private, 0o700)
	if err == nil {
		err = d.disk.SyncDir(".")
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
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
