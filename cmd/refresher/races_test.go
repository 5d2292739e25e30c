package main

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/cmd/internal/stack"
	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/simulator"
)

// A run is killed before and after each of its calls. Whenever that is, consumers have a
// good token, and the next run recovers with one more login at most; with none, where the
// token was stored already.
func TestARunIsKilled(t *testing.T) {
	first := func(w *world) { w.setUp(victim) }
	later := func(w *world) {
		w.setUp(victim)
		w.tick()
		w.due()
	}
	for name, prepare := range map[string]func(*world){"at the first token": first, "at a later token": later} {
		var calls []awstest.Call
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, awstest.Options{})
			prepare(w)
			w.Reset()
			w.tick()
			calls = w.Calls()
		})
		for k := 1; k <= len(calls); k++ {
			for when, crash := range map[string]func(int) awstest.Fault{"before": awstest.CrashBefore, "after": awstest.CrashAfter} {
				t.Run(fmt.Sprintf("%s %s %d %s", name, when, k, calls[k-1].Action), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						w := newWorld(t, awstest.Options{})
						prepare(w)
						s, old := w.secret(victim)
						w.sim.ForgetRequests(victim)
						w.Fail("*", crash(k))
						w.tick()
						s, now := w.secret(victim)
						if old.ID != "" && now.ID == "" || now.ID != old.ID && !fresh(now) {
							t.Errorf("consumers have %q, and had %q", now.ID, old.ID)
						}
						stored := len(s.Versions) > 0 && fresh(s.Versions[len(s.Versions)-1])
						logins := w.sim.Logins(victim)

						w.Heal()
						time.Sleep(time.Minute)
						inv := w.tick()
						_, now = w.secret(victim)
						if inv.err != nil || !fresh(now) {
							t.Fatalf("the next run has not recovered: %v, %+v", inv.err, inv.of(victim))
						}
						more := w.sim.Logins(victim) - logins
						if more > 1 || stored && more > 0 {
							t.Errorf("it took %d more logins; the token was stored already: %v", more, stored)
						}
						w.noLeak()
					})
				})
			}
		}
	}
}

// Events come twice at times, and runs overlap.
func TestRunsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.setUp()
		w.tick()
		w.due()
		before := w.token(victim)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if _, err := w.handler.runner.Run(t.Context(), refresh.Job{}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, name := range simulator.Names() {
			if _, v := w.secret(name); !fresh(v) {
				t.Errorf("%s has %s", name, v.ID)
			}
		}
		if w.token(victim) == before {
			t.Error("the token is the old one")
		}
		logins := w.sim.Logins(victim)
		if inv := w.tick(); inv.err != nil || inv.summary.Metrics["Due"] != 0 || w.sim.Logins(victim) != logins {
			t.Errorf("the event comes again: %v, %v", inv.summary.Metrics, inv.err)
		}
	})
}

// between has something happen after the victim's new token is stored, and before it is
// current.
func (w *world) between(act func(s *awstest.Secret)) {
	w.Fail(moveLabel, only(awstest.Fault{Times: 1, Before: func(awstest.Call) {
		s, _ := w.secret(victim)
		act(&s)
		w.SetSecret(s)
	}}))
}

// makeCurrent adds a version and moves the label to it, as another writer would.
func makeCurrent(s *awstest.Secret, id, value string) {
	for i, v := range s.Versions {
		labels := []string{}
		for _, l := range v.Labels {
			if l != "AWSCURRENT" {
				labels = append(labels, l)
			}
		}
		s.Versions[i].Labels = labels
	}
	s.Versions = append(s.Versions, awstest.Version{ID: id, Value: value, Labels: []string{"AWSCURRENT"}})
}

func TestAnotherRunWasFaster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.setUp(victim)
		w.tick()
		w.due()
		var theirs refresh.VersionID
		w.between(func(s *awstest.Secret) {
			v, _ := refresh.VersionID(s.Versions[0].ID).Parse()
			v.IssuedAt = time.Now().Add(time.Second)
			theirs = v.ID()
			makeCurrent(s, string(theirs), `{"access_token":"theirs"}`)
		})
		inv := w.tick()
		if _, now := w.secret(victim); inv.err != nil || inv.of(victim).Outcome != refresh.Adopted || now.ID != string(theirs) {
			t.Errorf("%+v, %v", inv.answer, inv.err)
		}
	})
}

