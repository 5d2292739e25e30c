package refresh_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"example.com/tokenkeeper/internal/refresh"
)

// left returns the state of a provider whose token has so long to live; zero: it has none.
func left(name string, d time.Duration) refresh.State {
	st := refresh.State{Name: name, Exists: true, Owned: true}
	if d != 0 {
		st.Current = refresh.Version{IssuedAt: noon.Add(d - time.Hour), Lifetime: time.Hour, Config: 1}.ID()
	}
	return st
}

// failed adds a note to a state, of so many attempts in a row, the last of them so long ago.
func failed(st refresh.State, class refresh.Class, tries, ours int, ago time.Duration) refresh.State {
	st.Note = refresh.Note{Class: class, Code: "x", Since: noon.Add(-ago), Last: noon.Add(-ago), Tries: tries, Ours: ours, Config: 1}
	return st
}

func TestOrder(t *testing.T) {
	const m = time.Minute
	fails := func(name string, life time.Duration, tries int, ago time.Duration) refresh.State {
		return failed(left(name, life), refresh.Transient, tries, 0, ago)
	}
	for _, row := range []struct {
		name   string
		states []refresh.State
		want   string
	}{
		{"by expiry", []refresh.State{left("c", 20*m), left("a", 22*m), left("b", m)}, "b c a"},
		{"without a live token first, by chance of the name alone", []refresh.State{left("a", -m), left("b", 0), left("c", 5*m)}, "a b c"},
		{"a token that is not ours is none", []refresh.State{left("a", m), {Name: "b", Exists: true, Owned: true, Current: "terraform"}}, "b a"},
		{"of what expires together, by chance of the name alone", []refresh.State{left("a", m), left("b", m)}, "a b"},
		{"one that failed three times is last, however little its token has left", []refresh.State{fails("a", m, 3, m), left("b", 20*m)}, "b a"},
		{"and one without a token", []refresh.State{fails("a", 0, 9, m), left("b", 20*m)}, "b a"},
		{"twice is chance", []refresh.State{left("a", 20*m), fails("b", 10*m, 2, m)}, "b a"},
		{"what failed here says nothing of the provider", []refresh.State{
			failed(left("a", m), refresh.Transient, 3, 1, m), failed(left("b", m*2), refresh.Transient, 50, 48, m), left("c", 20*m)}, "a b c"},
		{"the same token again is no failure", []refresh.State{failed(left("a", m), refresh.Unchanged, 9, 0, m), left("b", 20*m)}, "a b"},
		{"a login that was refused is a failure", []refresh.State{failed(left("a", m), refresh.Misconfigured, 3, 0, 40*m), left("b", 20*m)}, "b a"},
		{"a failure before the token that is there is over", []refresh.State{fails("a", m, 5, 2*time.Hour), left("b", 20*m)}, "a b"},
		{"the longest ago first", []refresh.State{fails("a", 0, 3, m), fails("b", -m, 3, 3*m), fails("c", -30*m, 30, 2*m), fails("d", 0, 300, 4*m)}, "d b c a"},
		{"of those asked within five ticks, by expiry, if they can be saved", []refresh.State{fails("a", 9*m, 3, 5*m), fails("b", 8*m, 3, m), fails("c", -m, 3, 5*m), fails("d", 7*m, 3, 3*m)}, "d b a c"},
		{"but first those not asked for longer", []refresh.State{fails("a", 9*m, 3, 6*m), fails("b", -m, 3, 7*m), fails("c", m, 3, m)}, "b a c"},
	} {
		for _, states := range [][]refresh.State{row.states, reversed(row.states)} {
			got := strings.Join(onAWS(m).Order(states, noon, len(states), ""), " ")
			if strings.HasSuffix(row.name, "by chance of the name alone") {
				got = strings.Replace(got, "b a", "a b", 1)
			}
			if got != row.want {
				t.Errorf("%s: %s, want %s", row.name, got, row.want)
			}
		}
	}
}

