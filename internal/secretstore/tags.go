package secretstore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

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

// Pause has every run leave the secret alone, until Resume. The token in it ends when it
// ends.
func (s *Store) Pause(ctx context.Context, provider string) error {
	if err := s.owned(ctx, provider); err != nil {
		return err
	}
	return s.tag(ctx, provider, tagPaused, s.now().UTC().Format(time.RFC3339))
}

// Resume ends a pause. There may be none.
func (s *Store) Resume(ctx context.Context, provider string) error {
	if err := s.owned(ctx, provider); err != nil {
		return err
	}
	return s.untag(ctx, provider, tagPaused)
}

// Adopt makes the stack the owner of a secret that has none. What is in it will be
// replaced by the next run.
func (s *Store) Adopt(ctx context.Context, provider string) error {
	m, err := s.describe(ctx, provider)
	if err != nil {
		return err
	}
	owner, has := m.tag(tagOwner)
	switch {
	case has && owner == s.Stack:
		return nil
	case m.deleted != nil:
		return fmt.Errorf("adopting %s: it is scheduled for deletion; restore it first", s.secret(provider))
	case has:
		return fmt.Errorf("adopting %s: it belongs to stack %q; if that stack is gone, remove the tag %s first",
			s.secret(provider), owner, tagOwner)
	}
	return s.tag(ctx, provider, tagOwner, s.Stack)
}

// owned says why people must not touch a secret by way of this stack.
func (s *Store) owned(ctx context.Context, provider string) error {
	st, err := s.Describe(ctx, provider)
	if err == nil && !st.Owned {
		err = fmt.Errorf("secret %s does not have the tag %s=%s, so it is not touched", s.secret(provider), tagOwner, s.Stack)
	}
	return err
}

// Tags returns tags as calls have them, by their keys.
func Tags(tags map[string]string) (list []types.Tag) {
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, types.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
	}
	return list
}