// A value is written by hand while a run is at it: the run leaves it there, and the
// next one reports it and replaces it.
func TestAVersionThatIsNotOurs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.setUp()
		w.tick()
		w.due()
		const byHand = "terraform-20261122120000000000000001"
		w.between(func(s *awstest.Secret) { makeCurrent(s, byHand, "by hand") })
		inv := w.tick()
		if inv.err != nil {
			t.Error(inv.err)
		}
		w.othersRefreshed(inv)
		if _, now := w.secret(victim); now.ID != byHand {
			t.Errorf("it was overwritten by %s", now.ID)
		}
		time.Sleep(time.Minute)
		inv = w.tick()
		if got := inv.of(victim); inv.err != nil || got.Outcome != refresh.Refreshed || got.Reason != refresh.ForeignVersion {
			t.Errorf("%+v, %v", got, inv.err)
		}
		if lines := inv.logged("token_refreshed", victim); len(lines) != 1 || lines[0]["reason"] != string(refresh.ForeignVersion) {
			t.Errorf("it is not reported: %v", inv.lines)
		}
		w.noLeak()
	})
}

func TestTwoStacksOnOneSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.setUp(victim)
		w.tick()
		before, _ := w.secret(victim)
		w.due()
		w.sim.ForgetRequests(victim)
		w.settings.Stack = "staging"
		w.handler = newHandler(w.settings, newClients(w.Config(), w.settings), w.handler.runner.Parser, &w.out, time.Now)
		inv := w.tick()
		after, _ := w.secret(victim)
		if inv.failure() != fmt.Sprintf("refreshing %q: secret_not_ours (misconfigured)", victim) ||
			w.sim.Logins(victim) != 0 || len(after.Versions) != len(before.Versions) || after.Tags["tokenkeeper:owner"] != "prod" {
			t.Errorf("%v, %+v", inv.err, after)
		}
		if lines := inv.logged("provider_failing", victim); len(lines) != 1 || lines[0]["level"] != "ERROR" {
			t.Errorf("it is not reported: %v", inv.lines)
		}
		w.noLeak()
	})
}

// A description that lags behind has a run decide on a token that was replaced meanwhile.
func TestTheDescriptionLagsBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{ListLag: 5 * time.Minute})
		w.setUp(victim)
		w.tick()
		w.due()
		w.Fail(describe, awstest.Fault{Stale: true, Skip: 1, Times: 1})
		w.tick()
		_, before := w.secret(victim)
		time.Sleep(time.Minute)
		inv := w.tick()
		s, now := w.secret(victim)
		if inv.err != nil || !fresh(now) || w.sim.Logins(victim) > 3 {
			t.Errorf("had %s, has %s, after %d logins: %v", before.ID, now.ID, w.sim.Logins(victim), inv.err)
		}
		current, _ := refresh.VersionID(now.ID).Parse()
		for _, v := range s.Versions {
			if other, ok := refresh.VersionID(v.ID).Parse(); !ok || other.IssuedAt.After(current.IssuedAt) {
				t.Errorf("consumers have %s, and %s is newer", now.ID, v.ID)
			}
		}
		if len(s.Versions) != w.sim.Logins(victim) {
			t.Errorf("%d tokens are stored after %d logins", len(s.Versions), w.sim.Logins(victim))
		}
		w.noLeak()
	})
}

func TestCredentialsInSecretsManager(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{}, func(s *settings) { s.CredentialsIn = stack.InSecretsManager })
		w.setUp()
		if inv := w.tick(); inv.err != nil || inv.summary.Metrics["Refreshed"] != 4 || w.Count("ssm:GetParameter") != 0 {
			t.Fatalf("%v, %v", inv.summary.Metrics, inv.err)
		}
		w.due()
		s, _ := w.Secret(w.settings.Namespace.CredentialSecrets() + victim)
		s.Deleted = time.Now()
		w.SetSecret(s)
		_, before := w.secret(victim)
		inv := w.tick()
		if inv.failure() != fmt.Sprintf("refreshing %q: credential_being_deleted (misconfigured)", victim) || w.sim.Logins(victim) != 1 {
			t.Errorf("scheduled for deletion: %v", inv.err)
		}
		w.kept(before)
		w.othersRefreshed(inv)
		time.Sleep(time.Minute)
		if inv := w.tick(); inv.err != nil {
			t.Errorf("it is reported twice: %v", inv.err)
		}
		s.Deleted = time.Time{}
		w.SetSecret(s)
		w.recovered()
		w.noLeak()
	})
}
