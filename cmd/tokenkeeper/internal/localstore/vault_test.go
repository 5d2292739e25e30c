package localstore_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/localstore"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/refresh/vaulttest"
	"example.com/tokenkeeper/internal/secret"
)

// newVault returns a vault for the providers of the contract.
func newVault(t *testing.T, dir string, disk *tracedDisk) *localstore.Vault {
	t.Helper()
	for _, name := range []string{"quickbooks", "xero"} {
		write(t, filepath.Join(dir, "providers", name+".json"), "{}")
	}
	d := openOn(t, dir, disk)
	lock(t, d)
	disk.steps = nil
	return d.Vault()
}

func TestVault(t *testing.T) {
	vaulttest.Run(t, func(t *testing.T) (refresh.Vault, vaulttest.Hooks) {
		dir := t.TempDir()
		for _, name := range []string{"quickbooks", "xero"} {
			write(t, filepath.Join(dir, "providers", name+".json"), "{}")
		}
		d := open(t, dir)
		lock(t, d)
		return d.Vault(), vaulttest.Hooks{
			Put: func(provider, token string) {
				t.Helper()
				// A person's process does not have the lock.
				if err := open(t, dir).Vault().Put(t.Context(), provider, secret.New(token), ""); err != nil {
					t.Fatal(err)
				}
			},
			Bind: func(provider, credential string) {
				t.Helper()
				if err := open(t, dir).Vault().Bind(t.Context(), provider, credential); err != nil {
					t.Fatal(err)
				}
			},
			Restore: func(provider string) {
				t.Helper()
				if err := open(t, dir).Vault().Restore(t.Context(), provider); err != nil {
					t.Fatal(err)
				}
			},
			Reopen: func() refresh.Vault {
				t.Helper()
				if err := d.Close(); err != nil {
					t.Fatal(err)
				}
				again := open(t, dir)
				lock(t, again)
				return again.Vault()
			},
		}
	})
}

// Killed at any step, there is either the old token or the new one, whole.
func TestARefreshTokenIsReplacedWhole(t *testing.T) {
	for killed := 0; ; killed++ {
		dir, disk := t.TempDir(), &tracedDisk{}
		v := newVault(t, dir, disk)
		if err := v.Put(t.Context(), "quickbooks", secret.New("first"), ""); err != nil {
			t.Fatal(err)
		}
		ticket, err := v.Claim(t.Context(), "quickbooks")
		if err != nil {
			t.Fatal(err)
		}
		disk.steps = nil
		disk.refuse = killedAt(killed)
		err = v.Rotate(t.Context(), "quickbooks", ticket, secret.New("second"))

		text, _ := os.ReadFile(filepath.Join(dir, "private", "quickbooks.json"))
		switch got := string(text); {
		case got == `{"refresh_token":"second"}`+"\n":
		case err != nil && got == `{"refresh_token":"first"}`+"\n":
		default:
			t.Errorf("killed before step %d: %v, and %s is there", killed, err, got)
		}
		// The next run cleans up.
		if err := open(t, dir).Vault().Put(t.Context(), "xero", secret.New("another's"), ""); err != nil {
			t.Fatal(err)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "private", ".tmp-*")); left != nil {
			t.Errorf("killed before step %d: these are left: %q", killed, left)
		}
		if err == nil {
			return
		}
	}
}

func TestRefreshTokensAreForTheirOwnerAlone(t *testing.T) {
	dir := t.TempDir()
	v := newVault(t, dir, &tracedDisk{})
	if err := v.Put(t.Context(), "quickbooks", secret.New("first"), ""); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{"private": 0o700 | fs.ModeDir, "private/quickbooks.json": 0o600, "private/.lock": 0o600} {
		if fi, err := os.Stat(filepath.Join(dir, name)); err != nil || fi.Mode() != want {
			t.Errorf("%s has the mode %v, want %v (%v)", name, fi.Mode(), want, err)
		}
	}
	file := filepath.Join(dir, "private", "quickbooks.json")
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	var e *refresh.Error
	if _, err := v.Claim(t.Context(), "quickbooks"); !errors.As(err, &e) || e.Class != refresh.Misconfigured || !strings.Contains(e.Remedy, "chmod 600") {
		t.Errorf("%v", err)
	}
	for _, mode := range []fs.FileMode{0o755, 0o701, 0o710, 0o704, 0o740} {
		if err := os.Chmod(filepath.Join(dir, "private"), mode); err != nil {
			t.Fatal(err)
		}
		if _, err := v.Claim(t.Context(), "quickbooks"); err == nil || !strings.Contains(err.Error(), "chmod 700") {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
}

// A claim that cannot be noted is given back: the next run makes it anew.
func TestAClaimThatCannotBeNoted(t *testing.T) {
	disk := &tracedDisk{}
	v := newVault(t, t.TempDir(), disk)
	if err := v.Put(t.Context(), "quickbooks", secret.New("first"), ""); err != nil {
		t.Fatal(err)
	}
	disk.refuse = func(_ int, s step) error {
		if strings.HasSuffix(s.to, ".claim") {
			return syscall.ENOSPC
		}
		return nil
	}
	if _, err := v.Claim(t.Context(), "quickbooks"); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("%v", err)
	}
	disk.refuse = nil
	if ticket, err := v.Claim(t.Context(), "quickbooks"); err != nil || ticket.Token.Reveal() != "first" {
		t.Errorf("%v", err)
	}
}

func TestWhatIsNoRefreshToken(t *testing.T) {
	dir := t.TempDir()
	v := newVault(t, dir, &tracedDisk{})
	if err := v.Put(t.Context(), "quickboks", secret.New("token"), ""); err == nil || !strings.Contains(err.Error(), "there is no") {
		t.Errorf("a token was put in for a provider that is not there: %v", err)
	}
	for _, text := range []string{"", "canary", `{"token": "canary"}`, `{"refresh_token": 1}`, `{"refresh_token": ""}`} {
		write(t, filepath.Join(dir, "private", "quickbooks.json"), text)
		_, err := v.Claim(t.Context(), "quickbooks")
		var e *refresh.Error
		if !errors.As(err, &e) || e.Class != refresh.NeedsPerson || e.Code != refresh.CodeNoRefreshToken {
			t.Errorf("with %s in its place: %v", text, err)
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Error("the error tells what is in it")
		}
	}
}

func TestOnlyTheOneWriterClaims(t *testing.T) {
	dir := t.TempDir()
	v := newVault(t, dir, &tracedDisk{})
	if err := v.Put(t.Context(), "quickbooks", secret.New("first"), ""); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, dir).Vault().Claim(t.Context(), "quickbooks"); err == nil || !strings.Contains(err.Error(), "lock it first") {
		t.Errorf("%v", err)
	}
}

