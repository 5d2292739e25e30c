package scaletest_test

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/refresh/scaletest"
)

var part = flag.Int("part", 0, "go through a part of the full size, at that part of the writes; 1: all of it; 0: what shows the same")

// partOr returns the part of the full size; as a rule, usual.
func partOr(usual int) int { return cmp.Or(*part, usual) }

// spread is the age of tokens that were issued evenly over the last half an hour.
func spread(i int) time.Duration { return time.Duration(i%1800) * time.Second }

// old is the age of tokens that are all due, and have seven to ten minutes left.
func old(i int) time.Duration { return 50*time.Minute + time.Duration(i%180)*time.Second }

// Many that go dark at once take no token from twice as many that answer: 20,000 beside 10,000.
func TestManyGoDark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		part := partOr(20)
		good, dark := 20_000/part, 10_000/part
		a := scaletest.New(scaletest.Options{Login: 200 * time.Millisecond, Writes: 40 / part}, good+dark, spread)
		for range 5 {
			a.Tick(t.Context(), "")
		}
		for i := range dark {
			a.Answer(scaletest.Name(i*3), scaletest.Hang)
		}
		for range 70 {
			a.Tick(t.Context(), "")
		}
		if f := a.Figures(); f.Dead != 0 || f.Lost != 0 {
			t.Errorf("%d dead, %d lost, %v left", f.Dead, f.Lost, f.LeastLeft)
		} else {
			t.Logf("the least life left was %v", f.LeastLeft)
		}
	})
}

// All that answer 503 for as long as an outage is survived, and then answer again, have lost no
// token, although each of them has failed often enough to come last.
func TestAllAnswer503(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		part := partOr(8) // in less no token expires that should not
		n := 10_000 / part
		a := scaletest.New(scaletest.Options{Latency: 20 * time.Millisecond, Login: 200 * time.Millisecond, Writes: 40 / part}, n, func(i int) time.Duration {
			return time.Duration(i*7%2400) * time.Second
		})
		answer := func(f func(context.Context) error) {
			for i := range n {
				a.Answer(scaletest.Name(i), f)
			}
		}
		for range 40 {
			a.Tick(t.Context(), "")
		}
		answer(scaletest.Refuse)
		for range 13 {
			a.Tick(t.Context(), "")
		}
		answer(nil)
		for range 15 {
			a.Tick(t.Context(), "")
		}
		if f := a.Figures(); f.Dead != 0 || f.Lost != 0 || a.Overdue() > n/12 {
			t.Errorf("%d dead, %d lost, %d overdue, %v left", f.Dead, f.Lost, a.Overdue(), f.LeastLeft)
		}
	})
}

// A backlog of twenty ticks, in which one provider in four, at random, fails once: it does not come last for that.
func TestOneFailureInABacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 1_000
		random := rand.New(rand.NewPCG(1, 2))
		a := scaletest.New(scaletest.Options{Login: 200 * time.Millisecond, Writes: 2}, n, func(i int) time.Duration {
			return time.Duration(random.IntN(600))*time.Second + 33*time.Minute
		})
		for _, i := range random.Perm(n)[:n/4] {
			name, once := scaletest.Name(i), false
			a.Answer(name, func(ctx context.Context) error {
				a.Answer(name, nil)
				if once {
					return nil
				}
				once = true
				return scaletest.Refuse(ctx)
			})
		}
		ticks := 0
		for ; a.Overdue() > n/20 && ticks < 60; ticks++ {
			a.Tick(t.Context(), fmt.Sprint(ticks))
		}
		if f := a.Figures(); f.Dead != 0 || f.Lost != 0 || ticks < 15 {
			t.Errorf("after %d ticks: %d dead, %d lost, %v left", ticks, f.Dead, f.Lost, f.LeastLeft)
		}
	})
}

// Slow logins do not make a run do less, and nothing is lost after one: at any rate, and with any
// number of workers in the middle of a login, which is rate times duration, up to all of them.
func TestARunStoresWhatItAsksFor(t *testing.T) {
	for _, row := range []struct {
		login  time.Duration
		writes int
		least  int
	}{
		{0, 10, 260},
		{200 * time.Millisecond, 10, 260},
		{2 * time.Second, 20, 500},
		{8 * time.Second, 40, 880},
		{13 * time.Second, 48, 700},
		{200 * time.Millisecond, 48, 1240},
		{2 * time.Second, 5, 125},
	} {
		synctest.Test(t, func(t *testing.T) {
			a := scaletest.New(scaletest.Options{Latency: 20 * time.Millisecond, Login: row.login, Writes: row.writes}, 40*row.writes, old)
			report, err := a.Tick(t.Context(), "")
			if f := a.Figures(); err != nil || f.Lost != 0 || f.Stored < row.least || report.Count(refresh.Refreshed) != f.Stored {
				t.Errorf("logins of %v, %d writes a second: %d stored, want %d, %d lost, %d logins: %v", row.login, row.writes, f.Stored, row.least, f.Lost, f.Logins, err)
			}
		})
	}
}

// A run and its duplicate log in twice to no more providers than there are workers.
func TestADuplicateRun(t *testing.T) {
	for _, n := range []int{40, 500, 800} {
		synctest.Test(t, func(t *testing.T) {
			a := scaletest.New(scaletest.Options{Cold: true, Latency: 20 * time.Millisecond, Login: 200 * time.Millisecond}, n, func(i int) time.Duration {
				return 40*time.Minute + time.Duration(i%300)*time.Second
			})
			done := make(chan struct{})
			go func() {
				defer close(done)
				a.Tick(t.Context(), "one")
			}()
			a.Tick(t.Context(), "two")
			<-done
			if f := a.Figures(); f.Stored != n || f.Logins > n+min(n, 256) {
				t.Errorf("%d providers: %d stored after %d logins", n, f.Stored, f.Logins)
			}
		})
	}
}
