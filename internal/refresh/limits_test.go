package refresh_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// Five hundred providers that hang do not keep the one that is urgent from its token.
func TestTheMostUrgentFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		config := refresh.NewFingerprint([]byte("v1"))
		for i := range 500 {
			name := fmt.Sprintf("p%03d", i)
			w.configs[name], w.credentials[name] = "v1", credential{version: "c"}
			left := time.Duration(500-i) * time.Second // the last ends first
			id := refresh.Version{IssuedAt: noon.Add(left - time.Hour), Lifetime: time.Hour, Config: config, Digest: uint32(i)}.ID()
			w.secrets[name] = &stored{state: refresh.State{Name: name, Exists: true, Owned: true, Current: id}, versions: map[refresh.VersionID]string{}}
			w.answer(name, func(ctx context.Context) (refresh.Grant, error) { <-ctx.Done(); return refresh.Grant{}, ctx.Err() })
		}
		var asked []string
		var mu sync.Mutex
		for _, name := range []string{"p499", "p498", "p000"} {
			w.answer(name, func(context.Context) (refresh.Grant, error) {
				mu.Lock()
				asked = append(asked, name)
				mu.Unlock()
				return w.grant(), nil
			})
		}
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Second)
		defer cancel()
		began := time.Now()
		w.limits.Saves = 2
		report, _ := w.runner().Run(ctx, refresh.Job{})
		if took := time.Since(began); took > 50*time.Second {
			t.Errorf("the run took %v, which is more than it had", took)
		}
		if report.Count(refresh.Refreshed) != 2 || report.Count(refresh.Skipped) < 400 {
			t.Errorf("refreshed %d, skipped %d", report.Count(refresh.Refreshed), report.Count(refresh.Skipped))
		}
		if w.logins["p000"] != 0 {
			t.Error("the least urgent was asked while others waited")
		}
	})
}

// A login that ends just before the deadline is still stored.
func TestTimeForTheWriteIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("slow")
		w.answer("slow", func(ctx context.Context) (refresh.Grant, error) {
			deadline, _ := ctx.Deadline()
			if left := time.Until(deadline); left != 15*time.Second {
				t.Errorf("the login has %v", left)
			}
			time.Sleep(time.Until(deadline) - time.Millisecond)
			return w.grant(), nil
		})
		if res, _, err := w.run(refresh.Job{}); err != nil || res["slow"].Outcome != refresh.Refreshed {
			t.Errorf("%+v, %v", res["slow"], err)
		}
	})
}

func TestWhatWasGrantedIsStoredWhenTheRunIsStopped(t *testing.T) {
	w := newWorld("a", "b")
	ctx, cancel := context.WithCancel(context.Background())
	w.answer("a", func(context.Context) (refresh.Grant, error) { cancel(); return w.grant(), nil })
	r := w.runner()
	r.Store = patient{store{w}, t}
	report, _ := r.Run(ctx, refresh.Job{Only: []string{"a"}})
	if report.Count(refresh.Refreshed) != 1 || w.record("a") == "" {
		t.Errorf("%+v", report.Results)
	}
}

// patient is a store that stops when its context ends, as those over a network do.
type patient struct {
	store
	t *testing.T
}

func (p patient) Save(ctx context.Context, c refresh.Change) (refresh.State, error) {
	if err := ctx.Err(); err != nil {
		p.t.Errorf("the context of the write has ended: %v", err)
	}
	if _, ok := ctx.Deadline(); !ok {
		p.t.Error("the write may last for ever")
	}
	return p.store.Save(ctx, c)
}

// What a store is given to say that it could not store: its note is written after it has
// waited for the rest of its time.
func TestTimeForTheNoteIsKept(t *testing.T) {
	for _, row := range []struct {
		run     time.Duration // zero: of any length
		rotates bool
		want    time.Duration
	}{
		{0, false, 18500 * time.Millisecond}, // 1.5s before the 20s of a provider
		{12 * time.Second, false, 10500 * time.Millisecond},
		{0, true, 20 * time.Second},
		{31 * time.Second, true, 20 * time.Second},
		{30*time.Second + time.Millisecond, true, 20 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			w, v := newWorld("a"), &vault{}
			v.put("first")
			r := w.runner()
			r.Store, r.Vault = stuck{store{w}}, v
			if row.rotates {
				r.Parser = rotating{parser{w}, rotates}
			}
			ctx := t.Context()
			if row.run > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, row.run)
				defer cancel()
			}
			began := time.Now()
			report, _ := r.Run(ctx, refresh.Job{})
			if took := time.Since(began); took != row.want {
				t.Errorf("%+v: the save was given up after %v", row, took)
			}
			if n := w.secrets["a"].state.Note; n.Code != refresh.CodeStoreFailed || len(report.Results[0].Warnings) != 0 {
				t.Errorf("%+v: the note is %q, with %q", row, n, report.Results[0].Warnings)
			}
		})
	}
}

