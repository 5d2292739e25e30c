package refresh_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// A paged source lists ten configs a page, in the time that each takes.
type paged struct {
	source
	takes time.Duration
	pages atomic.Int32
	// forgets has places of pages be refused that are older than half a minute.
	forgets bool
	last    time.Time
	// panics is the page whose listing panics; zero: none.
	panics int32
	// fails is the page whose listing fails; zero: none.
	fails int32
}

func (p *paged) Configs(ctx context.Context, from string) ([]refresh.Document, string, error) {
	select {
	case <-time.After(p.takes):
	case <-ctx.Done():
		return nil, "", ctx.Err()
	}
	if p.forgets && from != "" && time.Since(p.last) > 30*time.Second {
		return nil, "", errors.New("there is no such page")
	}
	p.last = time.Now()
	switch p.pages.Add(1) {
	case p.panics:
		panic(canary)
	case p.fails:
		return nil, "", errors.New("throttled")
	}
	docs, _, err := p.source.Configs(ctx, "")
	slices.SortStableFunc(docs, func(a, b refresh.Document) int { return len(b.Approver) - len(a.Approver) })
	begin, _ := strconv.Atoi(from)
	if end := begin + 10; end < len(docs) {
		return docs[begin:end], strconv.Itoa(end), err
	}
	return docs[min(begin, len(docs)):], "", err
}

// many returns a world with n providers, and a warm process that lists it a page at a time.
func many(n int, takes time.Duration) (*world, *refresh.Runner, *paged) {
	w := newWorld()
	for i := range n {
		name := fmt.Sprintf("p%04d", i)
		w.configs[name], w.credentials[name] = "v1", credential{version: "c1"}
	}
	from := &paged{source: source{w}, takes: takes}
	r := w.runner()
	r.Source, r.Now = from, nil
	return w, r, from
}

// minute does the run of a minute, of 57 seconds, and waits for the next.
func minute(t *testing.T, w *world, r *refresh.Runner, job refresh.Job) (map[string]refresh.Result, *refresh.Report) {
	t.Helper()
	w.now = time.Now()
	next := time.Now().Add(time.Minute)
	ctx, cancel := context.WithTimeout(t.Context(), 57*time.Second)
	defer cancel()
	report, err := r.Run(ctx, job)
	if err != nil {
		t.Error(err)
	}
	if left := time.Until(next); left < 3*time.Second {
		t.Errorf("the run took until %v before the next", left)
	}
	time.Sleep(time.Until(next))
	results := map[string]refresh.Result{}
	for _, res := range report.Results {
		results[res.Provider] = res
	}
	return results, report
}

// Logins that wait for their turn do not hold the list of configs up.
func TestTheListGoesOnWhileLoginsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r, from := many(800, 30*time.Millisecond)
		w.limits.Saves = 20
		for i, name := range slices.Sorted(maps.Keys(w.configs)) {
			age := time.Minute
			if i%20 == 0 {
				age = 50 * time.Minute
			}
			version := refresh.Version{IssuedAt: time.Now().Add(-age), Lifetime: time.Hour, Config: refresh.NewFingerprint([]byte("v1")), Digest: uint32(i)}.ID()
			w.secrets[name] = &stored{state: refresh.State{Name: name, Exists: true, Owned: true, Current: version}, versions: map[refresh.VersionID]string{}}
		}
		_, report := minute(t, w, r, refresh.Job{})
		if n := report.Count(refresh.Refreshed); n != 40 || from.pages.Load() != 80 || report.Took > 2450*time.Millisecond {
			t.Errorf("%d are refreshed, %d pages are listed, in %v", n, from.pages.Load(), report.Took)
		}
	})
}

