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
	Worlds     int
	Days       float64      // of providers
	Counts     map[What]int // of what befell them, and of what they did
	Violations []string
	First      time.Duration // when the first violation was met, in its world
}

// What is counted beside events.
const (
	runs         What = "runs"
	logins       What = "logins"
	doubleLogins What = "logins of two runs at once"
	issued       What = "tokens issued"
	excused      What = "tokens that expired in an outage too long to survive"
	lost         What = "refresh tokens lost that nothing could keep"
)

func (f *Figures) count(what What, n int) {
	if f.Counts == nil {
		f.Counts = map[What]int{}
	}
	f.Counts[what] += n
}

// Add adds the figures of other worlds.
func (f *Figures) Add(g Figures) {
	f.Worlds += g.Worlds
	f.Days += g.Days
	f.Violations = append(f.Violations, g.Violations...)
	for what, n := range g.Counts {
		f.count(what, n)
	}
}

func (f Figures) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d worlds, %.0f provider-days", f.Worlds, f.Days)
	for _, what := range slices.Sorted(maps.Keys(f.Counts)) {
		fmt.Fprintf(&b, ", %d %s", f.Counts[what], what)
	}
	return fmt.Sprintf("%s; %d violations", &b, len(f.Violations))
}
