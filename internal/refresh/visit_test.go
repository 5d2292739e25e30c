package refresh_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// A secret is opened where it may be written to, and not for what a list says of it for certain.
func TestWhatIsOpened(t *testing.T) {
	for _, row := range []struct {
		name   string
		before func(w *world, st *refresh.State)
		reason refresh.Reason
		opened int
	}{
		{"a fresh token", func(*world, *refresh.State) {}, refresh.Fresh, 0},
		{"a fresh token beside a note that is void", func(_ *world, st *refresh.State) {
			st.Note = refresh.Note{Class: refresh.Transient, Code: "x", Tries: 1, Since: noon.Add(-time.Hour), Last: noon.Add(-time.Hour)}
		}, refresh.Fresh, 1},
		{"a token that is due", func(w *world, _ *refresh.State) { w.now = noon.Add(50 * time.Minute) }, refresh.NearExpiry, 1},
		{"another's secret", func(_ *world, st *refresh.State) { st.Owned = false }, refresh.NotOurs, 0},
		{"one that is being deleted", func(_ *world, st *refresh.State) { deleting(st) }, refresh.Deleting, 0},
		{"one that is paused", func(_ *world, st *refresh.State) { st.Paused = true }, refresh.Paused, 0},
		{"one that takes no write", func(_ *world, st *refresh.State) {
			st.Blocked = &refresh.Error{Class: refresh.Misconfigured, Code: "key_disabled", Detail: "its key is disabled"}
		}, "key_disabled", 0},
		{"a failure that cools down", func(w *world, st *refresh.State) {
			w.now = noon.Add(50 * time.Minute)
			st.Note = refresh.Note{Class: refresh.Transient, Code: "x", Tries: 1, Since: w.now, Last: w.now, Next: w.now.Add(time.Hour), Config: refresh.NewFingerprint([]byte("v1"))}
		}, refresh.CoolingDown, 0},
	} {
		w := newWorld("a")
		w.run(refresh.Job{})
		row.before(w, &w.secrets["a"].state)
		before, state := w.opened["a"], w.secrets["a"].state
		res, _, _ := w.run(refresh.Job{})
		if got := res["a"]; got.Reason != row.reason || w.opened["a"]-before != row.opened {
			t.Errorf("%s: %s, opened %d times", row.name, got.Reason, w.opened["a"]-before)
		}
		if e := res["a"].Err; state.Blocked != nil && e != state.Blocked && e.Detail != state.Blocked.Detail {
			t.Errorf("%s: %v", row.name, e)
		}
	}
}

// A run that has no time left for a login opens no secret, although nothing is due.
func TestARunWithoutTimeOpensNothing(t *testing.T) {
	for run, opened := range map[time.Duration]int{4499 * time.Millisecond: 0, 4500 * time.Millisecond: 1, 5 * time.Second: 1} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld("a")
			w.run(refresh.Job{})
			w.secrets["a"].state.Note = refresh.Note{Class: refresh.Transient, Code: "x", Tries: 1, Since: noon.Add(-time.Hour), Last: noon.Add(-time.Hour)}
			before := w.opened["a"]
			ctx, cancel := context.WithTimeout(t.Context(), run)
			defer cancel()
			report, err := w.runner().Run(ctx, refresh.Job{})
			if res := report.Results[0]; err != nil || res.Outcome != refresh.Waiting || res.Reason != refresh.Fresh || w.opened["a"]-before != opened {
				t.Errorf("a run of %v: %s %s, opened %d times, %v", run, res.Outcome, res.Reason, w.opened["a"]-before, err)
			}
		})
	}
}