// With fewer than 1,000 configs, what is edited, added or removed before a tick counts in that
// tick, although the process has begun with what it remembers.
func TestAnEditCountsInTheNextTick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r, _ := many(999, 29*time.Millisecond)
		minute(t, w, r, refresh.Job{})
		w.configs["p0998"] = "v2"
		w.configs["q"], w.credentials["q"] = "v1", credential{version: "c1"}
		delete(w.configs, "p0500")
		w.approved = map[string]string{"p0001/p0001": "v3"}
		results, report := minute(t, w, r, refresh.Job{})
		for name, sent := range map[string]string{"p0998": "v2", "q": "v1", "p0001": "v3"} {
			if results[name].Outcome != refresh.Refreshed || w.sent[name] != sent {
				t.Errorf("%s: %s, with %q", name, results[name].Outcome, w.sent[name])
			}
		}
		if n := report.Count(refresh.Refreshed); n != 3 || len(report.Results) != 999 || !slices.Equal(report.Orphans, []string{"p0500"}) {
			t.Errorf("%d refreshed of %d, orphans %v", n, len(report.Results), report.Orphans)
		}
		if len(report.Edits) != 1 || report.Edits[0].Provider != "p0001" {
			t.Errorf("edits that are not approved: %v", report.Edits)
		}
	})
}

// What is due by the memory is begun with at once, and a run does not wait for a list for more
// than half of its time; the next goes on where it was left.
func TestAListTakesSeveralRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r, from := many(500, 0)
		minute(t, w, r, refresh.Job{})
		from.takes = time.Second // 50 s for all of them
		w.configs["p0450"] = "v2"
		delete(w.configs, "p0100")
		time.Sleep(45 * time.Minute)
		began := time.Now()
		results, report := minute(t, w, r, refresh.Job{})
		if report.Count(refresh.Refreshed) != 499 || report.Took > 29*time.Second || report.Took < 28*time.Second || w.sent["p0450"] != "v2" {
			t.Errorf("%d refreshed in %v, p0450 with %q", report.Count(refresh.Refreshed), report.Took, w.sent["p0450"])
		}
		if results["p0100"].Reason != refresh.Gone || !report.Listed.Before(began) {
			t.Errorf("%+v, listed at %v", results["p0100"], report.Listed)
		}
		for _, st := range w.secrets {
			if v, _ := st.state.Current.Parse(); st.state.Name != "p0100" && v.IssuedAt.After(began.Add(time.Second)) {
				t.Fatalf("%s was logged in to %v after the run began", st.state.Name, v.IssuedAt.Sub(began))
			}
		}
		w.configs["p0440"] = "v2"
		pages := from.pages.Load()
		results, report = minute(t, w, r, refresh.Job{})
		if results["p0440"].Outcome != refresh.Refreshed || report.Listed.Before(began) || from.pages.Load()-pages > 25 {
			t.Errorf("p0440 is %s; listed at %v, after %d pages more", results["p0440"].Outcome, report.Listed, from.pages.Load()-pages)
		}
		if !slices.Equal(report.Orphans, []string{"p0100"}) {
			t.Errorf("orphans %v", report.Orphans)
		}
	})
}

// A place in a list that is not known any more is no failure: the list begins anew.
func TestAPlaceThatIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r, from := many(100, 0)
		minute(t, w, r, refresh.Job{})
		from.takes, from.forgets = 4*time.Second, true
		minute(t, w, r, refresh.Job{})
		from.takes = 0
		w.configs["p0098"] = "v2"
		if res, report := minute(t, w, r, refresh.Job{}); res["p0098"].Outcome != refresh.Refreshed || len(report.Results) != 100 {
			t.Errorf("%s, of %d", res["p0098"].Outcome, len(report.Results))
		}
	})
}

