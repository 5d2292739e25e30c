package refresh_test

import (
	"flag"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// The enumeration plays a rotating login against everything that can befall it: each of its
// calls, struck by each kind of fault for each duration, singly and in pairs, with every
// way in which providers treat a refresh token that is sent again.

var pairs = flag.Int("pairs", 0, "how many pairs of faults are drawn beside all single ones; negative: all pairs; 0: 200, beside every twentieth single one")

// The calls of a login.
const (
	atClaim  = "claim"
	atGrant  = "grant"
	atPut    = "put"
	atMove   = "move"
	atRecord = "record"
	atNote   = "note"
)

// The kinds of faults.
const (
	refused      = "refused"
	throttled    = "throttled"
	failing      = "500"
	reset        = "reset"
	silence      = "silence"
	killedBefore = "killed before"
	killedAfter  = "killed after"
)

// A strike is one fault, from the first call that it meets on. What it does to a request of a
// login may come before or after its effect.
type strike struct {
	call, kind string
	lasts      time.Duration
	arrives    bool // the request has its effect, and the answer is lost
}

// A play is one case.
type play struct {
	strikes []strike
	grace   time.Duration
	reuse   string // what becomes of a ticket that was replaced
	runs    int    // at once
}

// The ways in which providers treat a ticket that was replaced, once the grace has passed.
const (
	samePair    = "same pair"
	anotherPair = "another pair"
	justRefused = "refused"
	revoked     = "all revoked"
)

const (
	enumTick    = time.Minute
	runTime     = 50 * time.Second
	attemptTime = 10 * time.Second
	tokenLives  = time.Hour
)

// TestEveryFaultOfARotatingLogin prints how many cases there are and what came of them.
func TestEveryFaultOfARotatingLogin(t *testing.T) {
	var singles []strike
	for _, call := range []string{atClaim, atGrant, atPut, atMove, atRecord, atNote} {
		for _, kind := range []string{refused, throttled, failing, reset, silence, killedBefore, killedAfter} {
			for _, lasts := range []time.Duration{time.Second, 3 * time.Second, 10 * time.Second, 45 * time.Second, 2 * enumTick} {
				singles = append(singles, strike{call, kind, lasts, false})
				if kind == failing || kind == reset || kind == silence {
					singles = append(singles, strike{call, kind, lasts, true})
				}
			}
		}
	}
	var settings []play
	for _, grace := range []time.Duration{0, 30 * time.Second, 30 * time.Minute} {
		for _, reuse := range []string{samePair, anotherPair, justRefused, revoked} {
			for _, runs := range []int{1, 3} {
				settings = append(settings, play{nil, grace, reuse, runs})
			}
		}
	}
	var cases []play
	with := func(setting play, strikes ...strike) play {
		setting.strikes = strikes
		return setting
	}
	for _, setting := range settings {
		for _, k := range singles {
			cases = append(cases, with(setting, k))
		}
	}
	random := rand.New(rand.NewPCG(20261125, 10))
	drawn := *pairs
	if drawn == 0 { // beside all other tests, under the race detector
		drawn = 200
		random.Shuffle(len(cases), func(i, j int) { cases[i], cases[j] = cases[j], cases[i] })
		cases = cases[:len(cases)/20]
	}
	if *pairs < 0 {
		for _, setting := range settings {
			for i := range singles {
				for j := range i {
					cases = append(cases, with(setting, singles[j], singles[i]))
				}
			}
		}
	}
	for range drawn {
		cases = append(cases, with(settings[random.IntN(len(settings))], singles[random.IntN(len(singles))], singles[random.IntN(len(singles))]))
	}
	var mu sync.Mutex
	lost, unavoidable, violations := 0, 0, 0
	var without time.Duration
	judge := func(p play) {
		var o outcome
		var s *stage
		synctest.Test(t, func(*testing.T) { o, s = perform(p) })
		mu.Lock()
		defer mu.Unlock()
		without += o.withoutToken
		if o.lost {
			lost++
		}
		if o.lost && o.unavoidable {
			unavoidable++
		}
		if o.lost && !o.unavoidable || o.sentReplaced > 0 || o.revokedLive > 0 || o.lost && !o.noted {
			if violations++; violations <= 10 {
				t.Errorf("%+v:\n%+v\nfailures %v, note %s", p, o, s.events, s.state.Note)
			}
		}
	}
	work := make(chan play)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for p := range work {
				judge(p)
			}
		})
	}
	for _, p := range cases {
		work <- p
	}
	close(work)
	wg.Wait()
	t.Logf("%d cases of a rotating login, %d violations; %d consents were lost, all but %d of which no write could have kept; %.0f minutes without a live token",
		len(cases), violations, lost, lost-unavoidable, without.Minutes())
}
