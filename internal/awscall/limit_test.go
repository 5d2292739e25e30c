package awscall_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
)

// An account has a number of calls a second for all that runs in it: those who share it must
// not be throttled because of us.
func TestCallsAreKeptBelowTheQuotas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSubject(t)
		const times = 120
		began := time.Now()
		each := map[string]func(int) error{
			"GetParameter": func(int) error {
				_, err := s.params.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/x")})
				return err
			},
			"PutSecretValue": func(i int) error { return s.putTo(t.Context(), fmt.Sprintf("tokens/%d", i)) },
			"UpdateSecretVersionStage": func(int) error {
				_, err := s.secrets.UpdateSecretVersionStage(t.Context(), &secretsmanager.UpdateSecretVersionStageInput{
					SecretId: aws.String("tokens/a"), VersionStage: aws.String("x"), MoveToVersionId: aws.String(strings.Repeat("0", 32))})
				return err
			},
			"TagResource": func(int) error {
				_, err := s.secrets.TagResource(t.Context(), &secretsmanager.TagResourceInput{
					SecretId: aws.String("tokens/a"), Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}})
				return err
			},
			"ListSecretVersionIds": func(i int) error {
				_, err := s.secrets.ListSecretVersionIds(t.Context(), &secretsmanager.ListSecretVersionIdsInput{SecretId: aws.String(fmt.Sprintf("tokens/%d", i))})
				return err
			},
			"CreateSecret": func(i int) error {
				_, err := s.secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String(fmt.Sprintf("new/%d", i))})
				return err
			},
		}
		for i := range times {
			s.SetSecret(awstest.Secret{Name: fmt.Sprintf("tokens/%d", i)})
		}
		var wg sync.WaitGroup
		for name, call := range each {
			for i := range times {
				wg.Go(func() {
					if err := call(i); awscall.Is(err, "ThrottlingException") {
						t.Errorf("%s was throttled", name)
					}
				})
			}
		}
		wg.Wait()
		// The slowest are the 240 writes at 40 a second.
		if took := time.Since(began); took < 5500*time.Millisecond || took > 6*time.Second {
			t.Errorf("it took %v", took)
		}
		if got, want := s.Count(), len(each)*times; got != want {
			t.Errorf("%d attempts of %d calls", got, want)
		}
	})
}

// What docs/design.md says of the buckets: after a pause seven writes go at once, and four calls of
// any other kind. With those a second's calls are most of what AWS lets an account have, and no more:
// 40 of Parameter Store, 50 of each other kind. What is left over says why it had no turn.
func TestCallsAtOnceAfterAPause(t *testing.T) {
	for _, row := range []struct {
		action       string
		atOnce, most int
		kept         string
		call         func(context.Context, *subject) error
	}{
		{"ssm:GetParameter", 4, 40, "35 of the 40", func(ctx context.Context, s *subject) error {
			_, err := s.params.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/x")})
			return err
		}},
		{"secretsmanager:PutSecretValue", 7, 50, "40 of the 50", func(ctx context.Context, s *subject) error { return s.put(ctx) }},
		{"secretsmanager:UntagResource", 4, 50, "40 of the 50", func(ctx context.Context, s *subject) error {
			_, err := s.secrets.UntagResource(ctx, &secretsmanager.UntagResourceInput{SecretId: aws.String("tokens/a"), TagKeys: []string{"k"}})
			return err
		}},
		{"secretsmanager:CreateSecret", 4, 50, "40 of the 50", func(ctx context.Context, s *subject) error {
			_, err := s.secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("new")})
			return err
		}},
		{"secretsmanager:ListSecretVersionIds", 4, 50, "40 of the 50", func(ctx context.Context, s *subject) error {
			_, err := s.secrets.ListSecretVersionIds(ctx, &secretsmanager.ListSecretVersionIdsInput{SecretId: aws.String("tokens/a")})
			return err
		}},
	} {
		t.Run(row.action, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSubject(t)
				for range 2 { // the bucket is full again after a pause
					time.Sleep(time.Minute)
					s.Reset()
					ctx, cancel := context.WithTimeout(t.Context(), time.Second)
					for range 100 {
						go func() {
							err := row.call(ctx, s)
							if e := (awscall.Call{}).Failure(err); e.Code == awscall.CodeThrottled && !strings.Contains(e.Detail, row.kept) {
								t.Errorf("%v; it does not say %s", e, row.kept)
							}
						}()
					}
					time.Sleep(time.Millisecond)
					if got := s.Count(row.action); got != row.atOnce {
						t.Errorf("%d calls at once, want %d", got, row.atOnce)
					}
					<-ctx.Done()
					cancel()
					synctest.Wait()
					if got := s.Count(row.action); got > row.most || got < row.most*4/5 {
						t.Errorf("%d calls in a second; AWS allows %d", got, row.most)
					}
				}
			})
		})
	}
}

