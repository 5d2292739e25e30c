// Package status judges the state of a place: for each provider one word, and, where it is not
// well, what is wrong and what to do now. It reads what a run leaves behind, never a
// token, and asks no provider.
package status

import (
	"cmp"
	"slices"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/internal/refresh"
)

// A Report is the judgement on all, the most urgent first.
type Report struct {
	AsOf time.Time `json:"as_of"`
	// Keeper is the judgement on the runs; nil: they were not looked for.
	Keeper *Keeper `json:"keeper,omitempty"`
	// Capacity is nil where it was not looked for, or nothing limits it.
	Capacity *Capacity    `json:"capacity,omitempty"`
	Counts   map[Word]int `json:"counts"`
	Failing  bool         `json:"failing"`
	// Served is false where a provider is not served; orphans do not count.
	Served bool   `json:"served"`
	Lines  []Line `json:"providers"`
}

// Judge judges all subjects at one time. The keeper is nil where runs were not looked for.
func Judge(subjects []Subject, keeper *Keeper, s refresh.Schedule, guide place.Guide, now time.Time) Report {
	now = now.UTC().Truncate(time.Second) // as versions and notes have it
	r := Report{AsOf: now, Keeper: keeper, Failing: keeper.failing(), Counts: map[Word]int{}, Served: true, Lines: make([]Line, 0, len(subjects))}
	for _, sub := range subjects {
		line := judge(sub, keeper, s, guide, now)
		r.Lines = append(r.Lines, line)
		r.Counts[line.counted()]++
		r.Failing = r.Failing || line.Failing
		r.Served = r.Served && (line.Served || line.State == Orphan)
	}
	slices.SortFunc(r.Lines, urgency)
	return r
}

// counted returns the word that the line adds to in a summary: an expired token is
// worth a word of its own, and so is none; other failures are one number.
func (l Line) counted() Word {
	if l.Failing && l.State != Expired && l.State != NoToken && (l.Class != "" || l.State == Due) {
		return Failing
	}
	return l.State
}

// urgency sorts what fails first: what has ended, since applications had it, then what has
// never been, and then the rest. Orphans are last. Of the same kind, what ends soonest
// comes first, and what has no end before that.
func urgency(a, b Line) int {
	rank := func(l Line) int {
		switch {
		case l.State == Expired:
			return 0
		case l.Failing && l.State == NoToken:
			return 1
		case l.Failing:
			return 2
		case l.State == Orphan:
			return 4
		}
		return 3
	}
	return cmp.Or(rank(a)-rank(b), a.ExpiresAt.Compare(b.ExpiresAt), cmp.Compare(a.Provider, b.Provider))
}

// Within returns the judgement on those whose token expires within d, or that have none; it
// is failing if there are any.
func (r Report) Within(d time.Duration) Report {
	soon := Report{AsOf: r.AsOf, Keeper: r.Keeper, Counts: map[Word]int{}, Served: true, Lines: []Line{}}
	for _, l := range r.Lines {
		if l.State == Orphan || l.Served && l.ExpiresAt.Sub(r.AsOf) > d {
			continue
		}
		soon.Lines = append(soon.Lines, l)
		soon.Counts[l.counted()]++
		soon.Served = soon.Served && l.Served
	}
	soon.Failing = r.Keeper.failing() || len(soon.Lines) > 0
	return soon
}

// with returns r with what is known of the capacity.
func (r Report) with(c *Capacity) Report {
	r.Capacity, r.Failing = c, r.Failing || c.Failing()
	return r
}
