package place

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"example.com/tokenkeeper/cmd/internal/stack"
	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// PutConfig stores a config as a parameter that people read.
func (a *AWS) PutConfig(ctx context.Context, name string, config secret.Text) error {
	return a.putParameter(ctx, &ssm.PutParameterInput{
		Name:      aws.String(a.Providers.Path + "/" + name),
		Value:     aws.String(config.Reveal()),
		Type:      types.ParameterTypeString,
		Overwrite: aws.Bool(true),
	})
}

// PutApproved stores a copy beside which the config is a proposal.
func (a *AWS) PutApproved(ctx context.Context, credential, provider string, config secret.Text) error {
	return a.putParameter(ctx, &ssm.PutParameterInput{
		Name:      aws.String(a.Guide().ApprovedPlace(credential, provider)),
		Value:     aws.String(config.Reveal()),
		Type:      types.ParameterTypeString,
		Overwrite: aws.Bool(true),
	})
}

// PutCredential stores a credential where the function reads it, encrypted.
func (a *AWS) PutCredential(ctx context.Context, name string, credential secret.Text) error {
	if a.CredentialStore == stack.InSecretsManager {
		return a.putSecret(ctx, a.credentialPrefix+name, credential)
	}
	in := &ssm.PutParameterInput{
		Name:      aws.String(a.credentialPrefix + name),
		Value:     aws.String(credential.Reveal()),
		Type:      types.ParameterTypeSecureString,
		Overwrite: aws.Bool(true),
	}
	if a.KMSKey != "" {
		in.KeyId = aws.String(a.KMSKey)
	}
	return a.putParameter(ctx, in)
}

func (a *AWS) putParameter(ctx context.Context, in *ssm.PutParameterInput) error {
	name, value := aws.ToString(in.Name), secret.New(aws.ToString(in.Value))
	if e := storable("parameter "+name, value); e != nil {
		return e
	}
	// The tier that fits; an advanced parameter stays one.
	in.Tier = types.ParameterTierIntelligentTiering
	_, err := a.ssm.PutParameter(ctx, in)
	if err == nil {
		return nil
	}
	e := awscall.Call{Action: "ssm:PutParameter", Resource: name, Sent: value}.Failure(err)
	if awscall.Is(err, "HierarchyTypeMismatchException") {
		e.Class = refresh.Misconfigured
		e.Remedy = fmt.Sprintf("the type of a parameter cannot change, so delete it and put it again: %s", a.awsCommand("ssm delete-parameter --name", name))
		if in.Type == types.ParameterTypeSecureString {
			e.Remedy = "its value could be read without decryption: have the provider change the secret; then " + e.Remedy
		}
	}
	return e
}

// putSecret puts a credential into a secret, which it creates if it is missing.
func (a *AWS) putSecret(ctx context.Context, name string, credential secret.Text) error {
	err := a.putValue(ctx, name, credential)
	if errors.Is(err, refresh.ErrNotFound) {
		return a.createSecret(ctx, name, "What tokenkeeper, stack "+a.Stack+", logs in with.", credential, nil)
	}
	return err
}
