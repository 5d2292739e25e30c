package localstore_test

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/localstore"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// A counter fails one of the calls that a store makes to its disk, reads among them.
type counter struct {
	calls, fails atomic.Int64
	last         string
}

func (c *counter) call(op, name string) error {
	if c.calls.Add(1) != c.fails.Load() {
		return nil
	}
	c.last = op + " " + name
	return &fs.PathError{Op: op, Path: name, Err: syscall.EIO}
}

func (c *counter) disk() *tracedDisk {
	return &tracedDisk{
		refuse:  func(_ int, s step) error { return c.call(s.op, s.name) },
		reading: func(name string) error { return c.call("read", name) },
	}
}

// failAt has the n-th call from now fail, counted from one; 0: none does.
func (c *counter) failAt(n int64) {
	c.calls.Store(0)
	c.fails.Store(n)
}

// Each method reports the failure of each of its calls to the disk, leaves nothing half written,
// and succeeds when it is called again.
func TestEveryFailedCallIsReported(t *testing.T) {
	type store struct {
		dir    *localstore.Dir
		vault  *localstore.Vault
		ticket refresh.Ticket
		asked  string
	}
	claim := func(t *testing.T, s *store) {
		t.Helper()
		var err error
		if s.ticket, err = s.vault.Claim(t.Context(), meitner); err != nil {
			t.Fatal(err)
		}
	}
	nothing := func(*testing.T, *store) {}
	for _, row := range []struct {
		name   string
		before func(t *testing.T, s *store)
		call   func(t *testing.T, s *store) error
	}{
		{"Read", nothing, func(_ *testing.T, s *store) error { _, err := s.dir.Read(meitner); return err }},
		{"Open", nothing, func(t *testing.T, s *store) error { _, err := s.dir.Open(t.Context(), meitner); return err }},
		{"Open of a first", nothing, func(t *testing.T, s *store) error { _, err := s.dir.Open(t.Context(), "educloud"); return err }},
		{"Save", nothing, func(t *testing.T, s *store) error {
			_, err := s.dir.Save(t.Context(), change(at(0), at(1)))
			return err
		}},
		{"Save of what is there", nothing, func(t *testing.T, s *store) error { _, err := s.dir.Save(t.Context(), change("", at(0))); return err }},
		{"Note", nothing, func(t *testing.T, s *store) error { return s.dir.Note(t.Context(), meitner, aNote) }},
		{"Pause", nothing, func(_ *testing.T, s *store) error { return s.dir.Pause(meitner) }},
		{"Resume", func(t *testing.T, s *store) {
			if err := s.dir.Pause(meitner); err != nil {
				t.Fatal(err)
			}
		}, func(_ *testing.T, s *store) error { return s.dir.Resume(meitner) }},
		{"SetLastRun", nothing, func(_ *testing.T, s *store) error { return s.dir.SetLastRun(localstore.LastRun{By: "cron"}) }},
		{"LastRun", nothing, func(_ *testing.T, s *store) error { _, err := s.dir.LastRun(); return err }},
		{"Ask", nothing, func(_ *testing.T, s *store) error {
			_, err := s.dir.Ask(refresh.Job{Only: []string{meitner}})
			return err
		}},
		{"Answer", nothing, func(_ *testing.T, s *store) error { return s.dir.Answer(s.asked, []byte("{}")) }},
		{"Answered", func(t *testing.T, s *store) {
			if err := s.dir.Answer(s.asked, []byte("{}")); err != nil {
				t.Fatal(err)
			}
		}, func(_ *testing.T, s *store) error { _, err := s.dir.Answered(s.asked); return err }},
		{"Withdraw", nothing, func(_ *testing.T, s *store) error { return s.dir.Withdraw(s.asked) }},
		{"Put of a first", nothing, func(t *testing.T, s *store) error {
			return s.vault.Put(t.Context(), "educloud", secret.New("first"), "")
		}},
		{"Put", nothing, func(t *testing.T, s *store) error { return s.vault.Put(t.Context(), meitner, secret.New("third"), "") }},
		{"Bind", nothing, func(t *testing.T, s *store) error { return s.vault.Bind(t.Context(), meitner, "erp") }},
		{"Restore", nothing, func(t *testing.T, s *store) error { return s.vault.Restore(t.Context(), meitner) }},
		{"Credential of a refresh token", nothing, func(t *testing.T, s *store) error { _, err := s.vault.Credential(t.Context(), meitner); return err }},
		{"Claim", nothing, func(t *testing.T, s *store) error { _, err := s.vault.Claim(t.Context(), meitner); return err }},
		{"Claim after another process's", func(t *testing.T, s *store) {
			claim(t, s)
			s.vault = s.dir.Vault()
		}, func(t *testing.T, s *store) error { _, err := s.vault.Claim(t.Context(), meitner); return err }},
		{"Rotate", claim, func(t *testing.T, s *store) error {
			return s.vault.Rotate(t.Context(), meitner, s.ticket, secret.New("next"))
		}},
		{"Rotate once more", func(t *testing.T, s *store) {
			claim(t, s)
			if err := s.vault.Rotate(t.Context(), meitner, s.ticket, secret.New("next")); err != nil {
				t.Fatal(err)
			}
		}, func(t *testing.T, s *store) error {
			return s.vault.Rotate(t.Context(), meitner, s.ticket, secret.New("next"))
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			for n := int64(1); ; n++ {
				dir := t.TempDir()
				for _, provider := range []string{meitner, "educloud"} {
					write(t, filepath.Join(dir, "providers", provider+".json"), "{}")
				}
				c := new(counter)
				s := &store{dir: openOn(t, dir, c.disk())}
				lock(t, s.dir)
				s.vault = s.dir.Vault()
				save(t, s.dir, change("", at(0)))
				for _, token := range []string{"first", "second"} {
					if err := s.vault.Put(t.Context(), meitner, secret.New(token), ""); err != nil {
						t.Fatal(err)
					}
				}
				var err error
				if s.asked, err = s.dir.Ask(refresh.Job{Only: []string{meitner}}); err != nil {
					t.Fatal(err)
				}
				row.before(t, s)

				c.failAt(n)
				err = row.call(t, s)
				made := c.calls.Load()
				c.failAt(0)
				if made < n {
					if err != nil || n == 1 {
						t.Errorf("with all of %d calls to the disk taken: %v", made, err)
					}
					return
				}
				if !errors.Is(err, syscall.EIO) {
					t.Errorf("where it cannot %s: %v", c.last, err)
				}
				for _, folder := range []string{"tokens", "private", "state", "state/requests"} {
					left, _ := filepath.Glob(filepath.Join(dir, folder, ".tmp-*"))
					if left != nil && filepath.Base(c.last) != filepath.Base(left[0]) {
						t.Errorf("where it cannot %s, these are left: %q", c.last, left)
					}
				}
				if err := row.call(t, s); err != nil {
					t.Errorf("once more, where it could not %s: %v", c.last, err)
				}
			}
		})
	}
}

