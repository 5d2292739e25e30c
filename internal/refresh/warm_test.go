package refresh_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// Where a host of ours seemed to be down at first and the run shows otherwise, that is noted in the end.
func TestANetworkThatIsUpAfterAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		for i := range 30 {
			name := fmt.Sprintf("p%03d", i)
			w.configs[name], w.credentials[name] = "v1", credential{version: "c"}
			w.answer(name, unconnected(name))
			if i >= 10 {
				w.answer(name, func(context.Context) (refresh.Grant, error) {
					time.Sleep(time.Second)
					return w.grant(), nil
				})
			}
		}
		results, _, _ := w.run(refresh.Job{})
		for i := range 10 {
			name := fmt.Sprintf("p%03d", i)
			if n := w.secrets[name].state.Note; n.Ours != 0 || n.Tries != 1 || results[name].Note != n {
				t.Errorf("%s: %q, and the result has %q", name, n, results[name].Note)
			}
		}
	})
}

// A config that is kept elsewhere now is understood anew, although it has the same version there.
func TestAConfigThatIsMoved(t *testing.T) {
	w := newWorld("a")
	w.run(refresh.Job{})
	w.configs["a"] = "bad"
	r := w.runner()
	for _, where := range []string{"/providers/a", "/approved/a/a"} {
		report, _ := r.Run(t.Context(), refresh.Job{})
		if ps, _ := errors.AsType[refresh.Problems](report.Results[0].Err); len(ps) != 1 || ps[0].Where != where {
			t.Errorf("%v, want what is wrong with %s", ps, where)
		}
		w.approved = map[string]string{"a/a": "bad"}
		w.now = w.now.Add(time.Minute)
	}
}

// All configs are listed in each run as long as that costs nothing: their documents and as many credentials as there
// are providers.
func TestWhenListingCosts(t *testing.T) {
	for free, lists := range map[int]int32{0: 2, 1: 0, 59: 0, 60: 2, 1000: 2} {
		for _, early := range []time.Duration{0, time.Second} {
			synctest.Test(t, func(t *testing.T) {
				w, r, from := many(30, 0)
				r.FreeDocuments = free
				minute(t, w, r, refresh.Job{})
				before := from.pages.Load()
				for range 2 {
					minute(t, w, r, refresh.Job{})
				}
				if n := from.pages.Load() - before; n != 3*lists {
					t.Errorf("%d are free: %d pages in two runs", free, n)
				}
				time.Sleep(57*time.Minute - early) // an hour after the first
				before = from.pages.Load()
				minute(t, w, r, refresh.Job{})
				if listed := from.pages.Load() != before; listed != (lists > 0 || early == 0) {
					t.Errorf("%d are free: %v before an hour has passed it is listed: %t", free, early, listed)
				}
			})
		}
	}
}

// What a process has read in a run of named providers says nothing of a tick: what another run has done is taken over.
func TestANamedRunIsForgotten(t *testing.T) {
	for _, job := range []refresh.Job{{}, {Only: []string{"a"}}, {Only: []string{"a"}, Edited: true}} {
		w := newWorld("a")
		r := w.runner()
		_, _ = r.Run(t.Context(), refresh.Job{})
		w.now = noon.Add(45 * time.Minute)
		_, _ = r.Run(t.Context(), job)
		w.now = noon.Add(90 * time.Minute)
		old := w.secrets["a"].state
		w.run(refresh.Job{})
		w.listed = map[string]refresh.State{"a": old}
		report, _ := r.Run(t.Context(), refresh.Job{})
		if res := report.Results[0]; res.Outcome != refresh.Adopted || w.logins["a"] != 3 {
			t.Errorf("after %+v: %s, %d logins", job, res.Outcome, w.logins["a"])
		}
		// A secret that is gone is that of its provider all the same.
		w.listed = nil
		delete(w.secrets, "a")
		w.openErr["a"] = errors.New("throttled")
		w.now = w.now.Add(10 * time.Minute)
		report, _ = r.Run(t.Context(), refresh.Job{})
		if res := report.Results[0]; res.Reason != refresh.NoToken || res.State.Name != "a" || res.State.Exists {
			t.Errorf("after %+v, a secret that is gone: %+v", job, res)
		}
	}
}

