package secretstore

import (
	"cmp"
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
)

// CodeMissing is the code of a secret that is not there and that the store may not create.
const CodeMissing = "secret_missing"

// Open returns the state of one secret and creates it, without a value, where it is missing.
func (s *Store) Open(ctx context.Context, provider string) (refresh.State, error) {
	st, err := s.Describe(ctx, provider)
	if errors.Is(err, refresh.ErrNotFound) {
		return s.create(ctx, provider)
	}
	return st, err
}

// Describe returns the state of one secret, or an error that wraps refresh.ErrNotFound.
func (s *Store) Describe(ctx context.Context, provider string) (refresh.State, error) {
	m, err := s.describe(ctx, provider)
	if err != nil {
		return refresh.State{}, err
	}
	return s.state(m), nil
}

func (s *Store) describe(ctx context.Context, provider string) (metadata, error) {
	// With a slash in it the name would be that of a secret elsewhere.
	if err := refresh.CheckName(provider); err != nil {
		return metadata{}, err
	}
	return describe(ctx, s.Client, s.secret(provider))
}

// CreateCommand returns the command of the AWS CLI, without aws, that makes the secret of a provider as
// the store does.
func (s *Store) CreateCommand(provider string) string {
	command := fmt.Sprintf("secretsmanager create-secret --name %s --tags Key=%s,Value=%s", s.secret(provider), TagOwner, s.Stack)
	for _, t := range Tags(s.Tags) {
		command += fmt.Sprintf(" 'Key=%s,Value=%s'", *t.Key, *t.Value)
	}
	if s.KMSKey != "" {
		command += " --kms-key-id " + s.KMSKey
	}
	return command
}

func (s *Store) create(ctx context.Context, provider string) (refresh.State, error) {
	if s.NoCreate {
		return refresh.State{}, &refresh.Error{Class: refresh.Misconfigured, Code: CodeMissing,
			Detail: fmt.Sprintf("there is no secret %s, and this stack does not create any", s.secret(provider)),
			Remedy: "create it, empty: aws " + s.CreateCommand(provider) + " --region " + s.Client.Options().Region}
	}
	in := &secretsmanager.CreateSecretInput{
		Name: aws.String(s.secret(provider)),
		Description: aws.String(fmt.Sprintf("Access token for %s, replaced before it ends by tokenkeeper, stack %s. Do not edit the value.",
			provider, s.Stack)),
		Tags: append([]types.Tag{{Key: aws.String(TagOwner), Value: aws.String(s.Stack)}}, Tags(s.Tags)...),
	}
	if s.KMSKey != "" {
		in.KmsKeyId = aws.String(s.KMSKey)
	}
	_, err := s.Client.CreateSecret(ctx, in)
	if awscall.Is(err, "ResourceExistsException") {
		return s.Describe(ctx, provider) // another run was faster, or our first answer was lost
	}
	if err != nil {
		err = failure("CreateSecret", s.secret(provider), err)
		if e, ok := errors.AsType[*refresh.Error](err); ok && e.Code == awscall.CodeDenied {
			e.Remedy += "; the tags that an organization demands are the stack's parameter SecretTags, and the key is KmsKeyArn"
		}
		return refresh.State{}, err
	}
	return refresh.State{Name: provider, Exists: true, Owned: true}, nil
}

// Writes implements refresh.Store: versions younger than 24 hours are those that Secrets
// Manager does not remove for a new one.
func (s *Store) Writes(ctx context.Context, provider string) ([]time.Time, error) {
	versions, err := s.History(ctx, provider)
	var writes []time.Time
	for _, v := range versions {
		if s.now().Sub(v.StoredAt) < 24*time.Hour {
			writes = append(writes, v.StoredAt)
		}
	}
	return writes, err
}

// List implements refresh.Store. What happened in the last five minutes may be missing from it
// (API reference, ListSecrets).
func (s *Store) List(ctx context.Context, from string) (states []refresh.State, next string, err error) {
	page, next, err := s.page(ctx, from)
	for _, m := range page {
		states = append(states, s.state(m))
	}
	return states, next, err
}

// page returns one page of the secrets in the name space, and where the next one begins.
func (s *Store) page(ctx context.Context, from string) (list []metadata, next string, _ error) {
	ctx, cancel := awscall.HalfOf(ctx)
	defer cancel()
	in := &secretsmanager.ListSecretsInput{
		Filters: []types.Filter{{Key: types.FilterNameStringTypeName, Values: []string{s.Prefix}}},
		// Or a secret about to be deleted would look like one that is missing.
		IncludePlannedDeletion: aws.Bool(true),
		MaxResults:             aws.Int32(pageSize),
	}
	if from != "" {
		in.NextToken = aws.String(from)
	}
	page, err := s.Client.ListSecrets(ctx, in)
	if err != nil {
		return nil, "", awscall.Call{Action: "secretsmanager:ListSecrets", Resource: "*"}.Failure(err)
	}
	for _, e := range page.SecretList {
		if _, ok := s.provider(metadata(e)); ok {
			list = append(list, metadata(e))
		}
	}
	return list, aws.ToString(page.NextToken), nil
}

// A StoredVersion is one version of a secret, without its value.
type StoredVersion struct {
	// ID says what the version is, where it is ours.
	ID refresh.VersionID
	// StoredAt is when Secrets Manager took it.
	StoredAt time.Time
	// Labels are those that it has now, sorted; none: it can no longer be read by label.
	Labels []string
}

// History returns the versions of a provider's secret that Secrets Manager still has, the
// newest first.
func (s *Store) History(ctx context.Context, provider string) ([]StoredVersion, error) {
	if err := refresh.CheckName(provider); err != nil {
		return nil, err
	}
	var versions []StoredVersion
	pages := secretsmanager.NewListSecretVersionIdsPaginator(s.Client, &secretsmanager.ListSecretVersionIdsInput{
		SecretId:          aws.String(s.secret(provider)),
		IncludeDeprecated: aws.Bool(true),
		MaxResults:        aws.Int32(pageSize),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, failure("ListSecretVersionIds", s.secret(provider), err)
		}
		for _, v := range page.Versions {
			versions = append(versions, StoredVersion{
				ID:       refresh.VersionID(aws.ToString(v.VersionId)),
				StoredAt: aws.ToTime(v.CreatedDate),
				Labels:   slices.Sorted(slices.Values(v.VersionStages)),
			})
		}
	}
	slices.SortFunc(versions, func(a, b StoredVersion) int {
		return cmp.Or(b.StoredAt.Compare(a.StoredAt), cmp.Compare(b.ID, a.ID))
	})
	return versions, nil
}
