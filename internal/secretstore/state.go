package secretstore

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"example.com/tokenkeeper/internal/refresh"
)

// metadata is what DescribeSecret and ListSecrets both tell of a secret.
type metadata struct {
	tags    []types.Tag
	labels  map[string][]string // by version; those without a label are not in it
	deleted *time.Time          // nil unless it is scheduled for deletion
}

func describe(ctx context.Context, client *secretsmanager.Client, secret string) (metadata, error) {
	out, err := client.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String(secret)})
	if err != nil {
		return metadata{}, failure("DescribeSecret", secret, err)
	}
	return metadata{out.Tags, out.VersionIdsToStages, out.DeletedDate}, nil
}

func (s *Store) state(provider string, m metadata) refresh.State {
	_, paused := m.tag(tagPaused)
	owner, tagged := m.tag(tagOwner)
	text, _ := m.tag(tagState)
	// A note that does not parse is somebody else's text, and is replaced by the next.
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
