package refresh_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
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
