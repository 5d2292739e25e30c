package refresh_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/tokenkeeper/internal/refresh"
)

// However refreshes are forced, and however long tokens live, every planned write finds
// room, and nothing is forced that would take it.
func TestUnplannedWritesLeaveRoom(t *testing.T) {
	const day = 24 * time.Hour
	for _, lifetime := range []time.Duration{15 * time.Minute, 25 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 12 * time.Hour, 48 * time.Hour} {
		for _, apart := range []time.Duration{time.Minute, 9 * time.Minute, 31 * time.Minute} {
			for _, from := range []time.Duration{0, 10 * time.Hour} {
				s := onAWS(time.Minute)
				var writes []time.Time
				within := func(now time.Time) (list []time.Time) {
					for _, w := range writes {
						if w.After(now.Add(-day)) {
							list = append(list, w)
						}
					}
					return list
				}
				current := refresh.Version{IssuedAt: noon, Lifetime: lifetime}
				writes = append(writes, noon)
				forced, planned := 0, 0
				for now, next := noon, noon.Add(from); now.Before(noon.Add(36 * time.Hour)); {
					if due := s.DueAt("a", current); !due.After(next) {
						now = due
						if n := len(within(now)); n >= 100 {
							t.Fatalf("%v every %v: %d versions at a planned write, after %v", lifetime, apart, n, now.Sub(noon))
						}
						planned++
					} else {
						now, next = next, next.Add(apart)
						if !s.Room("a", lifetime, within(now), now, 95) {
							continue
						}
						forced++
					}
					writes = append(writes, now)
					current.IssuedAt = now
				}
				if forced == 0 && s.DueAt("a", current).Sub(current.IssuedAt) > 16*time.Minute {
					t.Errorf("%v every %v: nothing could be forced", lifetime, apart)
				}
				t.Logf("%v every %v: %d forced, %d planned", lifetime, apart, forced, planned)
			}
		}
	}
}

// The same of any lifetime, forced in bursts at any time.
func TestUnplannedWritesInBurstsLeaveRoom(t *testing.T) {
	const day = 24 * time.Hour
	rapid.Check(t, func(t *rapid.T) {
		s := onAWS(time.Minute)
		current := refresh.Version{IssuedAt: noon, Lifetime: time.Duration(rapid.IntRange(15*60, 60*3600).Draw(t, "lifetime")) * time.Second}
		writes := []time.Time{noon}
		within := func(now time.Time) []time.Time {
			return writes[slices.IndexFunc(append(writes, now), func(w time.Time) bool { return w.After(now.Add(-day)) }):]
		}
		write := func(now time.Time) {
			writes = append(writes, now)
			current.IssuedAt = now
		}
		now := noon
		for range 6 {
			now = now.Add(time.Duration(rapid.IntRange(0, 8*3600).Draw(t, "pause")) * time.Second)
			apart := time.Duration(rapid.IntRange(1, 1200).Draw(t, "apart")) * time.Second
			for range rapid.IntRange(1, 120).Draw(t, "forced") {
				for due := s.DueAt("a", current); !due.After(now); due = s.DueAt("a", current) {
					if n := len(within(due)); n >= 100 {
						t.Fatalf("%d versions at a planned write, after %v", n, due.Sub(noon))
					}
					write(due)
				}
				if s.Room("a", current.Lifetime, within(now), now, 95) {
					write(now)
				}
				now = now.Add(apart)
			}
		}
	})
}

// A store that keeps any number of versions always has room, and counts none.
func TestAnyNumberOfVersions(t *testing.T) {
	w := newWorld("a")
	w.run(refresh.Job{})
	w.secrets["a"].writes = slices.Repeat([]time.Time{noon}, 500)
	for kept, want := range map[int]refresh.Outcome{0: refresh.Refreshed, 100: refresh.Failed} {
		w.limits.Versions = kept
		w.now = w.now.Add(time.Second)
		if res, _, _ := w.run(refresh.Job{Only: []string{"a"}, Force: true}); res["a"].Outcome != want {
			t.Errorf("where %d are kept, it is %s: %v", kept, res["a"].Outcome, res["a"].Err)
		}
	}
}

// What is not planned is refused where the versions of the day are used up or cannot be counted: a
// forced refresh, and the replacement of what another program wrote. What is planned is not.
func TestUnplannedLogins(t *testing.T) {
	for _, row := range []struct {
		name    string
		current refresh.VersionID // in the place of ours
		job     refresh.Job
		after   time.Duration
		planned bool
	}{
		{"forced", "", refresh.Job{Only: []string{"a"}, Force: true}, time.Minute, false},
		{"forced, when it is due", "", refresh.Job{Only: []string{"a"}, Force: true}, 50 * time.Minute, true},
		{"due", "", refresh.Job{}, 50 * time.Minute, true},
		{"another program's", "terraform", refresh.Job{}, time.Minute, false},
	} {
		for name, fail := range map[string]error{"used up": nil, "not counted": errors.New("throttled")} {
			w := newWorld("a")
			w.run(refresh.Job{})
			if row.current != "" {
				w.secrets["a"].state.Current = row.current
			}
			w.now = w.now.Add(row.after)
			w.secrets["a"].writes = slices.Repeat([]time.Time{w.now.Add(-time.Minute)}, 100)
			before := w.logins["a"]
			r := w.runner()
			r.Store = counted{store{w}, fail}
			report, _ := r.Run(t.Context(), row.job)
			code := refresh.CodeWriteBudget
			if fail != nil {
				code = refresh.CodeStoreFailed
			}
			res := report.Results[0]
			if asked := w.logins["a"] > before; asked != row.planned || !row.planned && codeOf(res.Err) != code || row.planned && res.Outcome != refresh.Refreshed {
				t.Errorf("%s, %s: asked %t, %s: %v", row.name, name, asked, res.Outcome, res.Err)
			}
		}
	}
}

