package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

// The enumeration has a run of each kind of login fail at each of its calls, to AWS and to the
// provider, which are counted: in every way, singly and in pairs, within one run and over two, in
// a new process and in one that keeps what former faults have left.

var pairs = flag.Int("pairs", 0, "how many pairs of faults are drawn beside all single ones; all pairs if negative; 0: 60, beside a fortieth of the single ones")

// What befalls a call. Of AWS and of providers each has a way of doing it.
const (
	denied       = "denied"
	throttled    = "throttled"
	failing      = "500"
	lostRequest  = "lost request"
	lostAnswer   = "lost answer"
	slow         = "slow"
	silent       = "silent"
	killedBefore = "killed before"
	killedAfter  = "killed after"
)

// A strike is one fault: of so many calls of a run, from the nth on.
type strike struct {
	run, call int
	kind      string
	calls     int // zero: to the end of the run
}

func (s strike) String() string {
	return fmt.Sprintf("run %d, call %d: %s, %d times", s.run+1, s.call, s.kind, s.calls)
}

// lasting reports whether nothing of the run goes through any more.
func (s strike) lasting() bool { return s.calls == 0 || strings.HasPrefix(s.kind, "killed") }

// What a process went through before the run that is struck.
const (
	aNewProcess     = "a new process"
	aWarmProcess    = "a warm process"
	afterAnOutage   = "after a long outage"
	deadConnections = "after all connections broke in silence"
	aClockOffset    = "after answers with another time"
)

// A play is one case.
type play struct {
	login   *login
	later   bool // the token is not the first
	before  string
	strikes []strike
}

func (p play) String() string {
	return fmt.Sprintf("%s, a later token %t, %s, %v", p.login.name, p.later, p.before, p.strikes)
}

// TestEveryFaultOfARun prints how many cases there are and what came of them.
func TestEveryFaultOfARun(t *testing.T) {
	random := rand.New(rand.NewPCG(20261126, 14))
	var settings []play
	singles := map[*login]map[bool][]strike{} // of the first run, and of the one after it
	for _, l := range logins(t) {
		singles[l] = map[bool][]strike{}
		for _, later := range []bool{false, true} {
			p := play{login: l, later: later, before: aWarmProcess}
			calls := 0
			synctest.Test(t, func(t *testing.T) {
				s := perform(t, p)
				calls = len(s.counted)
				if s.violation != "" {
					t.Fatalf("%v: %s", p, s.violation)
				}
			})
			for run := range 2 {
				for call := range calls {
					for _, kind := range []string{denied, throttled, failing, lostRequest, lostAnswer, slow, silent} {
						for _, times := range []int{1, 5, 0} {
							singles[l][later] = append(singles[l][later], strike{run, call + 1, kind, times})
						}
					}
					singles[l][later] = append(singles[l][later], strike{run, call + 1, killedBefore, 1}, strike{run, call + 1, killedAfter, 1})
				}
			}
			settings = append(settings, p)
			t.Logf("%s, a later token %t: %d calls", l.name, later, calls)
		}
	}
	var mu sync.Mutex
	cases, lost, outlived, violations := 0, 0, 0, 0
	work, left := make(chan play), make(chan struct{}, 2)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			defer func() { left <- struct{}{} }() // also where a bubble fails, and ends this
			for p := range work {
				var s *stage
				synctest.Test(t, func(t *testing.T) { s = perform(t, p) })
				mu.Lock()
				cases++
				if s.lost {
					lost++
				}
				if p.before != aNewProcess && p.before != aWarmProcess {
					outlived++
				}
				if s.violation != "" {
					if violations++; violations <= 10 {
						t.Errorf("%v: %s\ncalls of the first run: %q", p, s.violation, s.counted)
					}
				}
				mu.Unlock()
			}
		})
	}
	with := func(p play, strikes ...strike) {
		p.strikes = strikes
		select {
		case work <- p:
		case <-left:
			t.FailNow()
		}
	}
	n := 0
	for _, p := range settings {
		of := singles[p.login][p.later]
		for _, s := range of[:len(of)/2] { // the second run has nothing to do then
			if n++; *pairs < 0 || s.calls != 5 && (*pairs > 0 || n%40 == 0) { // beside all other tests, under the race detector
				with(p, s)
			}
		}
	}
	befores := []string{aNewProcess, aWarmProcess, afterAnOutage, deadConnections, aClockOffset}
	if *pairs < 0 {
		for _, p := range settings {
			of := singles[p.login][p.later]
			for _, p.before = range befores {
				for i := range of {
					for j := range i {
						with(p, of[j], of[i])
					}
				}
			}
		}
	}
	drawn := *pairs
	if drawn == 0 {
		drawn = 60
	}
	for range drawn {
		p := settings[random.IntN(len(settings))]
		p.before = befores[random.IntN(len(befores))]
		of := singles[p.login][p.later]
		with(p, of[random.IntN(len(of)/2)], of[random.IntN(len(of))])
	}
	close(work)
	wg.Wait()
	t.Logf("%d cases of %d kinds of login, %d of them after a fault that the process outlived, %d violations; in %d a refresh token was lost that no write of the run could have kept",
		cases, len(singles), outlived, violations, lost)
}
