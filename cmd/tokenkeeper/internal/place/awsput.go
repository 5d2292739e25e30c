package place

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"example.com/tokenkeeper/cmd/internal/stack"
	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/secretstore"
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

// PutRefreshToken puts it into a secret that no consumer reads.
func (a *AWS) PutRefreshToken(ctx context.Context, provider string, token secret.Text, credential string) error {
	return a.vault.Put(ctx, provider, token, credential)
}

// BindRefreshToken reads the token and does not show it.
func (a *AWS) BindRefreshToken(ctx context.Context, provider, credential string) error {
	return a.vault.Bind(ctx, provider, credential)
}

// RestoreRefreshToken makes the version AWSPREVIOUS current again, as a new one.
func (a *AWS) RestoreRefreshToken(ctx context.Context, provider string) error {
	return a.vault.Restore(ctx, provider)
}

// RefreshTokenCredential goes by a tag, and reads no token.
func (a *AWS) RefreshTokenCredential(ctx context.Context, provider string) (string, error) {
	return a.vault.Credential(ctx, provider)
}

// RefreshTokenCredentials lists secrets, which may lag five minutes.
func (a *AWS) RefreshTokenCredentials(ctx context.Context, _ []string) (map[string]string, error) {
	return a.vault.Credentials(ctx)
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

// putSecret puts a version into a secret, which it makes if it is missing.
func (a *AWS) putSecret(ctx context.Context, name string, value secret.Text) error {
	_, err := a.secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId:     aws.String(name),
		SecretString: aws.String(value.Reveal()),
	})
	if err == nil {
		return nil
	}
	if !awscall.Is(err, "ResourceNotFoundException") {
		return awscall.Call{Action: "secretsmanager:PutSecretValue", Resource: name, Sent: value}.Failure(err)
	}
	in := &secretsmanager.CreateSecretInput{
		Name:         aws.String(name),
		Description:  aws.String("What tokenkeeper, stack " + a.Stack + ", logs in with."),
		SecretString: aws.String(value.Reveal()),
		Tags:         secretstore.Tags(a.SecretTags),
	}
	if a.KMSKey != "" {
		in.KmsKeyId = aws.String(a.KMSKey)
	}
	if _, err := a.secrets.CreateSecret(ctx, in); err != nil {
		return awscall.Call{Action: "secretsmanager:CreateSecret", Resource: name, Sent: value}.Failure(err)
	}
	return nil
}
