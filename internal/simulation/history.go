package simulation

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// What says what an [Event] is.
type What string

// What happens to one provider, for as long as the event lasts.
const (
	Down        What = "down"         // it answers 503
	Hangs       What = "hangs"        // it does not answer
	LostAnswers What = "lost answers" // it does what it is asked, and the answer is lost
	WrongSecret What = "wrong secret" // its client secret was replaced, and nothing here knows it yet
	Paused      What = "paused"
)

// What people do once.
const (
	Edited What = "edited"
	Forced What = "forced"
)

// What happens to AWS, for as long as the event lasts.
const (
	Outage    What = "outage"
	Throttled What = "throttled"
	Lagging   What = "lagging" // listings are up to five minutes old
	Cut       What = "cut"     // once: every pooled connection dies
)

// What happens to the runs at or after the time of the event.
const (
	Missed   What = "missed"
	Late     What = "late"    // by Lasts
	Doubled  What = "doubled" // the second run begins Lasts after the first
	Killed   What = "killed"  // at the nth call from then on
	ClockOff What = "clock off"
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
	if e.What.ofOne() {
		s += " " + name(e.Provider)
	}
	switch {
	case e.What == Killed:
		s += fmt.Sprintf(" at call %d, after its effect %t", e.Call, e.After)
	case e.Lasts > 0:
		s += fmt.Sprintf(" for %v", e.Lasts.Truncate(time.Second))
	}
	if e.Off != 0 {
		s += fmt.Sprintf(" by %v", e.Off)
	}
	return s
}

// A History is all that happens in a world, in order.
type History []Event

// frequencies says how often things happen in a day of trouble 1: to ten providers where they
// happen to one, else to all.
var frequencies = []struct {
	what   What
	perDay float64
}{
	{Down, 0.7}, {Hangs, 0.3}, {LostAnswers, 0.2}, {WrongSecret, 0.2}, {Paused, 0.2}, {Edited, 0.25}, {Forced, 0.2},
	{Outage, 0.2}, {Throttled, 0.2}, {Lagging, 0.2}, {Cut, 0.5},
	{Missed, 2}, {Late, 5}, {Doubled, 4}, {Killed, 5}, {ClockOff, 0.3},
}

// ofOne reports whether such events happen to one provider.
func (what What) ofOne() bool {
	return slices.Contains([]What{Down, Hangs, LostAnswers, WrongSecret, Paused, Edited, Forced}, what)
}

// draw returns what happens to so many providers in a time.
func draw(r *rand.Rand, providers int, length time.Duration, trouble float64) History {
	var h History
	for _, f := range frequencies {
		n := f.perDay * trouble * length.Hours() / 24
		if f.what.ofOne() {
			n *= float64(providers) / 10
		}
		for range int(n + r.Float64()) {
			e := Event{At: time.Duration(r.Int64N(int64(length))).Truncate(time.Millisecond), What: f.what}
			if f.what.ofOne() {
				e.Provider = r.IntN(providers)
			}
			switch f.what {
			case Edited, Forced, Cut, Missed:
			case Late:
				e.Lasts = upTo(r, 20*time.Second)
			case Doubled:
				e.Lasts = upTo(r, []time.Duration{time.Second, 10 * time.Second, 40 * time.Second}[r.IntN(3)])
			case Killed:
				e.Call, e.After = 1+r.IntN(16), r.IntN(2) == 0
			case ClockOff:
				e.Lasts = upTo(r, 2*time.Hour)
				e.Off = []time.Duration{-10 * time.Second, 5 * time.Second, 40 * time.Second, -time.Hour, time.Hour, 3 * time.Hour}[r.IntN(6)]
			default:
				e.Lasts = upTo(r, []time.Duration{20 * time.Second, 3 * time.Minute, 12 * time.Minute, time.Hour, 4 * time.Hour}[r.IntN(5)])
			}
			h = append(h, e)
		}
	}
	slices.SortStableFunc(h, func(a, b Event) int { return int(a.At - b.At) })
	return h
}

func upTo(r *rand.Rand, d time.Duration) time.Duration {
	return (time.Millisecond + time.Duration(r.Int64N(int64(d)))).Truncate(time.Millisecond)
}

// name returns the name of a provider.
func name(i int) string { return fmt.Sprintf("p%03d", i) }