// A provider that kills the run leaves no note. With an order of its own in each run, all
// others are served before long, however long the killers have been without a token.
func TestWhatKillsARunIsNotFirstInTheNext(t *testing.T) {
	for _, life := range []time.Duration{0, -time.Minute, -24 * time.Hour} {
		var states []refresh.State
		for i := range 4 {
			states = append(states, left(fmt.Sprint("killer-", i), life))
		}
		for i := range 20 {
			states = append(states, left(fmt.Sprint("good-", i), life/2))
		}
		runs := 0
		for ; len(states) > 4 && runs < 100; runs++ {
			served := map[string]bool{}
			for _, name := range onAWS(time.Minute).Order(states, noon, len(states), fmt.Sprint("run-", runs)) {
				if strings.HasPrefix(name, "killer") {
					break
				}
				served[name] = true
			}
			states = slices.DeleteFunc(states, func(s refresh.State) bool { return served[s.Name] })
		}
		if runs > 30 {
			t.Errorf("with %v left: %d runs, and %d are not served", life, runs, len(states)-4)
		}
	}
}

func reversed(states []refresh.State) []refresh.State {
	states = slices.Clone(states)
	slices.Reverse(states)
	return states
}

// One start in ten is for those that come last, and all of those that are left over.
func TestOneStartInTenForThoseThatFail(t *testing.T) {
	var states []refresh.State
	for i := range 100 {
		states = append(states, left(fmt.Sprintf("good%02d", i), 20*time.Minute))
	}
	for i := range 20 {
		states = append(states, failed(left(fmt.Sprintf("dead%02d", i), 0), refresh.Transient, 7, 0, time.Duration(100-i)*time.Minute))
	}
	var got []int
	for i, name := range onAWS(time.Minute).Order(states, noon, len(states), "") {
		if strings.HasPrefix(name, "dead") {
			if name != fmt.Sprintf("dead%02d", len(got)) {
				t.Errorf("%s is the %dth", name, len(got))
			}
			got = append(got, i)
		}
	}
	want := []int{9, 19, 29, 39, 49, 59, 69, 79, 89, 99, 109, 112, 113, 114, 115, 116, 117, 118, 119}
	want = slices.Insert(want, 11, 111)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Whatever is due: all of it is begun with, once; and two runs begin with what is urgent in
// the same order, and do the same part of the rest, if they have not the time for all.
func TestOrderOfTwoRuns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var states []refresh.State
		for i := range rapid.IntRange(0, 60).Draw(t, "providers") {
			st := left(fmt.Sprintf("p%02d", i), time.Duration(rapid.IntRange(-10, 40).Draw(t, "left"))*time.Minute)
			if rapid.IntRange(0, 3).Draw(t, "fails") == 0 {
				st = failed(st, refresh.Transient, rapid.IntRange(1, 6).Draw(t, "tries"), 0, time.Minute)
			}
			states = append(states, st)
		}
		s, starts := onAWS(time.Minute), rapid.IntRange(0, 70).Draw(t, "starts")
		one, two := s.Order(states, noon, starts, "one"), s.Order(states, noon, starts, "two")
		if again := s.Order(reversed(states), noon, starts, "one"); !slices.Equal(one, again) {
			t.Fatalf("the order depends on that of the list:\n%v\n%v", one, again)
		}
		if all := slices.Sorted(slices.Values(one)); len(slices.Compact(all)) != len(states) {
			t.Fatalf("%d of %d are begun with", len(all), len(states))
		}
		ends := map[string]string{} // when the token of each expires, or that it has or that it comes last
		for _, st := range states {
			ends[st.Name] = st.ExpiresAt().String()
			if !st.ExpiresAt().After(noon) {
				ends[st.Name] = "expired"
			}
			if st.Note.Tries >= 3 {
				ends[st.Name] = "last"
			}
		}
		done := func(order []string) (all []string) {
			for _, name := range order[:min(starts, len(order))] {
				all = append(all, ends[name])
			}
			slices.Sort(all)
			return all
		}
		byExpiry := s.Order(states, noon, starts, "")
		if !cmp.Equal(done(one), done(two)) || !cmp.Equal(done(one), done(byExpiry)) {
			t.Fatalf("with the time for %d they do not do the same:\n%v\n%v\n%v", starts, one, two, byExpiry)
		}
	})
}

