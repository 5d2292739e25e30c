package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"example.com/tokenkeeper/cmd/internal/version"
	"example.com/tokenkeeper/internal/refresh"
)

// Metrics are written as one line of the log in CloudWatch's embedded metric format, from
// which CloudWatch makes them, with the stack as their only dimension: one for each provider
// would cost thousands of dollars a month at ten thousand of them. The same line is the
// summary of the run, and has what is counted without being a metric.
const (
	metricNamespace = "tokenkeeper"
	metricDimension = "Stack"
)

// A measurement is what one run is summed up to.
type measurement struct {
	at        time.Time
	took      time.Duration
	stack     string
	requestID string
	event     string
	usage     usage
	metrics   []metric
	counts    map[string]int
	ignored   int // events: one, or none
}

// A metric is one value under a name that alarms know.
type metric struct {
	name, unit string
	value      float64
}

func (m *measurement) count(name string, n int) {
	m.metrics = append(m.metrics, metric{name, "Count", float64(n)})
}

// measure sums up a run.
//
// How many providers are in each class, and which tokens have expired, is only reported of a run
// that looked at all of them: a look at one says nothing about the others, and must not
// stand for a tick that did not come.
func measure(r *refresh.Report, s refresh.Schedule, tick bool) measurement {
	m := measurement{at: r.At, took: r.Took, event: "run_completed", counts: map[string]int{"Orphans": len(r.Orphans), "Foreign": r.Foreign()}}
	if !r.Listed.IsZero() {
		m.counts["ListingAge"] = int(r.At.Sub(r.Listed).Seconds())
	}
	m.count("Due", len(r.Results)-r.Count(refresh.Waiting))
	m.count("Refreshed", r.Count(refresh.Refreshed))
	m.count("Skipped", r.Count(refresh.Skipped))
	if !tick {
		return m
	}
	cooling, expired, unsure := 0, 0, 0
	var least time.Duration
	known := false
	for _, res := range r.Results {
		if res.Reason == refresh.CoolingDown && res.Class() != "" {
			cooling++
		}
		if res.Note.Code == refresh.CodeRefreshTokenUnsure && res.Reason != refresh.Paused {
			unsure++
		}
		v, ours := res.State.Current.Parse()
		if !ours || !res.State.Owned || !kept(res) {
			continue
		}
		left := max(0, v.ExpiresAt().Sub(r.At))
		if left == 0 {
			expired++
		}
		if !s.ShortLived(v.Lifetime) && (!known || left < least) {
			least, known = left, true
		}
	}
	m.count("Failing", r.Failing())
	m.count("Transient", r.CountClass(refresh.Transient))
	m.count("Misconfigured", r.CountClass(refresh.Misconfigured))
	m.count("NeedsPerson", r.CountClass(refresh.NeedsPerson))
	m.count("RefreshTokenUnsure", unsure)
	m.count("CoolingDown", cooling)
	m.count("Expired", expired)
	if known {
		m.metrics = append(m.metrics, metric{"LeastTimeLeft", "Seconds", least.Truncate(time.Second).Seconds()})
	}
	m.metrics = append(m.metrics, metric{"Lateness", "Seconds", r.Lateness().Truncate(time.Second).Seconds()})
	if r.Overloaded() {
		m.event = "run_overloaded" // RunCompleted is missed, as of one that could not begin
		return m
	}
	m.count("RunCompleted", 1)
	return m
}

// incomplete returns m without the completion of the run, which is missed as of one that could
// not begin.
func (m measurement) incomplete() measurement {
	m.event = "run_not_begun"
	m.metrics = slices.DeleteFunc(m.metrics, func(m metric) bool { return m.name == "RunCompleted" })
	return m
}

// kept reports whether new tokens are asked for and given: of a provider that is paused, or
// that answers the same token until it ends, a token that runs out is no news.
func kept(res refresh.Result) bool {
	return !res.State.Paused && res.Reason != refresh.Paused && res.Note.Class != refresh.Unchanged
}

// notBegun sums up a run that could not begin: nothing is known, and RunCompleted is
// missed.
func notBegun(r *refresh.Report) measurement {
	return measurement{at: r.At, took: r.Took, event: "run_not_begun"}
}

// ignored sums up an event that is not acted on.
func ignored(at time.Time) measurement {
	return measurement{at: at, event: "event_ignored", ignored: 1}
}

// line returns m as one line of JSON (CloudWatch user guide, "Specification: Embedded
// metric format"). Its level is INFO, since Lambda drops what is below the function's.
func (m measurement) line(now time.Time) []byte {
	m.count("Throttles", int(m.usage.throttles))
	type definition struct{ Name, Unit string }
	definitions := make([]definition, len(m.metrics))
	object := map[string]any{
		"timestamp":     now.UTC().Format(time.RFC3339Nano),
		"level":         "INFO",
		"msg":           "invocation summed up",
		"event":         m.event,
		"requestId":     m.requestID,
		"version":       version.Read().Version,
		metricDimension: m.stack,
		"APICalls":      m.usage.calls,
		"Ignored":       m.ignored,
		"Duration":      m.took.Milliseconds(),
	}
	for name, n := range m.counts {
		object[name] = n
	}
	for i, metric := range m.metrics {
		definitions[i] = definition{metric.name, metric.unit}
		object[metric.name] = metric.value
	}
	type directive struct {
		Namespace  string
		Dimensions [][]string
		Metrics    []definition
	}
	object["_aws"] = map[string]any{
		"Timestamp":         m.at.UnixMilli(),
		"CloudWatchMetrics": []directive{{metricNamespace, [][]string{{metricDimension}}, definitions}},
	}
	var b bytes.Buffer
	_ = json.NewEncoder(&b).Encode(object) // strings and numbers always encode
	return b.Bytes()
}
