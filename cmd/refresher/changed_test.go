package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/simulator"
)

// The event of an edit has one provider looked at, which lists nothing, and forging one
// gains nothing: what is fresh stays, and what is not there is passed over.
func TestChangeEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.setUp()
		w.tick()
		changed := func(path string) invocation {
			t.Helper()
			time.Sleep(time.Second)
			w.Reset()
			inv := w.invoke(`{"changed":"` + path + `"}`)
			if n := w.Count("ssm:GetParametersByPath", "secretsmanager:ListSecrets"); n != 0 {
				t.Errorf("%s: %d calls list something", path, n)
			}
			if inv.err != nil || inv.ignored != "" {
				t.Errorf("%s: %v, ignored: %q", path, inv.err, inv.ignored)
			}
			return inv
		}
		config, _ := w.Parameter(w.settings.Namespace.Providers() + "/" + simulator.Meitner)
		for _, path := range []string{config.Name, w.settings.Namespace.Credentials() + "/" + simulator.Meitner, w.settings.Namespace.Approved() + "/shared/" + simulator.Meitner} {
			if inv := changed(path); len(inv.answer.Providers) != 1 || inv.answer.Providers[0].Reason != refresh.Fresh {
				t.Errorf("%s: %+v", path, inv.answer)
			}
		}
		if inv := changed(w.settings.Namespace.Credentials() + "/shared"); len(inv.answer.Providers) != 0 {
			t.Errorf("%+v", inv.answer)
		}
		if n := w.sim.Logins(simulator.Meitner); n != 1 {
			t.Errorf("%d logins, want 1", n)
		}

		time.Sleep(time.Minute)
		w.setConfig(simulator.Meitner, strings.Replace(config.Value, "{", `{"default_lifetime": "59m", `, 1))
		inv := changed(config.Name)
		if len(inv.answer.Providers) != 1 || inv.answer.Providers[0].Outcome != refresh.Refreshed || w.sim.Logins(simulator.Meitner) != 2 {
			t.Errorf("an edit: %+v after %d logins", inv.answer, w.sim.Logins(simulator.Meitner))
		}
		w.noLeak()
	})
}
