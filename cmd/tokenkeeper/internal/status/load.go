package status

import (
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// A Load compares what the planned refreshes of all tokens need with what runs can store.
type Load struct {
	// Need and Can are saves in a tick; where Can is zero, nothing limits them.
	Need, Can float64
	// Survived is the least outage survived at this load, of the tokens that without any load
	// survive [LeastSurvived]; at most what the schedule alone allows. See
	// [refresh.Schedule.Survives].
	Survived time.Duration
	// Ends is the load, as of Percent, from which one of them survives no outage; zero: there are
	// none.
	Ends float64
}

// A Kept is a provider and the lifetime of its token.
type Kept struct {
	refresh.Provider
	Lifetime time.Duration
}

// LeastSurvived is the shortest outage that is worth the name: a run that fails, and the next.
func LeastSurvived(s refresh.Schedule) time.Duration { return 2 * s.Tick }

// LoadOf returns the load of providers with tokens of those lifetimes, for runs that last so long.
//
// Up to 100 % a run stores all that is due in it, and an outage is survived as if there were no
// other provider. Above, the backlog grows until refreshes are as far apart as runs can make
// them: each token is then replaced later by the same factor, and that much less is survived.
func LoadOf(s refresh.Schedule, l refresh.Limits, run time.Duration, tokens []Kept) Load {
	load := Load{Can: l.In(run)}
	type token struct{ every, survived time.Duration }
	var kept []token
	for _, k := range tokens {
		every := s.For(k.Provider).DueAt(k.Name, refresh.Version{Lifetime: k.Lifetime}).Sub(time.Time{})
		load.Need += float64(k.Saves()) * float64(s.Tick) / float64(max(every, s.Tick))
		if survived := s.For(k.Provider).Survives(k.Name, k.Lifetime); survived >= LeastSurvived(s) {
			kept = append(kept, token{every, survived})
		}
	}
	stretch := max(load.Percent()/100-1, 0)
	for i, t := range kept {
		survived := t.survived - time.Duration(stretch*float64(t.every))
		ends := 100 * (1 + float64(t.survived)/float64(t.every))
		if i == 0 {
			load.Survived, load.Ends = survived, ends
		}
		load.Survived, load.Ends = min(load.Survived, survived), min(load.Ends, ends)
	}
	load.Survived = max(load.Survived, 0).Truncate(time.Second)
	return load
}

// Percent returns what is needed of what can be stored.
func (l Load) Percent() float64 {
	if l.Can <= 0 {
		return 0
	}
	return 100 * l.Need / l.Can
}