// The lock is given only where what others have left is cleared, and is released where it is not.
func TestEveryFailedCallLeavesTheLockToOthers(t *testing.T) {
	for n := int64(1); ; n++ {
		dir := t.TempDir()
		for _, file := range []string{"tokens/.tmp-a", "tokens/.tmp-b", "state/requests/.tmp-c", "state/requests/X.answer"} {
			write(t, filepath.Join(dir, filepath.FromSlash(file)), "")
		}
		write(t, filepath.Join(dir, "state", "requests", "Y.json"), "{}")
		c := new(counter)
		d := openOn(t, dir, c.disk())
		c.failAt(n)
		err := d.Lock()
		if c.calls.Load() < n {
			if err != nil || n != 6 { // four removed, and made durable
				t.Errorf("with all of %d calls to the disk taken: %v", n-1, err)
			}
			return
		}
		if !errors.Is(err, syscall.EIO) {
			t.Errorf("where it cannot %s: %v", c.last, err)
		}
		lock(t, open(t, dir))
		for _, left := range []string{"tokens/.tmp-*", "state/requests/.tmp-*", "state/requests/*.answer"} {
			if left, _ := filepath.Glob(filepath.Join(dir, left)); left != nil {
				t.Errorf("these are left: %q", left)
			}
		}
		if kept, _ := filepath.Glob(filepath.Join(dir, "state", "requests", "*")); len(kept) != 1 {
			t.Errorf("of the requests these are there: %q", kept)
		}
	}
}

