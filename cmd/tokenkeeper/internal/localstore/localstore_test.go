package localstore_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/localstore"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/refresh/storetest"
	"example.com/tokenkeeper/internal/secret"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) (refresh.Store, storetest.Hooks) {
		dir := t.TempDir()
		disk := &tracedDisk{}
		d := openOn(t, dir, disk)
		lock(t, d)
		return d, storetest.Hooks{
			Put: func(c refresh.Change) {
				t.Helper()
				put(t, d, disk, c)
			},
			Write: func(provider, record string) {
				t.Helper()
				write(t, filepath.Join(dir, "tokens", provider+".json"), record)
			},
			Read: func(provider string) string {
				t.Helper()
				return readRecord(t, dir, provider)
			},
			Pause: func(provider string, paused bool) {
				t.Helper()
				do := d.Resume
				if paused {
					do = d.Pause
				}
				if err := do(provider); err != nil {
					t.Fatal(err)
				}
			},
		}
	})
}

// Here what was decided on another token waits, also if it is later than what is current:
// the next run makes it current, without a login.
func TestSwapIsFromWhatWasDecidedOn(t *testing.T) {
	dir := t.TempDir()
	d := openOn(t, dir, &tracedDisk{})
	lock(t, d)
	save(t, d, change("", at(0)))
	save(t, d, change(at(0), at(1)))
	if st := save(t, d, change(at(0), at(2))); st.Current != at(1) || st.Next != at(2) {
		t.Errorf("%q is current and %q next, want %q and %q", st.Current, st.Next, at(1), at(2))
	}
	if got := readRecord(t, dir, meitner); got != recordOf(at(1)) {
		t.Errorf("consumers read %q, want %q", got, recordOf(at(1)))
	}
	st := save(t, d, refresh.Change{Provider: meitner, From: at(1), To: at(2)})
	if st.Current != at(2) || readRecord(t, dir, meitner) != recordOf(at(2)) {
		t.Errorf("a run later %q is current, want %q", st.Current, at(2))
	}
}

// There is nothing that a token could be worse than.
func TestRecordThatWasRemovedIsReplaced(t *testing.T) {
	dir := t.TempDir()
	d := openOn(t, dir, &tracedDisk{})
	lock(t, d)
	save(t, d, change("", at(0)))
	remove(t, filepath.Join(dir, "tokens", "meitner.json"))
	if st := save(t, d, change(at(0), at(1))); st.Current != at(1) {
		t.Errorf("%q is current, want %q", st.Current, at(1))
	}
}

// A probe asks a distant server, which may take its time.
func TestProbeHoldsUpNoOtherProvider(t *testing.T) {
	d := openOn(t, t.TempDir(), &tracedDisk{})
	lock(t, d)
	c := change("", at(0))
	c.Probe = func(ctx context.Context) error {
		other := change("", at(0))
		other.Provider = "educloud"
		_, err := d.Save(ctx, other)
		return err
	}
	save(t, d, c)
}

// meitner is the provider of most tests.
const meitner = "meitner"

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// at returns the id of a token of an hour that was issued so many minutes after noon.
func at(minutes int) refresh.VersionID {
	return refresh.Version{IssuedAt: noon.Add(time.Duration(minutes) * time.Minute), Lifetime: time.Hour}.ID()
}

func recordOf(id refresh.VersionID) string { return `{"access_token": "of ` + string(id) + `"}` }

func change(from, to refresh.VersionID) refresh.Change {
	return refresh.Change{Provider: meitner, From: from, To: to, Record: secret.New(recordOf(to))}
}

func open(t *testing.T, dir string) *localstore.Dir {
	t.Helper()
	d, err := localstore.Open(dir)
	return opened(t, d, err)
}

func openOn(t *testing.T, dir string, disk *tracedDisk) *localstore.Dir {
	t.Helper()
	d, err := localstore.OpenOn(dir, func(real localstore.Disk) localstore.Disk {
		disk.Disk = real
		return disk
	})
	return opened(t, d, err)
}

func opened(t *testing.T, d *localstore.Dir, err error) *localstore.Dir {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() }) // often closed before
	return d
}

func lock(t *testing.T, d *localstore.Dir) {
	t.Helper()
	if err := d.Lock(); err != nil {
		t.Fatal(err)
	}
}

func save(t *testing.T, d *localstore.Dir, c refresh.Change) refresh.State {
	t.Helper()
	st, err := d.Save(t.Context(), c)
	if err != nil {
		t.Fatalf("Save(from %q to %q) failed: %v", c.From, c.To, err)
	}
	return st
}

// put saves c and is stopped before the swap, if it gets that far.
func put(t *testing.T, d *localstore.Dir, disk *tracedDisk, c refresh.Change) {
	t.Helper()
	disk.refuse = func(_ int, s step) error {
		if s.op == "rename" && strings.HasSuffix(s.name, ".next.json") {
			return errKilled
		}
		return nil
	}
	_, err := d.Save(t.Context(), c)
	disk.refuse = nil
	if err != nil && !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
}

// stateOf returns what a process that does not write sees of the one secret there is.
func stateOf(t *testing.T, dir string) refresh.State {
	t.Helper()
	d := open(t, dir)
	defer d.Close()
	states, err := refresh.Pages(t.Context(), d.List)
	if err != nil {
		t.Fatal(err)
	}
	switch len(states) {
	case 0:
		return refresh.State{Name: meitner}
	case 1:
		return states[0]
	}
	t.Fatalf("%d secrets, want one: %+v", len(states), states)
	return refresh.State{}
}

// readRecord returns what consumers read; empty: nothing.
func readRecord(t *testing.T, dir, provider string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "tokens", provider+".json"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return string(data)
}

// write writes a file as a person does.
func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