// A run and its duplicate: what one has done when the other comes to it need not be done.
func TestTwoRunsMeetSeldom(t *testing.T) {
	var states []refresh.State
	for i := range 1000 {
		states = append(states, left(fmt.Sprintf("p%03d", i), 15*time.Minute+time.Duration(i)*time.Second))
	}
	for _, ids := range [][2]string{{"a", "b"}, {"9ef8c3e4-58d0-4a3e-a0a5-1f0de8f6a4d1", "ae3c8c3f-93b2-4c72-8f0d-1d6f0c3a6d1c"}, {"1", "11"}} {
		one, two := onAWS(time.Minute).Order(states, noon, 1000, ids[0]), onAWS(time.Minute).Order(states, noon, 1000, ids[1])
		at := map[string]int{}
		for i, name := range one {
			at[name] = i
		}
		const underWay = 10 // half a second at 20 starts a second
		met := 0
		for i, name := range two {
			if d := i - at[name]; -underWay < d && d < underWay {
				met++
			}
		}
		if met > 50 {
			t.Errorf("runs %q and %q would both log in to %d of 1000", ids[0], ids[1], met)
		}
	}
}

// Of those that a run has the time for, those whose tokens are in no danger are taken in an order of its
// own; those in danger, and those that it has no time for, by expiry.
func TestHowManyAreTakenInAnOrderOfTheRun(t *testing.T) {
	s := onAWS(time.Minute)
	var states, failing []refresh.State
	for i := range 40 {
		states = append(states, left(fmt.Sprintf("p%02d", i), s.Margin()+time.Duration(i-4)*time.Second)) // the fifth has just the margin
	}
	for i := range 9 {
		failing = append(failing, failed(left(fmt.Sprint("x", i), 0), refresh.Transient, 3, 0, time.Duration(20-i)*time.Minute))
	}
	for _, row := range []struct{ starts, failing, until int }{
		{40, 0, 40}, {50, 0, 40}, {20, 0, 20}, {20, 1, 19}, {20, 2, 18}, {20, 9, 18}, {29, 9, 27}, {9, 9, 9}, {3, 9, 4}, {0, 0, 4}, {-7, 3, 4},
	} {
		first, last := len(states), 0 // of those that are not where their expiry has them
		for id := range 40 {
			i, behind := 0, 0
			for at, name := range s.Order(slices.Concat(states, failing[:row.failing]), noon, row.starts, fmt.Sprint(id)) {
				if name[0] == 'x' {
					if behind++; behind <= 4 && at != 10*behind-1 {
						t.Errorf("%+v: number %d of those that fail is at %d", row, behind, at)
					}
					continue
				}
				if name != fmt.Sprintf("p%02d", i) {
					first, last = min(first, i), max(last, i+1)
				}
				i++
			}
		}
		if want := min(4, row.until); row.until > 5 && (first != want || last != row.until) || row.until < 5 && last > 0 {
			t.Errorf("%+v: those from %d until %d have an order of the run", row, first, last)
		}
	}
}

// How many a run has the time for depends on when it ends: four seconds are kept for storing, and half
// a second for the last login.
func TestHowManyARunHasTheTimeFor(t *testing.T) {
	for _, row := range []struct {
		perSecond float64
		run       time.Duration
		starts    int
	}{
		{4, 10 * time.Second, 5 + 22}, {4, 9750 * time.Millisecond, 5 + 21}, {1, 10 * time.Second, 5 + 5}, {1, 5 * time.Second, 5}, {1, time.Second, 5 - 3},
		{0, 10 * time.Second, 40}, {0, 0, 40}, {1, 0, 40}, {20, time.Minute, 40},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			if row.run > 0 {
				ctx, cancel = context.WithTimeout(ctx, row.run)
			}
			defer cancel()
			if got := refresh.Starts(ctx, row.perSecond, 40); got != row.starts {
				t.Errorf("%+v: %d", row, got)
			}
		})
	}
}

