package simulation

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// What says what an [Event] is.
type What string

// What happens to one provider, for as long as the event lasts.
const (
	Down         What = "down"          // it answers 503
	Nonsense     What = "nonsense"      // it answers without a token
	Hangs        What = "hangs"         // it does not answer
	LostAnswers  What = "lost answers"  // it does what it is asked, and the answer is lost
	Panics       What = "panics"        // whoever asks it
	Echoes       What = "echoes"        // it answers with the client secret beside the token
	WrongSecret  What = "wrong secret"  // its client secret was replaced, and nothing here knows it yet
	NoCredential What = "no credential" // it was deleted, and is put in again
	BadConfig    What = "bad config"    // an edit that cannot be understood, and is taken back
	Removed      What = "removed"       // its config
	Paused       What = "paused"
	NotOurs      What = "not ours" // its secret has lost its owner's tag; in memory alone
)

// What people do once.
const (
	Edited What = "edited"
	Forced What = "forced"
	ByHand What = "written by hand" // a value that is no record; in memory alone
)

// What happens to AWS, or to the network, for as long as the event lasts.
const (
	Outage    What = "outage"
	Throttled What = "throttled"
	Lagging   What = "lagging" // listings are up to five minutes old
	Offline   What = "offline" // no provider can be reached
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
	if habits[e.What].ofOne {
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

const day = 24 * time.Hour

// A History is all that happens in a world, in order.
type History []Event

// A habit is how often something happens in a day of trouble 1, to ten providers where it happens to
// one of them, and for up to how long.
type habit struct {
	perDay float64
	ofOne  bool
	lasts  []time.Duration // up to one of them; none: no time
}

var (
	long = []time.Duration{20 * time.Second, 3 * time.Minute, 12 * time.Minute, time.Hour, 4 * time.Hour}

	habits = map[What]habit{
		Down: {0.7, true, long}, Nonsense: {0.2, true, long}, Hangs: {0.3, true, long}, LostAnswers: {0.2, true, long},
		Panics: {0.1, true, long}, Echoes: {0.1, true, long}, WrongSecret: {0.2, true, long}, NoCredential: {0.1, true, long},
		BadConfig: {0.2, true, long}, Removed: {0.1, true, long}, Paused: {0.2, true, long}, NotOurs: {0.1, true, long},
		Edited: {0.25, true, nil}, Forced: {0.2, true, nil}, ByHand: {0.1, true, nil},
		Outage: {0.2, false, long}, Throttled: {0.2, false, long}, Lagging: {0.2, false, long}, Offline: {0.1, false, long}, Cut: {0.5, false, nil},
		Missed: {2, false, nil}, Late: {5, false, []time.Duration{20 * time.Second}}, Killed: {5, false, nil},
		Doubled:  {4, false, []time.Duration{time.Second, 10 * time.Second, 40 * time.Second}},
		ClockOff: {0.3, false, []time.Duration{2 * time.Hour}},
	}
)

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
			e := Event{At: time.Duration(r.Int64N(int64(length))).Truncate(time.Millisecond), What: what}
			if f.ofOne {
				e.Provider = r.IntN(providers)
			}
			if len(f.lasts) > 0 {
				e.Lasts = upTo(r, f.lasts[r.IntN(len(f.lasts))])
			}
			switch what {
			case Killed:
				e.Call, e.After = 1+r.IntN(16), r.IntN(2) == 0
			case ClockOff:
				e.Off = []time.Duration{-10 * time.Second, 5 * time.Second, 40 * time.Second, -time.Hour, time.Hour, 3 * time.Hour}[r.IntN(6)]
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
