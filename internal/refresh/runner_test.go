package refresh_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

func TestFirstTickLogsInEverywhere(t *testing.T) {
	w := newWorld("a", "b", "c", "d")
	res, report, err := w.run(refresh.Job{})
	if err != nil || report.Count(refresh.Refreshed) != 4 {
		t.Fatalf("refreshed %d, %v", report.Count(refresh.Refreshed), err)
	}
	for name, r := range res {
		if r.Reason != refresh.NoToken || !r.State.ExpiresAt().Equal(noon.Add(time.Hour)) || r.Next.Before(noon.Add(30*time.Minute)) {
			t.Errorf("%s: %+v", name, r)
		}
		if !strings.Contains(w.record(name), `"access_token":"token-`) {
			t.Errorf("%s: the record is %q", name, w.record(name))
		}
	}
}

func TestSecondTickAsksNobody(t *testing.T) {
	w := newWorld("a", "b")
	w.run(refresh.Job{})
	w.now = noon.Add(time.Minute)
	res, _, err := w.run(refresh.Job{})
	if err != nil || w.logins["a"] != 1 || w.logins["b"] != 1 {
		t.Errorf("logins %v, %v", w.logins, err)
	}
	if res["a"].Outcome != refresh.Waiting || res["a"].Reason != refresh.Fresh {
		t.Errorf("%+v", res["a"])
	}
}

func TestOneFailsTheOthersFinish(t *testing.T) {
	w := newWorld("a", "b", "c")
	w.run(refresh.Job{})
	before := w.record("b")
	w.now = noon.Add(50 * time.Minute)
	w.answer("b", refuse)
	res, report, err := w.run(refresh.Job{})
	if report.Count(refresh.Refreshed) != 2 || res["b"].Outcome != refresh.Failed {
		t.Fatalf("%+v", report)
	}
	if w.record("b") != before {
		t.Error("the old token is gone")
	}
	if got, want := fmt.Sprint(err), `refreshing "b": invalid_client (misconfigured)`; got != want {
		t.Errorf("the run's error is %q, want %q", got, want)
	}
	if !res["b"].Notice || report.CountClass(refresh.Misconfigured) != 1 {
		t.Errorf("%+v", res["b"])
	}
}

func TestABrokenLoginIsNotHammered(t *testing.T) {
	w := newWorld("a")
	w.answer("a", refuse)
	var errs, notices int
	for range 120 {
		res, report, err := w.run(refresh.Job{})
		if err != nil {
			errs++
		}
		if res["a"].Notice {
			notices++
		}
		if report.CountClass(refresh.Misconfigured) != 1 {
			t.Fatalf("at %v it is not counted: %+v", w.now, res["a"])
		}
		w.now = w.now.Add(time.Minute)
	}
	// At 0, 30 and 90 minutes.
	if w.logins["a"] != 3 || errs != 3 || notices != 1 {
		t.Errorf("in two hours: %d logins, %d failed runs, %d notices; want 3, 3, 1", w.logins["a"], errs, notices)
	}
}

