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
		if got, want := s.meter.Take(), (awscall.Usage{Calls: int64(len(each) * times)}); got != want {
			t.Errorf("counted %+v, want %+v", got, want)
		}
	})
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
		if e.Class != refresh.Transient || e.Code != awscall.CodeThrottled || e.Detail != want {
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
