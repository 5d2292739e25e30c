package awstest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"

	"example.com/tokenkeeper/internal/awstest"
)

const put = "secretsmanager:PutSecretValue"

// newSecret is a world with one secret, of one version.
func newSecret(t *testing.T, o awstest.Options) (*awstest.AWS, *world) {
	t.Helper()
	a := awstest.New(t, o)
	a.SetSecret(awstest.Secret{Name: "s", Versions: []awstest.Version{{ID: token(1), Value: "a", Labels: []string{"AWSCURRENT"}}}})
	return a, newWorld(t, a.Config())
}

func versions(a *awstest.AWS) int {
	s, _ := a.Secret("s")
	return len(s.Versions)
}

func TestFaultsAnswerInsteadOfActing(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault awstest.Fault
		code  string
		then  bool // the next call is served
	}{
		{"throttled", awstest.Throttle(1), "ThrottlingException", true},
		{"status 500", awstest.ServerError(1), "InternalFailure", true},
		{"denied", awstest.Deny(), "AccessDeniedException", false},
		{"expired credentials", awstest.ExpireCredentials(), "ExpiredTokenException", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, w := newSecret(t, awstest.Options{})
			a.Fail(put, tt.fault)
			if err := refused(w.put("s", 2, "b"), tt.code); err != nil {
				t.Error(err)
			}
			if n := versions(a); n != 1 {
				t.Errorf("%d versions after the refusal, want 1", n)
			}
			if err := w.put("s", 2, "b"); (err == nil) != tt.then {
				t.Errorf("the second call: %v", err)
			}
			a.Heal()
			if err := w.put("s", 3, "c"); err != nil {
				t.Errorf("after Heal: %v", err)
			}
		})
	}
}

func TestLostCalls(t *testing.T) {
	for _, tt := range []struct {
		name     string
		fault    awstest.Fault
		versions int
	}{
		{"on the way there", awstest.LoseRequest(1), 1},
		{"on the way back", awstest.LoseAnswer(1), 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, w := newSecret(t, awstest.Options{})
			a.Fail(put, tt.fault)
			err := w.put("s", 2, "b")
			var answer smithy.APIError
			if err == nil || errors.As(err, &answer) {
				t.Fatalf("got %v, want no answer", err)
			}
			if n := versions(a); n != tt.versions {
				t.Errorf("%d versions, want %d", n, tt.versions)
			}
			if err := w.put("s", 2, "b"); err != nil {
				t.Errorf("the same again: %v", err)
			}
			if calls := a.Calls(); calls[0].Code != awstest.Lost || calls[1].Code != "" {
				t.Errorf("recorded %q and %q", calls[0].Code, calls[1].Code)
			}
		})
	}
}

// The SDK's own retryer, when a subject has it, meets the fault once and gets
// through; the second attempt is the same bytes.
func TestRetryAfterLostAnswer(t *testing.T) {
	a, _ := newSecret(t, awstest.Options{})
	config := a.Config()
	config.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	}
	a.Fail(put, awstest.LoseAnswer(1))
	if err := newWorld(t, config).put("s", 2, "b"); err != nil {
		t.Fatal(err)
	}
	calls := a.Calls()
	if err := same("calls", len(calls), 2, "second body", string(calls[1].Body), string(calls[0].Body), "versions", versions(a), 2); err != nil {
		t.Error(err)
	}
}

// Killed at every call, before and after its effect, a subject leaves what its
// calls up to then did, and nothing that it sends later arrives.
func TestCrashAtEveryCall(t *testing.T) {
	subject := func(w *world) {
		for n := 2; n <= 4; n++ {
			w.put("s", n, "v") // a killed process does not look at errors
		}
	}
	for k := 1; k <= 3; k++ {
		for name, crash := range map[string]struct {
			fault    awstest.Fault
			versions int
		}{
			"before": {awstest.CrashBefore(k), k},
			"after":  {awstest.CrashAfter(k), k + 1},
		} {
			a, w := newSecret(t, awstest.Options{})
			a.Fail("*", crash.fault)
			subject(w)
			if err := same("versions", versions(a), crash.versions, "calls", a.Count(), k); err != nil {
				t.Errorf("%s call %d: %v", name, k, err)
			}
			a.Heal()
			if err := w.put("s", 5, "v"); err != nil {
				t.Errorf("%s call %d, after Heal: %v", name, k, err)
			}
		}
	}
}

