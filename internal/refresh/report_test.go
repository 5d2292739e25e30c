package refresh_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/internal/refresh"
)

// skippedAll returns the report and the error of a run that has no time for any of so many.
func skippedAll(t *testing.T, n int) (report *refresh.Report, err error) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		for i := range n {
			name := fmt.Sprintf("p%05d", i)
			w.configs[name], w.credentials[name] = "v1", credential{version: "c"}
		}
		w.now = time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second) // less than is kept for storing
		defer cancel()
		report, err = w.runner().Run(ctx, refresh.Job{})
		if len(w.secrets) != 0 {
			t.Errorf("%d were begun with", len(w.secrets))
		}
	})
	return report, err
}

// A run that has the time for no provider fails, in one line, and says how late it is.
func TestARunThatDoesNothingFails(t *testing.T) {
	for _, n := range []int{1, 2_000} {
		report, err := skippedAll(t, n)
		for _, res := range report.Results {
			if res.State.Name != res.Provider || res.Reason != refresh.NoToken {
				t.Fatalf("%+v", res)
			}
		}
		if err == nil || !report.Overloaded() || report.Count(refresh.Skipped) != n || report.Lateness() != time.Minute {
			t.Errorf("%d due: skipped %d, late %v: %v", n, report.Count(refresh.Skipped), report.Lateness(), err)
		}
		var out bytes.Buffer
		report.Log(t.Context(), slog.New(slog.NewTextHandler(&out, nil)))
		if lines := strings.Count(out.String(), "\n"); lines != 1 || !strings.Contains(out.String(), fmt.Sprintf("event=provider_skipped provider=p00000 skipped=%d lateness=1m0s", n)) {
			t.Errorf("%d lines: %.500s", lines, out.String())
		}
	}
}

func TestOverloaded(t *testing.T) {
	skipped := refresh.Result{Outcome: refresh.Skipped, DueSince: noon.Add(-time.Hour)}
	for _, row := range []struct {
		beside refresh.Result
		want   bool
	}{
		{refresh.Result{Outcome: refresh.Waiting, Reason: refresh.Fresh}, true},
		{refresh.Result{Outcome: refresh.Waiting, Reason: refresh.Paused}, true},
		{refresh.Result{Outcome: refresh.Waiting, Reason: refresh.CoolingDown}, false},
		{refresh.Result{Outcome: refresh.Refreshed}, false},
		{refresh.Result{Outcome: refresh.Adopted}, false},
		{refresh.Result{Outcome: refresh.Finished}, false},
		{refresh.Result{Outcome: refresh.Same}, false},
		{refresh.Result{Outcome: refresh.Failed}, false},
	} {
		if got := (&refresh.Report{Results: []refresh.Result{skipped, row.beside}}).Overloaded(); got != row.want {
			t.Errorf("one skipped beside one that is %s (%s): %v", row.beside.Outcome, row.beside.Reason, got)
		}
		if (&refresh.Report{Results: []refresh.Result{row.beside}}).Overloaded() {
			t.Errorf("none skipped, one %s", row.beside.Outcome)
		}
	}
}

// The oldest that was skipped counts, and none that was not.
func TestLateness(t *testing.T) {
	report := &refresh.Report{At: noon, Results: []refresh.Result{
		{Provider: "a", Outcome: refresh.Skipped, DueSince: noon.Add(-time.Minute)},
		{Provider: "b", Outcome: refresh.Skipped, DueSince: noon.Add(-40 * time.Minute)},
		{Provider: "c", Outcome: refresh.Skipped, DueSince: noon.Add(-3 * time.Minute)},
		{Provider: "d", Outcome: refresh.Failed, DueSince: noon.Add(-time.Hour)},
	}}
	if got := report.Lateness(); got != 40*time.Minute {
		t.Errorf("late by %v", got)
	}
	for name, due := range map[string]time.Time{"since it is not known when": {}, "since later than the run": noon.Add(time.Hour), "since now": noon} {
		if got := (&refresh.Report{At: noon, Results: []refresh.Result{{Outcome: refresh.Skipped, DueSince: due}}}).Lateness(); got != 0 {
			t.Errorf("due %s: late by %v", name, got)
		}
	}
	if got := (&refresh.Report{At: noon, Results: report.Results[3:]}).Lateness(); got != 0 {
		t.Errorf("none was skipped, and it is late by %v", got)
	}
}

