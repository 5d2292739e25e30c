package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/doctor"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/refresh"
)

func (c *cli) doctor() *cobra.Command {
	return c.looking(&cobra.Command{
		Use:   "doctor",
		Short: "Look at all that keeping tokens needs, beside the providers",
		Long: `Look at all that keeping tokens needs: your own access, the stack, its schedule
and its last run, its alarms and who hears of them, the queue of runs that
failed, the limits of the account, the key, tokens without a config, and how
often secrets are written. Nothing is changed. What you may not look at is said,
with the permission that it takes.

Of the providers themselves 'tokenkeeper status' says more.`,
		Example: "  tokenkeeper doctor\n  tokenkeeper doctor --dir DIR",
		Args:    noArgs,
	}, func(cmd *cobra.Command, p place.Place, _ []string) error {
		v := doctorView{Findings: c.examine(cmd.Context(), p)}
		if err := c.show(v); err != nil {
			return err
		}
		switch doctor.Worst(v.Findings) {
		case doctor.NotServed:
			return errNotServed
		case doctor.Bad, doctor.Attention:
			return errAttention
		case doctor.NotLooked:
			return errUnknown
		}
		return nil
	})
}

// examine looks at a place and at its runs.
func (c *cli) examine(ctx context.Context, p place.Place) []doctor.Finding {
	var found []doctor.Finding
	a, onAWS := p.(*place.AWS)
	if onAWS {
		found = doctor.Stack{Config: a.Config, Deployment: a.Deployment, Undiscovered: a.Undiscovered, Now: c.now}.Look(ctx)
	}
	last, err := p.LastRun(ctx)
	k := status.JudgeKeeper(last, err, p.Schedule(), p.Guide(), c.now())
	f := doctor.Finding{Of: "last run", State: doctor.Bad, Detail: k.Wrong, Remedy: k.Remedy, Command: k.Command}
	switch k.State {
	case status.Running:
		f = doctor.Finding{Of: "last run", State: doctor.Well, Detail: terminal.Span(max(c.now().Sub(k.LastRun), 0)) + " ago, by " + k.By + ", version " + cmp.Or(k.Version, "not stated")}
	case status.NotLooked:
		f.State = doctor.NotLooked
	case status.Stale:
		if onAWS { // whose schedule was looked at above
			f.Remedy, f.Command = "see whether it logs anything:", p.Guide().LogCommand("")
		}
	}
	found = append(found, f)

	report, err := look(ctx, status.Lookout{Place: p, Parser: c.parser(true), Schedule: p.Schedule(), Now: c.now()}, nil)
	if err != nil {
		return append(found, doctor.Finding{Of: "providers", State: doctor.NotLooked, Detail: err.Error()})
	}
	found = append(found, providers(report, p.Guide())...)
	if onAWS {
		return append(found, versions(ctx, a, report))
	}
	return found
}

// providers says of the providers how many are well, and which tokens have no config.
func providers(r status.Report, guide place.Guide) []doctor.Finding {
	var orphans []string
	failing, without := 0, 0
	for _, l := range r.Lines {
		if l.State == status.Orphan {
			orphans = append(orphans, l.Provider)
		}
		if l.Failing {
			failing++
		}
		if !l.Served && l.State != status.Orphan {
			without++
		}
	}
	n := len(r.Lines) - len(orphans)
	found := []doctor.Finding{{Of: "providers", State: doctor.Well, Detail: plural(n, "provider")}}
	if failing > 0 || without > 0 {
		found[0].State, found[0].Remedy, found[0].Command = doctor.Attention, "see why:", guide.Command("status", "")
	} else {
		found[0].Detail += ", none fails"
	}
	if failing > 0 {
		found[0].Detail += fmt.Sprintf(", %d failing", failing)
	}
	if without > 0 {
		found[0].State = doctor.NotServed
		found[0].Detail += fmt.Sprintf(", %d without a token that applications can use", without)
	}
	if len(orphans) > 0 {
		found = append(found, doctor.Finding{Of: "orphans", State: doctor.Attention, Detail: "tokens without a config: " + strings.Join(orphans, ", "),
			Remedy: "put the config back; or, once no application reads it:", Command: guide.RemoveCommand(orphans[0])})
	}
	return found
}

// The store keeps all versions of 24 hours, and at most 100: many is from where on a job seems
// to force refreshes. At most some secrets are looked at.
const (
	manyVersions = 80
	someSecrets  = 50
)

// versions says how often secrets are written.
func versions(ctx context.Context, a *place.AWS, r status.Report) doctor.Finding {
	const of = "versions a day"
	most, busiest := 0, ""
	for _, l := range r.Lines[:min(len(r.Lines), someSecrets)] {
		n, err := a.Writes(ctx, l.Provider)
		if err != nil {
			if e, ok := errors.AsType[*refresh.Error](err); ok {
				return doctor.Finding{Of: of, State: doctor.NotLooked, Detail: e.Detail, Remedy: e.Remedy}
			}
			continue // it has no secret yet
		}
		if n > most {
			most, busiest = n, l.Provider
		}
	}
	if most >= manyVersions {
		return doctor.Finding{Of: of, State: doctor.Attention, Detail: fmt.Sprintf("%s has %d of the 100 that AWS keeps", busiest, most),
			Remedy: "find what forces refreshes, or edits its config, again and again:", Command: a.Guide().Command("history", busiest)}
	}
	return doctor.Finding{Of: of, State: doctor.Well, Detail: fmt.Sprintf("at most %d of 100", most)}
}

// A doctorView is what doctor shows.
type doctorView struct {
	Findings []doctor.Finding `json:"findings"`
}

func (v doctorView) text(s *terminal.Screen) {
	width := 0
	for _, f := range v.Findings {
		width = max(width, len(f.Of))
	}
	for _, f := range v.Findings {
		mark, style := "✓", terminal.Good
		switch f.State {
		case doctor.NotServed, doctor.Bad:
			mark, style = "✗", terminal.Bad
		case doctor.Attention:
			mark, style = "!", terminal.Warn
		case doctor.NotLooked:
			mark, style = "?", terminal.Warn
		}
		s.Paragraph(s.Paint(style, mark)+" "+f.Of+strings.Repeat(" ", width-len(f.Of))+"  ", f.Detail)
		if f.Remedy != "" {
			s.Paragraph("  → ", capital(f.Remedy), f.Command)
		}
	}
}
