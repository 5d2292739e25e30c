package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/cmd/internal/stack"
	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/simulator"
)

func TestTheFirstTick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.setUp()
		inv := w.tick()
		if inv.err != nil {
			t.Fatal(inv.err)
		}
		for _, name := range simulator.Names() {
			got := inv.of(name)
			want := refresh.ProviderSummary{Provider: name, Outcome: refresh.Refreshed, Reason: refresh.NoToken,
				Next: got.Next, ExpiresAt: time.Now().Truncate(time.Second).UTC().Add(time.Hour)}
			if diff := cmp.Diff(want, got); diff != "" || !got.Next.After(time.Now()) {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
			lines := inv.logged("token_refreshed", name)
			if len(lines) != 1 || lines[0]["level"] != "INFO" || lines[0]["reason"] != "no_token" || lines[0]["expires_at"] == "" || lines[0]["next"] == "" {
				t.Errorf("%s: the log has %v", name, lines)
			}
			if w.token(name) == "" || w.sim.Logins(name) != 1 {
				t.Errorf("%s: token %q after %d logins", name, w.token(name), w.sim.Logins(name))
			}
		}
		want := map[string]float64{"Due": 4, "Refreshed": 4, "Failing": 0, "Transient": 0, "Misconfigured": 0, "NeedsPerson": 0, "RefreshTokenUnsure": 0,
			"CoolingDown": 0, "Expired": 0, "LeastTimeLeft": 3600, "Skipped": 0, "Lateness": 0, "RunCompleted": 1, "Throttles": 0}
		if diff := cmp.Diff(want, inv.summary.Metrics); diff != "" {
			t.Errorf("metrics (-want +got):\n%s", diff)
		}
		if got := inv.summary.Members; got["Stack"] != "prod" || got["requestId"] != "8f5e" || got["APICalls"] != float64(w.Count()) {
			t.Errorf("summary %v", got)
		}
		w.noLeak()
	})
}

// Runs of one event, by a retry or at once in two environments, begin with others: each does its part
// first, where there is not the time for all.
func TestRunsOfOneEventBeginWithOthers(t *testing.T) {
	name := lambdacontext.LogStreamName
	defer func() { lambdacontext.LogStreamName = name }()
	begun := func(requestID, stream string) map[string]bool {
		resources := map[string]bool{}
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, awstest.Options{})
			w.setUpMany(0, 60)
			lambdacontext.LogStreamName = stream
			ctx, cancel := context.WithTimeout(t.Context(), 5500*time.Millisecond) // for some twenty-five
			defer cancel()
			ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: requestID})
			_, _ = w.handler.Invoke(ctx, fmt.Appendf(nil, `{"tick":%q}`, time.Now().Format(time.RFC3339)))
			for _, c := range w.Calls() {
				if c.Action == "secretsmanager:CreateSecret" {
					resources[c.Resource] = true
				}
			}
		})
		return resources
	}
	first := begun("8f5e", "stream-1")
	for i, other := range []map[string]bool{begun("8f5e", "stream-1"), begun("8f5e", "stream-2"), begun("90aa", "stream-1")} {
		common := 0
		for resource := range other {
			if first[resource] {
				common++
			}
		}
		if alike := 3*common > 2*len(first); len(first) < 10 || len(first) > 40 || alike != (i == 0) {
			t.Errorf("%d: of %d and %d that were begun %d are the same", i, len(first), len(other), common)
		}
	}
}

