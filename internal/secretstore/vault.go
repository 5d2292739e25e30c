package secretstore

import (
	"context"
	"fmt"
	"slices"
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
// tokenkeeper-claim, which no one reads. Its id is derived from the version of the token
// and from the claim before, and its body is like no other run's, so that of all runs that
// see the same one is taken by Secrets Manager and the others are refused; a repeated call
// of the same run is taken again. A claim is left alone for longer than a run lasts. So is
// a token that has just replaced another: the run that spent that one has yet to store the
// record.
//
// The new token is put under the label tokenkeeper-next, with an id that is derived from
// the version of the one that was spent, and AWSCURRENT then moved to it from that one.
// From the put on it is stored: where the label is not moved, by an error or since the run
// dies, the next run recognizes the token by its id, and makes it current before it claims
// anything. What a person puts in is current at once, and is not replaced by the successor
// of what was there before. The one before keeps AWS's label AWSPREVIOUS.
//
// # What a role needs
//
// On the stack's own secrets under Prefix DescribeSecret, ListSecretVersionIds,
// GetSecretValue, PutSecretValue and UpdateSecretVersionStage of AWSCURRENT.
type Vault struct {
	// Secrets are those that the tokens are kept in: Client, Prefix and Stack must be set, and the
	// prefix is not that of records.
	Secrets Store
	// LongestRun is how long a run lasts at most; zero: the four minutes that the template
	// gives it at most. The age of claims is measured by the clock of Secrets, which may differ
	// from that of AWS by ten seconds, as the clock of a Lambda never does.
	LongestRun time.Duration

	mu       sync.Mutex
	released map[string]refresh.VersionID // claims of this process, by provider
}

var _ refresh.Vault = (*Vault)(nil)

// Version implements refresh.Vault. A token that is stored and not yet current counts.
func (v *Vault) Version(ctx context.Context, provider string) (refresh.VersionID, error) {
	m, err := v.look(ctx, provider)
	if err != nil {
		return "", err
	}
	if next := successor(m.labelled(labelCurrent)); m.holds(next, labelNext) {
		return next, nil
	}
	return m.labelled(labelCurrent), nil
}

// A Holding is what metadata say of a refresh token.
type Holding struct {
	// State is that of its secret; without a Current there is no refresh token.
	refresh.State
	// Credential is the one that it was put in for, by the tag alone: what is stored decides.
	// Empty: the one with the provider's name.
	Credential string
}

// Describe returns what there is for a provider, or why its secret must not be touched. The
// error may wrap refresh.ErrNotFound.
func (v *Vault) Describe(ctx context.Context, provider string) (Holding, error) {
	m, err := v.Secrets.describe(ctx, provider)
	if err == nil {
		err = v.usable(provider, m)
	}
	return v.holding(provider, m), err
}

// List returns one page of what there is, as [Store.List] does, without what must not be touched.
func (v *Vault) List(ctx context.Context, from string) (list []Holding, next string, err error) {
	page, next, err := v.Secrets.page(ctx, from)
	for _, l := range page {
		if v.usable(l.provider, l.metadata) == nil {
			list = append(list, v.holding(l.provider, l.metadata))
		}
	}
	return list, next, err
}

func (v *Vault) holding(provider string, m metadata) Holding {
	credential, _ := m.tag(TagCredential)
	return Holding{v.Secrets.state(provider, m), credential}
}

// look describes a secret that is there, is ours, and has a token.
func (v *Vault) look(ctx context.Context, provider string) (metadata, error) {
	m, err := v.Secrets.describe(ctx, provider)
	if err == nil {
		err = v.usable(provider, m)
	}
	if err == nil && m.labelled(labelCurrent) == "" {
		err = fmt.Errorf("value of secret %s: %w", v.Secrets.secret(provider), refresh.ErrNotFound)
	}
	return m, err
}

// usable says why a secret must not be touched.
func (v *Vault) usable(provider string, m metadata) error {
	owner, tagged := m.tag(TagOwner)
	switch {
	case !tagged || owner != v.Secrets.Stack:
		return &refresh.Error{Class: refresh.Misconfigured, Code: string(refresh.NotOurs),
			Detail: fmt.Sprintf("secret %s exists without the tag %s=%s, so it is not touched", v.Secrets.secret(provider), TagOwner, v.Secrets.Stack),
			Remedy: "if its refresh token is for this stack, add the tag"}
	case m.deleted != nil:
		return &refresh.Error{Class: refresh.Misconfigured, Code: string(refresh.Deleting),
			Detail: fmt.Sprintf("secret %s is scheduled for deletion, so no refresh token can be kept in it", v.Secrets.secret(provider)),
			Remedy: "restore it, or remove the provider's config"}
	}
	if e := m.blocked(v.Secrets.secret(provider), v.Secrets.Client.Options().Region); e != nil {
		return e
	}
	return nil
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
		if m, err := v.look(ctx, provider); err != nil || m.labelled(labelCurrent) != spent.ID {
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

// holds reports whether a version has a label.
func (m metadata) holds(id refresh.VersionID, label string) bool {
	return slices.Contains(m.labels[string(id)], label)
}
