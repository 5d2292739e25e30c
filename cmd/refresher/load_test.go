package main

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/simulator"
)

// A list that takes more than half of a run's time, because it is long, is no fault: the run
// goes on with the time that is left.
func TestALongList(t *testing.T) {
	const n = 240 // more would be about logins
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		configs, err := w.sim.Configs(baseURL)
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			w.setConfig(fmt.Sprintf("x%03d", i), string(configs[simulator.Meitner]))
		}
		w.setUp()
		w.Fail("ssm:GetParametersByPath", awstest.Latency(1450*time.Millisecond)) // 25 pages
		inv := w.tick()
		if inv.summary.Members["event"] != "run_completed" || inv.summary.Metrics["Due"] != n+4 {
			t.Errorf("%v, %v", inv.err, inv.summary.Members)
		}
	})
}