// A list begins anew once where the place that it is resumed at is refused. Where the same page fails then, the
// run fails: it does not list in a circle until its time is over.
func TestAPageThatFailsWhereAListIsResumed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r, from := many(100, 0)
		minute(t, w, r, refresh.Job{})
		from.takes = 4 * time.Second
		minute(t, w, r, refresh.Job{}) // has time for some pages
		from.takes = time.Second
		refuses := &refusing{paged: from}
		r.Source = refuses
		w.now = time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 57*time.Second)
		defer cancel()
		before := from.pages.Load()
		_, err := r.Run(ctx, refresh.Job{})
		var listing *refresh.ListingError
		if !errors.As(err, &listing) || !strings.Contains(err.Error(), "there is no such page") {
			t.Errorf("the run reports %v", err)
		}
		if n := from.pages.Load() - before; n > 10 || refuses.place == "" {
			t.Errorf("%d pages of ten are listed, from %q on", n, refuses.place)
		}
	})
}

// A refusing source refuses the place of the first page that it is asked for.
type refusing struct {
	*paged
	asked bool
	place string
}

func (r *refusing) Configs(ctx context.Context, from string) ([]refresh.Document, string, error) {
	if !r.asked {
		r.asked, r.place = true, from
	}
	if from != "" && from == r.place {
		return nil, "", errors.New("there is no such page")
	}
	return r.paged.Configs(ctx, from)
}

// Two processes whose memories differ do not undo each other's work: an edit is one login.
func TestTwoMemoriesAgree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, one, _ := many(3, 0)
		two := w.runner()
		two.Now = nil
		minute(t, w, one, refresh.Job{})
		minute(t, w, two, refresh.Job{})
		w.configs["p0001"] = "v2"
		for i := range 6 {
			minute(t, w, []*refresh.Runner{one, two}[i%2], refresh.Job{})
		}
		if w.logins["p0001"] != 2 || w.logins["p0000"] != 1 {
			t.Errorf("%d logins, and %d of one that was not edited", w.logins["p0001"], w.logins["p0000"])
		}
	})
}

// What is approved, or removed, between the list and the login of a warm process holds: nothing
// of what the memory was made of is sent.
func TestAMemoryIsNeverSent(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*world)
		sent   string
	}{
		"approved": {func(w *world) { w.approved["p0000/p0000"] = "v9" }, "v9"},
		"edited":   {func(w *world) { w.configs["p0000"] = "v3" }, "v3"},
		"removed":  {func(w *world) { delete(w.configs, "p0000") }, "v1"},
	} {
		synctest.Test(t, func(t *testing.T) {
			w, r, _ := many(1, 0)
			w.approved = map[string]string{}
			minute(t, w, r, refresh.Job{})
			w.configs["p0000"] = "v2"
			w.beforeLatest = func(string) { row.change(w) }
			minute(t, w, r, refresh.Job{})
			if w.sent["p0000"] != row.sent {
				t.Errorf("%s: %q was sent, want %q", name, w.sent["p0000"], row.sent)
			}
		})
	}
}

// A list that lags behind what the process has stored itself makes nothing due again. But what it
// shows may be true, and is looked at.
func TestAListThatLags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r, _ := many(1, 0)
		minute(t, w, r, refresh.Job{})
		old := w.secrets["p0000"].state
		time.Sleep(45 * time.Minute)
		minute(t, w, r, refresh.Job{})
		w.listed = map[string]refresh.State{"p0000": old}
		for range 3 {
			if res, _ := minute(t, w, r, refresh.Job{}); res["p0000"].Outcome != refresh.Waiting {
				t.Errorf("%s, although it was just refreshed", res["p0000"].Outcome)
			}
		}
		// A person has gone back to the former token.
		w.secrets["p0000"].state.Current, w.secrets["p0000"].state.Next = old.Current, ""
		if res, _ := minute(t, w, r, refresh.Job{}); res["p0000"].Outcome != refresh.Refreshed {
			t.Errorf("%s, although its token is old", res["p0000"].Outcome)
		}
	})
}

