package main

import (
	"fmt"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/refresh"
)

// A keeping says how well a token of some lifetime can be kept.
type keeping struct {
	// Lifetime is in seconds, as all of these are.
	Lifetime int64 `json:"lifetime_seconds,omitempty"`
	// From says whose word the lifetime is.
	From string `json:"lifetime_from,omitempty"`
	// Lead is how long before its end the token is due, and DueAfter how long after its
	// issue, which may be later: see [refresh.Schedule.DueAt].
	Lead     int64 `json:"lead_seconds,omitempty"`
	DueAfter int64 `json:"due_after_seconds,omitempty"`
	// Survives is the longest outage in which no application is left with a token that is
	// over.
	Survives   int64 `json:"survives_seconds"`
	ShortLived bool  `json:"short_lived"`
}

// keep works out how a token of p is kept.
func keep(s refresh.Schedule, p refresh.Provider, lifetime time.Duration, from string) keeping {
	s = s.For(p)
	var issued time.Time
	seconds := func(d time.Duration) int64 { return int64(d / time.Second) }
	return keeping{
		Lifetime:   seconds(lifetime),
		From:       from,
		Lead:       seconds(s.Lead(p.Name, lifetime)),
		DueAfter:   seconds(s.DueAt(p.Name, refresh.Version{IssuedAt: issued, Lifetime: lifetime}).Sub(issued)),
		Survives:   seconds(max(0, s.Survives(p.Name, lifetime))),
		ShortLived: s.ShortLived(lifetime),
	}
}

// keepingHeaders are those of the cells of a keeping.
var keepingHeaders = []string{"TOKEN LIVES", "LEAD", "DUE AFTER", "OUTAGE SURVIVED"}

func (k keeping) cells() []terminal.Cell {
	span := func(seconds int64) terminal.Cell {
		return terminal.Cell{Text: terminal.Exact(time.Duration(seconds) * time.Second)}
	}
	survived := span(k.Survives)
	switch {
	case k.ShortLived:
		survived = terminal.Cell{Text: "none: short_lived", Style: terminal.Warn}
	case k.Survives == 0:
		survived = terminal.Cell{Text: "none", Style: terminal.Warn}
	}
	return []terminal.Cell{span(k.Lifetime), span(k.Lead), span(k.DueAfter), survived}
}

// arithmetic says how the cells come about, with the numbers of the schedule.
func arithmetic(s refresh.Schedule, p refresh.Provider) []string {
	s = s.For(p)
	margin := s.Margin()
	m := terminal.Exact(margin)
	lead := fmt.Sprintf("lead = max(lives / 3, %s) + a spread below lives / 6, by the name", m)
	if p.Supersedes {
		lead = fmt.Sprintf("lead = %s, and not sooner: a new token ends the one before", m)
	}
	due := "due after = max(lives - lead, lives / 3)"
	if s.Distance > 0 {
		due = fmt.Sprintf("due after = max(lives - lead, lives / 3, %s between two writes)", terminal.Exact(s.Distance))
	}
	survived := fmt.Sprintf("outage survived = lives - due after - %s", m)
	if c := s.Claims; p.Rotates && c != (refresh.Claims{}) {
		survived += fmt.Sprintf("; of that %s, or all but %s if that is more, since a refresh token is tried for %s on end, and then every %s",
			terminal.Exact(c.Eager), terminal.Exact(c.Rest), terminal.Exact(c.Eager), terminal.Exact(c.Rest))
	}
	return []string{
		fmt.Sprintf("%s = 2 ticks of %s + a cache age of %s", m, terminal.Exact(s.Tick), terminal.Exact(s.CacheAge)),
		lead, due, survived,
	}
}

// showKeeping shows how tokens of some lifetimes are kept.
func showKeeping(s *terminal.Screen, rows []keeping, formulas []string) {
	t := terminal.Table{Headers: append([]string{"LIFETIME FROM"}, keepingHeaders...)}
	for _, k := range rows {
		t.Rows = append(t.Rows, terminal.Row{Cells: append([]terminal.Cell{{Text: k.From}}, k.cells()...)})
	}
	s.Table(t)
	showFormulas(s, formulas)
}

// showCapacity says how full the place is; nil: nothing is known of it.
func showCapacity(s *terminal.Screen, c *status.Capacity) {
	if c == nil {
		return
	}
	s.Paragraph("capacity: ", c.String())
	switch {
	case c.Failing():
		s.Paragraph("  "+s.Paint(terminal.Bad, "✗")+" ", c.Wrong)
	case c.Warning != "":
		s.Paragraph("  "+s.Paint(terminal.Warn, "!")+" ", c.Warning)
	}
}

func showFormulas(s *terminal.Screen, formulas []string) {
	for _, f := range formulas {
		s.Paragraph("  ", s.Paint(terminal.Quiet, f))
	}
}
