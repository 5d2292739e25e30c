package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secretstore"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// A summary is a line of metrics, read as CloudWatch reads it.
type summary struct {
	Metrics map[string]float64
	Members map[string]any // all of them
}

// metricsSchema is what CloudWatch takes as embedded metrics.
var metricsSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	return jsonschema.NewCompiler().Compile("testdata/emf.schema.json")
})

// readSummary checks a line against the format's rules.
func readSummary(t *testing.T, line []byte) summary {
	t.Helper()
	if n := bytes.IndexByte(line, '\n'); n != len(line)-1 {
		t.Fatalf("it is not one line: %q", line)
	}
	object, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
	if err != nil {
		t.Fatal(err)
	}
	schema, err := metricsSchema()
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(object); err != nil {
		t.Fatal(err)
	}
	var document struct {
		AWS struct {
			CloudWatchMetrics []struct {
				Dimensions [][]string
				Metrics    []struct{ Name string }
			}
		} `json:"_aws"`
	}
	s := summary{Metrics: map[string]float64{}, Members: map[string]any{}}
	if err := json.Unmarshal(line, &document); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(line, &s.Members); err != nil {
		t.Fatal(err)
	}
	// "Target members": what a directive names must be at the root.
	for _, d := range document.AWS.CloudWatchMetrics {
		for _, dimension := range slices.Concat(d.Dimensions...) {
			if value, ok := s.Members[dimension].(string); !ok || value == "" {
				t.Errorf("dimension %s is %v", dimension, s.Members[dimension])
			}
		}
		for _, m := range d.Metrics {
			value, ok := s.Members[m.Name].(float64)
			if _, twice := s.Metrics[m.Name]; !ok || twice {
				t.Errorf("metric %s is %v", m.Name, s.Members[m.Name])
			}
			s.Metrics[m.Name] = value
		}
	}
	return s
}

func schedule() refresh.Schedule {
	return refresh.Schedule{Tick: time.Minute, CacheAge: 300 * time.Second, Distance: secretstore.Distance, Claims: secretstore.Claims(time.Minute)}
}

// owned returns the state of a token of that lifetime that was issued at noon less age.
func owned(age, lifetime time.Duration) refresh.State {
	id := refresh.Version{IssuedAt: noon.Add(-age), Lifetime: lifetime}.ID()
	return refresh.State{Exists: true, Owned: true, Current: id}
}

func paused(s refresh.State) refresh.State {
	s.Paused = true
	return s
}

