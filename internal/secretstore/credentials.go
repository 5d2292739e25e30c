package secretstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// CodeCredentialDeleting is the code of a credential that is scheduled for deletion.
const CodeCredentialDeleting = "credential_being_deleted"

// Credentials are those of a stack that keeps them in Secrets Manager: secrets of their
// own, which the role may read and nothing else.
type Credentials struct {
	Client *secretsmanager.Client
	// Prefix is what the name of each begins with, such as "tokenkeeper/credentials/". It
	// is not the prefix of records.
	Prefix string
}

// Credential returns the credential of that name, decrypted, or an error that wraps
// refresh.ErrNotFound. One that is there and cannot be used has its Err set.
func (c *Credentials) Credential(ctx context.Context, name string) (refresh.Document, error) {
	d := refresh.Document{Name: name, Where: c.Prefix + name}
	if err := refresh.CheckName(name); err != nil {
		return refresh.Document{}, fmt.Errorf("credential %w: %w", refresh.ErrNotFound, err)
	}
	out, err := c.Client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(d.Where)})
	switch {
	case err != nil:
		return c.unusable(ctx, d, err)
	case out.SecretString == nil:
		d.Err = &refresh.Error{Class: refresh.Misconfigured, Code: refresh.CodeBadCredential,
			Detail: d.Where + " is binary; a credential is JSON", Remedy: "put it as a SecretString"}
	}
	d.Version = credentialVersion(aws.ToString(out.VersionId), false)
	d.Data = secret.New(aws.ToString(out.SecretString))
	return d, nil
}

// unusable returns d with its Err and, so that the failure is remembered as that of this
// credential until it is edited, its version.
func (c *Credentials) unusable(ctx context.Context, d refresh.Document, err error) (refresh.Document, error) {
	unreadable := failure("GetSecretValue", d.Where, err)
	m, unknown := describe(ctx, c.Client, d.Where)
	var e *refresh.Error
	switch {
	case unknown != nil:
		return refresh.Document{}, unreadable
	case m.DeletedDate != nil:
		d.Err = &refresh.Error{Class: refresh.Misconfigured, Code: CodeCredentialDeleting,
			Detail: d.Where + " is scheduled for deletion", Remedy: "restore it, or remove the provider's config", Err: err}
	case errors.As(unreadable, &e) && e.Class == refresh.Misconfigured:
		d.Err = unreadable
	default:
		return refresh.Document{}, unreadable
	}
	d.Version = credentialVersion(string(m.labelled(labelCurrent)), m.DeletedDate != nil)
	return d, nil
}

// CredentialVersion returns the version that Credential would, without decrypting.
func (c *Credentials) CredentialVersion(ctx context.Context, name string) (string, error) {
	if err := refresh.CheckName(name); err != nil {
		return "", fmt.Errorf("credential %w: %w", refresh.ErrNotFound, err)
	}
	m, err := describe(ctx, c.Client, c.Prefix+name)
	if err != nil {
		return "", err
	}
	current := string(m.labelled(labelCurrent))
	if current == "" {
		return "", fmt.Errorf("value of secret %s: %w", c.Prefix+name, refresh.ErrNotFound)
	}
	return credentialVersion(current, m.DeletedDate != nil), nil
}

// credentialVersion returns eight digits for a version's id, in which any character may be.
// To restore a credential is to edit it.
func credentialVersion(id string, deleting bool) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %t", id, deleting))
	return hex.EncodeToString(sum[:4])
}
