package secretstore

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"example.com/tokenkeeper/internal/refresh"
)

// Note replaces the note beside a provider's secret; the zero Note removes it.
func (s *Store) Note(ctx context.Context, provider string, n refresh.Note) error {
	if n == (refresh.Note{}) {
		return s.untag(ctx, provider, tagState)
	}
	return s.tag(ctx, provider, tagState, n.String())
}

func (s *Store) tag(ctx context.Context, provider, key, value string) error {
	_, err := s.Client.TagResource(ctx, &secretsmanager.TagResourceInput{
		SecretId: aws.String(s.secret(provider)),
		Tags:     []types.Tag{{Key: aws.String(key), Value: aws.String(value)}},
	})
	if err != nil {
		return failure("TagResource", s.secret(provider), err)
	}
	return nil
}

func (s *Store) untag(ctx context.Context, provider, key string) error {
	_, err := s.Client.UntagResource(ctx, &secretsmanager.UntagResourceInput{
		SecretId: aws.String(s.secret(provider)),
		TagKeys:  []string{key},
	})
	if err != nil {
		return failure("UntagResource", s.secret(provider), err)
	}
	return nil
}
