package refresh_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// A run of named providers lists nothing, and decides as one that has listed all.
func TestNamedRunsListNothing(t *testing.T) {
	blocked := errors.New("it was listed")
	for _, row := range []struct {
		name    string
		before  func(w *world)
		job     refresh.Job
		outcome refresh.Outcome // of p; empty: the run fails
		reason  refresh.Reason
		logins  int
	}{
		{"one without a token", func(w *world) {}, refresh.Job{Only: []string{"p"}}, refresh.Refreshed, refresh.NoToken, 1},
		{"named twice", func(w *world) {}, refresh.Job{Only: []string{"p", "p"}}, refresh.Refreshed, refresh.NoToken, 1},
		{"one that is fresh", func(w *world) { w.run(refresh.Job{}) }, refresh.Job{Only: []string{"p"}}, refresh.Waiting, refresh.Fresh, 1},
		{"one that is fresh, by force", func(w *world) { w.run(refresh.Job{}); w.now = w.now.Add(time.Minute) }, refresh.Job{Only: []string{"p"}, Force: true}, refresh.Refreshed, refresh.Forced, 2},
		{"one that is due", func(w *world) { w.run(refresh.Job{}); w.now = w.now.Add(50 * time.Minute) }, refresh.Job{Only: []string{"p"}}, refresh.Refreshed, refresh.NearExpiry, 2},
		{"one that was edited", func(w *world) { w.run(refresh.Job{}); w.configs["p"] = "v2"; w.now = w.now.Add(time.Minute) }, refresh.Job{Only: []string{"p"}}, refresh.Refreshed, refresh.ConfigChanged, 2},
		{"one that was edited beside an approved copy", func(w *world) {
			w.approved = map[string]string{"p/p": "v1"}
			w.run(refresh.Job{})
			w.configs["p"] = "v2"
		}, refresh.Job{Only: []string{"p"}}, refresh.Waiting, refresh.Fresh, 1},
		{"one that is paused", func(w *world) {
			w.run(refresh.Job{})
			w.secrets["p"].state.Paused = true
			w.now = w.now.Add(50 * time.Minute)
		},
			refresh.Job{Only: []string{"p"}}, refresh.Waiting, refresh.Paused, 1},
		{"one that is another's", func(w *world) { w.run(refresh.Job{}); w.secrets["p"].state.Owned = false }, refresh.Job{Only: []string{"p"}}, refresh.Failed, refresh.NotOurs, 1},
		{"one whose config is wrong", func(w *world) { w.configs["p"] = "bad" }, refresh.Job{Only: []string{"p"}}, refresh.Failed, "", 0},
		{"one that is not there", func(w *world) {}, refresh.Job{Only: []string{"p", "q"}}, "", "", 0},
		{"one that is not there, if it is", func(w *world) {}, refresh.Job{Only: []string{"p", "q"}, Edited: true}, refresh.Refreshed, refresh.NoToken, 1},
		{"a name that is none", func(w *world) {}, refresh.Job{Only: []string{"../p", "p"}}, "", "", 0},
	} {
		w := newWorld("p", "other")
		row.before(w)
		logins := w.logins["other"]
		w.configErr, w.listErr = blocked, blocked
		results, report, err := w.run(row.job)
		res, found := results["p"]
		switch {
		case row.outcome == "":
			if !errors.Is(err, refresh.ErrNoProvider) || len(report.Results) != 0 {
				t.Errorf("%s: %+v, %v", row.name, report.Results, err)
			}
		case !found || len(results) != 1 || res.Outcome != row.outcome || res.Reason != row.reason:
			t.Errorf("%s: %+v, %v", row.name, report.Results, err)
		}
		if w.logins["p"] != row.logins || w.logins["other"] != logins {
			t.Errorf("%s: %v logins, want %d of p", row.name, w.logins, row.logins)
		}
	}
}

// A provider that is named several times is read no more often than one that is named once: at first, and before its
// login.
func TestNamedSeveralTimes(t *testing.T) {
	w := newWorld("p", "other")
	read := map[string]int{}
	w.beforeLatest = func(name string) { read[name]++ }
	report, err := w.runner().Run(t.Context(), refresh.Job{Only: []string{"p", "other", "p"}})
	if err != nil || len(report.Results) != 2 || read["p"] != 2 || read["other"] != 2 {
		t.Errorf("%v, read %v times", err, read)
	}
}

