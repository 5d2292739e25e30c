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

// What is reported as new, and what as the end of a failure, of one provider from run to run.
func TestFailuresAreReportedOnce(t *testing.T) {
	open := refresh.State{Exists: true, Owned: true}
	foreign := refresh.State{Exists: true}
	fails := func(class refresh.Class, code, detail string, st refresh.State) refresh.Result {
		return refresh.Result{Outcome: refresh.Failed, Notice: true, State: st, Err: &refresh.Error{Class: class, Code: code, Detail: detail}}
	}
	down := func(detail string) refresh.Result { return fails(refresh.Transient, "store_failed", detail, open) }
	denied := func(detail string) refresh.Result { return fails(refresh.Misconfigured, "denied", detail, open) }
	wrong := func(detail string) refresh.Result { return fails(refresh.Misconfigured, "wrong", detail, foreign) }
	person := func(detail string) refresh.Result { return fails(refresh.NeedsPerson, "wrong", detail, foreign) }
	good := refresh.Result{Outcome: refresh.Refreshed}
	type step struct {
		res       refresh.Result
		noted     bool
		outcome   refresh.Outcome
		notice    bool
		recovered string // the code of what ended; empty: nothing
	}
	failing := refresh.Result{Outcome: refresh.Waiting, Note: refresh.Note{Class: refresh.Transient, Code: "x"}}
	recovered := refresh.Result{Outcome: refresh.Refreshed, Recovered: true, Was: refresh.Note{Code: "noted"}}
	for name, steps := range map[string][]step{
		"a store that is down": {{down("a"), false, refresh.Failed, true, ""}, {down("b"), false, refresh.Failed, false, ""}, {good, false, refresh.Refreshed, false, "store_failed"},
			{good, false, refresh.Refreshed, false, ""}, {down("a"), false, refresh.Failed, true, ""}},
		"another failure": {{down("a"), false, refresh.Failed, true, ""}, {denied("a"), false, refresh.Failed, true, ""}, {denied("a"), false, refresh.Failed, false, ""},
			{denied("b"), false, refresh.Failed, true, ""}, {down("b"), false, refresh.Failed, true, ""}, {good, false, refresh.Refreshed, false, "store_failed"}},
		"what an edit ends":  {{wrong("a"), false, refresh.Failed, true, ""}, {wrong("a"), false, refresh.Waiting, false, ""}, {wrong("b"), false, refresh.Failed, true, ""}, {good, false, refresh.Refreshed, false, "wrong"}},
		"what a person ends": {{person("a"), false, refresh.Failed, true, ""}, {person("b"), false, refresh.Failed, false, ""}},
		"skipped and paused in between": {{down("a"), false, refresh.Failed, true, ""}, {refresh.Result{Outcome: refresh.Skipped}, false, refresh.Skipped, false, ""},
			{refresh.Result{Outcome: refresh.Waiting, Reason: refresh.Paused}, false, refresh.Waiting, false, ""}, {down("a"), false, refresh.Failed, false, ""}},
		"paused with what is wrong": {{refresh.Result{Outcome: refresh.Failed, Reason: refresh.Paused, Notice: true, Err: down("a").Err}, false, refresh.Failed, true, ""}, {good, false, refresh.Refreshed, false, ""}},
		"gone":                      {{down("a"), false, refresh.Failed, true, ""}, {refresh.Result{Outcome: refresh.Waiting, Reason: refresh.Gone}, false, refresh.Waiting, false, ""}, {good, false, refresh.Refreshed, false, ""}},
		"noted in the end":          {{down("a"), false, refresh.Failed, true, ""}, {down("a"), true, refresh.Failed, false, ""}, {good, false, refresh.Refreshed, false, ""}},
		"another is noted":          {{down("a"), false, refresh.Failed, true, ""}, {denied("a"), true, refresh.Failed, true, ""}},
		"it fails by its note":      {{down("a"), false, refresh.Failed, true, ""}, {failing, false, refresh.Waiting, false, ""}, {good, false, refresh.Refreshed, false, ""}},
		"a note has ended as well":  {{down("a"), false, refresh.Failed, true, ""}, {recovered, true, refresh.Refreshed, false, "noted"}},
		"noted before":              {{down("a"), true, refresh.Failed, true, ""}, {good, false, refresh.Refreshed, false, ""}},
		"reported before":           {{refresh.Result{Outcome: refresh.Failed, Err: down("a").Err}, false, refresh.Failed, false, ""}, {good, false, refresh.Refreshed, false, ""}},
	} {
		var once refresh.ReportedOnce
		for i, s := range steps {
			at := noon.Add(time.Duration(i)*time.Minute + 700*time.Millisecond)
			if s.noted && s.res.Err != nil {
				s.res.Note.Class = s.res.Err.Class
			}
			got := once.Failure(s.res, s.noted, at)
			if got.Outcome != s.outcome || got.Notice != s.notice || got.Recovered != (s.recovered != "") || got.Was.Code != s.recovered {
				t.Errorf("%s, run %d: %s, new %t, recovered %t from %s", name, i, got.Outcome, got.Notice, got.Recovered, got.Was)
			}
			if name == "a store that is down" && i == 2 && (!got.Was.Since.Equal(noon) || !got.Was.Last.Equal(noon) || got.Was.Class != refresh.Transient) {
				t.Errorf("%s: it has recovered from %+v", name, got.Was)
			}
		}
	}
}