func TestMeasure(t *testing.T) {
	failing := func(c refresh.Class) refresh.Note { return refresh.Note{Class: c, Code: "x"} }
	unsure := func() refresh.Note {
		return refresh.Note{Class: refresh.Transient, Code: refresh.CodeRefreshTokenUnsure}
	}
	report := func(results ...refresh.Result) *refresh.Report {
		return &refresh.Report{At: noon, Took: 1500 * time.Millisecond, Results: results, Orphans: []string{"old"}}
	}
	for _, row := range []struct {
		name   string
		report *refresh.Report
		want   map[string]float64
	}{
		{"nothing is configured", report(), map[string]float64{}},
		{"an idle tick", report(
			refresh.Result{Outcome: refresh.Waiting, Reason: refresh.Fresh, State: owned(time.Minute, time.Hour)},
			refresh.Result{Outcome: refresh.Waiting, Reason: refresh.Fresh, State: owned(20*time.Minute, time.Hour)},
		), map[string]float64{"LeastTimeLeft": 2400}},
		{"one of each outcome", report(
			refresh.Result{Outcome: refresh.Refreshed, State: owned(0, time.Hour)},
			refresh.Result{Outcome: refresh.Adopted, State: owned(0, time.Hour)},
			refresh.Result{Outcome: refresh.Finished, State: owned(0, time.Hour)},
			refresh.Result{Outcome: refresh.Same, State: owned(0, time.Hour), Note: failing(refresh.Unchanged)},
			refresh.Result{Outcome: refresh.Failed, State: owned(0, time.Hour), Note: failing(refresh.Transient)},
			refresh.Result{Outcome: refresh.Skipped, State: owned(0, time.Hour), DueSince: noon.Add(-90 * time.Second)},
		), map[string]float64{"Due": 6, "Refreshed": 1, "Failing": 1, "Transient": 1, "LeastTimeLeft": 3600, "Skipped": 1, "Lateness": 90}},
		{"failures old and new", report(
			refresh.Result{Outcome: refresh.Failed, Note: failing(refresh.Misconfigured)},
			refresh.Result{Outcome: refresh.Waiting, Reason: refresh.CoolingDown, Note: failing(refresh.Misconfigured)},
			refresh.Result{Outcome: refresh.Waiting, Reason: refresh.CoolingDown, Note: failing(refresh.NeedsPerson)},
			refresh.Result{Outcome: refresh.Waiting, Reason: refresh.CoolingDown, Note: failing(refresh.Unchanged)},
			refresh.Result{Outcome: refresh.Waiting, Reason: refresh.Paused, Note: failing(refresh.Transient)},
		), map[string]float64{"Due": 1, "Failing": 3, "Misconfigured": 2, "NeedsPerson": 1, "CoolingDown": 2}},
		{"refresh tokens that may have been spent", report(
			refresh.Result{Outcome: refresh.Failed, Note: unsure()},
			refresh.Result{Outcome: refresh.Waiting, Reason: refresh.CoolingDown, Note: unsure()},
			refresh.Result{Outcome: refresh.Waiting, Reason: refresh.Paused, Note: unsure()},
			refresh.Result{Outcome: refresh.Waiting, Reason: refresh.Fresh, Note: refresh.Note{Unsure: "0a1b2c3d"}}, // and nothing fails
		), map[string]float64{"Due": 1, "Failing": 2, "Transient": 2, "RefreshTokenUnsure": 2, "CoolingDown": 1}},
		{"a token is over", report(
			refresh.Result{Outcome: refresh.Failed, State: owned(2*time.Hour, time.Hour), Note: failing(refresh.Transient)},
			refresh.Result{Outcome: refresh.Waiting, Reason: refresh.Fresh, State: owned(0, time.Hour)},
		), map[string]float64{"Due": 1, "Failing": 1, "Transient": 1, "Expired": 1, "LeastTimeLeft": 0}},
		{"short-lived tokens have always little time left", report(
			refresh.Result{Outcome: refresh.Waiting, Reason: refresh.Fresh, State: owned(0, 5*time.Minute)},
			refresh.Result{Outcome: refresh.Waiting, Reason: refresh.Fresh, State: owned(0, time.Hour)},
		), map[string]float64{"LeastTimeLeft": 3600}},
		{"all tokens are short-lived", report(
			refresh.Result{Outcome: refresh.Waiting, Reason: refresh.Fresh, State: owned(0, 5*time.Minute)},
		), map[string]float64{}},
		{"nobody keeps the token of a provider that is paused", report(
			refresh.Result{Outcome: refresh.Waiting, Reason: refresh.Paused, State: paused(owned(2*time.Hour, time.Hour))},
			refresh.Result{Outcome: refresh.Waiting, Reason: refresh.Paused, State: paused(owned(50*time.Minute, time.Hour))},
			refresh.Result{Outcome: refresh.Waiting, Reason: refresh.Fresh, State: owned(0, time.Hour)},
		), map[string]float64{"LeastTimeLeft": 3600}},
		{"a provider answers the same token until it ends", report(
			refresh.Result{Outcome: refresh.Same, State: owned(59*time.Minute, time.Hour), Note: failing(refresh.Unchanged)},
			refresh.Result{Outcome: refresh.Waiting, Reason: refresh.CoolingDown, State: owned(time.Hour, time.Hour), Note: failing(refresh.Unchanged)},
			refresh.Result{Outcome: refresh.Waiting, Reason: refresh.Fresh, State: owned(0, time.Hour)},
		), map[string]float64{"Due": 1, "LeastTimeLeft": 3600}},
		{"secrets of others do not count", report(
			refresh.Result{Outcome: refresh.Failed, Err: &refresh.Error{Class: refresh.Misconfigured},
				State: refresh.State{Exists: true, Current: owned(2*time.Hour, time.Hour).Current}},
		), map[string]float64{"Due": 1, "Failing": 1, "Misconfigured": 1}},
	} {
		t.Run(row.name, func(t *testing.T) {
			want := map[string]float64{"Due": 0, "Refreshed": 0, "Failing": 0, "Transient": 0, "Misconfigured": 0, "NeedsPerson": 0, "RefreshTokenUnsure": 0,
				"CoolingDown": 0, "Expired": 0, "RunCompleted": 1, "Throttles": 0, "Skipped": 0, "Lateness": 0}
			maps.Copy(want, row.want)
			m := measure(row.report, schedule(), true)
			m.stack = "prod"
			got := readSummary(t, m.line(noon))
			if diff := cmp.Diff(want, got.Metrics); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got.Members["Orphans"] != 1.0 || got.Members["Ignored"] != 0.0 {
				t.Errorf("%v", got.Members)
			}
		})
	}
}