// A counted is a store whose counting fails.
type counted struct {
	store
	fails error
}

func (c counted) Writes(ctx context.Context, name string) ([]time.Time, error) {
	if c.fails != nil {
		return nil, c.fails
	}
	return c.store.Writes(ctx, name)
}

// Which logins are made only where there is room for what they write, to the version.
func TestWhatNeedsRoom(t *testing.T) {
	const day, month = 24 * time.Hour, 30 * 24 * time.Hour
	due := func(life time.Duration) time.Duration {
		return onAWS(time.Minute).DueAt("a", refresh.Version{IssuedAt: noon, Lifetime: life}).Sub(noon)
	}
	foreign := func(w *world) refresh.Job {
		w.secrets["a"].state.Current = "terraform-20261122120000000000000001"
		return refresh.Job{}
	}
	edited := func(w *world) refresh.Job { w.configs["a"] = "v2"; return refresh.Job{} }
	forced := func(*world) refresh.Job { return refresh.Job{Only: []string{"a"}, Force: true} }
	for _, row := range []struct {
		name    string
		life    time.Duration
		after   time.Duration
		do      func(*world) refresh.Job
		writes  int
		most    int // versions that are kept
		outcome refresh.Outcome
		age     time.Duration // but a second, of what was written
	}{
		{"near its end", month, due(month), func(*world) refresh.Job { return refresh.Job{} }, 99, 100, refresh.Refreshed, 0},
		{"by force, when it is due", month, due(month), forced, 99, 100, refresh.Refreshed, 0},
		{"by force, a second before", month, due(month) - time.Second, forced, 95, 100, refresh.Failed, 0},
		{"an edit, when it is due", month, due(month), edited, 99, 100, refresh.Refreshed, 0},
		{"an edit, a second before", month, due(month) - time.Second, edited, 95, 100, refresh.Failed, 0},
		{"by force, with room", month, time.Hour, forced, 94, 100, refresh.Refreshed, 0},
		{"by force, without", month, time.Hour, forced, 95, 100, refresh.Failed, 0},
		{"by force, where any number is kept", month, time.Hour, forced, 1000, 0, refresh.Refreshed, 0},
		{"by force, where fewer are kept", month, time.Hour, forced, 45, 50, refresh.Failed, 0},
		{"and with room", month, time.Hour, forced, 44, 50, refresh.Refreshed, 0},
		{"another program's version, with room", time.Hour, time.Minute, foreign, 50, 100, refresh.Refreshed, 0},
		{"another program's version, without: of the hour that is thought of, 44 are planned", time.Hour, time.Minute, foreign, 51, 100, refresh.Failed, 0},
		{"of an hour as well", time.Hour, time.Minute, forced, 94, 100, refresh.Failed, 0},
		{"what a day has passed since is not counted", month, 40 * time.Hour, forced, 99, 100, refresh.Refreshed, day - time.Second},
		{"what a second less has", month, 40 * time.Hour, forced, 99, 100, refresh.Failed, day - 2*time.Second},
	} {
		w := newWorld("a")
		w.answer("a", func(context.Context) (refresh.Grant, error) {
			g := w.grant()
			g.Lifetime = row.life
			return g, nil
		})
		w.run(refresh.Job{})
		w.now = noon.Add(row.after)
		w.secrets["a"].writes = slices.Repeat([]time.Time{w.now.Add(-time.Second - row.age)}, row.writes)
		w.limits.Versions = row.most
		res, _, _ := w.run(row.do(w))
		got := res["a"]
		if got.Outcome != row.outcome || (got.Outcome == refresh.Failed) != (codeOf(got.Err) == refresh.CodeWriteBudget) {
			t.Errorf("%s: %s, %v", row.name, got.Outcome, got.Err)
		}
		if want := fmt.Sprintf("%d versions were written in the last 24 hours; the store takes %d,", row.writes, row.most); got.Err != nil && (!strings.HasPrefix(got.Err.Detail, want) || got.Err.Class != refresh.Transient) {
			t.Errorf("%s: %v", row.name, got.Err)
		}
	}
}

// A login with a refresh token makes two versions of it, so that half as many have room.
func TestRoomForRefreshTokens(t *testing.T) {
	for writes, outcome := range map[int]refresh.Outcome{46: refresh.Refreshed, 47: refresh.Failed} {
		c := newConsent()
		c.login()
		c.now = c.now.Add(time.Hour)
		c.secrets["a"].writes = slices.Repeat([]time.Time{c.now.Add(-time.Second)}, writes)
		v, _ := c.secrets["a"].state.Current.Parse()
		v.Lifetime = 30 * 24 * time.Hour // so that few are planned
		c.secrets["a"].state.Current = v.ID()
		if res := c.login(); res.Outcome != outcome {
			t.Errorf("%d versions: %s, %v", writes, res.Outcome, res.Err)
		}
	}
}

// Where versions cannot be counted nothing is forced.
func TestVersionsThatCannotBeCounted(t *testing.T) {
	w := newWorld("a")
	w.run(refresh.Job{})
	r := w.runner()
	r.Store = uncounted{store{w}}
	w.now = noon.Add(time.Minute)
	report, _ := r.Run(t.Context(), refresh.Job{Only: []string{"a"}, Force: true})
	if res := report.Results[0]; codeOf(res.Err) != refresh.CodeStoreFailed || res.Note.Ours != 1 || w.logins["a"] != 1 {
		t.Errorf("%+v after %d logins", res, w.logins["a"])
	}
}

type uncounted struct{ store }

func (uncounted) Writes(context.Context, string) ([]time.Time, error) {
	return nil, errors.New("throttled")
}
