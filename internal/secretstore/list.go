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
	page, next, err := s.page(ctx, from)
	for _, l := range page {
		states = append(states, s.state(l.provider, l.metadata))
	}
	return states, next, err
}

// A listed is a secret in the name space, and whose it is.
type listed struct {
	provider string
	metadata
}

// page returns one page of the secrets in the name space, and where the next one begins.
func (s *Store) page(ctx context.Context, from string) (list []listed, next string, _ error) {
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
		if provider, ok := s.provider(aws.ToString(e.Name)); ok {
			list = append(list, listed{provider, metadata{e.Tags, e.SecretVersionsToStages, e.DeletedDate,
				replicaOf(s.Client, e.PrimaryRegion), aws.ToString(e.OwningService), aws.ToBool(e.RotationEnabled)}})
		}
	}
	return list, aws.ToString(page.NextToken), nil
}