// An account that does little else may give more of its 50 writes a second, and never more than
// there are.
func TestWritesThatAreSet(t *testing.T) {
	for writes, atOnce := range map[int]int{20: 7, 43: 7, 44: 6, 48: 2} {
		synctest.Test(t, func(t *testing.T) {
			s := newSubjectWriting(t, writes)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			for range 100 {
				go func() { _ = s.put(ctx) }()
			}
			time.Sleep(time.Millisecond)
			if got := s.Count("secretsmanager:PutSecretValue"); got != atOnce {
				t.Errorf("at %d a second: %d at once, want %d", writes, got, atOnce)
			}
			<-ctx.Done()
			synctest.Wait()
			if got := s.Count("secretsmanager:PutSecretValue"); got > 50 || got < writes {
				t.Errorf("at %d a second: %d in the first", writes, got)
			}
		})
	}
}

func TestNoTurnWithinTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSubject(t)
		ctx, cancel := context.WithTimeout(t.Context(), 990*time.Millisecond)
		defer cancel()
		var err error
		for err == nil {
			err = s.put(ctx)
		}
		e := awscall.Call{Action: "secretsmanager:PutSecretValue", Resource: "tokens/a"}.Failure(err)
		const want = "secretsmanager:PutSecretValue tokens/a: the time was over before it was its turn: calls are kept to 40 of the 50 a second that an account has"
		if e.Class != refresh.Transient || e.Code != awscall.CodeThrottled || e.Detail != want || !strings.Contains(e.Remedy, "a longer tick") {
			t.Errorf("%s, %s: %v", e.Class, e.Code, e)
		}
	})
}

// A caller that is cancelled while calls wait for their turn was not throttled.
func TestCancelledBeforeItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSubject(t)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(300*time.Millisecond, cancel)
		began := time.Now()
		var wg sync.WaitGroup
		var cancelled atomic.Int64
		for range 60 {
			wg.Go(func() {
				_, err := s.params.GetParametersByPath(ctx, &ssm.GetParametersByPathInput{Path: aws.String("/tokenkeeper/providers")})
				if err == nil {
					return
				}
				cancelled.Add(1)
				e := awscall.Call{Action: "ssm:GetParametersByPath", Resource: "/tokenkeeper/providers"}.Failure(err)
				const want = "ssm:GetParametersByPath /tokenkeeper/providers: no answer: the time for it was over"
				if !errors.Is(e, context.Canceled) || e.Class != refresh.Transient || e.Code != awscall.CodeUnreachable || e.Detail != want {
					t.Errorf("%s, %s: %v", e.Class, e.Code, e)
				}
			})
		}
		wg.Wait()
		// 4 at once, and then one in 1/35 s.
		if got := cancelled.Load(); got != 60-14 {
			t.Errorf("%d were cancelled, want %d", got, 60-14)
		}
		if took := time.Since(began); took != 300*time.Millisecond {
			t.Errorf("it took %v, want 300ms", took)
		}
	})
}