// A login begins where the run has the time for it, and for storing what it gives.
func TestWhenALoginIsTooLate(t *testing.T) {
	for least, change := range map[time.Duration]func(*refresh.Provider){
		4500 * time.Millisecond: func(*refresh.Provider) {},
		14 * time.Second:        func(p *refresh.Provider) { p.Supersedes = true },
		29 * time.Second:        rotates,
	} {
		for early, want := range map[time.Duration]refresh.Outcome{0: refresh.Skipped, -time.Millisecond: refresh.Refreshed, -time.Second: refresh.Refreshed} {
			synctest.Test(t, func(t *testing.T) {
				w, v := newWorld("a"), &vault{}
				v.put("first")
				r := w.runner()
				r.Vault, r.Parser = v, rotating{parser{w}, change}
				w.now = time.Now()
				_, _ = r.Run(t.Context(), refresh.Job{}) // now its kind is known
				time.Sleep(54 * time.Minute)
				w.now, v.claimed = time.Now(), false
				ctx, cancel := context.WithTimeout(t.Context(), least-early)
				defer cancel()
				report, _ := r.Run(ctx, refresh.Job{})
				if res := report.Results[0]; res.Outcome != want || res.State.Name != "a" {
					t.Errorf("%v, in a run of %v: %s", least, least-early, res.Outcome)
				}
			})
		}
	}
}

// A first run begins with secrets that have a token of ours, and with no others that have no config.
func TestAFirstRunBeginsWithTokensOfOurs(t *testing.T) {
	config := refresh.NewFingerprint([]byte("v1"))
	expired := refresh.Version{IssuedAt: noon.Add(-2 * time.Hour), Lifetime: time.Hour, Config: config}.ID()
	for _, st := range []refresh.State{
		{Name: "x", Exists: true, Owned: true, Current: "terraform-20261122120000000000000001"},
		{Name: "x", Exists: true, Owned: true},
		{Name: "x", Exists: true, Current: expired},
		{Name: "x", Exists: true, Owned: true, Current: expired},
	} {
		w := newWorld("a")
		w.secrets["x"] = &stored{state: st, versions: map[refresh.VersionID]string{}}
		results, report, err := w.run(refresh.Job{})
		begun := st.Owned && st.Current == expired
		if res, ok := results["x"]; err != nil || ok != begun || ok && res.Reason != refresh.Gone || results["a"].Outcome != refresh.Refreshed || len(report.Orphans) > 1 || (len(report.Orphans) == 1) != st.Owned {
			t.Errorf("%+v: %+v, orphans %v, %v", st, report.Results, report.Orphans, err)
		}
	}
}

// What a first run has read of a provider, whose config it has not found in a list yet, is known to the next.
func TestAProviderThatIsReadBeforeItIsListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, first, _ := many(200, 0)
		minute(t, w, first, refresh.Job{})
		time.Sleep(50 * time.Minute)
		w.secrets["p0198"].state.Current = "terraform-20261122120000000000000001" // nothing says with which config
		r := w.runner()
		r.Now, r.Source = nil, &paged{source: source{w}, takes: 5 * time.Second} // 100 s for all
		for _, row := range []struct {
			run  time.Duration
			want refresh.Outcome
		}{{57 * time.Second, refresh.Refreshed}, {10 * time.Second, refresh.Waiting}} {
			ctx, cancel := context.WithTimeout(t.Context(), row.run)
			defer cancel()
			w.now = time.Now()
			report, err := r.Run(ctx, refresh.Job{})
			if len(report.Results) != 199 || report.Results[198].Outcome != row.want || !report.Listed.IsZero() || len(report.Orphans) != 0 || err != nil {
				t.Errorf("a run of %v: %d results, orphans %v, %v", row.run, len(report.Results), report.Orphans, err)
			}
			time.Sleep(3 * time.Second)
		}
	})
}
