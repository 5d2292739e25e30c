package main

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/cmd/internal/stack"
	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/simulator"
)

// victim is the provider that things happen to.
const victim = simulator.Meitner

// theirs is a key that was given to a secret by hand, and whose policy admits the function.
const theirs = "theirs"

const (
	putValue  = "secretsmanager:PutSecretValue"
	moveLabel = "secretsmanager:UpdateSecretVersionStage"
	describe  = "secretsmanager:DescribeSecret"
)

// only narrows a fault down to the victim's calls, those that it shares with others included.
func only(f awstest.Fault) awstest.Fault {
	f.Match = func(c awstest.Call) bool {
		return strings.Contains(c.Resource, "/"+victim) || c.Action == "ssm:GetParameters" && strings.Contains(string(c.Body), "/"+victim+`"`)
	}
	return f
}

func refuse(code string) awstest.Fault {
	return awstest.Fault{Error: &awstest.Error{Status: 400, Code: code, Message: "no"}}
}

// Each row is what AWS, or a user of the account, does to one provider while its token
// is due. What is promised of all of them: the token that consumers have stays as it is;
// the other providers get theirs; an operator hears once; nothing leaks; the provider is
// asked no more than may be; and once it is mended, all is well again.
func TestFaultsOfOneProvider(t *testing.T) {
	fail := func(action string, f awstest.Fault) func(*world) {
		return func(w *world) { w.Fail(action, only(f)) }
	}
	heal := func(w *world) { w.Heal() }
	key := func(state awstest.KeyState) func(*world) {
		return func(w *world) {
			w.SetKey(theirs, state)
			s, _ := w.secret(victim)
			s.KMSKey = theirs
			w.SetSecret(s)
		}
	}
	reading := func(f awstest.Fault) func(*world) {
		return func(w *world) {
			w.Fail(w.readsCredential(), only(f))
			if w.settings.CredentialsIn == stack.InSSM && f.Error != nil && f.Error.Status == 400 {
				// What is refused in one call with others is read once more, alone.
				alone := f
				alone.Match = func(c awstest.Call) bool { return strings.HasSuffix(c.Resource, "/credentials/"+victim) }
				w.Fail("ssm:GetParameter", alone)
			}
		}
	}
	renew := func(w *world) { w.setUp(victim) }
	enableKey := func(w *world) { w.SetKey(theirs, awstest.KeyEnabled) }
	for _, row := range []struct {
		name    string
		breakIt func(*world)
		mendIt  func(*world)
		want    string        // code and class, as in the invocation's error
		logins  int           // in the run that meets it
		after   time.Duration // when it is tried again, once mended
	}{
		{"the credential is missing", func(w *world) { w.removeCredential(victim) }, renew, "no_credential (misconfigured)", 0, time.Minute},
		{"the credential may not be read", reading(awstest.Deny()), heal, "aws_access_denied (misconfigured)", 0, 31 * time.Minute},
		{"the credential's key is disabled",
			func(w *world) {
				w.SetKey(theirs, awstest.KeyDisabled)
				w.setCredentialKey(victim, theirs)
			}, enableKey, "kms_key_unusable (misconfigured)", 0, 31 * time.Minute},
		{"the credential is of the wrong kind", func(w *world) { w.spoilCredential(victim) }, renew, "bad_credential (misconfigured)", 0, time.Minute},
		{"reading the credential is throttled", reading(awstest.Throttle(0)), heal, "aws_throttled (transient)", 0, 5 * time.Minute},
		{"storing is denied", fail(putValue, awstest.Deny()), heal, "aws_access_denied (misconfigured)", 1, 31 * time.Minute},
		{"storing is throttled", fail(putValue, awstest.Throttle(0)), heal, "aws_throttled (transient)", 1, 5 * time.Minute},
		{"storing fails", fail(putValue, awstest.ServerError(0)), heal, "aws_server_error (transient)", 1, 5 * time.Minute},
		{"storing hangs", fail(putValue, awstest.Fault{Hang: true}), heal, "aws_unreachable (transient)", 1, 5 * time.Minute},
		{"the role's credentials are over in mid-run", fail(putValue, awstest.ExpireCredentials()), heal, "aws_credentials_refused (transient)", 1, 5 * time.Minute},
		{"there are too many versions of the last 24 hours", fail(putValue, refuse("LimitExceededException")), heal, "write_budget (transient)", 1, 16 * time.Minute},
		{"the secret's key is disabled", key(awstest.KeyDisabled), enableKey, "kms_key_unusable (misconfigured)", 1, 31 * time.Minute},
		{"the secret's key is about to be deleted", key(awstest.KeyPendingDeletion), enableKey, "kms_key_unusable (misconfigured)", 1, 31 * time.Minute},
		{"the secret's key is not ours to use", key(awstest.KeyDenied), enableKey, "kms_key_unusable (misconfigured)", 1, 31 * time.Minute},
		{"moving the label is denied", fail(moveLabel, awstest.Deny()), heal, "aws_access_denied (misconfigured)", 1, time.Minute},
		{"moving the label fails", fail(moveLabel, awstest.ServerError(0)), heal, "aws_server_error (transient)", 1, time.Minute},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, awstest.Options{})
				w.setUp()
				w.tick()
				w.due()
				_, before := w.secret(victim)
				w.sim.ForgetRequests(victim)
				row.breakIt(w)

				inv := w.tick()
				if want := fmt.Sprintf("refreshing %q: %s", victim, row.want); inv.failure() != want {
					t.Fatalf("the error is %v, want %s", inv.err, want)
				}
				w.kept(before)
				w.othersRefreshed(inv)
				if lines := inv.logged("provider_failing", victim); len(lines) != 1 || lines[0]["level"] != "ERROR" {
					t.Errorf("the log has %v", inv.lines)
				}
				if n := w.sim.Logins(victim); n != row.logins {
					t.Errorf("%d logins, want %d", n, row.logins)
				}

				time.Sleep(time.Minute)
				if lines := w.tick().logged("provider_failing", victim); len(lines) != 0 {
					t.Errorf("it is reported twice: %v", lines)
				}
				w.kept(before)

				row.mendIt(w)
				time.Sleep(row.after)
				w.recovered()
				w.noLeak()
			})
		})
	}
}