// What a tick asks of AWS, by the formula that costs and quotas are reckoned by: configs
// ten at a time, the approved copies in one call more, states a hundred at a time, and four calls for each provider that is due.
func TestCallsPerTick(t *testing.T) {
	for _, row := range []struct{ providers, due, idleCalls, dueCalls int }{
		{4, 1, 3, 7}, {4, 4, 3, 19}, {100, 10, 12, 52},
	} {
		t.Run(fmt.Sprintf("%d of %d due", row.due, row.providers), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, awstest.Options{})
				// Tokens of an hour are replaced after 30 to 40 minutes.
				w.setUpMany(0, row.due)
				w.tick()
				time.Sleep(25 * time.Minute)
				w.setUpMany(row.due, row.providers)
				w.tick()

				time.Sleep(time.Minute)
				w.Reset()
				w.sim.ForgetRequests(simulator.Meitner)
				inv := w.tick()
				if inv.err != nil || inv.summary.Metrics["Due"] != 0 || w.sim.Logins(simulator.Meitner) != 0 {
					t.Fatalf("it is not idle: %v, %v", inv.summary.Metrics, inv.err)
				}
				if w.Count() != row.idleCalls || inv.summary.Members["APICalls"] != float64(row.idleCalls) {
					t.Errorf("idle: %d calls, want %d; the summary says %v", w.Count(), row.idleCalls, inv.summary.Members["APICalls"])
				}

				time.Sleep(15 * time.Minute)
				w.Reset()
				inv = w.tick()
				if inv.err != nil || inv.summary.Metrics["Refreshed"] != float64(row.due) || w.sim.Logins(simulator.Meitner) != row.due {
					t.Fatalf("%d logins: %v, %v", w.sim.Logins(simulator.Meitner), inv.summary.Metrics, inv.err)
				}
				secrets := 0 // credentials, apart from configs
				if w.settings.CredentialsIn == stack.InSecretsManager {
					secrets = row.due
				}
				// Configs of up to three that are due are read in one call.
				if n := w.Count() - secrets; n > row.dueCalls || n < row.dueCalls-row.due*2/3 {
					t.Errorf("due: %d calls, want at most %d", n, row.dueCalls)
				}
				// No value is read but the credentials of those that are due.
				if n := w.Count("secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue", "ssm:GetParameter"); n != secrets {
					t.Errorf("%d values were read, want %d", n, secrets)
				}
			})
		})
	}
}

func TestNamedProviders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.setUp()
		w.tick()
		time.Sleep(time.Minute)
		before := w.token(simulator.METI)

		inv := w.invoke(`{"refresh":["meti"]}`)
		if got := inv.of("meti"); inv.err != nil || got.Outcome != refresh.Waiting || got.Reason != refresh.Fresh || len(inv.answer.Providers) != 1 {
			t.Errorf("fresh, not forced: %+v, %v", inv.answer, inv.err)
		}
		inv = w.invoke(`{"refresh":["meti"],"force":true}`)
		if got := inv.of("meti"); inv.err != nil || got.Outcome != refresh.Refreshed || got.Reason != refresh.Forced || w.token("meti") == before {
			t.Errorf("forced: %+v, %v", inv.answer, inv.err)
		}
		if diff := cmp.Diff(map[string]float64{"Due": 1, "Refreshed": 1, "Skipped": 0, "Throttles": 0}, inv.summary.Metrics); diff != "" {
			t.Errorf("metrics (-want +got):\n%s", diff)
		}
		for _, name := range []string{simulator.Meitner, simulator.EduCloud} {
			if w.sim.Logins(name) != 1 {
				t.Errorf("%s was asked %d times", name, w.sim.Logins(name))
			}
		}
		inv = w.invoke(`{"refresh":["metti"]}`)
		if lines := inv.logged("event_ignored", ""); inv.err != nil || len(lines) != 1 {
			t.Errorf("an unknown name: %v, %v", inv.err, lines)
		}
		if got := inv.summary; got.Members["Ignored"] != 1.0 || len(got.Metrics) != 1 {
			t.Errorf("an unknown name: the summary is %v", got.Members)
		}
		w.noLeak()
	})
}

func TestEventsThatAreIgnored(t *testing.T) {
	for _, event := range []string{
		`{"c4n@ry":"<script>\u001b[31m"}`,
		`{"refresh":["c4n@ry"]}`,
		`{"tick":"2000-01-01T00:00:00Z","c4n@ry":1}`,
		`c4n@ry`,
		``,
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, awstest.Options{})
			w.setUp()
			inv := w.invoke(event)
			if inv.err != nil || inv.ignored == "" || w.Count() != 0 {
				t.Errorf("%q: %v, %q, %d calls", event, inv.err, inv.ignored, w.Count())
			}
			lines := inv.logged("event_ignored", "")
			if len(lines) != 1 || lines[0]["level"] != "WARN" || lines[0]["bytes"] != float64(len(event)) {
				t.Errorf("%q: the log has %v", event, inv.lines)
			}
			if got := inv.summary; got.Members["Ignored"] != 1.0 || len(got.Metrics) != 1 || got.Metrics["Throttles"] != 0 {
				t.Errorf("%q: the summary is %v", event, got.Members)
			}
			if strings.Contains(w.out.String()+strings.Join(w.printed, ""), canary) {
				t.Errorf("%q is repeated", event)
			}
		})
	}
}

func TestAStaleTickEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.setUp()
		event := fmt.Sprintf(`{"tick":%q}`, time.Now().Format(time.RFC3339))
		time.Sleep(2*time.Minute + time.Second)
		if inv := w.invoke(event); inv.err != nil || inv.ignored == "" || w.Count() != 0 || inv.summary.Members["Ignored"] != 1.0 {
			t.Errorf("%+v, %d calls", inv, w.Count())
		}
	})
}

// A run that cannot begin asks no provider, and fails loudly: the error has class and code,
// the log what to do, and RunCompleted is missed.
func TestARunThatCannotBegin(t *testing.T) {
	for _, row := range []struct {
		name, action string
		fault        awstest.Fault
		want, remedy string
	}{
		{"the configs may not be read", "ssm:GetParametersByPath", awstest.Deny(), "aws_access_denied (misconfigured)", "allow the caller ssm:GetParametersByPath on /tokenkeeper/approved"},
		{"Parameter Store is throttled", "ssm:GetParametersByPath", awstest.Throttle(0), "aws_throttled (transient)", ""},
		{"the states may not be listed", "secretsmanager:ListSecrets", awstest.Deny(), "aws_access_denied (misconfigured)", "allow the caller secretsmanager:ListSecrets on *"},
		{"the role's credentials are over", "*", awstest.ExpireCredentials(), "aws_credentials_refused (transient)", ""},
		{"nobody answers", "*", awstest.Fault{Hang: true}, "aws_unreachable (transient)", "look at the network that this runs in"},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, awstest.Options{PageSize: 2})
				w.setUp()
				w.tick()
				before := w.Secrets()
				w.due()
				w.Fail(row.action, row.fault)
				inv := w.tick()
				if inv.err == nil || inv.err.Error() != "the run could not begin: "+row.want {
					t.Errorf("the error is %v", inv.err)
				}
				lines := inv.logged("run_not_begun", "")
				if len(lines) != 1 || lines[0]["level"] != "ERROR" || !strings.Contains(fmt.Sprint(lines[0]["remedy"]), row.remedy) {
					t.Errorf("the log has %v", inv.lines)
				}
				if _, ok := inv.summary.Metrics["RunCompleted"]; ok || len(inv.summary.Metrics) != 1 {
					t.Errorf("metrics %v", inv.summary.Metrics)
				}
				for _, name := range simulator.Names() {
					if w.sim.Logins(name) != 1 {
						t.Errorf("%s was asked", name)
					}
				}
				if diff := cmp.Diff(before, w.Secrets()); diff != "" {
					t.Errorf("a secret was touched:\n%s", diff)
				}
				w.Heal()
				if inv := w.tick(); inv.err != nil || inv.summary.Metrics["Refreshed"] != 4 {
					t.Errorf("mended: %v, %v", inv.summary.Metrics, inv.err)
				}
				w.noLeak()
			})
		})
	}
}

// A listing that breaks off keeps no token from being replaced that is known, and is as loud as a
// run that cannot begin.
func TestAListingThatBreaksOff(t *testing.T) {
	for action, pages := range map[string]int{"ssm:GetParametersByPath": 2, "secretsmanager:ListSecrets": 1} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, awstest.Options{PageSize: 2})
			w.setUp()
			w.tick()
			w.due()
			w.Fail(action, awstest.Fault{Skip: pages, Error: &awstest.Error{Status: 500, Code: "InternalServerError"}})
			inv := w.tick()
			if inv.err == nil || inv.err.Error() != "the run could not begin: aws_server_error (transient)" || len(inv.logged("run_not_begun", "")) != 1 {
				t.Errorf("%s: %v, %v", action, inv.err, inv.lines)
			}
			if _, completed := inv.summary.Metrics["RunCompleted"]; completed || inv.summary.Metrics["Refreshed"] != 4 {
				t.Errorf("%s: %v", action, inv.summary.Metrics)
			}
			w.Heal()
			time.Sleep(time.Minute)
			if inv := w.tick(); inv.err != nil || inv.summary.Metrics["Due"] != 0 || inv.summary.Metrics["RunCompleted"] != 1 {
				t.Errorf("%s, mended: %v, %v", action, inv.err, inv.summary.Metrics)
			}
			w.noLeak()
		})
	}
}