func TestPace(t *testing.T) {
	for _, row := range []struct {
		perSecond float64
		n, saves  int
		last      time.Duration
	}{
		{20, 5, 1, 0},
		{20, 6, 1, 50 * time.Millisecond},
		{20, 105, 1, 5 * time.Second},
		{20, 2, 3, 0},
		{20, 3, 3, 100 * time.Millisecond},
		{0, 1000, 1, 0},
	} {
		if got := refresh.Turns(row.perSecond, row.n, row.saves)[row.n-1]; got != row.last {
			t.Errorf("turn %d of %d saves at %v a second comes after %v, want %v", row.n, row.saves, row.perSecond, got, row.last)
		}
	}
}

// What a turn waits for: the pace, as of five starts ago, and that no more than two seconds of tokens wait to be
// stored. A turn that is not taken, or of which no token comes, is another's.
func TestTurns(t *testing.T) {
	const pause = 10 * time.Second // after which five may start at once
	for _, row := range []struct {
		name   string
		before func(t *testing.T, p *refresh.Pace)
		waits  []time.Duration // of the next turns, in seconds
	}{
		{"at first", nil, []time.Duration{0, 0, 0, 0, 0, 1, 1}},
		{"after four", func(t *testing.T, p *refresh.Pace) { taken(t, p, 4) }, []time.Duration{0, 1}},
		{"after five and a while", func(t *testing.T, p *refresh.Pace) { taken(t, p, 5); time.Sleep(pause) }, []time.Duration{0, 0, 0, 0, 0, 1}},
		{"given up while it waits", func(t *testing.T, p *refresh.Pace) {
			taken(t, p, 5)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			time.AfterFunc(time.Second/2, cancel)
			if s, err := p.Start(ctx, 1); s != nil || err != context.Canceled {
				t.Errorf("given up: %v", err)
			}
			time.Sleep(time.Second / 2)
		}, []time.Duration{0, 1}},
		{"given up before", func(t *testing.T, p *refresh.Pace) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if s, err := p.Start(ctx, 1); s != nil || err != context.Canceled {
				t.Errorf("given up before: %v", err)
			}
		}, []time.Duration{0, 0, 0, 0, 0, 1}},
		{"too late", func(t *testing.T, p *refresh.Pace) {
			taken(t, p, 5)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second-1)
			defer cancel()
			began := time.Now()
			if s, err := p.Start(ctx, 1); s != nil || err != context.DeadlineExceeded || time.Since(began) != 0 {
				t.Errorf("too late: %v, after %v", err, time.Since(began))
			}
		}, []time.Duration{1}},
		{"no token has come", func(t *testing.T, p *refresh.Pace) {
			for _, s := range taken(t, p, 5)[:2] {
				s.End()
			}
		}, []time.Duration{0, 0, 1}},
		{"two tokens wait to be stored", func(t *testing.T, p *refresh.Pace) { come(t, p, 2); time.Sleep(pause) }, []time.Duration{0, 0, 0, 0, 0, 1}},
		{"three", func(t *testing.T, p *refresh.Pace) { come(t, p, 3); time.Sleep(pause) }, []time.Duration{1, 1}},
		{"four", func(t *testing.T, p *refresh.Pace) { come(t, p, 4); time.Sleep(pause) }, []time.Duration{2, 2}},
		{"four, of which one is stored", func(t *testing.T, p *refresh.Pace) { come(t, p, 4)[0].End(); time.Sleep(pause) }, []time.Duration{1, 1}},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := refresh.NewPace(t.Context(), 1)
			if row.before != nil {
				row.before(t, p)
			}
			for i, want := range row.waits {
				began := time.Now()
				if _, err := p.Start(t.Context(), 1); err != nil || time.Since(began) != want*time.Second {
					t.Errorf("%s: turn %d comes after %v, %v", row.name, i, time.Since(began), err)
				}
			}
		})
	}
}

// taken takes so many turns, and come has a token come of each.
func taken(t *testing.T, p *refresh.Pace, n int) (slots []*refresh.Slot) {
	for range n {
		s, err := p.Start(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		slots = append(slots, s)
	}
	return slots
}

func come(t *testing.T, p *refresh.Pace, n int) []*refresh.Slot {
	slots := taken(t, p, n)
	for _, s := range slots {
		s.Came()
	}
	return slots
}
