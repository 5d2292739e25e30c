package paramstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// Credentials are those kept as SecureStrings below one path.
type Credentials struct {
	Client *ssm.Client
	// Path is as in [Providers], such as "/tokenkeeper/credentials".
	Path string
}

// Credential returns the credential of that name, decrypted, or an error that wraps
// refresh.ErrNotFound. One that is there and cannot be used has its Err set.
func (c *Credentials) Credential(ctx context.Context, name string) (refresh.Document, error) {
	param, err := c.get(ctx, name, true)
	if failure, ok := errors.AsType[*refresh.Error](err); ok && failure.Class == refresh.Misconfigured {
		// With its version, the failure is remembered as that of this credential: until it
		// is edited, nothing is tried again.
		if version, unknown := c.CredentialVersion(ctx, name); unknown == nil {
			return refresh.Document{Name: name, Where: c.where(name), Version: version, Err: failure}, nil
		}
	}
	if err != nil {
		return refresh.Document{}, err
	}
	return c.document(name, param), nil
}

// document is a credential as it was read.
func (c *Credentials) document(name string, param types.Parameter) refresh.Document {
	d := refresh.Document{Name: name, Where: c.where(name), Version: version(param)}
	if param.Type != types.ParameterTypeSecureString {
		d.Err = &refresh.Error{Class: refresh.Misconfigured, Code: refresh.CodeBadCredential,
			Detail: fmt.Sprintf("%s is a %s, which all who may list parameters can read", d.Where, param.Type),
			Remedy: "have the provider change the secret in it, delete the parameter, and put it as a SecureString",
		}
		return d
	}
	d.Data = secret.New(aws.ToString(param.Value))
	return d
}

// CredentialVersion returns the version that Credential would, without decrypting.
func (c *Credentials) CredentialVersion(ctx context.Context, name string) (string, error) {
	param, err := c.get(ctx, name, false)
	if err != nil {
		return "", err
	}
	return version(param), nil
}

func (c *Credentials) get(ctx context.Context, name string, decrypt bool) (types.Parameter, error) {
	// AWS would read a colon as the beginning of a version, and a slash as another place.
	if err := refresh.CheckName(name); err != nil {
		return types.Parameter{}, fmt.Errorf("credential %w: %w", refresh.ErrNotFound, err)
	}
	out, err := c.Client.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(c.where(name)), WithDecryption: aws.Bool(decrypt)})
	if awscall.Is(err, "ParameterNotFound") {
		return types.Parameter{}, fmt.Errorf("parameter %s: %w", c.where(name), refresh.ErrNotFound)
	}
	if err != nil {
		return types.Parameter{}, awscall.Call{Action: "ssm:GetParameter", Resource: c.where(name)}.Failure(err)
	}
	return *out.Parameter, nil
}

func (c *Credentials) where(name string) string { return c.Path + "/" + name }