// What the end of the run cuts short, in the store or the source, is no failure; what has taken all the time of a provider is.
func TestCallsThatAreCutShort(t *testing.T) {
	for _, row := range []struct {
		run  time.Duration
		want refresh.Outcome
		code string
	}{
		{10 * time.Second, refresh.Skipped, ""},
		{18 * time.Second, refresh.Skipped, ""},
		{25 * time.Second, refresh.Failed, refresh.CodeSourceFailed},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld("a")
			ctx, cancel := context.WithTimeout(t.Context(), row.run)
			defer cancel()
			r := w.runner()
			r.Source = deaf{source{w}}
			report, _ := r.Run(ctx, refresh.Job{})
			if res := report.Results[0]; res.Outcome != row.want || codeOf(res.Err) != row.code || (w.secrets["a"].state.Note == refresh.Note{}) != (row.code == "") {
				t.Errorf("a source that hangs, a run of %v: %s, %v", row.run, res.Outcome, res.Err)
			}
			r = w.runner()
			r.Store = hanging{store{w}}
			ctx, cancel = context.WithTimeout(t.Context(), row.run)
			defer cancel()
			delete(w.secrets, "a")
			report, _ = r.Run(ctx, refresh.Job{})
			if res := report.Results[0]; res.Outcome != row.want || res.Err != nil && res.Err.Code != refresh.CodeStoreFailed {
				t.Errorf("a store that hangs, a run of %v: %s, %v", row.run, res.Outcome, res.Err)
			}
		})
	}
}

// A deaf source reads nothing for a minute, whatever its context.
type deaf struct{ source }

func (deaf) Latest(_ context.Context, wanted []refresh.Wanted) []refresh.Reading {
	time.Sleep(time.Minute)
	return make([]refresh.Reading, len(wanted))
}

// A hanging store does not open secrets.
type hanging struct{ store }

func (hanging) Open(ctx context.Context, _ string) (refresh.State, error) {
	<-ctx.Done()
	return refresh.State{}, ctx.Err()
}

// Failures of what is read for a login are counted for the refresh token that it would be made with.
func TestAFailingSourceIsCountedByRefreshToken(t *testing.T) {
	w, v := newWorld("a"), &vault{}
	v.put("first")
	for i, want := range []int{1, 2, 3, 1, 2} {
		if i == 3 {
			v.put("second")
		}
		r := w.runner()
		r.Vault, r.Parser, r.Source = v, rotating{parser{w}, rotates}, brokenReading{source{w}}
		report, _ := r.Run(t.Context(), refresh.Job{})
		if n := report.Results[0].Note; n.Code != refresh.CodeSourceFailed || n.Tries != want {
			t.Errorf("attempt %d: %s, want %d tries", i, n, want)
		}
		w.now = w.now.Add(10 * time.Minute)
	}
}

// To make a token current that another run has left continues the failures before it: no provider is asked.
func TestATokenThatCannotBeMadeCurrent(t *testing.T) {
	w := newWorld("a")
	w.run(refresh.Job{})
	w.now = noon.Add(50 * time.Minute)
	config := refresh.NewFingerprint([]byte("v1"))
	st := &w.secrets["a"].state
	st.Next = refresh.Version{IssuedAt: noon.Add(49 * time.Minute), Lifetime: time.Hour, Config: config, Digest: 99}.ID()
	st.Note = refresh.Note{Class: refresh.Transient, Code: refresh.CodeStoreFailed, Tries: 2, Since: noon.Add(48 * time.Minute), Last: noon.Add(49 * time.Minute), Config: config, Credential: "c1"}
	w.saveErr["a"] = errors.New("throttled")
	res, _, _ := w.run(refresh.Job{})
	if got := res["a"]; got.Reason != refresh.Unfinished || got.Note.Tries != 3 || got.Notice || w.logins["a"] != 1 {
		t.Errorf("%+v", got)
	}
}

// What an operator should know of a secret is a warning, once it is written to.
func TestWarningsOfSecrets(t *testing.T) {
	for name, row := range map[string]struct {
		spoil func(*refresh.State)
		want  string
	}{
		"written by us":      {func(*refresh.State) {}, ""},
		"by another program": {func(st *refresh.State) { st.Current = "terraform-20261122120000000000000001" }, "another program has written the secret"},
		"by a clock that was wrong": {func(st *refresh.State) {
			st.Current = refresh.Version{IssuedAt: noon.Add(3 * time.Hour), Lifetime: time.Hour}.ID()
		}, ""},
		"with a caution": {func(st *refresh.State) { st.Caution = "its versions are nearly used up" }, "its versions are nearly used up"},
	} {
		w := newWorld("a")
		w.run(refresh.Job{})
		row.spoil(&w.secrets["a"].state)
		w.now = noon.Add(50 * time.Minute)
		res, _, err := w.run(refresh.Job{})
		if got := res["a"]; err != nil || got.Outcome != refresh.Refreshed || len(got.Warnings) > 1 || !strings.HasPrefix(strings.Join(got.Warnings, ""), row.want) || (row.want == "") != (len(got.Warnings) == 0) {
			t.Errorf("%s: %s, %q, %v", name, got.Outcome, got.Warnings, err)
		}
	}
}

