package localstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// List returns the state of every secret, by name. It is never old. A secret that cannot
// be looked at is among them, with a version that is not ours: what is wrong with it is
// reported when it is opened, and stops no others.
func (d *Dir) List(ctx context.Context, _ string) (_ []refresh.State, next string, _ error) {
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	files, err := d.list(tokens)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	found := make(map[string]bool)
	for _, f := range files {
		if provider := providerOf(f.Name()); provider != "" {
			found[provider] = true
		}
	}
	states := make([]refresh.State, 0, len(found))
	for _, provider := range slices.Sorted(maps.Keys(found)) {
		st, _, _, err := d.look(provider)
		if err != nil {
			st = refresh.State{Name: provider, Exists: true, Owned: true, Current: "unreadable"}
		}
		states = append(states, st)
	}
	return states, "", nil
}

// Open implements [refresh.Store]. It fails where a record could not be written, since
// after the login that follows it would be too late to find out.
func (d *Dir) Open(ctx context.Context, provider string) (refresh.State, error) {
	var st refresh.State
	err := d.change(ctx, "opening the secret of", provider, func() error {
		before, s, _, err := d.look(provider)
		if err != nil {
			return err
		}
		if err := d.probe(tokens); err != nil {
			return err
		}
		if !before.Exists {
			if err := d.writeState(provider, s); err != nil {
				return err
			}
		}
		st, _, _, err = d.look(provider)
		return err
	})
	return st, err
}

// Limits implements [refresh.Store]: a disk takes what a run gives it, and a record may have what
// package reader reads.
func (d *Dir) Limits() refresh.Limits { return refresh.Limits{Record: 65536} }

// Writes implements [refresh.Store]: a file may be replaced as often as one likes.
func (d *Dir) Writes(context.Context, string) ([]time.Time, error) { return nil, nil }

// Save implements [refresh.Store]. Where there is no record at all, as before the first
// login or after it was removed by hand, c.From does not matter: there is nothing that
// the new one could be worse than.
func (d *Dir) Save(ctx context.Context, c refresh.Change) (refresh.State, error) {
	var st refresh.State
	err := d.change(ctx, "storing the token of", c.Provider, func() error {
		if err := d.save(ctx, c); err != nil {
			return err
		}
		var err error
		st, _, _, err = d.look(c.Provider)
		return err
	})
	return st, err
}

func (d *Dir) save(ctx context.Context, c refresh.Change) error {
	if _, ok := c.To.Parse(); !ok {
		return fmt.Errorf("%.80q is not one of our ids", string(c.To))
	}
	st, s, current, err := d.look(c.Provider)
	if err != nil {
		return err
	}
	if st.Current == c.To {
		return d.disk.SyncDir(tokens) // it may be here because this failed the last time
	}
	if !c.Replaces(st.Current) {
		return nil
	}
	if st.Next != c.To {
		if err := d.put(c, s, current); err != nil {
			return err
		}
	}
	if st.Current != c.From && st.Current != "" {
		return nil // another run was ahead; what was put is there for the next one
	}
	if c.Probe != nil {
		if err := c.Probe(ctx); err != nil {
			return err
		}
	}
	return d.rename(nextFile(c.Provider), recordFile(c.Provider))
}

// put stores a version beside the current one. The state file has its digest by the time
// that it can become current: see the package comment.
func (d *Dir) put(c refresh.Change, s state, current digest) error {
	if c.Record.IsZero() {
		return errors.New("the version that was to become current is gone; the next run asks for another token")
	}
	record := []byte(c.Record.Reveal())
	if len(record) > maxFile {
		return fmt.Errorf("the record has %d bytes; at most %d can be read again", len(record), maxFile)
	}
	if err := d.writeState(c.Provider, s.with(version{c.To, digestOf(record)}, current)); err != nil {
		return err
	}
	return d.replace(nextFile(c.Provider), record)
}

// Note implements [refresh.Store].
func (d *Dir) Note(ctx context.Context, provider string, n refresh.Note) error {
	return d.change(ctx, "noting the outcome for", provider, func() error {
		s, _, err := d.readState(provider)
		if err != nil || s.Note == n.String() {
			return err
		}
		s.Note = n.String()
		return d.writeState(provider, s)
	})
}

// change runs f, which looks at a secret and then changes it, as the only one to do so.
func (d *Dir) change(ctx context.Context, doing, provider string, f func() error) error {
	doing = fmt.Sprintf("%s %q in %s", doing, provider, d.path(tokens))
	if err := refresh.CheckName(provider); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	mu, _ := d.writing.LoadOrStore(provider, new(sync.Mutex))
	mu.(*sync.Mutex).Lock()
	defer mu.(*sync.Mutex).Unlock()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if !d.lock.Locked() {
		return fmt.Errorf("%s: the directory is open for reading only; lock it first", doing)
	}
	return d.explain(doing, f())
}