func TestABadConfigStopsNoOther(t *testing.T) {
	w := newWorld("a", "b", "c")
	w.run(refresh.Job{})
	before := w.record("b")
	w.now = noon.Add(50 * time.Minute)
	w.configs["b"], w.configs["c"] = "bad", ""
	res, report, err := w.run(refresh.Job{})
	if res["a"].Outcome != refresh.Refreshed || w.record("b") != before || err == nil {
		t.Fatalf("%+v, %v", res, err)
	}
	for _, name := range []string{"b", "c"} {
		if r := res[name]; r.Outcome != refresh.Failed || r.Err.Code != refresh.CodeBadConfig || !r.Notice {
			t.Errorf("%s: %+v", name, r)
		}
	}
	var ps refresh.Problems
	if !errors.As(res["b"].Err, &ps) || ps[0].Path != "token_endpoint" {
		t.Errorf("the problems are not there: %v", res["b"].Err)
	}
	if !errors.As(res["c"].Err, &ps) || ps.Error() != "/providers/c: it is encrypted" {
		t.Errorf("what cannot be read: %v", res["c"].Err)
	}
	if report.CountClass(refresh.Misconfigured) != 2 || len(report.Orphans) != 0 {
		t.Errorf("%+v", report)
	}
	w.now = w.now.Add(time.Minute)
	res, report, err = w.run(refresh.Job{})
	if err != nil || res["b"].Notice || res["b"].Outcome != refresh.Waiting || codeOf(res["b"].Err) != refresh.CodeBadConfig || report.CountClass(refresh.Misconfigured) != 2 {
		t.Errorf("it is told twice: %+v, %v", res["b"], err)
	}
	lagging := w.secrets["b"].state
	lagging.Note = refresh.Note{}
	w.listed = map[string]refresh.State{"b": lagging}
	if res, _, err = w.run(refresh.Job{}); err != nil || res["b"].Notice || w.secrets["b"].state.Note.Tries != 1 {
		t.Errorf("it is told twice, where a list lags: %+v, %v", res["b"], err)
	}
	w.listed = nil
	w.configs["b"] = "v1"
	if res, _, err = w.run(refresh.Job{}); err != nil || !res["b"].Recovered {
		t.Errorf("mended: %+v, %v", res["b"], err)
	}
}

func TestAnotherRunWasAhead(t *testing.T) {
	w := newWorld("a")
	w.run(refresh.Job{})
	old := w.secrets["a"].state
	w.now = noon.Add(50 * time.Minute)
	w.run(refresh.Job{})
	w.listed = map[string]refresh.State{"a": old} // the listing lags
	w.now = w.now.Add(time.Minute)
	res, _, err := w.run(refresh.Job{})
	if err != nil || res["a"].Outcome != refresh.Adopted || w.logins["a"] != 2 {
		t.Errorf("%+v, %v, %d logins", res["a"], err, w.logins["a"])
	}
}

// By the listing it is fresh, and its note is to be removed; in truth its config was tried
// and its token is gone.
func TestTheListingKnowsLess(t *testing.T) {
	w := newWorld("a")
	w.run(refresh.Job{})
	listed := w.secrets["a"].state
	listed.Note = refresh.Note{Class: refresh.Transient, Last: noon.Add(-time.Hour), Tries: 1}
	w.listed = map[string]refresh.State{"a": listed}
	w.secrets["a"].state.Current, w.secrets["a"].state.Next = "", ""
	if res, _, err := w.run(refresh.Job{}); err != nil || res["a"].Outcome != refresh.Refreshed {
		t.Errorf("%+v, %v", res["a"], err)
	}
}

func TestAnotherRunIsFasterToStore(t *testing.T) {
	w := newWorld("a")
	w.run(refresh.Job{})
	w.now = noon.Add(50 * time.Minute)
	theirs := refresh.Version{IssuedAt: w.now.Add(time.Second), Lifetime: time.Hour, Config: refresh.NewFingerprint([]byte("v1")), Digest: 99}.ID()
	w.beforeSwap = func(string) {
		w.secrets["a"].versions[theirs] = "theirs"
		w.secrets["a"].state.Current = theirs
	}
	res, _, err := w.run(refresh.Job{})
	if err != nil || res["a"].Outcome != refresh.Adopted || w.record("a") != "theirs" {
		t.Errorf("%+v, %v: %s", res["a"], err, w.record("a"))
	}
}

func TestATokenThatARunLeftBehindIsUsed(t *testing.T) {
	w := newWorld("a")
	w.run(refresh.Job{})
	w.now = noon.Add(50 * time.Minute)
	next := refresh.Version{IssuedAt: noon.Add(49 * time.Minute), Lifetime: time.Hour, Config: refresh.NewFingerprint([]byte("v1")), Digest: 99}.ID()
	w.secrets["a"].versions[next] = "left behind"
	w.secrets["a"].state.Next = next
	res, _, err := w.run(refresh.Job{})
	if err != nil || res["a"].Outcome != refresh.Finished || w.record("a") != "left behind" || w.logins["a"] != 1 {
		t.Errorf("%+v, %v, %d logins", res["a"], err, w.logins["a"])
	}
}