// A panic before anything is known of the secret is a failure that no note remembers.
func TestAPanicWhileASecretIsOpened(t *testing.T) {
	w := newWorld("a", "b")
	r := w.runner()
	r.Store = panicsOpening{store{w}}
	report, err := r.Run(t.Context(), refresh.Job{})
	if res := report.Results[0]; err == nil || codeOf(res.Err) != refresh.CodeInternal || !res.Notice || res.Stack == "" || strings.Contains(res.Stack, "c4n@ry") || report.Results[1].Outcome != refresh.Refreshed || w.notes != 0 {
		t.Errorf("%+v, %d notes", res, w.notes)
	}
}

type panicsOpening struct{ store }

func (p panicsOpening) Open(ctx context.Context, name string) (refresh.State, error) {
	if name == "a" {
		panic(canary)
	}
	return p.store.Open(ctx, name)
}

// A config that turns to a refresh token between the list and the login has the time of one, and begins anew for that
// once: where it turns each time it is read, it is logged in to as it was read last.
func TestAConfigThatTurnsToARefreshToken(t *testing.T) {
	for _, turns := range []int{1, 2, 3, 4} {
		synctest.Test(t, func(t *testing.T) {
			w, v := newWorld("a"), &vault{}
			v.put("first")
			r := w.runner()
			read := 0
			r.Vault, r.Parser = v, rotating{parser{w}, func(p *refresh.Provider) {
				if read++; min(read-1, turns)%2 == 1 {
					rotates(p)
				}
			}}
			began := time.Now()
			w.answer("a", func(ctx context.Context) (refresh.Grant, error) {
				if end, _ := ctx.Deadline(); turns <= 2 && end.Sub(began) != 30*time.Second {
					t.Errorf("%d turns: the login has %v", turns, end.Sub(began))
				}
				return w.grant(), nil
			})
			report, err := r.Run(t.Context(), refresh.Job{})
			if res := report.Results[0]; err != nil || res.Outcome != refresh.Refreshed || w.logins["a"] != 1 || read > 3 {
				t.Errorf("%d turns: %s after %d logins, read %d times: %v", turns, res.Outcome, w.logins["a"], read, err)
			}
			if rotates := turns == 1; (v.claims == 1) != rotates {
				t.Errorf("%d turns: %d claims", turns, v.claims)
			}
		})
	}
}

// The contexts of a provider end with it: what goes on in the background of a call ends as well.
func TestContextsEnd(t *testing.T) {
	w := newWorld("a")
	r := w.runner()
	kept := &keeping{store: store{w}}
	r.Store = kept
	var asking context.Context
	w.answer("a", func(ctx context.Context) (refresh.Grant, error) {
		asking = ctx
		return w.grant(), nil
	})
	w.secrets["a"] = &stored{state: refresh.State{Name: "a", Exists: true, Owned: true, Note: refresh.Note{Class: refresh.Transient, Code: "x", Tries: 1, Last: noon.Add(-time.Hour)}}, versions: map[refresh.VersionID]string{}}
	if report, err := r.Run(t.Context(), refresh.Job{}); err != nil || !report.Results[0].Recovered {
		t.Fatalf("%+v, %v", report.Results[0], err)
	}
	for name, ctx := range map[string]context.Context{"asking": asking, "saving": kept.saving, "noting": kept.noting} {
		if ctx.Err() != context.Canceled {
			t.Errorf("%s: %v", name, ctx.Err())
		}
	}
}

// A keeping store keeps the contexts that it is called with.
type keeping struct {
	store
	saving, noting context.Context
}