// A new folder is made durable too, and a failure of that is reported.
func TestANewFolderIsMadeDurable(t *testing.T) {
	for name, call := range map[string]func(*localstore.Dir) error{
		"Lock":       (*localstore.Dir).Lock,
		"SetLastRun": func(d *localstore.Dir) error { return d.SetLastRun(localstore.LastRun{}) },
		"Ask":        func(d *localstore.Dir) error { _, err := d.Ask(refresh.Job{Only: []string{meitner}}); return err },
		"Put": func(d *localstore.Dir) error {
			return d.Vault().Put(t.Context(), meitner, secret.New("first"), "")
		},
		"Pause": func(d *localstore.Dir) error { return d.Pause(meitner) },
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "providers", "meitner.json"), "{}")
		disk := &tracedDisk{refuse: func(_ int, s step) error {
			if s.op == "syncdir" && s.name == "." {
				return syscall.EIO
			}
			return nil
		}}
		if err := call(openOn(t, dir, disk)); !errors.Is(err, syscall.EIO) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Once a run has ended nothing is read or changed any more.
func TestOnceARunHasEnded(t *testing.T) {
	dir := t.TempDir()
	for _, folder := range []string{"providers", "credentials"} {
		write(t, filepath.Join(dir, folder, "meitner.json"), "{}")
	}
	c := new(counter)
	d := openOn(t, dir, c.disk())
	lock(t, d)
	v := d.Vault()
	save(t, d, change("", at(0)))
	for _, token := range []string{"first", "second"} {
		if err := v.Put(t.Context(), meitner, secret.New(token), ""); err != nil {
			t.Fatal(err)
		}
	}
	ticket, err := v.Claim(t.Context(), meitner)
	if err != nil {
		t.Fatal(err)
	}
	v.Release(meitner, ticket)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range map[string]func() error{
		"Configs":    func() error { _, _, err := d.Configs(ended, ""); return err },
		"Credential": func() error { _, err := d.Credential(ended, meitner); return err },
		"CredentialVersions": func() error {
			return d.CredentialVersions(ended, []string{meitner})[0].Err
		},
		"Latest":           func() error { return d.Latest(ended, []refresh.Wanted{{Provider: "none", Credential: meitner}})[0].Err },
		"List":             func() error { _, _, err := d.List(ended, ""); return err },
		"Open":             func() error { _, err := d.Open(ended, meitner); return err },
		"Save":             func() error { _, err := d.Save(ended, change(at(0), at(1))); return err },
		"Note":             func() error { return d.Note(ended, meitner, aNote) },
		"Version":          func() error { _, err := v.Version(ended, meitner); return err },
		"Vault.Credential": func() error { _, err := v.Credential(ended, meitner); return err },
		"Claim":            func() error { _, err := v.Claim(ended, meitner); return err },
		"Rotate":           func() error { return v.Rotate(ended, meitner, ticket, secret.New("next")) },
		"Put":              func() error { return v.Put(ended, meitner, secret.New("next"), "") },
		"Bind":             func() error { return v.Bind(ended, meitner, "erp") },
		"Restore":          func() error { return v.Restore(ended, meitner) },
	} {
		c.failAt(0)
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		if n := c.calls.Load(); n != 0 {
			t.Errorf("%s made %d calls to the disk", name, n)
		}
	}
}