func TestTheSameTokenAgain(t *testing.T) {
	w := newWorld("a")
	w.answer("a", func(context.Context) (refresh.Grant, error) {
		return refresh.Grant{AccessToken: secret.New("constant"), TokenType: "Bearer", AskedAt: w.now, Lifetime: time.Hour}, nil
	})
	w.run(refresh.Job{})
	before := w.record("a")
	w.now = noon.Add(45 * time.Minute)
	res, report, err := w.run(refresh.Job{})
	if err != nil || res["a"].Outcome != refresh.Same || res["a"].Class() != "" || w.record("a") != before {
		t.Fatalf("%+v, %v", res["a"], err)
	}
	w.now = noon.Add(46 * time.Minute)
	if res, _, _ = w.run(refresh.Job{}); res["a"].Outcome != refresh.Waiting || w.logins["a"] != 2 {
		t.Errorf("asked again at once: %+v", res["a"])
	}
	_ = report
	// Once it has expired the answer is the best there is.
	w.now = noon.Add(time.Hour)
	if res, _, _ = w.run(refresh.Job{}); res["a"].Outcome != refresh.Refreshed || !res["a"].State.ExpiresAt().Equal(noon.Add(2*time.Hour)) {
		t.Errorf("%+v", res["a"])
	}
}

func TestWritesOutsideThePlanAreCounted(t *testing.T) {
	w := newWorld("a")
	w.run(refresh.Job{})
	w.secrets["a"].writes = slices.Repeat([]time.Time{noon}, 95)
	w.now = noon.Add(time.Minute)
	res, _, err := w.run(refresh.Job{Only: []string{"a"}, Force: true})
	if err == nil || res["a"].Err.Code != refresh.CodeWriteBudget || w.logins["a"] != 1 {
		t.Errorf("%+v, %v", res["a"], err)
	}
	w.now = noon.Add(50 * time.Minute)
	if res, _, err = w.run(refresh.Job{}); err != nil || res["a"].Outcome != refresh.Refreshed {
		t.Errorf("the planned refresh: %+v, %v", res["a"], err)
	}
}

func TestSecretsThatAreNotOursAreLeftAlone(t *testing.T) {
	for _, row := range []struct {
		name string
		set  func(*refresh.State)
		code string
	}{
		{"another owner", func(s *refresh.State) { s.Owned = false }, "secret_not_ours"},
		{"about to be deleted", deleting, "secret_being_deleted"},
	} {
		w := newWorld("a")
		w.run(refresh.Job{})
		row.set(&w.secrets["a"].state)
		before, notes := w.record("a"), w.notes
		w.now = noon.Add(50 * time.Minute)
		res, _, err := w.run(refresh.Job{})
		if err == nil || res["a"].Err.Code != row.code || w.logins["a"] != 1 || w.record("a") != before || w.notes != notes {
			t.Errorf("%s: %+v, %v", row.name, res["a"], err)
		}
	}
}

func TestPausedIsNotAsked(t *testing.T) {
	w := newWorld("a")
	w.run(refresh.Job{})
	w.secrets["a"].state.Paused = true
	w.now = noon.Add(2 * time.Hour)
	if res, _, err := w.run(refresh.Job{}); err != nil || res["a"].Reason != refresh.Paused || w.logins["a"] != 1 {
		t.Errorf("%+v, %v", res["a"], err)
	}
}

func TestARunThatCannotBegin(t *testing.T) {
	denied := errors.New("denied")
	for want, breakIt := range map[string]func(*world){
		"loading provider configs: denied": func(w *world) { w.configErr = denied },
		"listing tokens: denied":           func(w *world) { w.listErr = denied },
	} {
		w := newWorld("a")
		breakIt(w)
		_, report, err := w.run(refresh.Job{})
		var listing *refresh.ListingError
		if fmt.Sprint(err) != want || !errors.As(err, &listing) || !errors.Is(err, denied) || len(report.Results) != 0 || w.logins["a"] != 0 {
			t.Errorf("%v, want %s; %d results, %d logins", err, want, len(report.Results), w.logins["a"])
		}
	}
	w := newWorld("a")
	if _, _, err := w.run(refresh.Job{Only: []string{"meitnr"}}); err == nil || !strings.Contains(err.Error(), `"meitnr"`) {
		t.Errorf("an unknown name: %v", err)
	}
}

