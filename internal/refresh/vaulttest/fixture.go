package vaulttest

import (
	"errors"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// Hooks is what happens to a vault without its being asked. None may be nil. They end the
// test where they fail.
type Hooks struct {
	// Put puts a token in, as a person does, for the credential with the provider's name.
	Put func(provider, token string)
	// Bind says for which credential the present token is, and Restore puts the one before in
	// again, as people do.
	Bind    func(provider, credential string)
	Restore func(provider string)
	// Reopen returns the vault as a process finds it that was not there before.
	Reopen func() refresh.Vault
}

// A fixture is one test's vault.
type fixture struct {
	*testing.T
	Hooks
	vault refresh.Vault
}

func (f *fixture) version(provider string) refresh.VersionID {
	f.Helper()
	id, err := f.vault.Version(f.Context(), provider)
	if err != nil {
		f.Fatalf("Version() failed: %v", err)
	}
	return id
}

// claim claims and checks what was claimed.
func (f *fixture) claim(want string) refresh.Ticket {
	f.Helper()
	ticket, err := f.vault.Claim(f.Context(), provider)
	if err != nil {
		f.Fatalf("Claim() failed: %v", err)
	}
	if ticket.Token.Reveal() != want {
		f.Fatalf("Claim() gave %q, want %q", ticket.Token.Reveal(), want)
	}
	if id := f.version(provider); id != ticket.ID {
		f.Errorf("the version is %q, and what was claimed has %q", id, ticket.ID)
	}
	return ticket
}

// refused checks that no run can claim now.
func (f *fixture) refused(when string) {
	f.Helper()
	if ticket, err := f.vault.Claim(f.Context(), provider); !errors.Is(err, refresh.ErrClaimed) {
		f.Errorf("%s Claim() gave %q and %v, want an error that says it is claimed", when, ticket.Token.Reveal(), err)
	}
}

func (f *fixture) rotate(spent refresh.Ticket, next string) {
	f.Helper()
	if err := f.vault.Rotate(f.Context(), provider, spent, secret.New(next)); err != nil {
		f.Fatalf("Rotate() failed: %v", err)
	}
}

const (
	provider = "quickbooks"
	other    = "xero"

	// longestRun is how long a run lasts at most, and longEnough when every claim has expired.
	longestRun = 4 * time.Minute
	longEnough = 6 * time.Minute
)
