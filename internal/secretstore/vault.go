package secretstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// A Vault keeps refresh tokens in Secrets Manager, one secret a provider:
//
//	tokenkeeper/private/quickbooks
//
// whose current version is {"refresh_token": "…"}. It implements refresh.Vault, and may
// be used by any number of goroutines. Client, Prefix and Stack must be set.
//
// # How a refresh token is replaced
//
// A run that is about to spend one puts a claim beside it: a version under the label
// tokenkeeper-claim, which nobody reads. Its id is derived from the version of the token
// and the slot of time, and its body is like no other run's, so that of all runs of a slot
// one is taken by Secrets Manager and the others are refused; a repeated call of the same
// run is taken again. A slot is longer than a run spends on one provider. What was claimed
// at the end of one may still be in use at the beginning of the next, and is left alone
// there for longer than that. So is a token that has just replaced another: the run that
// spent that one has yet to store the record.
//
// The new token is put under the label tokenkeeper-next, with an id that is derived from
// the version of the one that was spent, and AWSCURRENT then moved to it from that one. A
// run that dies in between leaves a token that the next run recognizes by its id, and
// makes current before it claims anything. What a person puts in is current at once, and
// is not replaced by the successor of what was there before.
//
// # What a role needs
//
// On the stack's own secrets under Prefix DescribeSecret, ListSecretVersionIds,
// GetSecretValue, PutSecretValue and UpdateSecretVersionStage of AWSCURRENT; who puts
// the first token in needs CreateSecret with the owner's tag, DescribeSecret and
// PutSecretValue, and cannot read what is there.
type Vault struct {
	// Client is as in [Store].
	Client *secretsmanager.Client
	// Prefix is what the name of each secret begins with, such as "tokenkeeper/private/".
	// It is not the prefix of records.
	Prefix string
	// Stack is the owner: a secret with another, or none, is not touched.
	Stack string
	// KMSKey is as in [Store].
	KMSKey string
	// Now is the clock that slots of time are told by; nil means time.Now. The clocks of
	// all who claim may differ by ten seconds, as those of AWS never do.
	Now func() time.Time
}

var _ refresh.Vault = (*Vault)(nil)

// secrets returns the secrets of v, in the way of a store.
func (v *Vault) secrets() *Store {
	return &Store{Client: v.Client, Prefix: v.Prefix, Stack: v.Stack, KMSKey: v.KMSKey, Now: v.Now}
}

// Version implements refresh.Vault.
func (v *Vault) Version(ctx context.Context, provider string) (refresh.VersionID, error) {
	m, err := v.look(ctx, provider)
	return m.labelled(labelCurrent), err
}

// look describes a secret that is there, is ours, and has a token.
func (v *Vault) look(ctx context.Context, provider string) (metadata, error) {
	m, err := v.secrets().describe(ctx, provider)
	if err == nil {
		err = v.usable(provider, m)
	}
	if err == nil && m.labelled(labelCurrent) == "" {
		err = fmt.Errorf("value of secret %s: %w", v.Prefix+provider, refresh.ErrNotFound)
	}
	return m, err
}

// usable says why a secret must not be touched.
func (v *Vault) usable(provider string, m metadata) error {
	owner, tagged := m.tag(tagOwner)
	switch {
	case !tagged || owner != v.Stack:
		return &refresh.Error{Class: refresh.Misconfigured, Code: string(refresh.NotOurs),
			Detail: fmt.Sprintf("secret %s exists without the tag %s=%s, so it is not touched", v.Prefix+provider, tagOwner, v.Stack),
			Remedy: "if its refresh token is for this stack, add the tag"}
	case m.deleted != nil:
		return &refresh.Error{Class: refresh.Misconfigured, Code: string(refresh.Deleting),
			Detail: fmt.Sprintf("secret %s is scheduled for deletion, so no refresh token can be kept in it", v.Prefix+provider),
			Remedy: "restore it, or remove the provider's config"}
	}
	if e := m.blocked(v.Prefix+provider, v.Client.Options().Region); e != nil {
		return e
	}
	return nil
}