// A provider is due since its token, its config or its last failure says so.
func TestDueSince(t *testing.T) {
	s := onAWS(time.Minute)
	due := s.DueAt("p", refresh.Version{IssuedAt: noon.Add(-50 * time.Minute), Lifetime: time.Hour})
	token := left("p", 10*time.Minute)
	noted := token
	noted.Note = refresh.Note{Class: refresh.Transient, Last: noon.Add(-6 * time.Minute), Next: noon.Add(-2 * time.Minute), Tries: 1, Config: 1}
	edited := token
	edited.Current = refresh.Version{IssuedAt: noon.Add(-50 * time.Minute), Lifetime: time.Hour, Config: 2}.ID()
	never, edit, tick := time.Time{}, noon.Add(-20*time.Minute), noon.Add(-time.Minute)
	for _, row := range []struct {
		name         string
		state        refresh.State
		edited, want time.Time
	}{
		{"a token", token, edit, due},
		{"one that failed since", noted, edit, noon.Add(-2 * time.Minute)},
		{"no token", left("p", 0), edit, edit},
		{"no token, and not known since when", left("p", 0), never, tick},
		{"a token of another config", edited, edit, edit},
		{"a token of another config, and not known since when", edited, never, tick},
		{"a version that is not ours", refresh.State{Exists: true, Owned: true, Current: "terraform"}, edit, edit},
		{"an edit by a clock that is ahead", left("p", 0), noon.Add(time.Hour), noon},
	} {
		if got := s.DueSince(refresh.Provider{Name: "p", Config: 1}, row.state, row.edited, noon); !got.Equal(row.want) {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

// What programs are given of each provider, and what is counted.
func TestSummaryOfEach(t *testing.T) {
	next, down := noon.Add(time.Minute), &refresh.Error{Class: refresh.Transient, Code: "http_503"}
	note := refresh.Note{Class: refresh.Misconfigured, Code: "invalid_client"}
	report := &refresh.Report{At: noon.Add(700 * time.Millisecond), Results: []refresh.Result{
		{Provider: "a", Outcome: refresh.Refreshed, Reason: refresh.ForeignVersion, Next: next, State: left("a", time.Hour)},
		{Provider: "b", Outcome: refresh.Waiting, Reason: refresh.CoolingDown, Note: note},
		{Provider: "c", Outcome: refresh.Failed, Note: note, Err: down},
		{Provider: "d", Outcome: refresh.Failed, Err: down},
		{Provider: "e", Outcome: refresh.Waiting, Reason: refresh.Paused, Note: note},
		{Provider: "f", Outcome: refresh.Same, Reason: refresh.ForeignVersion, Note: refresh.Note{Class: refresh.Unchanged, Code: "same_token"}},
		{Provider: "g", Outcome: refresh.Failed, Note: refresh.Note{Class: refresh.NeedsPerson, Code: "invalid_grant"}, Err: &refresh.Error{Class: refresh.NeedsPerson, Code: "invalid_grant"}},
		{Provider: "h", Outcome: refresh.Skipped, Reason: refresh.ForeignVersion},
	}}
	want := refresh.Summary{At: noon, Providers: []refresh.ProviderSummary{
		{Provider: "a", Outcome: refresh.Refreshed, Reason: refresh.ForeignVersion, Next: next, ExpiresAt: noon.Add(time.Hour)},
		{Provider: "b", Outcome: refresh.Waiting, Reason: refresh.CoolingDown, Class: refresh.Misconfigured, Code: "invalid_client"},
		{Provider: "c", Outcome: refresh.Failed, Class: refresh.Misconfigured, Code: "http_503"},
		{Provider: "d", Outcome: refresh.Failed, Class: refresh.Transient, Code: "http_503"},
		{Provider: "e", Outcome: refresh.Waiting, Reason: refresh.Paused, Class: refresh.Misconfigured, Code: "invalid_client"},
		{Provider: "f", Outcome: refresh.Same, Reason: refresh.ForeignVersion, Code: "same_token"},
		{Provider: "g", Outcome: refresh.Failed, Class: refresh.NeedsPerson, Code: "invalid_grant"},
		{Provider: "h", Outcome: refresh.Skipped, Reason: refresh.ForeignVersion},
	}}
	if diff := cmp.Diff(want, report.Summary()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, seconds := range []time.Duration{1, 2, 3, 4} {
		if got := (&refresh.Report{At: noon.Add(seconds*time.Second + 999*time.Millisecond)}).Summary().At; !got.Equal(noon.Add(seconds * time.Second)) {
			t.Errorf("at %v", got)
		}
	}
	for what, pair := range map[string][2]int{
		"failed": {report.Count(refresh.Failed), 3}, "waiting or skipped": {report.Count(refresh.Waiting, refresh.Skipped), 3}, "of no outcome": {report.Count(), 0},
		"transient": {report.CountClass(refresh.Transient), 1}, "misconfigured": {report.CountClass(refresh.Misconfigured), 2}, "that need a person": {report.CountClass(refresh.NeedsPerson), 1},
		"failing": {report.Failing(), 4}, "foreign": {report.Foreign(), 2},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %d, want %d", what, pair[0], pair[1])
		}
	}
	if got, want := fmt.Sprint(report.Err()), `refreshing "c": http_503 (misconfigured)
refreshing "d": http_503 (transient)
refreshing "g": invalid_grant (needs_person)`; got != want {
		t.Errorf("the run fails with\n%s\nwant\n%s", got, want)
	}
}

// Lambda hands an answer on to its destinations, 256 KiB of it at most.
func TestSummaryStaysSmall(t *testing.T) {
	report := &refresh.Report{At: noon}
	for i := range 20_000 {
		res := refresh.Result{Provider: strings.Repeat("x", 58) + fmt.Sprintf("%05d", i), Outcome: refresh.Refreshed, Reason: refresh.NearExpiry, Next: noon, State: left("", time.Hour)}
		if i%10 == 3 {
			res.Outcome, res.Err = refresh.Failed, &refresh.Error{Class: refresh.Misconfigured, Code: "invalid_client"}
		}
		report.Results = append(report.Results, res)
		report.Orphans = append(report.Orphans, res.Provider)
	}
	s := report.Summary()
	data, err := json.Marshal(s)
	if err != nil || len(data) > 64<<10 {
		t.Fatalf("%d bytes, %v", len(data), err)
	}
	if s.Counts[refresh.Refreshed] != 18_000 || s.Counts[refresh.Failed] != 2_000 || len(s.Providers) != 100 || len(s.Orphans) != 100 {
		t.Errorf("%v, %d names", s.Counts, len(s.Providers))
	}
	for _, p := range s.Providers {
		if p.Outcome != refresh.Failed {
			t.Errorf("%+v is among them", p)
		}
	}
	report.Results = report.Results[:101]
	if s := report.Summary(); len(s.Providers) != 10 || s.Counts[refresh.Refreshed] != 91 || s.Counts[refresh.Failed] != 10 {
		t.Errorf("of a hundred and one %d are named, and the counts are %v", len(s.Providers), s.Counts)
	}
	report.Results, report.Orphans = report.Results[:100], report.Orphans[:99]
	if s := report.Summary(); len(s.Providers) != 100 || s.Providers[0].Outcome != refresh.Refreshed || s.Counts != nil || len(s.Orphans) != 99 {
		t.Errorf("of a hundred %d are named, and the counts are %v; of 99 orphans %d", len(s.Providers), s.Counts, len(s.Orphans))
	}
}

// News names a hundred of each kind, and counts the rest.
func TestNewsStaysSmall(t *testing.T) {
	for _, row := range []struct {
		failing, recovered int
		rest               string
	}{{100, 100, ""}, {101, 100, "And 1 more."}, {100, 101, "And 1 more."}, {130, 120, "And 50 more."}} {
		report := &refresh.Report{At: noon}
		for i := range row.failing + row.recovered {
			res := refresh.Result{Provider: fmt.Sprintf("p%03d", i)}
			if i < row.failing {
				res.Outcome, res.Notice, res.Err = refresh.Failed, true, &refresh.Error{Class: refresh.Transient, Code: "http_503"}
			} else {
				res.Outcome, res.Recovered, res.Was = refresh.Refreshed, true, refresh.Note{Code: "http_503"}
			}
			report.Results = append(report.Results, res)
		}
		s := report.Summary()
		lines := strings.Split(s.Text, "\n")
		if len(s.Failing) != 100 || len(s.Recovered) != 100 || strings.HasPrefix(lines[len(lines)-1], "And ") != (row.rest != "") || !strings.HasSuffix(s.Text, row.rest) {
			t.Errorf("%d and %d: %d and %d are named, and the text ends %q", row.failing, row.recovered, len(s.Failing), len(s.Recovered), lines[len(lines)-1])
		}
	}
}

// A login that the end of the run cuts short is no failure of the provider's; one that takes
// all the time that a provider has is.
func TestALoginCutShortIsSkipped(t *testing.T) {
	for _, row := range []struct {
		run  time.Duration
		want refresh.Outcome
	}{
		{20 * time.Second, refresh.Failed},
		{18 * time.Second, refresh.Skipped},
		{57 * time.Second, refresh.Failed},
		{5 * time.Second, refresh.Skipped},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld("slow")
			w.answer("slow", func(ctx context.Context) (refresh.Grant, error) {
				<-ctx.Done()
				return refresh.Grant{}, &refresh.Error{Class: refresh.Transient, Code: "timeout", Detail: "no answer", Err: ctx.Err()}
			})
			w.now = time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), row.run)
			defer cancel()
			began := time.Now()
			report, err := w.runner().Run(ctx, refresh.Job{})
			got := report.Results[0]
			if got.Outcome != row.want || (got.Note != refresh.Note{}) != (row.want == refresh.Failed) {
				t.Errorf("a run of %v: %s after %v, note %q, %v", row.run, got.Outcome, time.Since(began), got.Note, err)
			}
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				t.Errorf("a run of %v took longer", row.run)
			}
		})
	}
}
