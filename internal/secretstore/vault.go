package secretstore

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// A Vault keeps refresh tokens in Secrets Manager, one secret a provider:
//
//	tokenkeeper/private/quickbooks
//
// whose current version is {"refresh_token": "…", "credential": "…"}. It implements
// refresh.Vault, and may be used by any number of goroutines.
//
// # How a refresh token is replaced
//
// A run that is about to spend one puts a claim beside it: a version under the label
// tokenkeeper-claim, which no one reads. Its id is derived from the version of the token and from
// the claim before, and its body is like no other run's, so that Secrets Manager takes one of all
// runs that see the same, refuses the others, and takes a repeated call of the same run again. A
// claim is left alone for longer than a run lasts. So is a token that has just replaced another: the
// run that spent that one has yet to store the record.
//
// The new token is put under the label tokenkeeper-next, with an id that is derived from the version
// of the spent one, and AWSCURRENT then moves to it. From the put on it is stored: where the label
// has not moved, the next run recognizes the token by its id, and makes it current before it claims
// anything. What a person puts in is current at once, and the successor of what was there before
// does not replace it. The one before keeps AWS's label AWSPREVIOUS.
//
// # What a role needs
//
// On the stack's own secrets under Prefix DescribeSecret, ListSecretVersionIds,
// GetSecretValue, PutSecretValue and UpdateSecretVersionStage of AWSCURRENT.
type Vault struct {
	// Secrets are those that the tokens are kept in: Client, Prefix and Stack must be set, and the
	// prefix is not that of records.
	Secrets Store
	// LongestRun is how long a run lasts at most; zero: the template's four minutes. The age of
	// claims is measured by the clock of Secrets, which may be ten seconds off that of AWS.
	LongestRun time.Duration

	released sync.Map // the last claim of this process that was released, a [refresh.VersionID], by provider
}

var _ refresh.Vault = (*Vault)(nil)

// A Holding is what metadata say of a refresh token.
type Holding struct {
	// State is that of its secret; without a Current there is no refresh token.
	refresh.State
	// Credential is the one that it was put in for, by the tag alone: what is stored decides.
	// Empty: the one with the provider's name.
	Credential string

	claim, previous refresh.VersionID
}

// Describe returns what there is for a provider, or why its secret must not be touched. The
// error may wrap refresh.ErrNotFound.
func (v *Vault) Describe(ctx context.Context, provider string) (Holding, error) {
	m, err := v.Secrets.describe(ctx, provider)
	if err != nil {
		return Holding{}, err
	}
	h := v.holding(m)
	return h, v.usable(h)
}

// List returns one page of what there is, as [Store.List] does, without what must not be touched.
func (v *Vault) List(ctx context.Context, from string) (list []Holding, next string, err error) {
	page, next, err := v.Secrets.page(ctx, from)
	for _, m := range page {
		if h := v.holding(m); v.usable(h) == nil {
			list = append(list, h)
		}
	}
	return list, next, err
}

func (v *Vault) holding(m metadata) Holding {
	credential, _ := m.tag(TagCredential)
	return Holding{v.Secrets.state(m), credential, m.labelled(labelClaim), m.labelled(labelPrevious)}
}

// usable says why a secret must not be touched.
func (v *Vault) usable(h Holding) error {
	switch {
	case !h.Owned:
		return &refresh.Error{Class: refresh.Misconfigured, Code: string(refresh.NotOurs),
			Detail: fmt.Sprintf("secret %s exists without the tag %s=%s, so it is not touched", v.Secrets.secret(h.Name), TagOwner, v.Secrets.Stack),
			Remedy: "if its refresh token is for this stack, add the tag"}
	case h.Blocked != nil:
		return h.Blocked
	}
	return nil
}

// look describes a secret that has a refresh token.
func (v *Vault) look(ctx context.Context, provider string) (Holding, error) {
	h, err := v.Describe(ctx, provider)
	if err == nil && h.Current == "" {
		err = fmt.Errorf("value of secret %s: %w", v.Secrets.secret(provider), refresh.ErrNotFound)
	}
	return h, err
}

// Unfinished reports whether a run has stored the successor of the current refresh token, and has
// not made it current.
func (h Holding) Unfinished() bool { return h.Next == successor(h.Current) }

// Version implements refresh.Vault. A token that is stored and not yet current counts.
func (v *Vault) Version(ctx context.Context, provider string) (refresh.VersionID, error) {
	h, err := v.look(ctx, provider)
	switch {
	case err != nil:
		return "", err
	case h.Unfinished():
		return h.Next, nil
	}
	return h.Current, nil
}

// Rotate implements refresh.Vault. It returns nil once the token is stored, also where the
// label could not be moved to it.
func (v *Vault) Rotate(ctx context.Context, provider string, spent refresh.Ticket, next secret.Text) error {
	s, to := &v.Secrets, successor(spent.ID)
	stored := refresh.StoredRefreshToken{Token: next, Credential: spent.Credential}
	if _, err := s.put(ctx, refresh.Change{Provider: provider, To: to, Record: stored.Encode()}); err != nil {
		return err
	}
	for range maxMoves {
		moved, err := s.move(ctx, provider, spent.ID, to)
		if err != nil || moved {
			break // the next run makes it current
		}
		// A person's is there, it was made current for us, or what was seen is old.
		if h, err := v.look(ctx, provider); err != nil || h.Current != spent.ID {
			break
		}
	}
	return nil
}

// read returns the token that has a label, with its version.
func (v *Vault) read(ctx context.Context, provider, label string) (refresh.VersionID, refresh.StoredRefreshToken, error) {
	name := v.Secrets.secret(provider)
	out, err := v.Secrets.Client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(name), VersionStage: aws.String(label)})
	if err != nil {
		return "", refresh.StoredRefreshToken{}, failure("GetSecretValue", name, err)
	}
	t, err := refresh.DecodeRefreshToken(provider, "secret "+name, secret.New(aws.ToString(out.SecretString)))
	return refresh.VersionID(aws.ToString(out.VersionId)), t, err
}
