package localstore_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// A claim is for five minutes, to the nanosecond, and is dated to the second.
func TestHowLongAClaimIsKept(t *testing.T) {
	dir := t.TempDir()
	v := newVault(t, dir, &tracedDisk{})
	claimed := noon.Add(2500 * time.Millisecond)
	now := claimed
	v.Now = func() time.Time { return now }
	if err := v.Put(t.Context(), "quickbooks", secret.New("first"), "erp"); err != nil {
		t.Fatal(err)
	}
	first, err := v.Claim(t.Context(), "quickbooks")
	if err != nil {
		t.Fatal(err)
	}
	if want := noon.Add(2 * time.Second); !first.Claim.At.Equal(want) || first.Claim.At.Location() != time.UTC || first.Claim.ID == "" {
		t.Errorf("%+v, want it at %v", first.Claim, want)
	}
	if first.Before != (refresh.Claim{}) || first.Credential != "erp" || first.ID == "" {
		t.Errorf("%+v", first)
	}
	now = claimed.Add(5*time.Minute - 1)
	if _, err := v.Claim(t.Context(), "quickbooks"); !errors.Is(err, refresh.ErrClaimed) {
		t.Errorf("a nanosecond before it ends: %v", err)
	}
	now = claimed.Add(5 * time.Minute)
	second, err := v.Claim(t.Context(), "quickbooks")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first.Claim, second.Before); diff != "" || second.ID != first.ID || second.Claim.ID == first.Claim.ID {
		t.Errorf("%+v: the claim before (-want +got):\n%s", second, diff)
	}

	// What replaces it is kept for the run that stores what it was spent for, and for as long.
	rotated := now.Add(time.Minute)
	now = rotated
	if err := v.Rotate(t.Context(), "quickbooks", second, secret.New("second")); err != nil {
		t.Fatal(err)
	}
	now = rotated.Add(5*time.Minute - 1)
	if _, err := v.Claim(t.Context(), "quickbooks"); !errors.Is(err, refresh.ErrClaimed) {
		t.Errorf("a nanosecond before that of the next ends: %v", err)
	}
	now = rotated.Add(5 * time.Minute)
	if third, err := v.Claim(t.Context(), "quickbooks"); err != nil || third.Token.Reveal() != "second" || third.Before != (refresh.Claim{}) || third.Credential != "erp" {
		t.Errorf("%+v, %v", third, err)
	}
}

// A note of a claim that is no note says nothing, and is replaced.
func TestAClaimThatIsNoNote(t *testing.T) {
	dir := t.TempDir()
	v := newVault(t, dir, &tracedDisk{})
	if err := v.Put(t.Context(), "quickbooks", secret.New("first"), ""); err != nil {
		t.Fatal(err)
	}
	version, err := v.Version(t.Context(), "quickbooks")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "{", `{"version": "other", "id": "x"}`, `{"version": "` + string(version) + `", "id": "x", "at": 1}`} {
		write(t, filepath.Join(dir, "private", ".quickbooks.claim"), text)
		ticket, err := v.Claim(t.Context(), "quickbooks")
		if err != nil || ticket.Before != (refresh.Claim{}) {
			t.Errorf("after %q: %+v, %v", text, ticket.Before, err)
		}
		v.Release("quickbooks", ticket)
		next, err := v.Claim(t.Context(), "quickbooks")
		if err != nil || next.Before != ticket.Claim {
			t.Errorf("after %q, and a claim: %+v, %v", text, next.Before, err)
		}
		v.Release("quickbooks", next)
	}
}

// A token that a person removes in the moment in which it is replaced is reported to the run.
func TestARefreshTokenThatIsRemovedMeanwhile(t *testing.T) {
	dir := t.TempDir()
	disk := &tracedDisk{}
	v := newVault(t, dir, disk)
	if err := v.Put(t.Context(), "quickbooks", secret.New("first"), ""); err != nil {
		t.Fatal(err)
	}
	ticket, err := v.Claim(t.Context(), "quickbooks")
	if err != nil {
		t.Fatal(err)
	}
	renamed := false
	disk.refuse = func(_ int, s step) error {
		if renamed && s.op == "syncdir" {
			remove(t, filepath.Join(dir, "private", "quickbooks.json"))
		}
		renamed = s.op == "rename" && s.to == "private/quickbooks.json"
		return nil
	}
	if err := v.Rotate(t.Context(), "quickbooks", ticket, secret.New("second")); !errors.Is(err, refresh.ErrNotFound) {
		t.Errorf("%v", err)
	}
}
