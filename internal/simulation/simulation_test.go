package simulation_test

import (
	"flag"
	"fmt"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/simulation"
)

var (
	seed    = flag.Uint64("seed", 0, "live through the world of this seed alone; 0: through many")
	first   = flag.Uint64("first", 1, "the first of the seeds that are lived through")
	events  = flag.String("events", "", "of that seed's history, have only these events happen: their numbers, with commas; 'none'")
	trace   = flag.String("trace", "", "of one seed, print what runs did for this provider, such as p003")
	wires   = flag.Bool("wires", false, "with the real store, the vault and the SDK over a fake of AWS, not in memory")
	worlds  = flag.Uint64("worlds", 0, "live through that many worlds; 0: through two small ones")
	days    = flag.Int("days", 0, "of each world; 0: 20, or 4 over wires")
	minutes = flag.Float64("minutes", 0, "how long to go on; 0: see -worlds")
	shrinks = flag.Duration("shrink", 2*time.Minute, "the longest that a small history is looked for; 0: print violations as they were met")
)

func size(seed uint64) simulation.Options {
	o := simulation.Options{Providers: 12, Days: 20, Wires: *wires, Trouble: float64(seed%4) / 2}
	switch {
	case *wires && *days == 0: // a call costs ten times what it does in memory
		o.Days = 4
	case *days > 0:
		o.Days = *days
	case *worlds == 0 && *minutes == 0: // beside all other tests, under the race detector
		o.Days = 4
	}
	if seed%8 == 5 { // more than a summary names
		o.Providers, o.Days = 120, (o.Days+9)/10
	}
	return o
}

// live lives through one world.
func live(t *testing.T, seed uint64, keep []int, stop time.Duration) (w *simulation.World, f simulation.Figures, v *simulation.Violation) {
	synctest.Test(t, func(t *testing.T) {
		o := size(seed)
		o.Keep, o.Stop = keep, stop
		if *trace != "" {
			o.Trace = func(at time.Duration, report *refresh.Report, err error) {
				for _, res := range report.Results {
					if res.Provider == *trace && (res.Outcome != refresh.Waiting || res.Note.Class != "") {
						t.Logf("%v, in a run of %v: %s, %s, next %v, note %q, %v; the run: %v", at, report.Took, res.Outcome, res.Reason, res.Next, res.Note, res.Err, err)
					}
				}
			}
		}
		w = simulation.New(seed, o)
		f, v = w.Run()
	})
	return w, f, v
}

// TestWorlds lives through worlds from seeds, and prints what they have been through. Of a
// violation it prints a small part of the history that leads to it, and how to repeat that.
func TestWorlds(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // worlds are small, and leave much behind
	began := time.Now()
	if *seed != 0 {
		keep := chosen(t)
		w, f, v := live(t, *seed, keep, 0)
		t.Log(f)
		report(t, w, *seed, v, keep)
		return
	}
	next, most := *first, *worlds
	if most == 0 {
		most = 2
	}
	all, violations := simulation.Figures{}, 0
	var mu sync.Mutex
	take := func() (uint64, bool) {
		mu.Lock()
		defer mu.Unlock()
		s := next
		if *minutes == 0 && s >= *first+most || *minutes > 0 && time.Since(began).Minutes() > *minutes || violations > 0 {
			return 0, false
		}
		next++
		return s, true
	}
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for s, more := take(); more; s, more = take() {
				w, f, v := live(t, s, nil, 0)
				mu.Lock()
				for what, n := range f {
					all[what] += n
				}
				if v != nil {
					violations++
				}
				mu.Unlock()
				report(t, w, s, v, nil)
			}
		})
	}
	wg.Wait()
	t.Logf("seeds %d to %d in %v: %v; %d violations", *first, next-1, time.Since(began).Truncate(time.Second), all, violations)
}

// report prints how a promise was broken in a world, if one was, and a small history that leads to it.
func report(t *testing.T, w *simulation.World, seed uint64, v *simulation.Violation, keep []int) {
	if v == nil {
		return
	}
	if *shrinks == 0 {
		t.Errorf("seed %d, after %v: %s", seed, v.After, v.Text)
		return
	}
	began := time.Now()
	if keep == nil {
		stop := v.After + time.Hour
		if v.After >= time.Duration(size(seed).Days)*24*time.Hour {
			stop = 0 // it was found at the end
		}
		keep = shrink(w.History, func(keep []int) bool {
			_, _, v := live(t, seed, keep, stop)
			return v != nil
		}, func() bool { return time.Since(began) > *shrinks })
		// Over wires a world may go otherwise the next time: then what is known is from the first.
		if _, _, again := live(t, seed, keep, stop); again != nil {
			v = again
		}
	}
	var b strings.Builder
	numbers := make([]string, len(keep))
	for i, n := range keep {
		numbers[i] = strconv.Itoa(n)
		fmt.Fprintf(&b, "%6d  %v\n", n, w.History[n])
	}
	list := strings.Join(numbers, ",")
	if list == "" {
		list = "none"
	}
	flags := ""
	if *wires {
		flags = " -wires"
	}
	t.Errorf("seed %d: of its %d events these lead to a violation:\n%safter %v: %s\ngo test ./internal/simulation -run TestWorlds -v -args%s -days %d -seed %d -events %s",
		seed, len(w.History), b.String(), v.After, v.Text, flags, size(seed).Days, seed, list)
}

// chosen returns the events of -events; nil: all.
func chosen(t *testing.T) (keep []int) {
	if *events == "" {
		return nil
	}
	keep = []int{}
	for text := range strings.SplitSeq(*events, ",") {
		n, err := strconv.Atoi(text)
		if err != nil && text != "none" {
			t.Fatalf("-events: %v", err)
		}
		if err == nil {
			keep = append(keep, n)
		}
	}
	return keep
}

// shrink returns a small part of a history that still fails, as numbers of its events: it
// leaves out all events of a sort, and then ever smaller pieces, without which that is so, until
// nothing more can be left out, or enough reports that the time for that has passed.
func shrink(h simulation.History, fails func(keep []int) bool, enough func() bool) []int {
	keep, tried := make([]int, len(h)), map[simulation.What]int{}
	for i := range keep {
		keep[i] = i
	}
	for _, e := range h {
		less := slices.DeleteFunc(slices.Clone(keep), func(n int) bool { return h[n].What == e.What })
		if len(less) < len(keep) && tried[e.What] == 0 && !enough() && fails(less) {
			keep = less
		}
		tried[e.What]++
	}
	for size := len(keep); size > 0; size /= 2 {
		for from := 0; from < len(keep) && !enough(); {
			less := slices.Delete(slices.Clone(keep), from, min(from+size, len(keep)))
			if fails(less) {
				keep = less
			} else {
				from += size
			}
		}
	}
	return keep
}