// stuck is a store whose saves never end by themselves.
type stuck struct{ store }

func (stuck) Save(ctx context.Context, _ refresh.Change) (refresh.State, error) {
	<-ctx.Done()
	return refresh.State{}, ctx.Err()
}

// As many are dealt with at a time as memory is planned for.
func TestWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		now, most := 0, 0
		for i := range 600 {
			name := fmt.Sprintf("p%03d", i)
			w.configs[name], w.credentials[name] = "v1", credential{version: "c"}
			w.answer(name, func(context.Context) (refresh.Grant, error) {
				w.mu.Lock()
				now++
				most = max(most, now)
				w.mu.Unlock()
				time.Sleep(time.Second)
				w.mu.Lock()
				now--
				w.mu.Unlock()
				return w.grant(), nil
			})
		}
		w.now = time.Now()
		if _, report, _ := w.run(refresh.Job{}); report.Count(refresh.Refreshed) != 600 || most != 256 {
			t.Errorf("%d refreshed, %d at a time", report.Count(refresh.Refreshed), most)
		}
	})
}

// A run begins a login only where there is time to store what it gives, and with those that it
// has the time for before all others, in whatever order of its own.
func TestAsManyAreBegunAsCanBeStored(t *testing.T) {
	for id := range 5 {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			w.now = time.Now()
			config := refresh.NewFingerprint([]byte("v1"))
			for i := range 40 {
				name := fmt.Sprintf("p%02d", i)
				left := 8*time.Minute + time.Duration(i)*15*time.Second
				version := refresh.Version{IssuedAt: w.now.Add(left - time.Hour), Lifetime: time.Hour, Config: config, Digest: uint32(i)}.ID()
				w.configs[name], w.credentials[name] = "v1", credential{version: "c"}
				w.secrets[name] = &stored{state: refresh.State{Name: name, Exists: true, Owned: true, Current: version}, versions: map[refresh.VersionID]string{}}
			}
			w.limits.Saves = 1
			// Four seconds of the ten are kept for storing, and half a second for a login: five at
			// once, and then one a second.
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			report, err := w.runner().Run(ctx, refresh.Job{ID: fmt.Sprint(id)})
			if err != nil {
				t.Error(err)
			}
			for _, res := range report.Results {
				if first := res.Provider < "p10"; first != (res.Outcome == refresh.Refreshed) {
					t.Errorf("in the run %d %s is %s", id, res.Provider, res.Outcome)
				}
			}
		})
	}
}

// A login that may not be repeated is not waited for where too little time would be left for it.
func TestTurnsThatComeTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r, _ := many(40, 0)
		w.limits.Saves = 1
		r.Parser = rotating{parser{w}, func(p *refresh.Provider) { p.Supersedes = true }}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		report, _ := r.Run(ctx, refresh.Job{})
		if n := report.Count(refresh.Refreshed); n != 21 || report.Took > 17*time.Second {
			t.Errorf("%d are refreshed in %v", n, report.Took)
		}
	})
}

// What fails at once takes no time of those behind it.
func TestFailuresAtOnce(t *testing.T) {
	for _, run := range []time.Duration{0, 30 * time.Second, 40 * time.Second, 10 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			w, r, _ := many(60, 0)
			w.limits.Saves = 1
			for name := range w.configs {
				w.answer(name, func(context.Context) (refresh.Grant, error) {
					return refresh.Grant{}, &refresh.Error{Class: refresh.Transient, Code: "http_503"}
				})
			}
			ctx, cancel := context.WithCancel(t.Context())
			if run > 0 {
				ctx, cancel = context.WithTimeout(t.Context(), run)
			}
			defer cancel()
			report, _ := r.Run(ctx, refresh.Job{})
			if n := report.Count(refresh.Failed); n != 60 || report.Took > 12*time.Second {
				t.Errorf("in a run of %v %d have failed after %v", run, n, report.Took)
			}
		})
	}
}