// Where the config of a named provider cannot be read nothing is begun.
func TestNamedAndUnreadable(t *testing.T) {
	w := newWorld("p")
	r := w.runner()
	r.Source = brokenReading{source{w}}
	report, err := r.Run(t.Context(), refresh.Job{Only: []string{"p"}, Edited: true})
	if err == nil || !strings.Contains(err.Error(), "loading provider configs: ") || !strings.Contains(err.Error(), "throttled") || len(report.Results) != 0 || w.opened["p"] != 0 {
		t.Errorf("%v, %+v", err, report.Results)
	}
}

// An edited credential has a hundred of those looked at that it had failed, and not all.
func TestTheCredentialOfManyIsEdited(t *testing.T) {
	w := newWorld()
	var names []string
	for i := range 120 {
		name := fmt.Sprintf("p%03d", i)
		w.configs[name], names = `{"credential": "shared"}`, append(names, name)
		w.answer(name, refuse)
	}
	w.credentials["shared"] = credential{version: "c1", providers: names}
	r := w.runner()
	_, _ = r.Run(t.Context(), refresh.Job{})
	w.credentials["shared"] = credential{version: "c2", providers: names}
	report, _ := r.Run(t.Context(), refresh.Job{Only: []string{"shared"}, Edited: true})
	if len(report.Results) != 100 || report.Count(refresh.Failed) != 100 {
		t.Errorf("%d are looked at, %d of them asked", len(report.Results), report.Count(refresh.Failed))
	}
}

// What was read for a named provider is not asked for again, as the version of its credential.
func TestNamedAndWaitingForAnEdit(t *testing.T) {
	w := newWorld("p")
	w.answer("p", refuse)
	w.run(refresh.Job{})
	w.now = noon.Add(time.Minute)
	r := w.runner()
	from := &counting{source: source{w}, asked: map[string]int{}}
	r.Source = from
	report, _ := r.Run(t.Context(), refresh.Job{Only: []string{"p"}})
	if res := report.Results[0]; res.Reason != refresh.CoolingDown || from.calls != 0 || w.logins["p"] != 1 {
		t.Errorf("%s, after %d calls and %d logins", res.Reason, from.calls, w.logins["p"])
	}
}

// One that is not there, and passed over, is no work and no failure.
func TestNamedRunOfNobody(t *testing.T) {
	w := newWorld()
	results, _, err := w.run(refresh.Job{Only: []string{"p"}, Edited: true})
	if len(results) != 0 || err != nil || len(w.secrets) != 0 {
		t.Errorf("%v, %v", results, err)
	}
}

// An edit of a credential that several providers share counts at once for those that it had failed.
func TestTheCredentialOfOthersIsEdited(t *testing.T) {
	const shared = `{"credential": "shared"}`
	w := newWorld("a", "b", "good", "own")
	for _, name := range []string{"a", "b", "good"} {
		w.configs[name] = shared
	}
	w.credentials["shared"] = credential{version: "c1", providers: []string{"a", "b", "good"}}
	for _, name := range []string{"a", "b", "own"} {
		w.answer(name, func(context.Context) (refresh.Grant, error) {
			return refresh.Grant{}, &refresh.Error{Class: refresh.Misconfigured, Code: "invalid_client"}
		})
	}
	r := w.runner()
	_, _ = r.Run(t.Context(), refresh.Job{})
	w.now = w.now.Add(time.Minute)
	w.credentials["shared"] = credential{version: "c2", providers: []string{"a", "b", "good"}}
	w.answer("a", nil)
	w.answer("own", nil)
	report, err := r.Run(t.Context(), refresh.Job{Only: []string{"shared"}, Edited: true})
	if err == nil || len(report.Results) != 2 || report.Results[0].Outcome != refresh.Refreshed || report.Results[1].Outcome != refresh.Failed {
		t.Errorf("%+v, %v", report.Results, err)
	}
	if w.logins["a"] != 2 || w.logins["b"] != 2 || w.logins["good"] != 1 || w.logins["own"] != 1 {
		t.Errorf("logins: %v", w.logins)
	}

	// Whoever names providers has looked at what they name.
	w.now = w.now.Add(time.Minute)
	w.credentials["shared"] = credential{version: "c3", providers: []string{"a", "b", "good"}}
	if report, err := r.Run(t.Context(), refresh.Job{Only: []string{"a"}}); err != nil || len(report.Results) != 1 {
		t.Errorf("%+v, %v", report.Results, err)
	}
	if _, err := r.Run(t.Context(), refresh.Job{Only: []string{"shared"}}); !errors.Is(err, refresh.ErrNoProvider) {
		t.Errorf("named by a person: %v", err)
	}
}
