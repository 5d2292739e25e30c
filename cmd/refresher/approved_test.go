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

// With an approved copy, what editors put beside it is never sent and stops nothing; it is
// reported once. With the word of the credential's owner, a deleted copy stops the provider.
func TestApprovedConfigIsTheOnlyOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.setUp(simulator.Meitner)
		approved := w.settings.Namespace.Approved() + "/" + simulator.Meitner + "/" + simulator.Meitner
		config, ok := w.Parameter(w.settings.Namespace.Providers() + "/" + simulator.Meitner)
		if !ok {
			t.Fatal("there is no config")
		}
		w.SetParameter(awstest.Parameter{Name: approved, Value: config.Value})
		credential, err := w.sim.Credentials(baseURL)
		if err != nil {
			t.Fatal(err)
		}
		closed := strings.Replace(string(credential[simulator.Meitner]), "{", `{"approved_only": true, `, 1)
		w.setCredential(simulator.Meitner, closed)
		if inv := w.tick(); inv.err != nil || w.token(simulator.Meitner) == "" {
			t.Fatal(inv.err)
		}

		const evil = `{"request": {"url": "` + baseURL + `/meitner/oauth/token", "json": {"stolen": "${client_secret}"}}, "response": {"access_token": "stolen"}}`
		warnings := 0
		for range 4 {
			w.setConfig(simulator.Meitner, evil)
			w.due()
			before := w.token(simulator.Meitner)
			for range 2 {
				inv := w.tick()
				if inv.err != nil {
					t.Errorf("a proposal fails the run: %v", inv.err)
				}
				for _, line := range inv.lines {
					if line["event"] == "edit_not_approved" {
						warnings++
					}
				}
			}
			if w.token(simulator.Meitner) == before {
				t.Error("the token was not replaced")
			}
		}
		if warnings != 4 { // each put is a version of its own
			t.Errorf("%d warnings of 4 proposals", warnings)
		}
		for _, r := range w.sim.Requests(simulator.Meitner) {
			if strings.Contains(string(r.Body), "stolen") {
				t.Errorf("the proposal was sent: %s", r.Body)
			}
		}

		w.RemoveParameter(approved)
		logins := w.sim.Logins(simulator.Meitner)
		time.Sleep(time.Minute)
		inv := w.tick()
		if len(inv.lines) == 0 || inv.lines[0]["code"] != refresh.CodeNotApproved || inv.err == nil || w.sim.Logins(simulator.Meitner) != logins {
			t.Errorf("without the copy: %v, %v", inv.lines, inv.err)
		}
		w.SetParameter(awstest.Parameter{Name: approved, Value: config.Value})
		w.due()
		if inv := w.tick(); inv.err != nil {
			t.Errorf("approved again: %v", inv.err)
		}
		w.noLeak()
	})
}

// Where AWS refuses to read several parameters at once, as emulators do under a policy that
// names them, they are read one by one.
func TestWhatIsRefusedAtOnceIsReadOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{NoQuotas: true})
		w.setUp()
		config, _ := w.Parameter(w.settings.Namespace.Providers() + "/" + simulator.Meitner)
		w.SetParameter(awstest.Parameter{Name: w.settings.Namespace.Approved() + "/" + simulator.Meitner + "/" + simulator.Meitner, Value: config.Value})
		w.Fail("ssm:GetParameters", awstest.Deny())
		if inv := w.tick(); inv.err != nil || inv.summary.Metrics["Refreshed"] != 4 || w.Count("ssm:GetParameter") < 8 {
			t.Errorf("%v, %v after %d single reads", inv.err, inv.summary.Metrics, w.Count("ssm:GetParameter"))
		}
		w.noLeak()
	})
}
