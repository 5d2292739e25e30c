// Package place knows where a deployment keeps its configs, credentials and tokens, how
// that is looked at, and what to tell a person who must change something there.
package place

import (
	"context"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// A Place is where configs, credentials and tokens are kept.
type Place interface {
	refresh.Source
	Guide

	// States returns the state of every secret. It may be some minutes old.
	States(ctx context.Context) ([]refresh.State, error)
	// Describe returns the present state of those of the named providers that have a
	// secret.
	Describe(ctx context.Context, providers []string) ([]refresh.State, error)
	// Credentials returns the names of all credentials, sorted, where they can be listed.
	Credentials(ctx context.Context) ([]string, error)
	// ReadsCredentials reports whether who looks at the place may read credentials.
	ReadsCredentials() bool
	// PutConfig stores a config, and PutCredential a credential. Both are valid: who calls
	// has checked them.
	PutConfig(ctx context.Context, name string, config secret.Text) error
	PutCredential(ctx context.Context, name string, credential secret.Text) error
	// PutRefreshToken stores the one that the next run uses.
	PutRefreshToken(ctx context.Context, provider string, token secret.Text) error
	// Pause has the runs leave a provider alone, until Resume.
	Pause(ctx context.Context, provider string) error
	Resume(ctx context.Context, provider string) error
	// AllowsLoopback reports whether runs are known to ask providers on their own machine.
	AllowsLoopback() bool
	// Schedule is the one that runs keep there.
	Schedule() refresh.Schedule
	// Close gives back what the place holds.
	Close() error
}

// A Guide tells the person who must act where things are in a place, and what changes
// them.
type Guide interface {
	// ConfigPlace says where the config of that name is, or is to be put.
	ConfigPlace(name string) string
	// CredentialPlace says where the credential of that name is, or is to be put.
	CredentialPlace(name string) string
	// CredentialCommand returns the command line that puts it there; empty: an editor does.
	CredentialCommand(name string) string
	// Command returns a command line of ours that does the verb to the provider, or to all
	// where none is named.
	Command(verb, provider string) string
	// RemoveCommand returns the command line that removes the token of that name, and all
	// that is kept beside it.
	RemoveCommand(name string) string
	// Runner says what replaces tokens when they are due.
	Runner() string
	// Log says where the runs tell more.
	Log() string
}
