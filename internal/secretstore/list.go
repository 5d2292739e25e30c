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

// List implements refresh.Store. What happened in the last five minutes may be missing from it
// (API reference, ListSecrets).
func (s *Store) List(ctx context.Context, from string) (states []refresh.State, next string, err error) {
	next, err = s.page(ctx, from, func(provider string, m metadata) { states = append(states, s.state(provider, m)) })
	return states, next, err
}

// list calls f with each secret in the name space.
func (s *Store) list(ctx context.Context, f func(provider string, m metadata)) error {
	for next, more := "", true; more; more = next != "" {
		var err error
		if next, err = s.page(ctx, next, f); err != nil {
			return err
		}
	}
	return nil
}

// page calls f with each secret of one page, and returns where the next one begins.
func (s *Store) page(ctx context.Context, from string, f func(provider string, m metadata)) (next string, _ error) {
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
		return "", awscall.Call{Action: "secretsmanager:ListSecrets", Resource: "*"}.Failure(err)
	}
	for _, e := range page.SecretList {
		if provider, ok := s.provider(aws.ToString(e.Name)); ok {
			f(provider, metadata{e.Tags, e.SecretVersionsToStages, e.DeletedDate,
				replicaOf(s.Client, e.PrimaryRegion), aws.ToString(e.OwningService), aws.ToBool(e.RotationEnabled)})
		}
	}
	return aws.ToString(page.NextToken), nil
}
