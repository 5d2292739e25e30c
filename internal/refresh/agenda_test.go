package refresh_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// A heard store keeps the deadline of each listing.
type heard struct {
	store
	began time.Time
	mu    sync.Mutex
	given []time.Duration // zero: none
}

func (h *heard) List(ctx context.Context, from string) ([]refresh.State, string, error) {
	end, ok := ctx.Deadline()
	h.mu.Lock()
	h.given = append(h.given, 0)
	if ok {
		h.given[len(h.given)-1] = end.Sub(h.began)
	}
	h.mu.Unlock()
	return h.store.List(ctx, from)
}

// Listing has the time of a run but for what is kept for storing; of a short run, half.
func TestHowLongAListingTakes(t *testing.T) {
	for run, want := range map[time.Duration]time.Duration{0: 0, 57 * time.Second: 53 * time.Second, 8 * time.Second: 4 * time.Second, 6 * time.Second: 3 * time.Second, 9 * time.Second: 5 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld("a")
			ctx, cancel := context.WithCancel(t.Context())
			if run > 0 {
				ctx, cancel = context.WithTimeout(ctx, run)
			}
			defer cancel()
			r, h := w.runner(), &heard{store: store{w}, began: time.Now()}
			r.Store = h
			if _, err := r.Run(ctx, refresh.Job{}); err != nil || !slices.Equal(h.given, []time.Duration{want}) {
				t.Errorf("a run of %v lists for %v, want %v: %v", run, h.given, want, err)
			}
		})
	}
}

// A first run that does not come to know its secrets, and one that finds no config in its time, ask no provider.
func TestAFirstRunThatFindsNothingInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r, from := many(3, time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		began := time.Now()
		report, err := r.Run(ctx, refresh.Job{})
		var listing *refresh.ListingError
		if !errors.As(err, &listing) || !errors.Is(err, context.DeadlineExceeded) || !strings.HasPrefix(err.Error(), "listing configs and tokens: ") || len(report.Results) != 0 || len(w.logins) != 0 {
			t.Errorf("%v, %d results", err, len(report.Results))
		}
		if took := time.Since(began); took != 16*time.Second || from.pages.Load() != 0 {
			t.Errorf("it took %v", took)
		}
	})
}

// A first run that begins with its configs waits for all of the secrets: none is taken for missing.
func TestAFirstRunKnowsAllSecrets(t *testing.T) {
	for name, before := range map[string]func(*world, *refresh.Runner){
		"at first": func(*world, *refresh.Runner) {},
		"after a named run": func(_ *world, r *refresh.Runner) {
			_, _ = r.Run(context.Background(), refresh.Job{Only: []string{"b"}})
		},
		"after one that failed": func(w *world, r *refresh.Runner) {
			w.listErr = errors.New("denied")
			_, _ = r.Run(context.Background(), refresh.Job{})
			w.listErr = nil
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld("a", "b", "c", "d", "e")
			w.run(refresh.Job{})
			r := w.runner()
			before(w, r)
			w.page = 1
			report, err := r.Run(t.Context(), refresh.Job{})
			if err != nil || report.Count(refresh.Waiting) != 5 || report.Results[4].Reason != refresh.Fresh {
				t.Errorf("%s: %+v, %v", name, report.Results, err)
			}
		})
	}
}

// Where one of the lists fails at once the other is given up.
func TestAListThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("a", "b", "c")
		w.run(refresh.Job{})
		w.page, w.configErr = 1, errors.New("denied")
		began := time.Now()
		if _, _, err := w.run(refresh.Job{}); err == nil || time.Since(began) > time.Second { // one page
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// A list that is given up, since nothing else is to be done, is no failure.
func TestAListThatIsGivenUp(t *testing.T) {
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			w, r, from := many(30, 0)
			minute(t, w, r, refresh.Job{})
			from.takes = 20 * time.Second
			_, report := minute(t, w, r, refresh.Job{})
			if report.Took != 20*time.Second+37*time.Second/2 {
				t.Errorf("the run took %v", report.Took)
			}
		})
	}
}