// kept checks that consumers read what they read before.
func (w *world) kept(before awstest.Version) {
	w.t.Helper()
	if _, now := w.secret(victim); now.ID != before.ID || now.Value != before.Value {
		w.t.Errorf("the current token is another one")
	}
}

// othersRefreshed checks that a run has done its work for all but the victim.
func (w *world) othersRefreshed(inv invocation) {
	w.t.Helper()
	for _, name := range simulator.Names() {
		if name != victim && len(inv.logged("token_refreshed", name)) != 1 {
			w.t.Errorf("%s was not refreshed", name)
		}
	}
}

// recovered checks that the next run ends the failure, and reports that once.
func (w *world) recovered() {
	w.t.Helper()
	if lines := w.mended().logged("provider_recovered", victim); len(lines) != 1 || lines[0]["level"] != "INFO" {
		w.t.Errorf("the end of the failure is reported %d times: %v", len(lines), lines)
	}
	time.Sleep(time.Minute)
	if inv := w.tick(); inv.err != nil || len(inv.logged("provider_recovered", victim)) != 0 {
		w.t.Errorf("mended, and reported again: %v, %v", inv.err, inv.lines)
	}
}

// mended checks that the next run ends the failure.
func (w *world) mended() invocation {
	w.t.Helper()
	inv := w.tick()
	if inv.err != nil || w.token(victim) == "" {
		w.t.Fatalf("mended, and yet %v", inv.err)
	}
	if _, v := w.secret(victim); !fresh(v) {
		w.t.Errorf("mended, and the token is an old one: %+v", inv.of(victim))
	}
	if n := inv.summary.Metrics["Transient"] + inv.summary.Metrics["Misconfigured"]; n != 0 {
		w.t.Errorf("mended, and still counted: %v", inv.summary.Metrics)
	}
	if s, _ := w.secret(victim); s.Tags["tokenkeeper:state"] != "" {
		w.t.Errorf("mended, and there is still a note: %s", s.Tags["tokenkeeper:state"])
	}
	return inv
}

// fresh reports whether a version was issued in the last half hour.
func fresh(v awstest.Version) bool {
	version, ok := refresh.VersionID(v.ID).Parse()
	return ok && time.Since(version.IssuedAt) < 30*time.Minute
}

// Without its state nothing is done for a provider, and there is no place to note that.
func TestAStateThatCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.setUp()
		w.tick()
		w.due()
		_, before := w.secret(victim)
		w.Fail(describe, only(awstest.Deny()))
		inv := w.tick()
		if inv.failure() != fmt.Sprintf("refreshing %q: aws_access_denied (misconfigured)", victim) || w.sim.Logins(victim) != 1 {
			t.Errorf("%v, after %d logins", inv.err, w.sim.Logins(victim))
		}
		w.kept(before)
		w.othersRefreshed(inv)
		w.Heal()
		w.mended()
		w.noLeak()
	})
}