// Where listing costs, all configs are listed once an hour, and a run of a named provider has
// it remembered meanwhile.
func TestListingThatCosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r, from := many(30, 0)
		r.FreeDocuments = 50
		minute(t, w, r, refresh.Job{})
		if n := from.pages.Load(); n != 3 {
			t.Errorf("%d pages at first, want 3", n)
		}
		w.configs["new"], w.credentials["new"] = "v1", credential{version: "c1"}
		minute(t, w, r, refresh.Job{Only: []string{"new"}, Edited: true})
		w.configs["p0003"] = "v2"
		var edited int
		for tick := range 100 {
			res, _ := minute(t, w, r, refresh.Job{})
			if res["p0003"].Outcome == refresh.Refreshed && edited == 0 && w.sent["p0003"] == "v2" {
				edited = tick
			}
			if tick == 50 && w.logins["new"] != 2 {
				t.Errorf("before the next list the new provider was logged in to %d times, want 2", w.logins["new"])
			}
		}
		if n := from.pages.Load(); n != 7 {
			t.Errorf("%d pages in 100 minutes, want 7", n)
		}
		if w.logins["new"] < 3 || edited == 0 || edited > 60 {
			t.Errorf("the new provider was logged in to %d times; the edit was seen after %d ticks", w.logins["new"], edited)
		}
	})
}

// The first run of a process begins with what the secrets say, before it has found a config:
// here a token that is due, whose config is on the last page.
func TestAColdRunBeginsWithTheSecrets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _, _ := many(200, 0)
		first := w.runner()
		first.Now = nil
		minute(t, w, first, refresh.Job{})
		time.Sleep(50 * time.Minute)
		_, cold, _ := many(0, 0)
		cold.Source, cold.Store, cold.Parser = &paged{source: source{w}, takes: time.Second}, store{w}, parser{w}
		began := time.Now()
		w.answer("p0199", func(context.Context) (refresh.Grant, error) {
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("it was logged in to %v after the run began", took)
			}
			return refresh.Grant{AccessToken: secret.New("t"), AskedAt: time.Now(), Lifetime: time.Hour}, nil
		})
		results, _ := minute(t, w, cold, refresh.Job{})
		if results["p0199"].Outcome != refresh.Refreshed || len(results) != 200 {
			t.Errorf("%s of %d", results["p0199"].Outcome, len(results))
		}
	})
}

// A listing that panics does so once the logins that have begun are stored: what they have spent
// would be lost otherwise.
func TestAListingThatPanicsLosesNoLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r, from := many(20, time.Second)
		from.panics = 2
		w.now = time.Now()
		w.answer("p0000", func(ctx context.Context) (refresh.Grant, error) {
			time.Sleep(5 * time.Second)
			return w.grant(), nil
		})
		func() {
			defer func() {
				if v := recover(); v != canary {
					t.Errorf("the run ended with %v", v)
				}
			}()
			ctx, cancel := context.WithTimeout(t.Context(), 57*time.Second)
			defer cancel()
			_, err := r.Run(ctx, refresh.Job{})
			t.Errorf("the run ended with %v", err)
		}()
		if w.logins["p0000"] != 1 || w.record("p0000") == "" {
			t.Errorf("%d logins, and the record is %q", w.logins["p0000"], w.record("p0000"))
		}
	})
}

// Of what is gone by the lists nothing is begun, although it was due when the run began.
func TestWhatIsRemovedWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r, from := many(40, 0)
		minute(t, w, r, refresh.Job{})
		time.Sleep(45 * time.Minute)
		for i := range 20 {
			delete(w.configs, fmt.Sprintf("p%04d", 2*i))
		}
		w.limits.Saves, from.takes = 1, time.Second // 20 s for the logins, 2 s for the list
		results, report := minute(t, w, r, refresh.Job{})
		if report.Count(refresh.Refreshed) != 20 || len(report.Orphans) != 20 {
			t.Errorf("%d refreshed, orphans %v", report.Count(refresh.Refreshed), report.Orphans)
		}
		for name, res := range results {
			if w.configs[name] == "" && res.Reason != refresh.Gone || w.configs[name] == "" && w.logins[name] != 1 {
				t.Errorf("%q is %s, %s, after %d logins", name, res.Outcome, res.Reason, w.logins[name])
			}
		}
	})
}
