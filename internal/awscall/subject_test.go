package awscall_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/awstest"
)

// A subject is a fake account and a client of it that is configured as ours are.
type subject struct {
	*awstest.AWS
	secrets *secretsmanager.Client
	params  *ssm.Client
}

// newSubject returns one that is reached in memory, for a synctest bubble.
func newSubject(t *testing.T) *subject { return newSubjectWriting(t, awscall.WritesPerSecond) }

// newSubjectWriting returns one that takes so many writes a second.
func newSubjectWriting(t *testing.T, writes int) *subject {
	s := &subject{AWS: awstest.New(t, awstest.Options{InMemory: true})}
	cfg := s.Config()
	timed := *cfg.HTTPClient.(*http.Client)
	timed.Timeout = 2 * time.Second
	cfg.HTTPClient = &timed
	awscall.Configure(&cfg, writes)
	s.secrets, s.params = secretsmanager.NewFromConfig(cfg), ssm.NewFromConfig(cfg)
	s.SetSecret(awstest.Secret{Name: "tokens/a"})
	return s
}

// put is the call that most rows are about.
func (s *subject) put(ctx context.Context) error { return s.putTo(ctx, "tokens/a") }

func (s *subject) putTo(ctx context.Context, secret string) error {
	_, err := s.secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId: aws.String(secret), SecretString: aws.String("c4n@ry")})
	return err
}