// A secret without a config is reported, and never read for a login.
func TestOrphansOfAWarmProcess(t *testing.T) {
	w := newWorld("a", "b", "c")
	r := w.runner()
	_, _ = r.Run(t.Context(), refresh.Job{})
	delete(w.configs, "c")
	w.secrets["b"].state.Deleting = true
	delete(w.configs, "b")
	w.now = noon.Add(2 * time.Hour)
	w.beforeLatest = func(name string) {
		if name != "a" {
			t.Errorf("%s is read", name)
		}
	}
	for range 2 {
		report, err := r.Run(t.Context(), refresh.Job{})
		if err != nil || len(report.Results) != 1 || !slices.Equal(report.Orphans, []string{"c"}) {
			t.Errorf("%+v, orphans %v, %v", report.Results, report.Orphans, err)
		}
		w.now = w.now.Add(time.Minute)
	}
}

// Once a tenth of the providers have changed they are put in their places in the order; fewer wait for the end of it.
func TestWhatChangesIsPutInItsPlace(t *testing.T) {
	for gone, first := range map[int]bool{1: false, 4: false, 5: true, 20: true} {
		synctest.Test(t, func(t *testing.T) {
			w, r, _ := many(40, 0)
			config := refresh.NewFingerprint([]byte("v1"))
			for i := range 40 {
				age := 25*time.Minute + time.Duration(i)*time.Second
				if i >= 20 {
					age = time.Second
				}
				name := fmt.Sprintf("p%04d", i)
				id := refresh.Version{IssuedAt: time.Now().Add(-age), Lifetime: time.Hour, Config: config, Digest: uint32(i)}.ID()
				w.secrets[name] = &stored{state: refresh.State{Name: name, Exists: true, Owned: true, Current: id}, versions: map[refresh.VersionID]string{}}
			}
			minute(t, w, r, refresh.Job{})
			time.Sleep(16 * time.Minute)
			for i := range gone {
				delete(w.secrets, fmt.Sprintf("p%04d", 39-i))
			}
			w.page, w.limits.Saves = 20, 1 // two seconds until it shows that they are gone
			var order []string
			for name := range w.configs {
				w.answer(name, func(context.Context) (refresh.Grant, error) {
					w.mu.Lock()
					order = append(order, name)
					w.mu.Unlock()
					return w.grant(), nil
				})
			}
			_, report := minute(t, w, r, refresh.Job{})
			if report.Count(refresh.Refreshed) != 20+gone || len(order) != 20+gone {
				t.Fatalf("%d gone: %d are refreshed", gone, report.Count(refresh.Refreshed))
			}
			at := slices.IndexFunc(order, func(name string) bool { return name >= "p0020" })
			if first && at > 9 || !first && at != 20 {
				t.Errorf("%d gone: the first of them is at %d of %v", gone, at, order)
			}
		})
	}
}

// A list that breaks off is begun anew by the next run; that the list of secrets breaks off leaves it where it is.
func TestWhereAListGoesOn(t *testing.T) {
	for _, row := range []struct {
		name  string
		spoil func(r *refresh.Runner, w *world, from *paged)
		pages int32 // in the run after it
	}{
		{"it goes on", func(*refresh.Runner, *world, *paged) {}, 2},
		{"the list of configs breaks off", func(_ *refresh.Runner, _ *world, from *paged) { from.fails = from.pages.Load() + 3 }, 5},
		{"the list of secrets breaks off", func(r *refresh.Runner, w *world, _ *paged) { r.Store = listsLate{store{w}} }, 4},
	} {
		synctest.Test(t, func(t *testing.T) {
			w, r, from := many(50, 0)
			r.FreeDocuments = 1 // listed once an hour, and as long as that takes
			minute(t, w, r, refresh.Job{})
			time.Sleep(25 * time.Hour)
			minute(t, w, r, refresh.Job{})
			time.Sleep(59 * time.Minute)
			from.takes = 10 * time.Second
			row.spoil(r, w, from)
			ctx, cancel := context.WithTimeout(t.Context(), 57*time.Second) // given up after 10 s and half of the rest
			defer cancel()
			w.now = time.Now()
			_, _ = r.Run(ctx, refresh.Job{})
			r.Store, from.takes, from.fails = store{w}, 0, 0
			before := from.pages.Load()
			minute(t, w, r, refresh.Job{})
			if n := from.pages.Load() - before; n != row.pages {
				t.Errorf("%s: %d pages, want %d", row.name, n, row.pages)
			}
		})
	}
}