func (k *keeping) Save(ctx context.Context, c refresh.Change) (refresh.State, error) {
	k.saving = ctx
	return k.store.Save(ctx, c)
}

func (k *keeping) Note(ctx context.Context, name string, n refresh.Note) error {
	k.noting = ctx
	return k.store.Note(ctx, name, n)
}

// A panic while credentials are looked at is a failure to look: what waits for an edit goes on waiting.
func TestAPanicWhileCredentialsAreLookedAt(t *testing.T) {
	for _, lags := range []bool{false, true} {
		w := newWorld("a", "b")
		w.answer("a", refuse)
		w.run(refresh.Job{})
		w.now = noon.Add(time.Minute)
		if lags { // then the note shows once the secret is opened
			w.listed = map[string]refresh.State{"a": {Name: "a", Exists: true, Owned: true}}
		}
		r := w.runner()
		r.Source = panicsLooking{source{w}}
		report, err := r.Run(t.Context(), refresh.Job{})
		if res := report.Results[0]; err != nil || res.Outcome != refresh.Waiting || res.Reason != refresh.CoolingDown || w.logins["a"] != 1 || len(report.Results) != 2 {
			t.Errorf("a list that lags %t: %+v, %v", lags, report.Results, err)
		}
	}
}

type panicsLooking struct{ source }

func (panicsLooking) CredentialVersions(context.Context, []string) []refresh.CredentialVersion {
	panic(canary)
}

// What shows to be due once its secret is opened has its turn behind those that were, and is skipped where that comes too late.
func TestWhatShowsToBeDueTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r, from := many(15, 0)
		minute(t, w, r, refresh.Job{})
		time.Sleep(10 * time.Minute)
		w.now = time.Now()
		listed := w.secrets["p0014"].state // by the list it is fresh, and has a note that is void
		listed.Note = refresh.Note{Class: refresh.Transient, Code: "x", Tries: 1, Last: time.Now().Add(-2 * time.Hour)}
		w.listed = map[string]refresh.State{"p0014": listed}
		for _, name := range []string{"p0000", "p0001", "p0002", "p0003", "p0004", "p0014"} {
			st := &w.secrets[name].state
			st.Current, st.Next = "", ""
		}
		w.limits.Saves, from.takes = 0.1, time.Second // five at once, and the next after ten seconds; the list has two pages
		ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second)
		defer cancel()
		report, _ := r.Run(ctx, refresh.Job{})
		if res := report.Results[14]; report.Count(refresh.Refreshed) != 5 || res.Provider != "p0014" || res.Outcome != refresh.Skipped || res.Reason != refresh.NoToken {
			t.Errorf("%d are refreshed; %+v", report.Count(refresh.Refreshed), res)
		}
	})
}

// A login that ends with the time of its provider is the provider's failure; one that ends since the run is stopped is ours.
func TestWhoseFailureALoginIs(t *testing.T) {
	for stopped, ours := range map[time.Duration]int{time.Second: 1, 14 * time.Second: 1, time.Minute: 0} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld("a")
			w.answer("a", func(ctx context.Context) (refresh.Grant, error) {
				<-ctx.Done()
				return refresh.Grant{}, &refresh.Error{Class: refresh.Transient, Code: "timeout", Detail: "no answer"}
			})
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(stopped, cancel)
			report, _ := w.runner().Run(ctx, refresh.Job{})
			if n := report.Results[0].Note; n.Code != "timeout" || n.Ours != ours {
				t.Errorf("stopped after %v: noted %s", stopped, n)
			}
		})
	}
}

// What failed here is tried again as early as a tick may come, however long the login took before it.
func TestWhenAFailureOfOursIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("a")
		w.answer("a", func(context.Context) (refresh.Grant, error) { time.Sleep(5 * time.Second); return w.grant(), nil })
		w.saveErr["a"] = &refresh.Error{Class: refresh.Misconfigured, Code: "access_denied", Detail: "denied", Ours: true}
		res, _, _ := w.run(refresh.Job{})
		if got := res["a"].Note; got.Class != refresh.Misconfigured || !got.Next.Equal(noon.Add(30*time.Second)) {
			t.Errorf("noted %s, want it at half a tick", got)
		}
	})
}
