package awstest_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"

	"example.com/tokenkeeper/internal/awstest"
)

// TestConformance holds the fake, and the emulators that the environment names,
// to the same rows. A row is a rule of the documentation or an answer recorded
// against AWS; its check says how the endpoint deviates from it.
func TestConformance(t *testing.T) {
	rows := slices.Concat(secretRows(), versionRows(), labelRows(), listRows(), tagRows(), deletionRows(), replicaRows(), parameterRows(), pathRows(), describeRows())
	t.Run("fake", func(t *testing.T) {
		for _, r := range rows {
			t.Run(r.rule, func(t *testing.T) {
				clock := &clock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
				fake := awstest.New(t, awstest.Options{Now: clock.Now, NoQuotas: true})
				w := newWorld(t, fake.Config())
				w.clock = clock
				w.replicate = seedReplica(fake)
				if err := r.check(w); err != nil {
					t.Error(err)
				}
			})
		}
	})
	for name, misses := range knownMisses() {
		for rule := range misses {
			if !slices.ContainsFunc(rows, func(r row) bool { return r.rule == rule && !r.needsClock }) {
				t.Errorf("the known miss %q of %s is no row that it could miss", rule, name)
			}
		}
		endpoint := os.Getenv("TOKENKEEPER_" + strings.ToUpper(name) + "_URL")
		if endpoint == "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			for _, r := range rows {
				if r.needsClock {
					continue
				}
				t.Run(r.rule, func(t *testing.T) {
					w := newWorld(t, awstest.ConfigFor(endpoint, "us-east-1"))
					w.replicate = replicateFrom(endpoint, "us-east-1")
					err := r.check(w)
					does, known := misses[r.rule]
					switch {
					case err != nil && !known:
						t.Error(err)
					case err == nil && known:
						t.Errorf("mended, remove it from the known misses of %s: %s", name, does)
					}
				})
			}
		})
	}
}

// A row is one rule. Its text is its name in the lists of known misses.
type row struct {
	rule string
	// needsClock marks what shows only when a day has passed: a row for the fake.
	needsClock bool
	check      func(*world) error
}

// A world is what a check works with. Names are its own, since an emulator is
// shared by all rows.
type world struct {
	context.Context
	secrets *secretsmanager.Client
	ssm     *ssm.Client
	prefix  string
	ids     map[string]string // of versions that did not get the id asked for, by that id
	clock   *clock            // nil for an emulator
	// replicate makes a secret that is a replica, with the value "a".
	replicate func(w *world, name string) error
}

func newWorld(t *testing.T, c aws.Config) *world {
	return &world{
		Context: t.Context(),
		secrets: secretsmanager.NewFromConfig(c),
		ssm:     ssm.NewFromConfig(c),
		prefix:  "row" + rand.Text()[:8],
		ids:     map[string]string{},
	}
}

// clock is moved by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// refused is nil if err is an answer with one of the codes.
func refused(err error, codes ...string) error {
	var answer smithy.APIError
	switch {
	case err == nil:
		return fmt.Errorf("accepted, want %s", strings.Join(codes, " or "))
	case !errors.As(err, &answer):
		return fmt.Errorf("no answer: %w", err)
	case !slices.Contains(codes, answer.ErrorCode()):
		return fmt.Errorf("answered %s, want %s", answer.ErrorCode(), strings.Join(codes, " or "))
	}
	return nil
}

// outOfRange are the codes for a member outside what the service model allows.
// Not every member's is recorded, and a client treats both alike.
var outOfRange = []string{"ValidationException", "InvalidParameterException"}

// same says how got differs from want, in the order of the pairs.
func same(pairs ...any) error {
	for i := 0; i < len(pairs); i += 3 {
		if what, got, want := pairs[i], fmt.Sprint(pairs[i+1]), fmt.Sprint(pairs[i+2]); got != want {
			return fmt.Errorf("%v: %.200s, want %.200s", what, got, want)
		}
	}
	return nil
}

// token makes a ClientRequestToken that says which one it is.
func token(n int) string { return fmt.Sprintf("token-%026d", n) }

// id is the version that token(n) made. An endpoint that has ideas of its own
// about ids misses the rows about ids, not every row with a version in it.
func (w *world) id(n int) *string {
	if id, own := w.ids[token(n)]; own {
		return aws.String(id)
	}
	return aws.String(token(n))
}

// create makes a secret with one version, token(1); without a value for "".
func (w *world) create(name, value string) (*secretsmanager.CreateSecretOutput, error) {
	in := &secretsmanager.CreateSecretInput{Name: aws.String(name), ClientRequestToken: aws.String(token(1))}
	if value != "" {
		in.SecretString = aws.String(value)
	}
	out, err := w.secrets.CreateSecret(w, in)
	if err != nil {
		return nil, fmt.Errorf("creating: %w", err)
	}
	if id := aws.ToString(out.VersionId); value != "" && id != token(1) {
		w.ids[token(1)] = id
	}
	return out, nil
}

func (w *world) put(name string, version int, value string, labels ...string) error {
	_, err := w.secrets.PutSecretValue(w, &secretsmanager.PutSecretValueInput{
		SecretId: aws.String(name), ClientRequestToken: aws.String(token(version)),
		SecretString: aws.String(value), VersionStages: labels,
	})
	return err
}

func (w *world) move(name, label string, to, from int) error {
	in := &secretsmanager.UpdateSecretVersionStageInput{SecretId: aws.String(name), VersionStage: aws.String(label)}
	if to != 0 {
		in.MoveToVersionId = w.id(to)
	}
	if from != 0 {
		in.RemoveFromVersionId = w.id(from)
	}
	_, err := w.secrets.UpdateSecretVersionStage(w, in)
	return err
}

// labels describes a secret as "version:label,label version:label".
func (w *world) labels(name string) string {
	out, err := w.secrets.DescribeSecret(w, &secretsmanager.DescribeSecretInput{SecretId: aws.String(name)})
	if err != nil {
		return err.Error()
	}
	var versions []string
	for id, labels := range out.VersionIdsToStages {
		slices.Sort(labels)
		for asked, own := range w.ids {
			if id == own {
				id = asked
			}
		}
		id = strings.TrimPrefix(id, "token-")
		versions = append(versions, strings.TrimLeft(id, "0")+":"+strings.Join(labels, ","))
	}
	slices.Sort(versions)
	return strings.Join(versions, " ")
}

// steps runs setup in order and gives its first error.
func steps(errs ...func() error) error {
	for i, step := range errs {
		if err := step(); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	return nil
}