func TestHooksRunBeforeAndAfterTheEffect(t *testing.T) {
	a, w := newSecret(t, awstest.Options{})
	var seen []int
	look := func(awstest.Call) { seen = append(seen, versions(a)) }
	a.Fail(put, awstest.Fault{Before: look, After: look})
	if err := w.put("s", 2, "b"); err != nil {
		t.Fatal(err)
	}
	if err := same("versions seen", seen, []int{1, 2}); err != nil {
		t.Error(err)
	}
}

func TestFaultForOneResource(t *testing.T) {
	a, w := newSecret(t, awstest.Options{})
	arn := a.SetSecret(awstest.Secret{Name: "other"})
	fault := awstest.Deny()
	fault.Match = func(c awstest.Call) bool { return c.Resource == arn }
	a.Fail("secretsmanager:*", fault)
	if err := w.put("s", 2, "b"); err != nil {
		t.Error(err)
	}
	if err := refused(w.put("other", 2, "b"), "AccessDeniedException"); err != nil {
		t.Error(err)
	}
}

func TestRewrittenAnswer(t *testing.T) {
	a, w := newSecret(t, awstest.Options{})
	a.Fail("secretsmanager:DescribeSecret", awstest.Fault{Times: 1, Rewrite: func(answer map[string]any) { delete(answer, "VersionIdsToStages") }})
	if err := same("rewritten", w.labels("s"), "", "state", w.labels("s"), "1:AWSCURRENT"); err != nil {
		t.Error(err)
	}
}

func TestStaleAnswers(t *testing.T) {
	a, w := newSecret(t, awstest.Options{})
	a.Fail("secretsmanager:DescribeSecret", awstest.Fault{Times: 2, Stale: true})
	if err := w.put("s", 2, "b"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1:AWSCURRENT", "1:AWSCURRENT", "1:AWSPREVIOUS 2:AWSCURRENT"} {
		if err := same("versions", w.labels("s"), want); err != nil {
			t.Error(err)
		}
	}
}

// A call that hangs ends with the client's patience and has no effect; nothing
// waits on the wall clock.
func TestHangAndLatencyInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, w := newSecret(t, awstest.Options{InMemory: true})
		a.Fail(put, awstest.Fault{Hang: true, Times: 1})
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		patient := *w
		patient.Context = ctx
		if err := patient.put("s", 2, "b"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a call that hangs: %v", err)
		}
		synctest.Wait()
		if err := same("waited", time.Since(start), 20*time.Second, "versions", versions(a), 1, "code", a.Calls()[0].Code, awstest.Lost); err != nil {
			t.Error(err)
		}

		a.Fail("ssm:*", awstest.Latency(300*time.Millisecond))
		start = time.Now()
		if _, err := w.ssm.GetParametersByPath(w, &ssm.GetParametersByPathInput{Path: aws.String("/p")}); err != nil {
			t.Error(err)
		}
		if err := same("waited", time.Since(start), 300*time.Millisecond); err != nil {
			t.Error(err)
		}
	})
}

// With a clock of its own, a test says what a delay does to it.
func TestLatencyMovesTheInjectedClock(t *testing.T) {
	clock := &clock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	start := clock.Now()
	a, w := newSecret(t, awstest.Options{Now: clock.Now, Wait: func(_ context.Context, d time.Duration) { clock.Advance(d) }})
	a.Fail("*", awstest.Latency(time.Second))
	if err := w.put("s", 2, "b"); err != nil {
		t.Fatal(err)
	}
	s, _ := a.Secret("s")
	v, _ := s.Current()
	if err := same("the version is dated when it was made", v.Created, start.Add(time.Second), "the call when it arrived", a.Calls()[0].Time, start); err != nil {
		t.Error(err)
	}
}

func TestCloseReleasesCallsThatHang(t *testing.T) {
	a := awstest.Start(awstest.Options{})
	arrived := make(chan struct{})
	a.Fail("*", awstest.Fault{Hang: true, Before: func(awstest.Call) { close(arrived) }})
	ended := make(chan error)
	go func() {
		_, err := secretsmanager.NewFromConfig(a.Config()).ListSecrets(context.Background(), &secretsmanager.ListSecretsInput{})
		ended <- err
	}()
	<-arrived
	a.Close()
	if err := <-ended; err == nil {
		t.Error("the call was answered, want it lost")
	}
}
