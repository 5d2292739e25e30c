package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/refresh/scaletest"
)

// scale measures what a stack keeps, in virtual time, with the quotas of an account: all
// tokens due at once, four hours of tokens of an hour in steady state with one cold start
// and one outage of 13 minutes, and nothing due.
func scale(ctx context.Context, flags *flag.FlagSet, args []string) error {
	sizes := flags.String("providers", "10,100,1000,10000", "how many")
	var pace pace
	pace.register(flags)
	writes := flags.Int("writes", 40, "writes of secrets a second")
	cold := flags.Bool("cold", false, "each run is that of a new process")
	hours := flags.Int("hours", 4, "of the steady state")
	scene := flags.String("scene", "all due,steady,none due", "which of these")
	shards := flags.Int("shards", 1, "stacks, in an account or region each, over which the providers are spread")
	only := flags.String("only", "", "of the shards those with these numbers, from 0; empty: all")
	flags.Parse(args)
	return inTest(func(t *testing.T) error {
		o := scaletest.Options{Latency: pace.latency, Login: pace.login, Writes: *writes, Cold: *cold}
		fmt.Printf("%v, %d writes a second, each run in %s\n\n", pace, *writes,
			map[bool]string{false: "the process of the last", true: "a new process"}[*cold])
		fmt.Printf("%-9s %-8s %9s %9s %9s %7s %6s %6s %7s %8s %7s %6s\n", "providers", "", "refreshed", "minutes", "left", "calls", "lost", "dead", "run s", "quotas s", "least s", "ratio")
		var failed error
		for size := range strings.SplitSeq(*sizes, ",") {
			n, err := strconv.Atoi(size)
			if err != nil {
				return fmt.Errorf("-providers: %w", err)
			}
			for name := range strings.SplitSeq(*scene, ",") {
				measure := map[string]func(scaletest.Options, int, int) row{"all due": allDue, "steady": steady, "none due": noneDue}[name]
				if measure == nil {
					return fmt.Errorf("-scene: there is no %q", name)
				}
				if ctx.Err() != nil {
					return ctx.Err()
				}
				var r row
				for shard := range *shards {
					if *only != "" && !slices.Contains(strings.Split(*only, ","), strconv.Itoa(shard)) {
						continue
					}
					o.First = shard * n / *shards
					synctest.Test(t, func(*testing.T) { r = r.with(measure(o, (shard+1)*n / *shards - o.First, *hours)) })
				}
				fmt.Printf("%-9d %-8s %9.0f %9.1f %9s %7.0f %6d %6d %7.2f %8.2f %7.2f %6.2f\n", n, r.what, r.refreshed, r.late.Minutes(), r.left, r.calls, r.Lost, r.Dead, r.took.Seconds(), r.quotas.Seconds(), r.least.Seconds(), r.took.Seconds()/r.least.Seconds())
				if r.Lost > 0 || r.Dead > 0 {
					failed = errors.New("tokens were lost, or expired in a consumer's hands: more is due than can be stored")
				}
			}
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		fmt.Printf("\nmemory of this process: %.0f MiB\n", float64(m.Sys)/(1<<20))
		return failed
	})
}

// A row is what was measured: figures of a run are the mean of those in the steady state.
type row struct {
	scaletest.Figures
	what             string
	refreshed, calls float64
	late             time.Duration // until each had a token; in the steady state, of the latest
	left             time.Duration
	// took is what a run took, quotas what they allow it, and least the least that it can take.
	took, quotas, least time.Duration
	runs                int
}

// with returns what was measured of two shards: counts of both, and the worse of the rest.
func (r row) with(s row) row {
	if r.what == "" {
		return s
	}
	s.Lost, s.Dead, s.refreshed, s.calls = s.Lost+r.Lost, s.Dead+r.Dead, s.refreshed+r.refreshed, s.calls+r.calls
	s.late, s.left, s.took = max(s.late, r.late), min(s.left, r.left), max(s.took, r.took)
	s.quotas, s.least = max(s.quotas, r.quotas), max(s.least, r.least)
	return s
}

// add counts one run more.
func (r *row) add(o scaletest.Options, d demand, report *refresh.Report) {
	r.runs++
	r.refreshed += float64(report.Count(refresh.Refreshed))
	r.took += report.Took
	r.quotas += d.quotas(o)
	r.least += d.least(o)
}

// mean has figures of a run be the mean of those that were added.
func (r *row) mean() {
	n := max(r.runs, 1)
	r.refreshed /= float64(n)
	r.took /= time.Duration(n)
	r.quotas /= time.Duration(n)
	r.least /= time.Duration(n)
}

// allDue has no token anywhere, and goes on until each provider has had one.
func allDue(o scaletest.Options, n, _ int) row {
	a := scaletest.New(o, n, func(int) time.Duration { return -1 })
	r := row{what: "all due"}
	ticks := 0
	for ; a.Without() > 0 && ticks < 120; ticks++ {
		report, _ := a.Tick(context.Background(), strconv.Itoa(ticks))
		if ticks == 0 {
			d := since(scaletest.Figures{}, a.Figures())
			d.cold = true
			r.add(o, d, report)
			r.calls = float64(a.Figures().Calls)
		}
	}
	r.Figures, r.late = a.Figures(), time.Duration(ticks)*time.Minute
	r.left = r.LeastLeft.Truncate(time.Second)
	return r
}

// steady begins cold, without a token, and has no network for 13 minutes in its middle.
func steady(o scaletest.Options, n, hours int) row {
	a := scaletest.New(o, n, func(int) time.Duration { return -1 })
	r := row{what: "steady"}
	down := hours * 30
	for minute := range hours * 60 {
		switch minute {
		case down:
			a.Unplug(true)
		case down + 13:
			a.Unplug(false)
		}
		before := a.Figures()
		report, _ := a.Tick(context.Background(), strconv.Itoa(minute))
		if minute >= 60 && (minute < down || minute > down+60) {
			d := since(before, a.Figures())
			d.cold = o.Cold
			r.add(o, d, report)
		}
		if minute >= 60 {
			r.late = max(r.late, report.Lateness())
		}
	}
	r.mean()
	r.Figures = a.Figures()
	r.left, r.calls = r.LeastLeft.Truncate(time.Second), float64(r.Calls)/float64(hours*60)
	return r
}

// noneDue has new tokens everywhere.
func noneDue(o scaletest.Options, n, _ int) row {
	a := scaletest.New(o, n, func(int) time.Duration { return time.Minute })
	a.Tick(context.Background(), "")
	before := a.Figures()
	report, _ := a.Tick(context.Background(), "")
	r := row{what: "none due", Figures: a.Figures()}
	d := since(before, r.Figures)
	d.cold = o.Cold
	r.add(o, d, report)
	r.left, r.calls = r.LeastLeft.Truncate(time.Second), float64(r.Calls-before.Calls)
	return r
}

// inTest calls f as a test, since virtual time is for tests alone. It does not return.
func inTest(f func(*testing.T) error) error {
	all := func(string, string) (bool, error) { return true, nil }
	testing.Main(all, []testing.InternalTest{{Name: "scale", F: func(t *testing.T) {
		if err := f(t); err != nil {
			t.Error(err)
		}
	}}}, nil, nil)
	return nil
}