// A listsLate store fails to list after a page of configs.
type listsLate struct{ store }

func (listsLate) List(context.Context, string) ([]refresh.State, string, error) {
	time.Sleep(15 * time.Second)
	return nil, "", errors.New("throttled")
}

// What a run of a named provider finds while a list is under way, and the list has passed already, is kept.
func TestANamedRunDuringAList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r, from := many(50, 0)
		minute(t, w, r, refresh.Job{})
		from.takes = 10 * time.Second
		minute(t, w, r, refresh.Job{})
		w.configs["a"], w.credentials["a"] = "v1", credential{version: "c1"}
		from.takes = 0
		if res, _ := minute(t, w, r, refresh.Job{Only: []string{"a"}, Edited: true}); res["a"].Outcome != refresh.Refreshed {
			t.Errorf("%+v", res["a"])
		}
		r.Source = skipping{from}
		if results, _ := minute(t, w, r, refresh.Job{}); len(results) != 51 || results["a"].Reason != refresh.Fresh {
			t.Errorf("%d results, a is %s", len(results), results["a"].Reason)
		}
	})
}

// A skipping source lists without the provider a.
type skipping struct{ *paged }

func (s skipping) Configs(ctx context.Context, from string) ([]refresh.Document, string, error) {
	docs, next, err := s.paged.Configs(ctx, from)
	return slices.DeleteFunc(slices.Clone(docs), func(d refresh.Document) bool { return d.Name == "a" }), next, err
}

// A list may lag for five minutes behind what the process has seen itself; then it counts.
func TestAListThatLagsForLong(t *testing.T) {
	for after, want := range map[time.Duration]refresh.Outcome{4 * time.Minute: refresh.Waiting, 5*time.Minute - time.Second: refresh.Waiting, 5 * time.Minute: refresh.Adopted} {
		for _, empty := range []bool{false, true} {
			w := newWorld("a")
			r := w.runner()
			_, _ = r.Run(t.Context(), refresh.Job{})
			old := w.secrets["a"].state
			if empty {
				old.Current, old.Next = "", ""
			}
			w.now = noon.Add(45 * time.Minute)
			_, _ = r.Run(t.Context(), refresh.Job{})
			w.listed = map[string]refresh.State{"a": old}
			w.now = w.now.Add(after)
			report, _ := r.Run(t.Context(), refresh.Job{})
			if res := report.Results[0]; res.Outcome != want || w.logins["a"] != 2 {
				t.Errorf("after %v, empty %t: %s, %d logins", after, empty, res.Outcome, w.logins["a"])
			}
		}
	}
	// What was taken over from another run is known as well.
	w := newWorld("a")
	r := w.runner()
	_, _ = r.Run(t.Context(), refresh.Job{})
	w.listed = map[string]refresh.State{"a": w.secrets["a"].state}
	w.now = noon.Add(45 * time.Minute)
	w.run(refresh.Job{})
	for _, want := range []refresh.Outcome{refresh.Adopted, refresh.Waiting, refresh.Waiting} {
		w.now = w.now.Add(time.Minute)
		report, _ := r.Run(t.Context(), refresh.Job{})
		if res := report.Results[0]; res.Outcome != want || w.logins["a"] != 2 {
			t.Errorf("taken over: %s, %d logins", res.Outcome, w.logins["a"])
		}
	}
}

