package template_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"example.com/tokenkeeper/internal/awstest"
)

// TestCredentialOwnerPutsRefreshTokens makes the calls of refresh-token put: the name is
// looked for, and the token put, first where there is no secret and then into one.
func TestCredentialOwnerPutsRefreshTokens(t *testing.T) {
	for name, parameters := range stores {
		t.Run(name, func(t *testing.T) {
			w := awstest.New(t, awstest.Options{NoQuotas: true})
			w.SetKey(keyARN, awstest.KeyEnabled)
			w.SetParameter(awstest.Parameter{Name: "/tokenkeeper/providers/meti", Value: "{}"})
			w.Authorize(policy(t, documents(t, resolve(t, parameters)["CredentialOwnerPolicy"])...).Allows)
			secrets, parametersOf := secretsmanager.NewFromConfig(w.Config()), ssm.NewFromConfig(w.Config())

			configs, err := parametersOf.GetParametersByPath(t.Context(), &ssm.GetParametersByPathInput{Path: aws.String("/tokenkeeper/providers")})
			if err != nil || len(configs.Parameters) != 1 {
				t.Errorf("listing configs: %v", err)
			}
			if _, err := secrets.ListSecrets(t.Context(), &secretsmanager.ListSecretsInput{}); err != nil {
				t.Errorf("listing records: %v", err)
			}
			id := aws.String("tokenkeeper/private/meti")
			look := &secretsmanager.DescribeSecretInput{SecretId: id}
			if _, err := secrets.DescribeSecret(t.Context(), look); !isMissing(err) {
				t.Errorf("looking for a secret that is not there: %v", err)
			}
			create := &secretsmanager.CreateSecretInput{Name: id, SecretString: aws.String("first"),
				Tags: []smtypes.Tag{{Key: aws.String("tokenkeeper:owner"), Value: aws.String(stack)}}}
			if key := parameters["KmsKeyArn"]; key != "" {
				create.KmsKeyId = aws.String(key)
			}
			if _, err := secrets.CreateSecret(t.Context(), create); err != nil {
				t.Errorf("putting the first refresh token: %v", err)
			}
			if _, err := secrets.DescribeSecret(t.Context(), look); err != nil {
				t.Errorf("looking for a secret: %v", err)
			}
			if _, err := secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: id, SecretString: aws.String("second")}); err != nil {
				t.Errorf("putting another refresh token: %v", err)
			}
			if _, err := secrets.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: id}); !isDenied(err) {
				t.Errorf("reading what was put: %v, want a refusal", err)
			}
		})
	}
}

// TestPeopleFindTheFunction: the CLI asks Lambda how a stack was set up.
func TestPeopleFindTheFunction(t *testing.T) {
	resources := resolve(t, nil)
	for _, id := range []string{"ConfigEditorPolicy", "CredentialOwnerPolicy"} {
		who := policy(t, documents(t, resources[id])...)
		for action, resource := range map[string]string{
			"lambda:ListFunctions":            "*",
			"lambda:GetFunctionConfiguration": "RefresherFunction.Arn",
		} {
			if !who.Allows(awstest.Access{Action: action, Resource: resource}) {
				t.Errorf("%s does not allow %s on %s", id, action, resource)
			}
		}
	}
}

func isMissing(err error) bool {
	_, ok := errors.AsType[*smtypes.ResourceNotFoundException](err)
	return ok
}

// isDenied knows what the SDK has no type for.
func isDenied(err error) bool {
	return err != nil && strings.Contains(err.Error(), "AccessDeniedException")
}