// A refresh token that cannot be read is none that is missing, and is not spent.
func TestARefreshTokenThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	disk := &tracedDisk{}
	v := newVault(t, dir, disk)
	if err := v.Put(t.Context(), "quickbooks", secret.New("first"), "erp"); err != nil {
		t.Fatal(err)
	}
	if name, err := v.Credential(t.Context(), "quickbooks"); err != nil || name != "erp" {
		t.Errorf("it is for %q, %v", name, err)
	}
	disk.reading = func(string) error { return &fs.PathError{Op: "read", Path: "x", Err: errors.New("input/output error")} }
	for name, call := range map[string]func() error{
		"Claim":      func() error { _, err := v.Claim(t.Context(), "quickbooks"); return err },
		"Credential": func() error { _, err := v.Credential(t.Context(), "quickbooks"); return err },
	} {
		if err := call(); err == nil || errors.Is(err, refresh.ErrNotFound) || !strings.Contains(err.Error(), "input/output error") {
			t.Errorf("%s: %v", name, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	disk.reading = nil
	if _, err := v.Credential(ended, "quickbooks"); !errors.Is(err, context.Canceled) {
		t.Errorf("once the run has ended: %v", err)
	}
}

// Where there is no token before, or none that can be read, there is nothing to go back to, and
// the present one stays.
func TestRestoreOfNothing(t *testing.T) {
	dir := t.TempDir()
	v := newVault(t, dir, &tracedDisk{})
	if err := v.Put(t.Context(), "quickbooks", secret.New("first"), ""); err != nil {
		t.Fatal(err)
	}
	previous := filepath.Join(dir, "private", "quickbooks.previous.json")
	if err := v.Restore(t.Context(), "quickbooks"); !errors.Is(err, refresh.ErrNotFound) || !strings.Contains(err.Error(), previous) {
		t.Errorf("%v", err)
	}
	write(t, previous, "{")
	if err := v.Restore(t.Context(), "quickbooks"); err == nil || !strings.Contains(err.Error(), previous) {
		t.Errorf("%v", err)
	}
	if ticket, err := v.Claim(t.Context(), "quickbooks"); err != nil || ticket.Token.Reveal() != "first" {
		t.Errorf("%v", err)
	}
}

// What failed once the token was in place is made durable by rotating again.
func TestRotatingAgainAfterTheLastFlushFailed(t *testing.T) {
	disk := &tracedDisk{}
	v := newVault(t, t.TempDir(), disk)
	if err := v.Put(t.Context(), "quickbooks", secret.New("first"), ""); err != nil {
		t.Fatal(err)
	}
	ticket, err := v.Claim(t.Context(), "quickbooks")
	if err != nil {
		t.Fatal(err)
	}
	swapped := false
	disk.refuse = func(_ int, s step) error {
		swapped = swapped || s.op == "rename" && s.to == "private/quickbooks.json"
		if swapped && s.op == "syncdir" {
			return syscall.EIO
		}
		return nil
	}
	for range 2 {
		if err := v.Rotate(t.Context(), "quickbooks", ticket, secret.New("second")); !errors.Is(err, syscall.EIO) {
			t.Errorf("%v, and the token may be lost", err)
		}
	}
	disk.refuse, disk.steps = nil, nil
	err = v.Rotate(t.Context(), "quickbooks", ticket, secret.New("second"))
	if diff := cmp.Diff([]step{{op: "syncdir", name: "private"}}, disk.steps, cmp.AllowUnexported(step{})); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
