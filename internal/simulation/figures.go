package simulation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Figures are what worlds have been through.
type Figures struct {
	Worlds       int
	Days         float64 // of providers
	Runs         int
	Logins       int
	Tokens       int          // issued
	DoubleLogins int          // of two runs of one tick, at the same provider
	Faults       map[What]int // that came about
	Excused      int          // tokens that expired in an outage longer than is survived
	Lost         int          // refresh tokens that no write could have kept
	Violations   []string
	First        time.Duration // when the first violation was met, in its world
}

func (f *Figures) met(what What) {
	if f.Faults == nil {
		f.Faults = map[What]int{}
	}
	f.Faults[what]++
}

// Add adds the figures of other worlds.
func (f *Figures) Add(g Figures) {
	f.Worlds += g.Worlds
	f.Days += g.Days
	f.Runs += g.Runs
	f.Logins += g.Logins
	f.Tokens += g.Tokens
	f.DoubleLogins += g.DoubleLogins
	f.Excused += g.Excused
	f.Lost += g.Lost
	f.Violations = append(f.Violations, g.Violations...)
	for what, n := range g.Faults {
		f.met(what)
		f.Faults[what] += n - 1
	}
}

func (f Figures) String() string {
	total, kinds := 0, []string{}
	for _, what := range slices.Sorted(maps.Keys(f.Faults)) {
		total += f.Faults[what]
		kinds = append(kinds, fmt.Sprintf("%d %s", f.Faults[what], what))
	}
	return fmt.Sprintf("%d worlds, %.0f provider-days, %d runs, %d faults and acts (%s), %d logins (%d double), %d tokens issued, %d expired in outages too long to survive, %d refresh tokens lost that nothing could keep; %d violations",
		f.Worlds, f.Days, f.Runs, total, strings.Join(kinds, ", "), f.Logins, f.DoubleLogins, f.Tokens, f.Excused, f.Lost, len(f.Violations))
}