// A look at some says nothing of the others, and is no tick.
func TestMeasureOfNamedProviders(t *testing.T) {
	m := measure(&refresh.Report{At: noon, Results: []refresh.Result{{Outcome: refresh.Refreshed, State: owned(0, time.Hour)}}}, schedule(), false)
	m.stack = "prod"
	want := map[string]float64{"Due": 1, "Refreshed": 1, "Skipped": 0, "Throttles": 0}
	if diff := cmp.Diff(want, readSummary(t, m.line(noon)).Metrics); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A run that had the time for no provider must not pass for one that was completed.
func TestMeasureOfARunThatDidNothing(t *testing.T) {
	m := measure(&refresh.Report{At: noon, Results: []refresh.Result{
		{Outcome: refresh.Waiting, Reason: refresh.Fresh},
		{Outcome: refresh.Skipped, DueSince: noon.Add(-time.Hour)},
		{Outcome: refresh.Skipped, DueSince: noon.Add(-time.Minute)},
	}}, schedule(), true)
	m.stack = "prod"
	got := readSummary(t, m.line(noon))
	if _, ok := got.Metrics["RunCompleted"]; ok || got.Metrics["Skipped"] != 2 || got.Metrics["Lateness"] != 3600 || got.Members["event"] != "run_overloaded" {
		t.Errorf("%v", got.Members)
	}
}

func TestMeasureOfARunThatCouldNotBegin(t *testing.T) {
	m := notBegun(&refresh.Report{At: noon})
	m.stack, m.usage = "prod", usage{calls: 4, throttles: 4}
	got := readSummary(t, m.line(noon))
	if diff := cmp.Diff(map[string]float64{"Throttles": 4}, got.Metrics); diff != "" || got.Members["event"] != "run_not_begun" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMeasureOfAnIgnoredEvent(t *testing.T) {
	m := ignored(noon)
	m.stack = "prod"
	got := readSummary(t, m.line(noon))
	if diff := cmp.Diff(map[string]float64{"Throttles": 0}, got.Metrics); diff != "" || got.Members["event"] != "event_ignored" || got.Members["Ignored"] != 1.0 {
		t.Errorf("%v (-want +got):\n%s", got.Members, diff)
	}
}

// Alarms and dashboards read these names.
func TestSummaryLine(t *testing.T) {
	m := measure(&refresh.Report{At: noon, Took: 1500 * time.Millisecond}, schedule(), true)
	m.stack, m.requestID, m.usage = "prod", "8f5e", usage{calls: 2, throttles: 1}
	const want = `{"APICalls":2,"CoolingDown":0,"Due":0,"Duration":1500,"Expired":0,"Failing":0,"Foreign":0,"Ignored":0,"Lateness":0,"Misconfigured":0,"NeedsPerson":0,"Orphans":0,` +
		`"RefreshTokenUnsure":0,"Refreshed":0,"RunCompleted":1,"Skipped":0,"Stack":"prod","Throttles":1,"Transient":0,` +
		`"_aws":{"CloudWatchMetrics":[{"Namespace":"tokenkeeper","Dimensions":[["Stack"]],"Metrics":[` +
		`{"Name":"Due","Unit":"Count"},{"Name":"Refreshed","Unit":"Count"},{"Name":"Skipped","Unit":"Count"},{"Name":"Failing","Unit":"Count"},{"Name":"Transient","Unit":"Count"},` +
		`{"Name":"Misconfigured","Unit":"Count"},{"Name":"NeedsPerson","Unit":"Count"},{"Name":"RefreshTokenUnsure","Unit":"Count"},{"Name":"CoolingDown","Unit":"Count"},` +
		`{"Name":"Expired","Unit":"Count"},{"Name":"Lateness","Unit":"Seconds"},{"Name":"RunCompleted","Unit":"Count"},{"Name":"Throttles","Unit":"Count"}]}],` +
		`"Timestamp":1795348800000},"event":"run_completed","level":"INFO","msg":"invocation summed up","requestId":"8f5e",` +
		`"timestamp":"2026-11-22T12:00:01Z","version":"(devel)"}` + "\n"
	if diff := cmp.Diff(want, string(m.line(noon.Add(time.Second)))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