func TestAStoreThatFails(t *testing.T) {
	w := newWorld("a", "b")
	w.openErr["a"] = errors.New("service unavailable")
	res, _, err := w.run(refresh.Job{})
	if err == nil || res["a"].Err.Code != refresh.CodeStoreFailed || w.logins["a"] != 0 || res["b"].Outcome != refresh.Refreshed {
		t.Errorf("opening fails: %+v, %v", res["a"], err)
	}
	delete(w.openErr, "a")
	w.saveErr["a"] = &refresh.Error{Class: refresh.Misconfigured, Code: "store_denied", Detail: "no permission"}
	res, _, _ = w.run(refresh.Job{})
	// Nothing but another try shows that the permission is back: after 1, 2, 4 and 5 ticks.
	for range 5 {
		w.now = w.now.Add(time.Minute)
		w.run(refresh.Job{})
	}
	if res["a"].Err.Code != "store_denied" || !res["a"].Notice || w.logins["a"] != 3 {
		t.Errorf("storing fails: %+v, %d logins", res["a"], w.logins["a"])
	}
}

func TestAPanicIsContained(t *testing.T) {
	w := newWorld("a", "b")
	w.answer("a", func(context.Context) (refresh.Grant, error) { panic(canary) })
	res, _, err := w.run(refresh.Job{})
	if err == nil || res["b"].Outcome != refresh.Refreshed || res["a"].Err.Code != refresh.CodeInternal {
		t.Fatalf("%+v, %v", res, err)
	}
	if !strings.Contains(res["a"].Stack, "runner_test.go") || !strings.Contains(res["a"].Err.Detail, "type string") {
		t.Errorf("neither type nor stack is there: %+v", res["a"].Err)
	}
	if strings.Contains(res["a"].Stack+res["a"].Err.Error()+err.Error(), "c4n@ry") {
		t.Error("the value is printed")
	}
}

func TestAPanicOverAConfigIsContained(t *testing.T) {
	w := newWorld("a", "b")
	w.configs["a"] = "panic"
	res, _, err := w.run(refresh.Job{})
	if err == nil || res["b"].Outcome != refresh.Refreshed || res["a"].Err.Code != refresh.CodeBadConfig {
		t.Fatalf("%+v, %v", res, err)
	}
	if strings.Contains(res["a"].Err.Error()+err.Error(), "c4n@ry") {
		t.Error("the value is printed")
	}
}

func TestOrphansAreReportedAndLeftAlone(t *testing.T) {
	w := newWorld("a", "b", "c")
	w.run(refresh.Job{})
	delete(w.configs, "c")
	w.configs["b"] = "bad"
	before := w.record("c")
	w.now = noon.Add(2 * time.Hour)
	_, report, _ := w.run(refresh.Job{})
	if diff := cmp.Diff([]string{"c"}, report.Orphans); diff != "" || w.record("c") != before || w.logins["c"] != 1 {
		t.Errorf("orphans: %s", diff)
	}
}

func refuse(context.Context) (refresh.Grant, error) {
	return refresh.Grant{}, &refresh.Error{Class: refresh.Misconfigured, Code: "invalid_client",
		Detail: "https://example.com/token answered 401 invalid_client", Remedy: "put the right client_secret into the credential"}
}

// A secret that cannot be opened has no place for a note, so that each run reports it.
func TestASecretThatCannotBeOpenedIsReportedEachTime(t *testing.T) {
	w := newWorld("a")
	w.openErr["a"] = errors.New("throttled")
	for range 3 {
		results, _, err := w.run(refresh.Job{})
		if res := results["a"]; err == nil || res.Outcome != refresh.Failed || !res.Notice || w.logins["a"] != 0 {
			t.Errorf("%+v, %v", res, err)
		}
		w.now = w.now.Add(time.Minute)
	}
}
