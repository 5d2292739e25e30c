package secretstore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"example.com/tokenkeeper/internal/refresh"
)

// metadata is what ListSecrets says of a secret, and DescribeSecret by other names.
type metadata types.SecretListEntry

func describe(ctx context.Context, client *secretsmanager.Client, name string) (metadata, error) {
	out, err := client.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String(name)})
	if err != nil {
		return metadata{}, failure("DescribeSecret", name, err)
	}
	return metadata{Name: aws.String(name), Tags: out.Tags, SecretVersionsToStages: out.VersionIdsToStages, DeletedDate: out.DeletedDate,
		PrimaryRegion: out.PrimaryRegion, OwningService: out.OwningService, RotationEnabled: out.RotationEnabled}, nil
}

// blocked returns why Secrets Manager would refuse every write to a secret in the region, as its
// metadata says, or nil: it refuses a replica, and a secret that is scheduled for deletion, with a
// code that means several things. A secret that has replicas states its primary region too.
func (m metadata) blocked(region string) *refresh.Error {
	name, primary, owner := aws.ToString(m.Name), aws.ToString(m.PrimaryRegion), aws.ToString(m.OwningService)
	switch {
	case m.DeletedDate != nil:
		return &refresh.Error{Class: refresh.Misconfigured, Code: string(refresh.Deleting),
			Detail: fmt.Sprintf("secret %s is scheduled for deletion, so nothing can be stored in it", name),
			Remedy: "restore it, or remove the provider's config"}
	case primary != "" && primary != region:
		return &refresh.Error{Class: refresh.Misconfigured, Code: CodeReplica,
			Detail: fmt.Sprintf("secret %s is a replica of the one in %s, and takes no write here", name, primary),
			Remedy: fmt.Sprintf("keep it in %s, by a stack there; or make it a secret of its own: aws secretsmanager stop-replication-to-replica --secret-id %s --region %s",
				primary, name, region)}
	case owner != "":
		return &refresh.Error{Class: refresh.Misconfigured, Code: CodeManaged,
			Detail: fmt.Sprintf("secret %s is managed by the AWS service %s, which alone may change it", name, owner),
			Remedy: "rename the provider, or delete the secret where that service is set up"}
	}
	return nil
}

func (s *Store) state(m metadata) refresh.State {
	provider, _ := s.provider(m)
	region := s.Client.Options().Region
	owner, tagged := m.tag(TagOwner)
	_, paused := m.tag(TagPaused)
	text, _ := m.tag(tagState)
	// A note that does not parse is foreign text, and is replaced by the next.
	note, _ := refresh.ParseNote(text)
	st := refresh.State{
		Name:     provider,
		Exists:   true,
		Owned:    tagged && owner == s.Stack,
		Deleting: m.DeletedDate != nil,
		Paused:   paused,
		Current:  m.labelled(labelCurrent),
		Next:     m.labelled(labelNext),
		Note:     note,
		Blocked:  m.blocked(region),
	}
	if aws.ToBool(m.RotationEnabled) {
		st.Caution = fmt.Sprintf("rotation is on for secret %[1]s, and will replace the token by whatever its function writes; turn it off: aws secretsmanager cancel-rotate-secret --secret-id %[1]s --region %[2]s",
			*m.Name, region)
	}
	return st
}

func (m metadata) tag(key string) (value string, ok bool) {
	for _, t := range m.Tags {
		if aws.ToString(t.Key) == key {
			return aws.ToString(t.Value), true
		}
	}
	return "", false
}

func (m metadata) labelled(label string) refresh.VersionID {
	for id, labels := range m.SecretVersionsToStages {
		if slices.Contains(labels, label) {
			return refresh.VersionID(id)
		}
	}
	return ""
}

// provider returns whose secret it is. The filter of ListSecrets is a prefix, so that it also
// gives what lies deeper.
func (s *Store) provider(m metadata) (string, bool) {
	provider, ok := strings.CutPrefix(aws.ToString(m.Name), s.Prefix)
	return provider, ok && provider != "" && !strings.Contains(provider, "/")
}

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
	return failure("TagResource", s.secret(provider), err)
}

// Untag removes one. It may be missing.
func (s *Store) Untag(ctx context.Context, provider, key string) error {
	_, err := s.Client.UntagResource(ctx, &secretsmanager.UntagResourceInput{
		SecretId: aws.String(s.secret(provider)),
		TagKeys:  []string{key},
	})
	return failure("UntagResource", s.secret(provider), err)
}

// Tags returns tags as calls have them, by their keys.
func Tags(tags map[string]string) (list []types.Tag) {
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, types.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
	}
	return list
}
