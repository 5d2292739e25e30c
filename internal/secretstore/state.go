package secretstore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"example.com/tokenkeeper/internal/refresh"
)

// metadata is what DescribeSecret and ListSecrets both return of a secret.
type metadata struct {
	tags    []types.Tag
	labels  map[string][]string // by version; those without a label are not in it
	deleted *time.Time          // nil unless it is scheduled for deletion
	primary string              // of a replica, the region of the secret that it repeats
	owner   string              // the AWS service that manages it; empty: none
	rotates bool                // a rotation schedule is on
}

func describe(ctx context.Context, client *secretsmanager.Client, secret string) (metadata, error) {
	out, err := client.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String(secret)})
	if err != nil {
		return metadata{}, failure("DescribeSecret", secret, err)
	}
	return metadata{out.Tags, out.VersionIdsToStages, out.DeletedDate,
		replicaOf(client, out.PrimaryRegion), aws.ToString(out.OwningService), aws.ToBool(out.RotationEnabled)}, nil
}

// replicaOf returns the primary region of a secret, or nothing where that is the client's
// own: AWS states it of a secret that has replicas, too.
func replicaOf(client *secretsmanager.Client, primary *string) string {
	if region := aws.ToString(primary); region != client.Options().Region {
		return region
	}
	return ""
}

// blocked returns why Secrets Manager would refuse every write to a secret, as its
// metadata says, or nil.
func (m metadata) blocked(secret, region string) *refresh.Error {
	switch {
	case m.primary != "":
		return &refresh.Error{Class: refresh.Misconfigured, Code: CodeReplica,
			Detail: fmt.Sprintf("secret %s is a replica of the one in %s, and takes no write here", secret, m.primary),
			Remedy: fmt.Sprintf("keep it in %s, by a stack there; or make it a secret of its own: aws secretsmanager stop-replication-to-replica --secret-id %s --region %s",
				m.primary, secret, region)}
	case m.owner != "":
		return &refresh.Error{Class: refresh.Misconfigured, Code: CodeManaged,
			Detail: fmt.Sprintf("secret %s is managed by the AWS service %s, which alone may change it", secret, m.owner),
			Remedy: "rename the provider, or delete the secret where that service is set up"}
	}
	return nil
}

// caution says what will happen to a secret that our writes do not prevent.
func (m metadata) caution(secret, region string) string {
	if !m.rotates {
		return ""
	}
	return fmt.Sprintf("rotation is on for secret %s, and will replace the token by whatever its function writes; turn it off: aws secretsmanager cancel-rotate-secret --secret-id %s --region %s",
		secret, secret, region)
}

func (s *Store) state(provider string, m metadata) refresh.State {
	_, paused := m.tag(TagPaused)
	owner, tagged := m.tag(TagOwner)
	text, _ := m.tag(tagState)
	// A note that does not parse is foreign text, and is replaced by the next.
	note, _ := refresh.ParseNote(text)
	return refresh.State{
		Name:     provider,
		Exists:   true,
		Owned:    tagged && owner == s.Stack,
		Deleting: m.deleted != nil,
		Paused:   paused,
		Current:  m.labelled(labelCurrent),
		Next:     m.labelled(labelNext),
		Note:     note,
		Blocked:  m.blocked(s.secret(provider), s.Client.Options().Region),
		Caution:  m.caution(s.secret(provider), s.Client.Options().Region),
	}
}

func (m metadata) tag(key string) (value string, ok bool) {
	for _, t := range m.tags {
		if aws.ToString(t.Key) == key {
			return aws.ToString(t.Value), true
		}
	}
	return "", false
}

func (m metadata) labelled(label string) refresh.VersionID {
	for id, labels := range m.labels {
		if slices.Contains(labels, label) {
			return refresh.VersionID(id)
		}
	}
	return ""
}

// provider returns whose secret has that name. The filter of ListSecrets is a prefix, so
// that it also gives what lies deeper.
func (s *Store) provider(secret string) (string, bool) {
	provider, ok := strings.CutPrefix(secret, s.Prefix)
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
