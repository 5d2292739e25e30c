package main

import (
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/simulator"
)

// A warm process keeps connections, allowances and clocks. Whatever an outage did to them, the
// run after it must be as strong as the first of a new process: what passes by itself passes.
func TestTheRunAfterAnOutage(t *testing.T) {
	everything := func(f awstest.Fault) func(*world) { return func(w *world) { w.Fail("*", f) } }
	for _, outage := range []struct {
		name  string
		begin func(*world)
	}{
		{"AWS fails", everything(awstest.ServerError(0))},
		{"AWS throttles", everything(awstest.Throttle(0))},
		{"AWS does not answer", everything(awstest.Fault{Hang: true})},
		{"Secrets Manager takes no writes", func(w *world) { w.Fail(putValue, awstest.ServerError(0)) }},
		{"connections break in silence", func(w *world) { w.Fail("*", awstest.LoseRequest(0)); w.Cut(true) }},
	} {
		for _, after := range []struct {
			name  string
			begin func(*world)
		}{
			{"one call of each is throttled", func(w *world) {
				for _, action := range []string{"ssm:GetParametersByPath", "secretsmanager:ListSecrets", describe, w.readsCredential(), putValue, moveLabel} {
					w.Fail(action, awstest.Throttle(1))
				}
			}},
			{"every third answer is lost", func(w *world) {
				for i := range 20 {
					f := awstest.LoseAnswer(1)
					f.Skip = 3 * i
					w.Fail("*", f)
				}
			}},
			{"all connections are dead", func(w *world) { w.Cut(true) }},
		} {
			t.Run(outage.name+", then "+after.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, awstest.Options{})
					w.setUp()
					w.tick()
					w.due()
					outage.begin(w)
					for range 6 { // which the SDK's allowance for retries would not outlast
						w.tick()
						time.Sleep(time.Minute)
					}
					w.Heal()
					time.Sleep(time.Hour) // whatever was noted has passed
					after.begin(w)
					inv := w.tick()
					for _, name := range simulator.Names() {
						if got := inv.of(name).Outcome; got != "refreshed" {
							t.Errorf("%s: %q, %v", name, got, inv.err)
						}
					}
				})
			})
		}
	}
}

// What a login gave is stored although every connection was lost while the provider answered.
func TestConnectionsThatAreLostAfterTheLogin(t *testing.T) {
	for _, silently := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, awstest.Options{})
			w.setUp()
			w.Fail(putValue, awstest.Fault{Times: 1, Before: func(awstest.Call) { w.Cut(silently) }})
			if inv := w.tick(); inv.err != nil {
				t.Errorf("silently %t: %v", silently, inv.err)
			}
			for _, name := range simulator.Names() {
				if w.sim.Logins(name) != 1 || w.token(name) == "" {
					t.Errorf("silently %t: %s: %d logins, token %t", silently, name, w.sim.Logins(name), w.token(name) != "")
				}
			}
		})
	}
}

// While nothing is spent a run waits for its turn, up to half of its time.
func TestOthersUseTheQuotaAtTheBeginningOfARun(t *testing.T) {
	for _, row := range []struct {
		action string
		lasts  time.Duration
		begins bool
	}{
		{"ssm:GetParametersByPath", 3 * time.Second, true},
		{"ssm:GetParametersByPath", 20 * time.Second, true},
		{"secretsmanager:ListSecrets", 20 * time.Second, true},
		{"ssm:GetParametersByPath", 40 * time.Second, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, awstest.Options{})
			w.setUp()
			w.Fail(row.action, awstest.Throttle(0))
			heal := time.AfterFunc(row.lasts, w.Heal)
			defer heal.Stop()
			began := time.Now()
			inv := w.tick()
			took := time.Since(began)
			if row.begins && (inv.err != nil || took > row.lasts+5*time.Second) {
				t.Errorf("%s for %v: %v, after %v", row.action, row.lasts, inv.err, took)
			}
			if !row.begins && (inv.err == nil || took < 25*time.Second || took > 29*time.Second) {
				t.Errorf("%s for %v: given up after %v: %v", row.action, row.lasts, took, inv.err)
			}
		})
	}
}
