package simulation

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// What says what an [Event] is, or what is counted.
type What string

// What happens to one provider, for as long as the event lasts.
const (
	Down          What = "down"           // it answers 503
	Nonsense      What = "nonsense"       // it answers without a token
	Hangs         What = "hangs"          // it does not answer
	LostAnswers   What = "lost answers"   // it does what it is asked, and the answer is lost
	Doubts        What = "doubts"         // it rejects a refresh token that is good
	Panics        What = "panics"         // its endpoint
	Echoes        What = "echoes"         // it answers with the client secret beside the token
	WrongSecret   What = "wrong secret"   // its client secret was replaced, and nothing here knows it yet
	NoCredential  What = "no credential"  // it was deleted, and is put in again
	BadCredential What = "bad credential" // an edit that contradicts itself, and is taken back
	BadConfig     What = "bad config"     // an edit that cannot be understood, and is taken back
	Removed       What = "removed"        // its config
	Paused        What = "paused"
	NotOurs       What = "not ours" // its secret has lost its owner's tag; in memory alone
)

// What people do once.
const (
	Edited    What = "edited"
	Approved  What = "approved" // some minutes after each edit
	Forced    What = "forced"
	ByHand    What = "written by hand" // a value that is no record; in memory alone
	Consented What = "consented"       // after a person was called
)

// What happens to AWS, or to the network, for as long as the event lasts.
const (
	Outage    What = "outage"
	Throttled What = "throttled"
	Lagging   What = "lagging" // listings are up to five minutes old
	Offline   What = "offline" // no provider can be reached
	Cut       What = "cut"     // once: every pooled connection dies
	ClockOff  What = "clock off"
)

// What happens to the run at or after the time of the event.
const (
	Missed  What = "missed"
	Late    What = "late"    // by Lasts
	Doubled What = "doubled" // the second run begins Lasts after the first
	Killed  What = "killed"  // at the nth call from then on
)

// A habit is how an event behaves.
type habit struct {
	perDay float64         // at trouble 1, to ten providers where it happens to one of them
	lasts  []time.Duration // for up to one of them; none: it happens once
	ofOne  bool            // it happens to one provider
	bad    bool            // meanwhile no login, or no run, can succeed
	after  time.Duration   // for how long after it that is so
	acts   bool            // people do it, and the next tick is to find it
}

var (
	long  = []time.Duration{20 * time.Second, 3 * time.Minute, 12 * time.Minute, time.Hour, 4 * time.Hour, 16 * time.Hour}
	short = []time.Duration{time.Second, 10 * time.Second, 40 * time.Second}

	habits = map[What]habit{
		Down:          {perDay: 0.7, lasts: long, ofOne: true, bad: true},
		Nonsense:      {perDay: 0.2, lasts: long, ofOne: true, bad: true, after: 4 * time.Hour}, // as after a rejected login
		Hangs:         {perDay: 0.3, lasts: long, ofOne: true, bad: true},
		LostAnswers:   {perDay: 0.2, lasts: long, ofOne: true, bad: true},
		Doubts:        {perDay: 0.6, lasts: long, ofOne: true, bad: true},
		Panics:        {perDay: 0.1, lasts: long, ofOne: true, bad: true},
		Echoes:        {perDay: 0.1, lasts: long, ofOne: true, bad: true, after: 4 * time.Hour},
		WrongSecret:   {perDay: 0.2, lasts: long, ofOne: true, bad: true, acts: true},
		NoCredential:  {perDay: 0.1, lasts: long, ofOne: true, bad: true, acts: true},
		BadCredential: {perDay: 0.2, lasts: long, ofOne: true, bad: true, acts: true},
		BadConfig:     {perDay: 0.2, lasts: long, ofOne: true, bad: true, acts: true},
		Removed:       {perDay: 0.1, lasts: long, ofOne: true, bad: true, acts: true},
		Paused:        {perDay: 0.2, lasts: long, ofOne: true, bad: true, acts: true},
		NotOurs:       {perDay: 0.1, lasts: long, ofOne: true, bad: true, acts: true},
		Edited:        {perDay: 0.25, ofOne: true, acts: true},
		Approved:      {ofOne: true, acts: true},
		Forced:        {perDay: 0.2, ofOne: true, acts: true},
		ByHand:        {perDay: 0.1, ofOne: true, acts: true},
		Consented:     {ofOne: true, acts: true},
		Outage:        {perDay: 0.2, lasts: long, bad: true},
		Throttled:     {perDay: 0.2, lasts: long, bad: true},
		Offline:       {perDay: 0.1, lasts: long, bad: true},
		Lagging:       {perDay: 0.2, lasts: long},
		ClockOff:      {perDay: 0.3, lasts: []time.Duration{2 * time.Hour}},
		Cut:           {perDay: 0.5},
		Missed:        {perDay: 2},
		Late:          {perDay: 5, lasts: short[:2]},
		Doubled:       {perDay: 4, lasts: short},
		Killed:        {perDay: 5},
	}
)

// An Event is one thing that goes wrong, or that people do.
type Event struct {
	At       time.Duration // since the world began
	What     What
	Provider int           // its number, where it is about one
	Lasts    time.Duration // also a delay
	Call     int           // what is killed, counted from 1
	After    bool          // killed after the effect of the call, not before
	Off      time.Duration // of the clock
}

func (e Event) String() string {
	s := fmt.Sprintf("%v %s", e.At.Truncate(time.Second), e.What)
	if habits[e.What].ofOne {
		s += " " + name(e.Provider)
	}
	switch {
	case e.What == Killed:
		s += fmt.Sprintf(" at call %d, after its effect %t", e.Call, e.After)
	case e.What == ClockOff:
		s += fmt.Sprintf(" by %v for %v", e.Off, e.Lasts)
	case e.Lasts > 0:
		s += fmt.Sprintf(" for %v", e.Lasts.Truncate(time.Second))
	}
	return s
}

const (
	day = 24 * time.Hour
	// clockError is how far clocks may be off, and lagOfListing how old a listing may be.
	clockError, lagOfListing = 10 * time.Second, 5 * time.Minute
	// manyProviders are too many to be all named in a summary.
	manyProviders = 100
)

// A History is all that happens in a world, in order.
type History []Event

// draw returns what happens to so many providers in a time.
func draw(r *rand.Rand, providers int, length time.Duration, trouble float64) History {
	var h History
	for _, what := range slices.Sorted(maps.Keys(habits)) {
		f := habits[what]
		n := f.perDay * trouble * length.Hours() / 24
		if f.ofOne {
			n *= float64(providers) / 10
		}
		for range int(n + r.Float64()) {
			e := Event{At: upTo(r, length), What: what, Provider: r.IntN(providers), Call: 1 + r.IntN(16), After: r.IntN(2) == 0}
			e.Off = []time.Duration{-clockError, clockError / 2, clockError}[r.IntN(3)]
			if len(f.lasts) > 0 {
				e.Lasts = min(upTo(r, f.lasts[r.IntN(len(f.lasts))]), length-e.At)
			}
			h = append(h, e)
		}
	}
	if providers > manyProviders { // then so many fail at once
		h = append(h, Event{What: Offline, Lasts: 3 * time.Minute})
	}
	slices.SortStableFunc(h, func(a, b Event) int { return int(a.At - b.At) })
	return h
}

func upTo(r *rand.Rand, d time.Duration) time.Duration {
	return (time.Millisecond + time.Duration(r.Int64N(int64(d)))).Truncate(time.Millisecond)
}

// name returns the name of a provider.
func name(i int) string { return fmt.Sprintf("p%03d", i) }
