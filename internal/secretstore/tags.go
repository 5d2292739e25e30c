package secretstore

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"example.com/tokenkeeper/internal/refresh"
)

// Note replaces the note beside a provider's secret; the zero Note removes it.
func (s *Store) Note(ctx context.Context, provider string, n refresh.Note) error {
	if n == (refresh.Note{}) {
		return s.Untag(ctx, provider, tagState)
	}
	return s.Tag(ctx, provider, tagState, n.String())
}

// Tag sets one tag of a secret.
func (s *Store) Tag(ctx context.Context, provider, key, value string) error {
	_, err := s.Client.TagResource(ctx, &secretsmanager.TagResourceInput{
		SecretId: aws.String(s.secret(provider)),
		Tags:     []types.Tag{{Key: aws.String(key), Value: aws.String(value)}},
	})
	if err != nil {
		return failure("TagResource", s.secret(provider), err)
	}
	return nil
}

// Untag removes one. It may be missing.
func (s *Store) Untag(ctx context.Context, provider, key string) error {
	_, err := s.Client.UntagResource(ctx, &secretsmanager.UntagResourceInput{
		SecretId: aws.String(s.secret(provider)),
		TagKeys:  []string{key},
	})
	if err != nil {
		return failure("UntagResource", s.secret(provider), err)
	}
	return nil
}

// Tags returns tags as calls have them, by their keys.
func Tags(tags map[string]string) (list []types.Tag) {
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, types.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
	}
	return list
}
