package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/refresh"
)

func (c *cli) check() *cobra.Command {
	var when scheduleFlags
	var allowLoopback, readCredentials bool
	cmd := c.looking(&cobra.Command{
		Use:   "check [NAME...]",
		Short: "Find everything that is wrong in configs and credentials",
		Long: `Find everything that is wrong in all configs and credentials, or in those of
the providers that are named, at once: the file, the path into it, what is
there, what is wrong with it and what to write instead. No provider is asked.

For each provider that is in order it says how well its token can be kept, with
the lifetime that the present token has, or that the config states: when it is
replaced, and the longest outage of the provider in which no application is left
with an expired token. How that comes about is below. On AWS it also says how
much of what runs can store is due, and what is survived at that load.

On AWS credentials are not read: that they are there is checked, where you may
see that, and the rest with --read-credentials.`,
		Example: `  tokenkeeper check
  tokenkeeper check --dir DIR
  tokenkeeper check --dir DIR --tick 5m --output json`,
	}, func(cmd *cobra.Command, p place.Place, names []string) error {
		schedule, err := when.over(p.Schedule(), cmd)
		if err != nil {
			return err
		}
		c.assumed(p, schedule)
		k := checker{place: p, parser: c.parser(allowLoopback || p.AllowsLoopback()), schedule: schedule, read: p.ReadsCredentials() || readCredentials, now: c.now()}
		v, err := k.check(cmd.Context(), names)
		if err != nil {
			return nameError(p.Guide(), err)
		}
		if err := c.show(v); err != nil {
			return err
		}
		switch {
		case len(v.Problems) > 0:
			return errWrong
		case v.Capacity.Failing():
			return errAttention
		}
		return nil
	})
	when.register(cmd)
	cmd.Flags().BoolVar(&readCredentials, "read-credentials", false, "on AWS, decrypt credentials to check them too")
	cmd.Flags().BoolVar(&allowLoopback, "allow-loopback", false, "take token endpoints on this machine for right, as 'tokenkeeper run --allow-loopback' does")
	return cmd
}

// A checkView is what check shows.
type checkView struct {
	Configs     int              `json:"configs"`
	Credentials int              `json:"credentials"`
	Problems    refresh.Problems `json:"problems"`
	// Providers has those that are in order.
	Providers []keptView `json:"providers"`
	// Capacity is how much of what the place has room for they take; nil: nothing limits it, or
	// not all were checked.
	Capacity *status.Capacity `json:"capacity,omitempty"`
	// Unused are credentials that no config names.
	Unused []string `json:"unused_credentials,omitempty"`

	// Edits are proposals that are not approved. They stop nothing.
	Edits []editView `json:"edits_not_approved,omitempty"`
	// Idle are approved copies without effect: no config in providers/ names their
	// credential.
	Idle []string `json:"approvals_without_effect,omitempty"`
	// Open are the credentials that were read and have no "approved_only": those who edit
	// configs decide what they do on their hosts.
	Open []string `json:"open_credentials,omitempty"`

	// CredentialsRead is false where only their presence was checked.
	CredentialsRead bool `json:"credentials_read"`
	// Denied is why not even that could be; empty: it could.
	Denied string `json:"credentials_denied,omitempty"`

	schedule refresh.Schedule
	guide    place.Guide
}

// A keptView says how well a provider's token can be kept. Without a lifetime that is not
// known: there is no token yet.
type keptView struct {
	Provider string `json:"provider"`
	keeping
	// ConsentEnds is when the refresh token expires; zero: not known.
	ConsentEnds time.Time `json:"refresh_token_expires_at,omitzero"`
	Advice      []string  `json:"advice,omitempty"`

	formulas []string // those that are not as for others
}

// An editView is a proposal beside an approved copy.
type editView struct {
	Provider string `json:"provider"`
	Where    string `json:"where"`
	Approved string `json:"approved"`
	// Changed are the paths of what it would change; empty: white space, or one of the two
	// cannot be read.
	Changed []string `json:"changed,omitempty"`
	// Command shows the change, and approves it.
	Command string `json:"command"`
}

func (v checkView) text(s *terminal.Screen) {
	showProblems(s, v.Problems)
	if len(v.Problems) > 0 {
		s.Line("")
	}
	if len(v.Providers) > 0 {
		s.Table(v.table())
		if v.known() {
			showFormulas(s, arithmetic(v.schedule, refresh.Provider{}))
		}
		s.Line("")
	}
	if v.Capacity != nil {
		showCapacity(s, v.Capacity)
		s.Paragraph("  ", s.Paint(terminal.Quiet, v.Capacity.Limits()))
	}
	switch {
	case v.Denied != "":
		s.Paragraph("", "Whether credentials are there was not looked at: "+v.Denied)
		s.Paragraph("  → ", "The function reports a missing one at its next tick: tokenkeeper status")
	case !v.CredentialsRead:
		s.Paragraph("", "Credentials were not read: that they are there is all that was checked.")
	}
	for _, e := range v.Edits {
		changed := ""
		if len(e.Changed) > 0 {
			changed = " in " + strings.Join(e.Changed, ", ")
		}
		s.Paragraph("", fmt.Sprintf("An edit is not approved: %s differs from %s%s. The approved copy is in effect.", e.Where, e.Approved, changed))
		s.Paragraph("  → ", "To see it, and to approve it as the owner of the credential:", e.Command)
	}
	if len(v.Idle) > 0 {
		s.Paragraph("", "Approved, and without effect, since no config of that provider names that credential: "+strings.Join(v.Idle, ", ")+".")
	}
	if len(v.Open) > 0 {
		s.Paragraph("", "Open to config editors, who decide what each does on its hosts: "+plural(len(v.Open), "credential")+".")
	}
	if len(v.Unused) > 0 {
		s.Paragraph("", "No config names these credentials: "+strings.Join(v.Unused, ", ")+".")
	}
	if v.Configs == 0 {
		noConfig(s, v.guide)
		return
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
	t := terminal.Table{Headers: append([]string{"PROVIDER"}, keepingHeaders...)}
	for _, p := range v.Providers {
		row := terminal.Row{Cells: []terminal.Cell{{Text: p.Provider}}}
		if p.Lifetime > 0 {
			row.Cells = append(row.Cells, p.cells()...)
		} else {
			row.Cells = append(row.Cells, terminal.Cell{Text: "not known yet"}, terminal.Cell{Text: "-"}, terminal.Cell{Text: "-"}, terminal.Cell{Text: "-"})
		}
		for _, formula := range p.formulas {
			row.Below = append(row.Below, terminal.Below{Text: formula, Style: terminal.Quiet})
		}
		for _, advice := range p.Advice {
			row.Below = append(row.Below, terminal.Below{Text: advice})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// known reports whether a lifetime is known, so that there is something to work out.
func (v checkView) known() bool {
	return slices.ContainsFunc(v.Providers, func(p keptView) bool { return p.Lifetime > 0 })
}

func (v checkView) summary(s *terminal.Screen) string {
	seen := plural(v.Configs, "config")
	if v.Denied == "" {
		seen += " and " + plural(v.Credentials, "credential")
	}
	checked := fmt.Sprintf("%s (tick %s, cache age %s).", seen, terminal.Span(v.schedule.Tick), terminal.Span(v.schedule.CacheAge))
	if len(v.Problems) == 0 {
		return s.Paint(terminal.Good, "Nothing is wrong") + " in " + checked
	}
	return s.Paint(terminal.Bad, plural(len(v.Problems), "problem")) + " in " + checked
}