// The error of an invocation may end up anywhere. It is all that Lambda hands on of one that fails, so
// what is new is in it, and its type says so.
func TestTheErrorOfAnInvocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.setUp()
		w.sim.Break(simulator.Meitner, simulator.OAuthError(401, "invalid_client", "wrong secret for "+canary))
		w.sim.Break(simulator.METI, simulator.HTML(503))
		for _, row := range []struct {
			when    string
			event   string
			lines   []string // what each begins with
			hasNews bool
		}{
			{"two begin to fail", `{"tick": "now"}`, []string{"meitner fails: invalid_client (misconfigured). What to do: ", "meti fails: http_503 (transient)."}, true},
			{"one fails again", `{"tick": "now"}`, []string{`refreshing "meti": http_503 (transient)`}, false},
			{"another begins to fail, one fails again", `{"refresh": ["educloud", "meti"], "force": true}`,
				[]string{"educloud fails: http_503 (transient).", `refreshing "meti": http_503 (transient)`}, true},
			{"one recovers, one fails again", `{"refresh": ["meitner", "meti"], "force": true}`, []string{"meitner has recovered from invalid_client.", `refreshing "meti": http_503 (transient)`}, true},
		} {
			switch row.when {
			case "another begins to fail, one fails again":
				w.sim.Break(simulator.EduCloud, simulator.HTML(503))
			case "one recovers, one fails again":
				w.sim.Mend(simulator.Meitner)
			}
			inv := w.invoke(row.event)
			if inv.err == nil {
				t.Fatalf("%s: the invocation did not fail", row.when)
			}
			lines := strings.Split(inv.err.Error(), "\n")
			if len(lines) != len(row.lines) || strings.Contains(inv.err.Error(), canary) {
				t.Fatalf("%s: %v", row.when, inv.err)
			}
			for i, begin := range row.lines {
				if !strings.HasPrefix(lines[i], begin) {
					t.Errorf("%s: %q, want %q", row.when, lines[i], begin)
				}
			}
			if _, hasNews := errors.AsType[*RefreshFailedWithNews](inv.err); hasNews != row.hasNews {
				t.Errorf("%s: its type is %T", row.when, inv.err)
			}
			time.Sleep(2 * time.Minute)
		}
		if w.token(simulator.EduCloud) == "" || w.token(simulator.METILogin) == "" {
			t.Error("the others were not served")
		}
	})
	for n, last := range map[int]string{20: `refreshing "p19": http_503 (transient)`, 21: "and 1 more", 30: "and 10 more"} {
		var errs []error
		for i := range n {
			errs = append(errs, &refresh.ProviderError{Provider: fmt.Sprintf("p%02d", i), Class: refresh.Transient, Code: "http_503"})
		}
		lines := strings.Split((&RefreshFailed{errors.Join(errs...)}).Error(), "\n")
		if len(lines) > 21 || lines[len(lines)-1] != last {
			t.Errorf("%d failures are reported as %q", n, lines)
		}
	}
}

// The runtime would print a panic's value.
func TestAPanicOfTheWholeRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.handler.runner.Source = broken{}
		inv := w.tick()
		lines := inv.logged("panic", "")
		if inv.err == nil || len(lines) != 1 || !strings.Contains(fmt.Sprint(lines[0]["stack"]), "handler_test.go") {
			t.Errorf("%v, %v", inv.err, inv.lines)
		}
		if strings.Contains(w.out.String()+inv.err.Error(), canary) {
			t.Error("its value is printed")
		}
	})
}

type broken struct{ refresh.Source }

func (broken) Configs(context.Context, string) ([]refresh.Document, string, error) { panic(canary) }

// Where nothing takes the metrics, the work is still done, and the invocation says so.
func TestWhereNothingTakesTheMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.setUp()
		w.handler.out = full{}
		if inv := w.tick(); !errors.Is(inv.err, errNoMetrics) {
			t.Errorf("the error is %v", inv.err)
		}
		if inv := w.invoke(`{}`); inv.err != nil || inv.ignored == "" || len(inv.logged("no_metrics", "")) != 1 {
			t.Errorf("an ignored event: %v, %v", inv.err, inv.lines)
		}
		for _, name := range simulator.Names() {
			if w.token(name) == "" {
				t.Errorf("%s has no token", name)
			}
		}
		w.noLeak()
	})
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }
