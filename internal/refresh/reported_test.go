package refresh_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// What an answer has wrong each time is reported once, and again when it was right in between.
func TestWarningsAreReportedOnce(t *testing.T) {
	var once refresh.ReportedOnce
	for i, row := range []struct {
		provider  string
		have, new []string
	}{
		{"a", []string{"x", "y"}, []string{"x", "y"}},
		{"a", []string{"x", "y"}, nil},
		{"b", []string{"x"}, []string{"x"}},
		{"a", []string{"y", "z"}, []string{"z"}},
		{"a", nil, nil},
		{"a", []string{"y"}, []string{"y"}},
	} {
		if got := once.NewWarnings(row.provider, row.have); !slices.Equal(got, row.new) {
			t.Errorf("login %d: %q are reported, want %q", i, got, row.new)
		}
	}
}

// A failure that no note can remember is reported as new once, and its end is reported, once.
func TestTheEndOfAFailureThatIsNotNoted(t *testing.T) {
	denied := &refresh.Error{Class: refresh.Misconfigured, Code: "access_denied", Detail: "denied", Remedy: "add the permission"}
	for _, row := range []struct {
		name, code string
		fails      func(*world, error)
		err        error
	}{
		{"a secret that cannot be opened", "store_failed", func(w *world, err error) { w.openErr["a"] = err }, errors.New("input/output error")},
		{"one that may not be opened", "access_denied", func(w *world, err error) { w.openErr["a"] = err }, denied},
		{"a full disk", "store_failed", func(w *world, err error) { w.saveErr["a"], w.noteErr = err, err }, errors.New("no space left on device")},
		{"a secret that becomes another's", "secret_not_ours", func(w *world, err error) { w.secrets["a"].state.Owned = err == nil }, denied},
	} {
		w := newWorld("a")
		runner := w.runner()
		run := func() (res refresh.Result, log string) {
			report, _ := runner.Run(context.Background(), refresh.Job{})
			w.now = w.now.Add(time.Minute)
			var b bytes.Buffer
			report.Log(context.Background(), slog.New(slog.NewTextHandler(&b, nil)))
			return report.Results[0], b.String()
		}
		run()
		w.now = noon.Add(50 * time.Minute)
		row.fails(w, row.err)
		for i := range 3 {
			if res, log := run(); res.Notice != (i == 0) || res.Err == nil || res.Err.Code != row.code || res.Recovered || strings.Contains(log, "event=provider_failing") != (i == 0) {
				t.Errorf("%s: run %d: %+v\n%s", row.name, i, res, log)
			}
		}
		row.fails(w, nil)
		for i := range 2 {
			res, log := run()
			if res.Err != nil || res.Recovered != (i == 0) || strings.Contains(log, "event=provider_recovered was="+row.code) != (i == 0) {
				t.Errorf("%s: run %d after it: %+v\n%s", row.name, i, res, log)
			}
		}
	}
}

// The end of a failure is reported once, by the run that can remove its note.
func TestARecoveryThatCannotBeNoted(t *testing.T) {
	w := newWorld("a")
	down := &refresh.Error{Class: refresh.Transient, Code: "http_503", Detail: "down"}
	w.answer("a", func(context.Context) (refresh.Grant, error) { return refresh.Grant{}, down })
	runner := w.runner()
	run := func() refresh.Result {
		report, _ := runner.Run(context.Background(), refresh.Job{})
		w.now = w.now.Add(time.Minute)
		return report.Results[0]
	}
	if res := run(); !res.Notice {
		t.Fatalf("the failure is not reported: %+v", res)
	}
	w.answer("a", nil)
	w.noteErr = errors.New("throttled")
	w.now = w.now.Add(5 * time.Minute)
	for i, outcome := range []refresh.Outcome{refresh.Refreshed, refresh.Waiting} {
		if res := run(); res.Outcome != outcome || res.Recovered || res.Class() != "" || res.State.Note.Class != refresh.Transient {
			t.Errorf("run %d that cannot remove the note: %+v", i, res)
		}
	}
	w.noteErr = nil
	for i := range 2 {
		if res := run(); res.Recovered != (i == 0) || res.Class() != "" {
			t.Errorf("run %d that can: %+v", i, res)
		}
	}
}

// While the note of a failure cannot be replaced, the provider counts as failing: the same token
// again is no recovery that anything would show.
func TestTheSameTokenWhileNothingCanBeNoted(t *testing.T) {
	w := newWorld("a")
	same := w.grant()
	w.answer("a", func(context.Context) (refresh.Grant, error) { return same, nil })
	w.run(refresh.Job{})
	w.now = noon.Add(50 * time.Minute)
	w.answer("a", down)
	w.run(refresh.Job{})
	w.now = w.now.Add(5 * time.Minute)
	w.answer("a", func(context.Context) (refresh.Grant, error) {
		same.AskedAt, same.Lifetime = w.now, 5*time.Minute
		return same, nil
	})
	for i, err := range []error{errors.New("throttled"), nil} {
		w.noteErr = err
		res, _, _ := w.run(refresh.Job{Only: []string{"a"}, Force: true})
		if got := res["a"]; got.Outcome != refresh.Same || got.Recovered != (err == nil) || (got.Class() == refresh.Transient) != (err != nil) {
			t.Errorf("run %d: %+v", i, got)
		}
		w.now = w.now.Add(time.Minute)
	}
}

// A bad config that the event of its edit has met is not reported again by the tick after it.
func TestABadConfigIsReportedOnceByEventAndTick(t *testing.T) {
	w := newWorld("a")
	w.run(refresh.Job{})
	r := w.runner()
	w.configs["a"] = "bad"
	var notices []bool
	for _, job := range []refresh.Job{{Only: []string{"a"}}, {}, {}} {
		w.now = w.now.Add(time.Minute)
		report, _ := r.Run(t.Context(), job)
		notices = append(notices, report.Results[0].Notice)
	}
	if !slices.Equal(notices, []bool{true, false, false}) {
		t.Errorf("reported as new: %v", notices)
	}
}
