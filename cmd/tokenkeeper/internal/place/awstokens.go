package place

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/secretstore"
)

// Pause tags a secret.
func (a *AWS) Pause(ctx context.Context, provider string) error {
	if err := a.owned(ctx, provider); err != nil {
		return err
	}
	return a.store.Tag(ctx, provider, secretstore.TagPaused, a.now().UTC().Format(time.RFC3339))
}

// Resume removes the tag. There may be none.
func (a *AWS) Resume(ctx context.Context, provider string) error {
	if err := a.owned(ctx, provider); err != nil {
		return err
	}
	return a.store.Untag(ctx, provider, secretstore.TagPaused)
}

// owned says why operators must not touch a secret by way of this stack.
func (a *AWS) owned(ctx context.Context, provider string) error {
	st, err := a.store.Describe(ctx, provider)
	if err == nil && !st.Owned {
		err = fmt.Errorf("secret %s does not have the tag %s=%s, so it is not touched", a.store.Prefix+provider, secretstore.TagOwner, a.Stack)
	}
	return err
}

// Adopt makes the stack the owner of a secret that has none. The next run replaces its value.
func (a *AWS) Adopt(ctx context.Context, provider string) error {
	st, err := a.store.Describe(ctx, provider)
	if err != nil || st.Owned {
		return err
	}
	name := a.store.Prefix + provider
	if st.Deleting {
		return fmt.Errorf("adopting %s: it is scheduled for deletion; restore it first", name)
	}
	out, err := a.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String(name)})
	if err != nil {
		return awscall.Call{Action: "secretsmanager:DescribeSecret", Resource: name}.Failure(err)
	}
	for _, t := range out.Tags {
		if aws.ToString(t.Key) == secretstore.TagOwner {
			return fmt.Errorf("adopting %s: it belongs to stack %q; if that stack is gone, remove the tag %s first", name, aws.ToString(t.Value), secretstore.TagOwner)
		}
	}
	return a.store.Tag(ctx, provider, secretstore.TagOwner, a.Stack)
}

// PutRefreshToken puts it into a secret that no consumer reads, and creates that where it is
// missing. It takes CreateSecret and TagResource with the tags of the owner and of the
// credential, DescribeSecret and PutSecretValue, and cannot read what is there.
func (a *AWS) PutRefreshToken(ctx context.Context, provider string, token secret.Text, credential string) error {
	return a.putStored(ctx, provider, refresh.StoredRefreshToken{Token: token, Credential: credential})
}

// BindRefreshToken puts the present token in again, for another credential. It holds the claim
// meanwhile, so that no run spends the token: the error wraps refresh.ErrClaimed where one has it, or
// has stored the next one and not made it current. Only runs may move that label.
//
// It takes DescribeSecret, ListSecretVersionIds, GetSecretValue of AWSCURRENT, PutSecretValue, and
// TagResource with the tag of the credential.
func (a *AWS) BindRefreshToken(ctx context.Context, provider, credential string) error {
	held, err := a.vault.Describe(ctx, provider)
	if err != nil {
		return err
	}
	if held.Unfinished() {
		return fmt.Errorf("the refresh token in %s is being replaced by a run: %w", a.vault.Secrets.Prefix+provider, refresh.ErrClaimed)
	}
	t, err := a.vault.Claim(ctx, provider)
	if err != nil {
		return err
	}
	return a.PutRefreshToken(ctx, provider, t.Token, credential)
}

// RestoreRefreshToken makes the version AWSPREVIOUS current again, as a new one, and keeps what
// it is for. It takes GetSecretValue of that version beside what putting takes.
func (a *AWS) RestoreRefreshToken(ctx context.Context, provider string) error {
	if _, err := a.RefreshTokenCredential(ctx, provider); err != nil {
		return err
	}
	name := a.vault.Secrets.Prefix + provider
	out, err := a.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(name), VersionStage: aws.String("AWSPREVIOUS")})
	if awscall.Is(err, "ResourceNotFoundException") {
		return fmt.Errorf("the value before the present one of secret %s: %w", name, refresh.ErrNotFound)
	}
	if err != nil {
		return awscall.Call{Action: "secretsmanager:GetSecretValue", Resource: name}.Failure(err)
	}
	before, err := refresh.DecodeRefreshToken(provider, "secret "+name, secret.New(aws.ToString(out.SecretString)))
	if err != nil {
		return err
	}
	return a.putStored(ctx, provider, before)
}