// A run that cannot be scheduled reads nothing, named or not.
func TestAWrongSchedule(t *testing.T) {
	for _, job := range []refresh.Job{{}, {Only: []string{"a"}}} {
		w := newWorld("a")
		r := w.runner()
		r.Schedule.Tick = time.Millisecond
		w.beforeLatest = func(string) { t.Error("a config is read") }
		report, err := r.Run(t.Context(), job)
		if err == nil || !strings.Contains(err.Error(), "the tick is 1ms") || len(report.Results) != 0 {
			t.Errorf("%v, %+v", err, report.Results)
		}
	}
}

// A run ends once the calls that it made have ended, also those that it does not wait for.
func TestARunOutlivesItsCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("a")
		r := w.runner()
		r.Source = deaf{source{w}}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		began := time.Now()
		report, _ := r.Run(ctx, refresh.Job{})
		if took := time.Since(began); took != time.Minute || report.Took != 6*time.Second {
			t.Errorf("it has dealt with all after %v, and ends after %v", report.Took, took)
		}
	})
}

// A panic of a reading is that of each provider that waits for it, and of no other.
func TestAPanicOfAReading(t *testing.T) {
	w := newWorld("a", "b")
	r := w.runner()
	w.beforeLatest = func(string) { panic(canary) }
	report, err := r.Run(t.Context(), refresh.Job{})
	for _, res := range report.Results {
		if codeOf(res.Err) != refresh.CodeInternal || !strings.Contains(res.Err.Detail, "type string") || res.Stack == "" {
			t.Errorf("%+v", res)
		}
	}
	if len(report.Results) != 2 || err == nil || strings.Contains(err.Error(), "c4n@ry") {
		t.Errorf("%v", err)
	}
}

// A reading has the time of a provider, where a run may last for any time.
func TestHowLongAReadingTakes(t *testing.T) {
	for _, row := range []struct {
		job  refresh.Job
		want []time.Duration
	}{{refresh.Job{}, []time.Duration{15 * time.Second}}, {refresh.Job{Only: []string{"a"}}, []time.Duration{20 * time.Second, 15 * time.Second}}} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld("a")
			r, began := w.runner(), time.Now()
			from := &timed{source: source{w}, began: began}
			r.Source = from
			if _, err := r.Run(t.Context(), row.job); err != nil || !slices.Equal(from.given, row.want) {
				t.Errorf("%+v: read for %v, want %v: %v", row.job, from.given, row.want, err)
			}
		})
	}
}

// A timed source keeps the deadlines of readings.
type timed struct {
	source
	began time.Time
	given []time.Duration
}

func (s *timed) Latest(ctx context.Context, wanted []refresh.Wanted) []refresh.Reading {
	end, _ := ctx.Deadline()
	s.given = append(s.given, end.Sub(s.began))
	return s.source.Latest(ctx, wanted)
}

// A credential that cannot be understood is for its owner to mend.
func TestABadCredential(t *testing.T) {
	w := newWorld("a")
	r := w.runner()
	r.Parser = strict{parser{w}}
	report, _ := r.Run(t.Context(), refresh.Job{})
	if res := report.Results[0]; codeOf(res.Err) != refresh.CodeBadCredential || res.Class() != refresh.Misconfigured || res.Note.Credential != "c1" || w.logins["a"] != 0 {
		t.Errorf("%+v", res)
	}
}

type strict struct{ parser }

func (strict) Credential(d refresh.Document) (refresh.Credential, error) {
	return refresh.Credential{}, refresh.Problems{{Where: d.Where, Detail: "no value"}}
}

// Where our network is down, what fails for another reason is still the provider's failure.
func TestAProviderThatFailsWhileOurNetworkIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("z")
		for i := range 12 {
			name := fmt.Sprintf("p%03d", i)
			w.configs[name], w.credentials[name] = "v1", credential{version: "c"}
			w.answer(name, unconnected(name))
		}
		w.answer("z", func(ctx context.Context) (refresh.Grant, error) {
			time.Sleep(time.Second)
			return down(ctx)
		})
		w.run(refresh.Job{})
		if n := w.secrets["z"].state.Note; n.Ours != 0 || w.secrets["p000"].state.Note.Ours != 1 {
			t.Errorf("the note is %q, and that of one without a connection %q", n, w.secrets["p000"].state.Note)
		}
	})
}