// What AWS may do to a run that still ends well.
func TestFaultsThatNobodyNotices(t *testing.T) {
	for _, row := range []struct {
		name    string
		options awstest.Options
		action  string
		fault   awstest.Fault
	}{
		{"pages are empty and carry a token", awstest.Options{EmptyPages: true, PageSize: 1}, "*", awstest.Fault{}},
		{"every call is throttled once", awstest.Options{}, "*", awstest.Throttle(1)},
		{"listing configs is throttled", awstest.Options{}, "ssm:GetParametersByPath", awstest.Throttle(3)},
		{"listing states fails at first", awstest.Options{}, "secretsmanager:ListSecrets", awstest.ServerError(2)},
		{"a put is throttled", awstest.Options{}, putValue, awstest.Throttle(3)},
		{"a put fails at first", awstest.Options{}, putValue, awstest.ServerError(2)},
		{"a put hangs at first", awstest.Options{}, putValue, awstest.Fault{Hang: true, Times: 1}},
		{"a put is stored and its answer lost", awstest.Options{}, putValue, awstest.LoseAnswer(2)},
		{"a swap is lost on its way", awstest.Options{}, moveLabel, awstest.LoseRequest(2)},
		{"a swap is done and its answer lost", awstest.Options{}, moveLabel, awstest.LoseAnswer(2)},
		{"listings are five minutes old", awstest.Options{ListLag: 5 * time.Minute}, "*", awstest.Fault{}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, row.options)
				w.setUp()
				w.tick()
				w.due()
				w.Fail(row.action, row.fault)
				inv := w.tick()
				if inv.err != nil || inv.summary.Metrics["Refreshed"] != 4 {
					t.Fatalf("%v, %v", inv.summary.Metrics, inv.err)
				}
				for _, name := range simulator.Names() {
					s, v := w.secret(name)
					if w.sim.Logins(name) != 2 || len(s.Versions) != 2 || !fresh(v) {
						t.Errorf("%s: %d logins, %d versions", name, w.sim.Logins(name), len(s.Versions))
					}
				}
				w.noLeak()
			})
		})
	}
}

// A secret that is not ours to touch, or cannot take a token: the provider is not asked,
// and since no note can be left there, every run reports it.
func TestSecretsThatAreLeftAlone(t *testing.T) {
	for _, row := range []struct {
		name string
		edit func(*awstest.Secret)
		want string
	}{
		{"it is scheduled for deletion", func(s *awstest.Secret) { s.Deleted = time.Now() }, "secret_being_deleted (misconfigured)"},
		{"it is a replica", func(s *awstest.Secret) { s.Primary = "eu-west-1" }, "secret_is_replica (misconfigured)"},
		{"another service manages it", func(s *awstest.Secret) { s.Owner = "rds" }, "secret_managed_by_aws (misconfigured)"},
		{"it has no owner", func(s *awstest.Secret) { s.Tags = nil }, "secret_not_ours (misconfigured)"},
		{"it is another stack's", func(s *awstest.Secret) { s.Tags["tokenkeeper:owner"] = "staging" }, "secret_not_ours (misconfigured)"},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, awstest.Options{})
				w.setUp()
				w.tick()
				w.due()
				s, _ := w.secret(victim)
				row.edit(&s)
				w.SetSecret(s)
				before, _ := w.secret(victim)
				w.sim.ForgetRequests(victim)
				// No note can be left beside it, so the process remembers that it reported it.
				for tick := range 30 {
					inv := w.tick()
					if tick == 0 {
						w.othersRefreshed(inv)
						if inv.failure() != fmt.Sprintf("refreshing %q: %s", victim, row.want) || len(inv.logged("provider_failing", victim)) != 1 {
							t.Errorf("%v: %v", inv.err, inv.lines)
						}
					} else if inv.err != nil || len(inv.lines) != 0 {
						t.Errorf("it is reported again at tick %d: %v: %v", tick, inv.err, inv.lines)
					}
					if inv.summary.Metrics["Misconfigured"] != 1 {
						t.Errorf("tick %d does not count it", tick)
					}
					time.Sleep(time.Minute)
				}
				after, _ := w.secret(victim)
				if diff := cmp.Diff(before, after); diff != "" || w.sim.Logins(victim) != 0 {
					t.Errorf("it was touched, or the provider asked:\n%s", diff)
				}
				w.noLeak()
			})
		})
	}
}

// A rotation that was turned on by hand stops nothing, and is warned of with each refresh.
func TestASecretWithARotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.setUp()
		w.tick()
		w.due()
		s, _ := w.secret(victim)
		s.Rotates = true
		w.SetSecret(s)
		inv := w.tick()
		warned := inv.logged("provider_warning", victim)
		if inv.of(victim).Outcome != refresh.Refreshed || len(warned) != 1 || !strings.Contains(fmt.Sprint(warned[0]["msg"]), "aws secretsmanager cancel-rotate-secret") {
			t.Errorf("%+v, %v: %v", inv.of(victim), inv.err, warned)
		}
		time.Sleep(time.Minute)
		if again := w.tick().logged("provider_warning", victim); len(again) != 0 {
			t.Errorf("it is warned of where nothing is due: %v", again)
		}
	})
}

