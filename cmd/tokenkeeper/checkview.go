package main

import (
	"fmt"
	"strings"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/refresh"
)

// A checkView is what check shows.
type checkView struct {
	Configs     int              `json:"configs"`
	Credentials int              `json:"credentials"`
	Problems    refresh.Problems `json:"problems"`
	// Providers has those that are in order.
	Providers []keptView `json:"providers"`
	// Unused are credentials that no config names.
	Unused []string `json:"unused_credentials,omitempty"`

	// CredentialsRead is false where only their presence was checked.
	CredentialsRead bool `json:"credentials_read"`

	tick, cacheAge time.Duration
}

// A keptView says how well a provider's token can be kept.
type keptView struct {
	Provider string `json:"provider"`
	// Lifetime is that of the present token, in seconds; absent: there is none yet.
	Lifetime int64 `json:"lifetime_seconds,omitempty"`
	// Survives is the longest outage in which no application is left with a token that is
	// over, in seconds.
	Survives   int64    `json:"survives_seconds"`
	ShortLived bool     `json:"short_lived"`
	Advice     []string `json:"advice,omitempty"`
}

func (v checkView) text(s *terminal.Screen) {
	showProblems(s, v.Problems)
	if len(v.Problems) > 0 {
		s.Line("")
	}
	if len(v.Providers) > 0 {
		s.Table(v.table())
		s.Line("")
	}
	if !v.CredentialsRead {
		s.Paragraph("", "Credentials were not read: that they are there is all that was checked.")
	}
	if len(v.Unused) > 0 {
		s.Paragraph("", "No config names these credentials: "+strings.Join(v.Unused, ", ")+".")
	}
	s.Paragraph("", v.summary(s))
}

// showProblems shows problems below the document that each is of.
func showProblems(s *terminal.Screen, problems refresh.Problems) {
	where := ""
	for _, p := range problems {
		if p.Where != where {
			where = p.Where
			s.Line("%s", s.Paint(terminal.Strong, where))
		}
		what := p.Detail
		if p.Path != "" {
			what = p.Path + ": " + what
			if p.Value != "" {
				what = p.Path + " = " + p.Value + ": " + p.Detail
			}
		}
		s.Paragraph("  "+s.Paint(terminal.Bad, "✗")+" ", what)
		if p.Remedy != "" {
			s.Paragraph("    → ", p.Remedy)
		}
	}
}

func (v checkView) table() terminal.Table {
	t := terminal.Table{Headers: []string{"PROVIDER", "TOKEN LIVES", "OUTAGE SURVIVED"}}
	for _, p := range v.Providers {
		row := terminal.Row{Cells: []terminal.Cell{{Text: p.Provider}, {Text: "not known yet"}, {Text: "-"}}}
		if p.Lifetime > 0 {
			row.Cells[1].Text = terminal.Span(time.Duration(p.Lifetime) * time.Second)
			row.Cells[2] = v.survived(p)
		}
		for _, advice := range p.Advice {
			row.Below = append(row.Below, terminal.Below{Text: advice})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (v checkView) survived(p keptView) terminal.Cell {
	switch {
	case p.ShortLived:
		return terminal.Cell{Text: "none: short_lived", Style: terminal.Warn}
	case p.Survives == 0:
		return terminal.Cell{Text: "none", Style: terminal.Warn}
	}
	return terminal.Cell{Text: terminal.Span(time.Duration(p.Survives) * time.Second)}
}

func (v checkView) summary(s *terminal.Screen) string {
	checked := fmt.Sprintf("%s and %s (tick %s, cache age %s).", plural(v.Configs, "config"),
		plural(v.Credentials, "credential"), terminal.Span(v.tick), terminal.Span(v.cacheAge))
	if len(v.Problems) == 0 {
		return s.Paint(terminal.Good, "Nothing is wrong") + " in " + checked
	}
	return s.Paint(terminal.Bad, plural(len(v.Problems), "problem")) + " in " + checked
}
