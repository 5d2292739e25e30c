package awscall_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
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
