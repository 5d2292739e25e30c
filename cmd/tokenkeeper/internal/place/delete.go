package place

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"example.com/tokenkeeper/cmd/internal/stack"
	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/refresh"
)

// DeleteConfig deletes a parameter.
func (a *AWS) DeleteConfig(ctx context.Context, name string) error {
	return a.deleteParameter(ctx, a.Providers.Path+"/"+name)
}

// recoveryDays is how long a deleted credential can be restored.
const recoveryDays = 7

// DeleteCredential deletes a parameter, or schedules a secret for deletion.
func (a *AWS) DeleteCredential(ctx context.Context, name string) error {
	where := a.credentialPrefix + name
	if a.CredentialStore == stack.InSSM {
		return a.deleteParameter(ctx, where)
	}
	_, err := a.secrets.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: aws.String(where), RecoveryWindowInDays: aws.Int64(recoveryDays)})
	return deleted(awscall.Call{Action: "secretsmanager:DeleteSecret", Resource: where}, err, "ResourceNotFoundException")
}

func (a *AWS) deleteParameter(ctx context.Context, name string) error {
	_, err := a.ssm.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: aws.String(name)})
	return deleted(awscall.Call{Action: "ssm:DeleteParameter", Resource: name}, err, "ParameterNotFound")
}

func deleted(c awscall.Call, err error, notFound string) error {
	switch {
	case err == nil:
		return nil
	case awscall.Is(err, notFound):
		return fmt.Errorf("%s: %w", c.Resource, refresh.ErrNotFound)
	}
	return c.Failure(err)
}

// Credentials lists names, and reads no value.
func (a *AWS) Credentials(ctx context.Context) ([]string, error) {
	var names []string
	add := func(name *string) {
		if base, ok := strings.CutPrefix(aws.ToString(name), a.credentialPrefix); ok && refresh.CheckName(base) == nil {
			names = append(names, base)
		}
	}
	if a.CredentialStore == stack.InSSM {
		pages := ssm.NewDescribeParametersPaginator(a.ssm, &ssm.DescribeParametersInput{ParameterFilters: []types.ParameterStringFilter{
			{Key: aws.String("Name"), Option: aws.String("BeginsWith"), Values: []string{a.credentialPrefix}}}})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, awscall.Call{Action: "ssm:DescribeParameters", Resource: "*"}.Failure(err)
			}
			for _, p := range page.Parameters {
				add(p.Name)
			}
		}
	} else {
		pages := secretsmanager.NewListSecretsPaginator(a.secrets, &secretsmanager.ListSecretsInput{
			Filters: []secrettypes.Filter{{Key: secrettypes.FilterNameStringTypeName, Values: []string{a.credentialPrefix}}}})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, awscall.Call{Action: "secretsmanager:ListSecrets", Resource: "*"}.Failure(err)
			}
			for _, s := range page.SecretList {
				add(s.Name)
			}
		}
	}
	slices.Sort(names)
	return names, nil
}

// DeleteConfig removes a file.
func (f Folder) DeleteConfig(_ context.Context, name string) error { return f.remove(providers, name) }

// DeleteCredential removes a file.
func (f Folder) DeleteCredential(_ context.Context, name string) error {
	return f.remove(credentialsFolder, name)
}

func (f Folder) remove(folder, name string) error {
	if refresh.CheckName(name) != nil {
		return refresh.ErrNotFound
	}
	err := os.Remove(filepath.Join(f.dir, folder, name+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return refresh.ErrNotFound
	}
	return err
}