func (a *AWS) putStored(ctx context.Context, provider string, t refresh.StoredRefreshToken) error {
	name := a.vault.Secrets.Prefix + provider
	held, err := a.vault.Describe(ctx, provider)
	if errors.Is(err, refresh.ErrNotFound) {
		tags := map[string]string{secretstore.TagOwner: a.Stack}
		if t.Credential != "" {
			tags[secretstore.TagCredential] = t.Credential
		}
		description := fmt.Sprintf("Refresh token of %s, kept and replaced by tokenkeeper, stack %s.", provider, a.Stack)
		return a.createSecret(ctx, name, description, t.Encode(), tags)
	}
	if err != nil {
		return err
	}
	if err := a.putValue(ctx, name, t.Encode()); err != nil || held.Credential == t.Credential {
		return err
	}
	credential := cmp.Or(t.Credential, provider)
	if err := a.vault.Secrets.Tag(ctx, provider, secretstore.TagCredential, credential); err != nil {
		return fmt.Errorf("the refresh token is stored for the credential %q; its tag %s could not be set to say so: %w", credential, secretstore.TagCredential, err)
	}
	return nil
}

// RefreshTokenCredential goes by a tag, and reads no token.
func (a *AWS) RefreshTokenCredential(ctx context.Context, provider string) (string, error) {
	held, err := a.vault.Describe(ctx, provider)
	if err == nil && held.Current == "" {
		err = fmt.Errorf("value of secret %s: %w", a.vault.Secrets.Prefix+provider, refresh.ErrNotFound)
	}
	return held.Credential, err
}

// RefreshTokenCredentials lists secrets, which may lag five minutes.
func (a *AWS) RefreshTokenCredentials(ctx context.Context, _ []string) (map[string]string, error) {
	list, err := refresh.Pages(ctx, a.vault.List)
	found := map[string]string{}
	for _, held := range list {
		if held.Current != "" {
			found[held.Name] = held.Credential
		}
	}
	return found, err
}

// putValue puts a version into a secret. The error has no part of the value.
func (a *AWS) putValue(ctx context.Context, name string, value secret.Text) error {
	_, err := a.secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: aws.String(name), SecretString: aws.String(value.Reveal())})
	switch {
	case awscall.Is(err, "ResourceNotFoundException"):
		return fmt.Errorf("secret %s: %w", name, refresh.ErrNotFound)
	case err != nil:
		return awscall.Call{Action: "secretsmanager:PutSecretValue", Resource: name, Sent: value}.Failure(err)
	}
	return nil
}

// createSecret creates a secret with a value, and with the tags of the stack beside those given.
func (a *AWS) createSecret(ctx context.Context, name, description string, value secret.Text, tags map[string]string) error {
	all := map[string]string{}
	maps.Copy(all, a.SecretTags)
	maps.Copy(all, tags)
	in := &secretsmanager.CreateSecretInput{
		Name:         aws.String(name),
		Description:  aws.String(description),
		SecretString: aws.String(value.Reveal()),
		Tags:         secretstore.Tags(all),
	}
	if a.KMSKey != "" {
		in.KmsKeyId = aws.String(a.KMSKey)
	}
	_, err := a.secrets.CreateSecret(ctx, in)
	switch {
	case awscall.Is(err, "ResourceExistsException"):
		return fmt.Errorf("secret %s has been made by another process just now; look whether the right value is in it, or put it in again", name)
	case err != nil:
		return awscall.Call{Action: "secretsmanager:CreateSecret", Resource: name, Sent: value}.Failure(err)
	}
	return nil
}