// Configs are read for as many logins as fit into a call, and no login waits for others that do
// not come.
func TestReadingsTogether(t *testing.T) {
	for _, row := range []struct {
		due, calls int
		takes      time.Duration
	}{
		{1, 1, 200 * time.Millisecond},
		{4, 4, 200 * time.Millisecond}, // all at once, and no other comes
		{6, 3, 250 * time.Millisecond}, // one more, after 50 ms
		{100, 34, 4950 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			w, r, _ := many(row.due, 0)
			w.limits.Saves = 20
			from := &slowly{source: source{w}}
			r.Source = from
			_, report := minute(t, w, r, refresh.Job{})
			if from.calls > row.calls || from.wanted > 3 || report.Took != row.takes || report.Count(refresh.Refreshed) != row.due {
				t.Errorf("%d due: %d calls, for up to %d logins, in %v", row.due, from.calls, from.wanted, report.Took)
			}
		})
	}
}

// A call that hangs holds up those that are read in it, and no others.
func TestAReadingThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r, _ := many(50, 0)
		w.now, w.limits.Saves = time.Now(), 20
		r.Source = &slowly{source: source{w}, hangs: "p0017"}
		ctx, cancel := context.WithTimeout(t.Context(), 57*time.Second)
		defer cancel()
		report, err := r.Run(ctx, refresh.Job{})
		if failed := report.Count(refresh.Failed); err == nil || failed < 1 || failed > 3 || report.Count(refresh.Refreshed) != 50-failed {
			t.Errorf("%d failed, %d are refreshed: %v", failed, report.Count(refresh.Refreshed), err)
		}
	})
}

// A slowly takes a moment to read configs, and counts the calls; one of them hangs.
type slowly struct {
	source
	mu            sync.Mutex
	calls, wanted int
	hangs         string
}

func (s *slowly) Latest(ctx context.Context, wanted []refresh.Wanted) []refresh.Reading {
	s.mu.Lock()
	s.calls++
	s.wanted = max(s.wanted, len(wanted))
	s.mu.Unlock()
	if slices.ContainsFunc(wanted, func(w refresh.Wanted) bool { return w.Provider == s.hangs }) {
		<-ctx.Done()
		return slices.Repeat([]refresh.Reading{{Err: ctx.Err()}}, len(wanted))
	}
	time.Sleep(200 * time.Millisecond)
	return s.source.Latest(ctx, wanted)
}

// Where tokens are stored more slowly than they come, no more logins are begun than can be stored
// in two seconds, half of what a run keeps for storing at its end.
func TestTokensThatWaitToBeStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r, _ := many(300, 0)
		w.now, w.limits.Saves = time.Now(), 20
		r.Store = sluggish{store{w}}
		ctx, cancel := context.WithTimeout(t.Context(), 57*time.Second)
		defer cancel()
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = r.Run(ctx, refresh.Job{})
		}()
		time.Sleep(5 * time.Second)
		w.mu.Lock()
		begun := len(w.logins)
		w.mu.Unlock()
		if begun < 51 || begun > 53 { // five at once, 40 in the two seconds, and then fewer and fewer; at the pace alone it would be 105
			t.Errorf("%d logins are begun, while no token is stored", begun)
		}
		<-done
	})
}

// A sluggish store takes ten seconds for each token.
type sluggish struct{ store }

func (s sluggish) Save(ctx context.Context, c refresh.Change) (refresh.State, error) {
	select {
	case <-time.After(10 * time.Second):
		return s.store.Save(ctx, c)
	case <-ctx.Done():
		return refresh.State{}, ctx.Err()
	}
}

// What cannot be read is reported as its source reports it, and not as time that has run out.
func TestReadingsThatFailAtTheirEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r, _ := many(7, 0)
		w.now, w.limits.Saves = time.Now(), 20
		r.Source = failsLate{source{w}}
		ctx, cancel := context.WithTimeout(t.Context(), 57*time.Second)
		defer cancel()
		report, _ := r.Run(ctx, refresh.Job{})
		for _, res := range report.Results {
			if codeOf(res.Err) != "aws_server_error" {
				t.Errorf("%s: %v", res.Provider, res.Err)
			}
		}
	})
}

// A failsLate source tries again for as long as its context leaves time for one more second.
type failsLate struct{ source }

func (failsLate) Latest(ctx context.Context, wanted []refresh.Wanted) []refresh.Reading {
	end, _ := ctx.Deadline()
	time.Sleep(time.Until(end) - time.Second)
	return slices.Repeat([]refresh.Reading{{Err: &refresh.Error{Class: refresh.Transient, Code: "aws_server_error", Ours: true}}}, len(wanted))
}
