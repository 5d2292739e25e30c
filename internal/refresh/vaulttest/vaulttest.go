// Package vaulttest is the contract of [refresh.Vault] as tests, for every package that
// implements it.
package vaulttest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// Run runs the tests. Each opens a vault that has nothing in it, for the providers quickbooks
// and xero, in a bubble whose clock begins at midnight.
func Run(t *testing.T, open func(t *testing.T) (refresh.Vault, Hooks)) {
	for _, row := range []struct {
		name string
		test func(*fixture)
	}{
		{"there is nothing before a person has put it in", nothing},
		{"what a person has put in can be claimed", putIn},
		{"the same token put in again is another version", putInAgain},
		{"a context that has ended changes nothing", endedContext},
		{"providers are kept apart", keptApart},

		{"what is claimed is not given to another run", claimedOnce},
		{"a claim outlasts a run, whenever it was made", claimLasts},
		{"a claim that is released keeps no run away in its process", claimReleased},
		{"the claim before is known, whatever became of its run", claimBefore},
		{"a claim on another token is none before", claimBeforeOther},
		{"a claim ends by itself", claimEnds},
		{"runs at once: one has it", atOnce},

		{"what replaces a spent token stays with its run until that ends", rotated},
		{"what replaces a spent token is durable", rotatedDurably},
		{"a repeated replacement does nothing", rotatedAgain},
		{"what a person has put in meanwhile stays", putInMeanwhile},
		{"what a person has put in is no claim", putInAfterClaim},
		{"that a spent token has no successor is durable", lostDurably},
		{"whatever a provider gives is stored as it is", storedAsItIs},

		{"a token is for its own credential, unless it is said", boundByName},
		{"what replaces a token is for the same credential", boundRotates},
		{"what a token is for can be said anew", boundAnew},
		{"the token before can be put in again", restored},

		{"any number of runs spend each token once", spentOnce},
		{"a history of many runs is that of one after the other", linearizable},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v, hooks := open(t)
				row.test(&fixture{T: t, vault: v, Hooks: hooks})
			})
		})
	}
}

func nothing(f *fixture) {
	if _, err := f.vault.Version(f.Context(), provider); !errors.Is(err, refresh.ErrNotFound) {
		f.Errorf("Version() = %v, want an error that says there is none", err)
	}
	if _, err := f.vault.Claim(f.Context(), provider); !errors.Is(err, refresh.ErrNotFound) {
		f.Errorf("Claim() = %v, want an error that says there is none", err)
	}
}

func putIn(f *fixture) {
	f.Put(provider, "first")
	f.claim("first")
}

func putInAgain(f *fixture) {
	f.Put(provider, "first")
	before := f.version(provider)
	time.Sleep(time.Second)
	f.Put(provider, "first")
	if f.version(provider) == before {
		f.Error("a failure would not be forgotten: the version is the same")
	}
}

func endedContext(f *fixture) {
	f.Put(provider, "first")
	ctx, cancel := context.WithCancel(f.Context())
	cancel()
	if _, err := f.vault.Claim(ctx, provider); err == nil {
		f.Error("Claim() succeeded")
	}
	ticket := f.claim("first")
	if err := f.vault.Rotate(ctx, provider, ticket, secret.New("second")); err == nil {
		f.Error("Rotate() succeeded")
	}
	if f.version(provider) != ticket.ID {
		f.Error("the token was replaced")
	}
}

func keptApart(f *fixture) {
	f.Put(provider, "first")
	f.Put(other, "another's")
	f.rotate(f.claim("first"), "second")
	ticket, err := f.vault.Claim(f.Context(), other)
	if err != nil || ticket.Token.Reveal() != "another's" {
		f.Errorf("Claim(%q) gave %q, %v", other, ticket.Token.Reveal(), err)
	}
}

func claimedOnce(f *fixture) {
	f.Put(provider, "first")
	f.claim("first")
	f.refused("at once")
}

func claimLasts(f *fixture) {
	f.Put(provider, "token 0")
	for n := range 60 {
		ticket := f.claim("token " + string(rune('0'+n%10)))
		time.Sleep(longestRun - time.Millisecond)
		f.refused("before the run can be over")
		f.rotate(ticket, "token "+string(rune('0'+(n+1)%10)))
		// Each begins at another second of what may be a slot of time.
		time.Sleep(41*time.Minute + 1001*time.Millisecond)
	}
}

func claimEnds(f *fixture) {
	f.Put(provider, "first")
	before := f.claim("first")
	time.Sleep(longEnough)
	if after := f.claim("first"); after.ID != before.ID {
		f.Error("the version of a token that was claimed and not replaced has changed")
	}
}

func rotated(f *fixture) {
	f.Put(provider, "first")
	first := f.claim("first")
	f.rotate(first, "second")
	// The run has yet to store what it has spent the first for: who claims the second now
	// would ask for the same again.
	f.refused("at once")
	time.Sleep(longEnough)
	second := f.claim("second")
	if second.ID == first.ID {
		f.Error("the next token has the version of the one before")
	}
	f.rotate(second, "third")
	time.Sleep(longEnough)
	f.claim("third")
}

