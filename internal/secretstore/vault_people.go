package secretstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// Put makes a token the one that the next run claims, as a person who has obtained it
// does, for the credential of that name; empty: the one with the provider's name. It makes
// the secret where it is missing.
//
// It takes CreateSecret and TagResource with the tags of the owner and of the credential,
// DescribeSecret and PutSecretValue, and cannot read what is there.
func (v *Vault) Put(ctx context.Context, provider string, token secret.Text, credential string) error {
	return v.put(ctx, provider, refresh.StoredRefreshToken{Token: token, Credential: credential})
}

// Restore makes the token before the present one the one that the next run claims, as a new
// version, and keeps what it is for. The error wraps refresh.ErrNotFound where there is none
// before. It takes DescribeSecret, GetSecretValue of AWSPREVIOUS, PutSecretValue, and
// TagResource with the tag of the credential.
func (v *Vault) Restore(ctx context.Context, provider string) error {
	if _, err := v.look(ctx, provider); err != nil {
		return err
	}
	_, before, err := v.read(ctx, provider, labelPrevious)
	if err != nil {
		return err
	}
	return v.put(ctx, provider, before)
}

// Bind puts the present token in again, for the credential of that name; empty: the one with
// the provider's name. It holds the claim meanwhile, so that no run spends the token: the
// error wraps refresh.ErrClaimed where one has it. It takes DescribeSecret,
// ListSecretVersionIds, GetSecretValue of AWSCURRENT, PutSecretValue, and TagResource with the
// tag of the credential.
func (v *Vault) Bind(ctx context.Context, provider, credential string) error {
	m, err := v.look(ctx, provider)
	if err != nil {
		return err
	}
	if m.holds(successor(m.labelled(labelCurrent)), labelNext) {
		return claimed(v.Secrets.secret(provider), "is being replaced by a run")
	}
	t, err := v.Claim(ctx, provider)
	if err != nil {
		return err
	}
	return v.put(ctx, provider, refresh.StoredRefreshToken{Token: t.Token, Credential: credential})
}

func (v *Vault) put(ctx context.Context, provider string, t refresh.StoredRefreshToken) error {
	m, err := v.Secrets.describe(ctx, provider)
	if errors.Is(err, refresh.ErrNotFound) {
		return v.create(ctx, provider, t)
	}
	if err == nil {
		err = v.usable(provider, m)
	}
	if err != nil {
		return err
	}
	_, err = v.Secrets.Client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId:     aws.String(v.Secrets.secret(provider)),
		SecretString: aws.String(t.Encode().Reveal()),
	})
	if err != nil {
		return v.Secrets.blocked(ctx, provider, failurePutting(t.Token, "PutSecretValue", v.Secrets.secret(provider), err))
	}
	if shown, _ := m.tag(tagCredential); shown == t.Credential {
		return nil
	}
	return v.show(ctx, provider, t.Credential)
}

// show has the tag say what the token is for.
func (v *Vault) show(ctx context.Context, provider, credential string) error {
	if credential == "" {
		credential = provider
	}
	if err := v.Secrets.tag(ctx, provider, tagCredential, credential); err != nil {
		return fmt.Errorf("the refresh token is stored for the credential %q; its tag %s could not be set to say so: %w", credential, tagCredential, err)
	}
	return nil
}

func (v *Vault) create(ctx context.Context, provider string, t refresh.StoredRefreshToken) error {
	tags := []types.Tag{{Key: aws.String(tagOwner), Value: aws.String(v.Secrets.Stack)}}
	tags = append(tags, Tags(v.Secrets.Tags)...)
	if t.Credential != "" {
		tags = append(tags, types.Tag{Key: aws.String(tagCredential), Value: aws.String(t.Credential)})
	}
	in := &secretsmanager.CreateSecretInput{
		Name:         aws.String(v.Secrets.secret(provider)),
		Description:  aws.String(fmt.Sprintf("Refresh token of %s, kept and replaced by tokenkeeper, stack %s.", provider, v.Secrets.Stack)),
		SecretString: aws.String(t.Encode().Reveal()),
		Tags:         tags,
	}
	if v.Secrets.KMSKey != "" {
		in.KmsKeyId = aws.String(v.Secrets.KMSKey)
	}
	_, err := v.Secrets.Client.CreateSecret(ctx, in)
	if awscall.Is(err, "ResourceExistsException") {
		return fmt.Errorf("secret %s has been made by another process just now; look whether the right refresh token is in it, or put it in again", v.Secrets.secret(provider))
	}
	if err != nil {
		return failurePutting(t.Token, "CreateSecret", v.Secrets.secret(provider), err)
	}
	return nil
}
