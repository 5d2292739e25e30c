package main

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/simulator"
)

// What another program writes into a secret is replaced, with a warning and a count each time:
// two programs that write the same secret are not seen otherwise.
func TestAForeignValue(t *testing.T) {
	for _, value := range []string{"{}", `{"access_token": "example"}`, "no JSON"} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, awstest.Options{})
			w.setUp()
			w.tick()
			time.Sleep(time.Minute)
			id := w.settings.Namespace.Tokens() + simulator.Meitner
			s, _ := w.Secret(id)
			for i := range s.Versions {
				s.Versions[i].Labels = nil
			}
			s.Versions = append(s.Versions, awstest.Version{Value: value, Labels: []string{"AWSCURRENT"}})
			w.SetSecret(s)

			inv := w.tick()
			warned := inv.logged("provider_warning", simulator.Meitner)
			if inv.err != nil || len(warned) != 1 || warned[0]["level"] != "WARN" || !strings.Contains(fmt.Sprint(warned[0]["msg"]), "another program") {
				t.Errorf("%q: %v: %v", value, inv.err, warned)
			}
			if inv.summary.Members["Foreign"] != 1.0 || inv.of(simulator.Meitner).Outcome != refresh.Refreshed {
				t.Errorf("%q: %v of them counted, %+v", value, inv.summary.Members["Foreign"], inv.of(simulator.Meitner))
			}
			time.Sleep(time.Minute)
			if inv := w.tick(); len(inv.logged("provider_warning", simulator.Meitner)) != 0 || inv.summary.Members["Foreign"] != 0.0 {
				t.Errorf("%q: counted again: %v", value, inv.lines)
			}
			w.noLeak()
		})
	}
}
