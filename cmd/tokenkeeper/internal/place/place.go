// Package place knows where a deployment keeps its configs, credentials and tokens, how
// that is looked at, and how to tell operators what to change there.
package place

import (
	"context"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/localstore"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// A Place is where configs, credentials and tokens are kept.
type Place interface {
	Reader
	Editor
	// Guide leads a person there.
	Guide() Guide
	// Close releases what the place holds.
	Close() error
}

// A Reader is what can be seen of a place without changing it.
type Reader interface {
	refresh.Lister

	// Credential returns the credential of that name, or an error that wraps
	// refresh.ErrNotFound, and CredentialVersion its version without reading the value.
	Credential(ctx context.Context, name string) (refresh.Document, error)
	CredentialVersion(ctx context.Context, name string) (string, error)
	// States returns the state of every secret. It may be some minutes old.
	States(ctx context.Context) ([]refresh.State, error)
	// Describe returns the present state of those of the named providers that have a
	// secret.
	Describe(ctx context.Context, providers []string) ([]refresh.State, error)
	// RefreshTokenCredential returns the name of the credential that the refresh token of a
	// provider is for; empty: the one with the provider's name. The error wraps
	// refresh.ErrNotFound where there is none.
	RefreshTokenCredential(ctx context.Context, provider string) (string, error)
	// RefreshTokenCredentials returns the same of all of the named providers that have one. It
	// may be some minutes old.
	RefreshTokenCredentials(ctx context.Context, providers []string) (map[string]string, error)
	// Credentials returns the names of all credentials, sorted, where they can be listed.
	Credentials(ctx context.Context) ([]string, error)
	// ReadsCredentials reports whether operators may read credentials there.
	ReadsCredentials() bool
	// AllowsLoopback reports whether runs are known to ask providers on their own machine.
	AllowsLoopback() bool
	// Schedule is the one that runs follow there.
	Schedule() refresh.Schedule
	// Room is how much fits into the place.
	Room() Room
	// LastRun returns what is known of the last run, and in the error, which may be a
	// [*refresh.Error], why nothing could be seen of it.
	LastRun(ctx context.Context) (LastRun, error)
}

// A Room is what a place has room for.
type Room struct {
	// Limits are those of what keeps the tokens.
	refresh.Limits
	// RunTime is how long a run lasts at most.
	RunTime time.Duration
	// Documents is how many configs, approved copies and credentials there may be; zero: any
	// number. Credentials are among them unless CredentialsApart is set.
	Documents        int
	CredentialsApart bool
}

// CredentialDocuments returns how many documents so many credentials are.
func (r Room) CredentialDocuments(n int) int {
	if r.CredentialsApart {
		return 0
	}
	return n
}

// An Editor changes what an operator may change in a place. Documents are valid: callers
// have checked them.
type Editor interface {
	// PutConfig stores a config, and PutCredential a credential.
	PutConfig(ctx context.Context, name string, config secret.Text) error
	PutCredential(ctx context.Context, name string, credential secret.Text) error
	// PutApproved stores a copy of a config that the owner of a credential has approved.
	PutApproved(ctx context.Context, credential, provider string, config secret.Text) error
	// DeleteConfig and DeleteCredential delete one; the error wraps [refresh.ErrNotFound]
	// where there is none.
	DeleteConfig(ctx context.Context, name string) error
	DeleteCredential(ctx context.Context, name string) error
	// PutRefreshToken stores the one that the next run uses, for the credential of that name;
	// empty: the one with the provider's name.
	PutRefreshToken(ctx context.Context, provider string, token secret.Text, credential string) error
	// BindRefreshToken says for which credential the one is that is there. The error wraps
	// refresh.ErrNotFound where there is none.
	BindRefreshToken(ctx context.Context, provider, credential string) error
	// RestoreRefreshToken puts the one before in again, for the credential it was for.
	RestoreRefreshToken(ctx context.Context, provider string) error
	// Pause has the runs leave a provider alone, until Resume.
	Pause(ctx context.Context, provider string) error
	Resume(ctx context.Context, provider string) error
}

// Options say which deployment on AWS is meant. What is left empty is found as the AWS
// CLI finds it, in the settings of the function, or is the template's default.
type Options struct {
	// Profile, Region and EndpointURL are those of the AWS CLI.
	Profile, Region, EndpointURL string
	// Stated is what the flags say of the deployment.
	Stated Deployment
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// MFA asks for the code of a profile's MFA device; nil: no one can be asked.
	MFA func() (string, error)
}

// flags returns the flags that lead to the same deployment again.
func (o Options) flags() []string {
	var flags []string
	for _, f := range []struct{ name, value string }{
		{"--profile", o.Profile},
		{"--region", o.Region},
		{"--endpoint-url", o.EndpointURL},
		{"--stack", o.Stated.Stack},
		{"--function", o.Stated.Function},
		{"--namespace", string(o.Stated.Namespace)},
		{"--credential-store", o.Stated.CredentialStore},
		{"--kms-key", o.Stated.KMSKey},
	} {
		if f.value != "" {
			flags = append(flags, f.name, localstore.ShellWord(f.value))
		}
	}
	return flags
}