// AWS keeps every version of the last 24 hours, and no more than a hundred. An operator who forces
// more refreshes than that is refused before the provider is asked, until the day has passed.
func TestTheVersionsOfADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.setUp()
		w.tick()
		began := time.Now()
		force := func() invocation { return w.invoke(fmt.Sprintf(`{"refresh": [%q], "force": true}`, victim)) }
		written := 1
		for ; written < 110; written++ {
			time.Sleep(time.Minute)
			if inv := force(); inv.err != nil {
				break
			}
		}
		_, before := w.secret(victim)
		w.sim.ForgetRequests(victim)
		time.Sleep(time.Minute)
		inv := force()
		if want := fmt.Sprintf("refreshing %q: write_budget (transient)", victim); written < 50 || written > 70 || inv.failure() != want {
			t.Errorf("%d were written, and then: %v", written, inv.err)
		}
		if n := w.sim.Logins(victim); n != 0 {
			t.Errorf("the provider was asked %d times for what cannot be stored", n)
		}
		w.kept(before)
		if inv := w.tick(); inv.summary.Metrics["Transient"] != 1 || len(inv.logged("provider_failing", victim)) != 0 {
			t.Errorf("the alarm sees %v, and the log has %v", inv.summary.Metrics, inv.lines)
		}
		time.Sleep(time.Until(began.Add(24*time.Hour + 2*time.Hour)))
		w.mended()
		w.noLeak()
	})
}

func TestASecretThatIsMissing(t *testing.T) {
	for create, want := range map[bool]string{true: "", false: fmt.Sprintf("refreshing %q: secret_missing (misconfigured)", victim)} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, awstest.Options{}, func(s *settings) { s.CreateSecrets = create })
			w.setUp()
			for _, name := range simulator.Names() {
				if name != victim && !create {
					w.SetSecret(awstest.Secret{Name: w.settings.Namespace.Tokens() + name, Tags: map[string]string{"tokenkeeper:owner": "prod"}})
				}
			}
			w.sim.Break(victim, simulator.OAuthError(401, "invalid_client", ""))
			inv := w.tick()
			w.othersRefreshed(inv)
			s, exists := w.Secret(w.settings.Namespace.Tokens() + victim)
			switch {
			case exists != create:
				t.Errorf("creating is %v, and the secret is there: %v", create, exists)
			case create && (len(s.Versions) != 0 || w.sim.Logins(victim) != 1 || !strings.HasPrefix(s.Tags["tokenkeeper:state"], "v1 class=misconfigured code=invalid_client ")):
				t.Errorf("it was not made empty, for the note of the first login: %+v", s)
			case !create && (inv.failure() != want || w.sim.Logins(victim) != 0):
				t.Errorf("%v, %d logins", inv.err, w.sim.Logins(victim))
			}
			w.noLeak()
		})
	}
}

func TestAConfigThatVanishes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.setUp()
		w.tick()
		before, _ := w.secret(victim)
		w.RemoveParameter(w.settings.Namespace.Providers() + "/" + victim)
		w.due()
		inv := w.tick()
		after, _ := w.secret(victim)
		if diff := cmp.Diff(before, after); diff != "" || inv.err != nil || inv.summary.Members["Orphans"] != 1.0 {
			t.Errorf("%v, %v:\n%s", inv.err, inv.summary.Members, diff)
		}
		w.othersRefreshed(inv)
		w.noLeak()
	})
}

// Faults of the provider are in the engine's own tests; this is how one is reported here.
func TestAProviderThatRefusesTheLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.setUp()
		w.tick()
		w.due()
		_, before := w.secret(victim)
		right := w.sim.Credential(victim)["client_secret"]
		w.sim.SetSecret(victim, "another")
		w.sim.ForgetRequests(victim)
		inv := w.tick()
		w.kept(before)
		w.othersRefreshed(inv)
		time.Sleep(time.Minute)
		inv = w.tick()
		want := map[string]float64{"Due": 0, "Refreshed": 0, "Failing": 1, "Transient": 0, "Misconfigured": 1, "NeedsPerson": 0, "RefreshTokenUnsure": 0, "CoolingDown": 1, "Expired": 0, "Skipped": 0, "Lateness": 0, "RunCompleted": 1, "Throttles": 0}
		got := maps.Clone(inv.summary.Metrics)
		delete(got, "LeastTimeLeft")
		if diff := cmp.Diff(want, got); diff != "" || inv.err != nil || w.sim.Logins(victim) != 1 {
			t.Errorf("cooling down: %v, %d logins (-want +got):\n%s", inv.err, w.sim.Logins(victim), diff)
		}
		w.sim.SetSecret(victim, right)
		w.setUp(victim) // the edit of the credential that closes the circuit
		w.recovered()
		w.noLeak()
	})
}
