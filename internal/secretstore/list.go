package secretstore

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/refresh"
)

// pageSize is the most that ListSecrets and ListSecretVersionIds give at a time.
const pageSize = 100

// List returns the state of every secret in the name space. What happened in the last five
// minutes may be missing from it (API reference, ListSecrets).
func (s *Store) List(ctx context.Context) ([]refresh.State, error) {
	var states []refresh.State
	err := s.list(ctx, func(provider string, m metadata) { states = append(states, s.state(provider, m)) })
	if err != nil {
		return nil, err
	}
	return states, nil
}

// list calls f with each secret in the name space.
func (s *Store) list(ctx context.Context, f func(provider string, m metadata)) error {
	pages := secretsmanager.NewListSecretsPaginator(s.Client, &secretsmanager.ListSecretsInput{
		Filters: []types.Filter{{Key: types.FilterNameStringTypeName, Values: []string{s.Prefix}}},
		// Or a secret about to be deleted would look like one that is missing.
		IncludePlannedDeletion: aws.Bool(true),
		MaxResults:             aws.Int32(pageSize),
	})
	for pages.HasMorePages() {
		page, err := nextPage(ctx, pages)
		if err != nil {
			return awscall.Call{Action: "secretsmanager:ListSecrets", Resource: "*"}.Failure(err)
		}
		for _, e := range page.SecretList {
			if provider, ok := s.provider(aws.ToString(e.Name)); ok {
				f(provider, metadata{e.Tags, e.SecretVersionsToStages, e.DeletedDate,
					replicaOf(s.Client, e.PrimaryRegion), aws.ToString(e.OwningService), aws.ToBool(e.RotationEnabled)})
			}
		}
	}
	return nil
}

func nextPage(ctx context.Context, pages *secretsmanager.ListSecretsPaginator) (*secretsmanager.ListSecretsOutput, error) {
	ctx, cancel := awscall.HalfOf(ctx)
	defer cancel()
	return pages.NextPage(ctx)
}
