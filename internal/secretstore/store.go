package secretstore

import (
	"cmp"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// Distance is the least time between two planned writes of one secret. Secrets Manager keeps
// versions for 24 hours, and at most 100: one in 14.4 minutes. The rest is for what is not planned.
const Distance = 16 * time.Minute

// pageSize is the most that ListSecrets and ListSecretVersionIds give at a time.
const pageSize = 100

// Codes of secrets that take no write, as their metadata says.
const (
	// CodeReplica is that of a replica of a secret in another region.
	CodeReplica = "secret_is_replica"
	// CodeManaged is that of a secret that another AWS service manages.
	CodeManaged = "secret_managed_by_aws"
)

const (
	// labelCurrent is AWS's own; what consumers read who name no version.
	labelCurrent = "AWSCURRENT"
	// labelNext is not AWSPENDING, which RotateSecret takes for a rotation under way.
	labelNext = "tokenkeeper-next"
	// labelPrevious is AWS's own: it goes to the version that AWSCURRENT is taken from.
	labelPrevious = "AWSPREVIOUS"
	// labelClaim is on the last claim on a refresh token. Without a label it would be current.
	labelClaim = "tokenkeeper-claim"

	tagState = "tokenkeeper:state"
)

// The tags that operators set.
const (
	// TagOwner names the stack that may touch a secret.
	TagOwner = "tokenkeeper:owner"
	// TagPaused has every run leave a secret alone, whatever its value.
	TagPaused = "tokenkeeper:paused"
	// TagCredential shows which credential a refresh token is for without its being read.
	TagCredential = "tokenkeeper:credential"
)

// A Store keeps records in Secrets Manager. It implements refresh.Store, and may be used
// by any number of goroutines. Client, Prefix and Stack must be set.
type Store struct {
	// Client is for the region of the secrets, and made by awscall.Configure, which repeats what may
	// be repeated, and keeps to the account's quotas.
	Client *secretsmanager.Client
	// Prefix is what the name of each secret begins with, before the provider's, such as
	// "tokenkeeper/tokens/".
	Prefix string
	// Stack is the owner: a secret with another, or none, is not touched.
	Stack string
	// KMSKey is the id, alias or ARN of the key that new secrets are encrypted with;
	// empty: aws/secretsmanager.
	KMSKey string
	// WritesPerSecond is what the Client is held to; zero: awscall.WritesPerSecond.
	WritesPerSecond int
	// Tags are given to new secrets beside the store's own. None begins with "tokenkeeper:".
	Tags map[string]string
	// NoCreate keeps the store to secrets that are there, for stacks that create them elsewhere.
	NoCreate bool
	// Now is the clock by which versions of the last 24 hours are counted; nil means time.Now.
	Now func() time.Time
}

var _ refresh.Store = (*Store)(nil)

func (s *Store) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// Limits implements refresh.Store. A save is two writes: see Save. A value has at most 65,536
// bytes, and versions younger than 24 hours are not removed for new ones (Secrets Manager user
// guide, "AWS Secrets Manager quotas").
func (s *Store) Limits() refresh.Limits {
	return refresh.Limits{
		Saves:    float64(cmp.Or(s.WritesPerSecond, awscall.WritesPerSecond)) / 2,
		Record:   65536,
		Versions: 100,
	}
}

// secret returns the name of a provider's secret.
func (s *Store) secret(provider string) string { return s.Prefix + provider }

// failure says what went wrong in a call about one secret: a [*refresh.Error], or an error
// that wraps refresh.ErrNotFound, or nil. AWS answers a secret that is missing and one without a
// value with the same code.
func failure(action, name string, err error) error {
	return failurePutting(secret.Text{}, action, name, err)
}

// failurePutting is failure of a call that puts a value, which is not repeated.
func failurePutting(value secret.Text, action, name string, err error) error {
	switch {
	case err == nil:
		return nil
	case awscall.Is(err, "ResourceNotFoundException"):
		return fmt.Errorf("secret %s: %w", name, refresh.ErrNotFound)
	}
	return awscall.Call{Action: "secretsmanager:" + action, Resource: name, Sent: value}.Failure(err)
}