func rotatedDurably(f *fixture) {
	f.Put(provider, "first")
	f.rotate(f.claim("first"), "second")
	f.vault = f.Reopen()
	time.Sleep(longEnough)
	f.claim("second")
}

func rotatedAgain(f *fixture) {
	f.Put(provider, "first")
	ticket := f.claim("first")
	f.rotate(ticket, "second")
	after := f.version(provider)
	f.rotate(ticket, "second")
	if f.version(provider) != after {
		f.Error("the version has changed")
	}
	time.Sleep(longEnough)
	f.claim("second")
}

func putInMeanwhile(f *fixture) {
	f.Put(provider, "first")
	ticket := f.claim("first")
	f.Put(provider, "a person's")
	f.rotate(ticket, "second")
	f.claim("a person's")
}

func putInAfterClaim(f *fixture) {
	f.Put(provider, "first")
	f.claim("first")
	time.Sleep(time.Second)
	f.Put(provider, "a person's")
	f.claim("a person's")
}

func claimReleased(f *fixture) {
	f.Put(provider, "first")
	first := f.claim("first")
	f.vault.Release(provider, first)
	again := f.claim("first")
	if again.ID != first.ID || again.Claim.ID == first.Claim.ID {
		f.Errorf("%+v, and then %+v", first.Claim, again.Claim)
	}
	f.refused("before the second is released")
	f.rotate(again, "second")
	f.refused("before the run has stored what it was for")
	f.vault.Release(provider, again)
	f.claim("second")
}

func claimBefore(f *fixture) {
	f.Put(provider, "first")
	first := f.claim("first")
	if first.Claim.ID == "" || first.Claim.At.IsZero() || first.Before != (refresh.Claim{}) {
		f.Errorf("the first claim is %+v, and before it %+v", first.Claim, first.Before)
	}
	f.vault = f.Reopen()
	time.Sleep(longEnough)
	second := f.claim("first")
	if second.Before.ID != first.Claim.ID || second.Before.At.After(first.Claim.At) || second.Before.At.Before(first.Claim.At.Add(-time.Minute)) {
		f.Errorf("the claim before is %+v, want %+v", second.Before, first.Claim)
	}
}

func claimBeforeOther(f *fixture) {
	f.Put(provider, "first")
	first := f.claim("first")
	f.rotate(first, "second")
	time.Sleep(longEnough)
	if second := f.claim("second"); second.Before != (refresh.Claim{}) {
		f.Errorf("a claim on what was replaced counts: %+v", second.Before)
	}
	time.Sleep(time.Second)
	f.Put(provider, "a person's")
	if third := f.claim("a person's"); third.Before != (refresh.Claim{}) {
		f.Errorf("a claim on what was there before counts: %+v", third.Before)
	}
}

func lostDurably(f *fixture) {
	f.Put(provider, "first")
	ticket := f.claim("first")
	for range 2 { // also where it is repeated
		if err := f.vault.Rotate(f.Context(), provider, ticket, secret.Text{}); err != nil {
			f.Fatalf("Rotate() failed: %v", err)
		}
	}
	f.vault = f.Reopen()
	time.Sleep(longEnough)
	_, err := f.vault.Claim(f.Context(), provider)
	var e *refresh.Error
	if !errors.As(err, &e) || e.Class != refresh.NeedsPerson || e.Code != refresh.CodeRefreshTokenLost {
		f.Errorf("Claim() = %v", err)
	}
	f.Put(provider, "a person's")
	f.claim("a person's")
}

func storedAsItIs(f *fixture) {
	f.Put(provider, "first")
	before := "first"
	for _, token := range []string{" né\nxt\t", `{"a": "b"}`, "<&>\u2028", strings.Repeat("n", 48<<10)} {
		f.rotate(f.claim(before), token)
		time.Sleep(longEnough)
		before = token
	}
	f.claim(before)
}

func (f *fixture) claimFor(token, credential string) refresh.Ticket {
	f.Helper()
	t := f.claim(token)
	if t.Credential != credential {
		f.Errorf("%q is for %q, want %q", token, t.Credential, credential)
	}
	return t
}

func boundByName(f *fixture) {
	f.Put(provider, "first")
	f.claimFor("first", "")
}

func boundRotates(f *fixture) {
	f.Put(provider, "first")
	f.Bind(provider, "erp")
	f.rotate(f.claimFor("first", "erp"), "second")
	f.vault = f.Reopen()
	time.Sleep(longEnough)
	f.claimFor("second", "erp")
}

func boundAnew(f *fixture) {
	f.Put(provider, "first")
	f.Bind(provider, "erp")
	f.Bind(provider, "")
	f.claimFor("first", "")
}

func restored(f *fixture) {
	f.Put(provider, "first")
	f.Bind(provider, "erp")
	f.rotate(f.claimFor("first", "erp"), "second")
	before := f.version(provider)
	f.Restore(provider)
	if f.version(provider) == before {
		f.Error("it is not another version")
	}
	f.claimFor("first", "erp")
	time.Sleep(time.Second)
	f.Restore(provider) // of the restored one, so that it can be undone
	f.claimFor("second", "erp")
}