// Rotate implements refresh.Vault.
func (v *Vault) Rotate(ctx context.Context, provider string, spent refresh.Ticket, next secret.Text) error {
	s := v.secrets()
	to := successor(spent.ID)
	_, err := s.put(ctx, refresh.Change{Provider: provider, To: to, Record: refresh.EncodeRefreshToken(next)})
	if err != nil {
		return err
	}
	for range maxMoves {
		moved, err := s.move(ctx, provider, spent.ID, to)
		if err != nil || moved {
			return err
		}
		m, err := v.look(ctx, provider)
		if err != nil || m.labelled(labelCurrent) != spent.ID {
			return err // a person's, or it was made current for us
		}
	}
	return &refresh.Error{Class: refresh.Transient, Code: CodeOvertaken,
		Detail: v.Prefix + provider + ": the label AWSCURRENT could not be moved to the new refresh token, which is stored beside it"}
}

// Put makes a token the one that the next run claims, as a person does who has obtained
// it. It makes the secret where it is missing. What has no value that a provider can have
// given is refused.
func (v *Vault) Put(ctx context.Context, provider string, token secret.Text) error {
	if err := refresh.CheckRefreshToken(token); err != nil {
		return fmt.Errorf("putting the refresh token of %q: %w", provider, err)
	}
	m, err := v.secrets().describe(ctx, provider)
	if errors.Is(err, refresh.ErrNotFound) {
		return v.create(ctx, provider, token)
	}
	if err == nil {
		err = v.usable(provider, m)
	}
	if err != nil {
		return err
	}
	_, err = v.Client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId:     aws.String(v.Prefix + provider),
		SecretString: aws.String(refresh.EncodeRefreshToken(token).Reveal()),
	})
	if err != nil {
		return v.secrets().blocked(ctx, provider, failurePutting(token, "PutSecretValue", v.Prefix+provider, err))
	}
	return nil
}

func (v *Vault) create(ctx context.Context, provider string, token secret.Text) error {
	in := &secretsmanager.CreateSecretInput{
		Name:         aws.String(v.Prefix + provider),
		Description:  aws.String(fmt.Sprintf("Refresh token of %s, kept and replaced by tokenkeeper, stack %s.", provider, v.Stack)),
		SecretString: aws.String(refresh.EncodeRefreshToken(token).Reveal()),
		Tags:         []types.Tag{{Key: aws.String(tagOwner), Value: aws.String(v.Stack)}},
	}
	if v.KMSKey != "" {
		in.KmsKeyId = aws.String(v.KMSKey)
	}
	_, err := v.Client.CreateSecret(ctx, in)
	if awscall.Is(err, "ResourceExistsException") {
		return fmt.Errorf("secret %s has been made by somebody else just now; look whether the right refresh token is in it, or put it in again", v.Prefix+provider)
	}
	if err != nil {
		return failurePutting(token, "CreateSecret", v.Prefix+provider, err)
	}
	return nil
}

// read returns the token that has the version, or ErrClaimed where that is no longer the
// current one.
func (v *Vault) read(ctx context.Context, provider string, version refresh.VersionID) (secret.Text, error) {
	name := v.Prefix + provider
	out, err := v.Client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(name)})
	if err != nil {
		return secret.Text{}, failure("GetSecretValue", name, err)
	}
	if aws.ToString(out.VersionId) != string(version) {
		return secret.Text{}, claimed(name, "was replaced while it was being claimed")
	}
	return refresh.DecodeRefreshToken(provider, "secret "+name, secret.New(aws.ToString(out.SecretString)))
}

// holds reports whether a version has a label.
func (m metadata) holds(id refresh.VersionID, label string) bool {
	return slices.Contains(m.labels[string(id)], label)
}
