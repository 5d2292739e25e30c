package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/localstore"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/refresh"
)

func (c *cli) status() *cobra.Command {
	var where placeFlags
	var when scheduleFlags
	var within, watch time.Duration
	var stacks stackNames
	cmd := &cobra.Command{
		Use:   "status [NAME...]",
		Short: "Show the state of every provider, the most urgent first",
		Long: `Show each provider in one line, the most urgent first, and below those that are
not well what is wrong and what to do now. No token is read, and no provider
asked.

States, by urgency:
  expired      its token has expired: applications are refused
  no token     there is none: applications find nothing
  failing      the last attempt failed; the next runs try again
  cooling      the last attempt failed, and asking again soon would do harm
  due          the next run replaces its token
  repeats      the provider answers the same token until that ends
  short_lived  its tokens live too short to be kept without a gap
  paused       an operator or its config paused it
  ok           its token is good for longer than it takes to replace it
  orphan       a token without a config

NEXT is when something is done about it; it is overdue where no run has come.

On AWS what is listed may be five minutes old; whatever is not well, or is
named, is looked at itself.

Several stacks are shown together if --stack is given for each, with its region
where that is another, and its profile where that is: REGION/NAME or
PROFILE/REGION/NAME.`,
		Example: `  tokenkeeper status
  tokenkeeper status --dir DIR
  tokenkeeper status meitner --dir DIR --output json
  tokenkeeper status --watch
  tokenkeeper status --expiring-within 10m
  tokenkeeper status --stack eu-north-1/tokens --stack eu-west-1/tokens`,
		RunE: func(cmd *cobra.Command, names []string) error {
			again := append([]string{cmd.CommandPath()}, names...)
			if i := slices.IndexFunc(names, isDuration); i >= 0 && watch != 0 { // the flag takes its value by an equals sign alone
				again[1+i] = "--watch=" + names[i]
				for _, stack := range stacks {
					again = append(again, "--stack", localstore.ShellWord(stack))
				}
				return instead(fmt.Errorf("%s is no name of a provider", names[i]), "write:", strings.Join(again, " ")+given(cmd, "watch", "stack"))
			}
			prepare := func(p place.Place) (glance, error) {
				schedule, err := when.over(p.Schedule(), cmd)
				if err != nil {
					return nil, err
				}
				if a, ok := p.(*place.AWS); !ok || !errors.Is(a.Undiscovered, place.ErrNoFunction) { // else the first line says so
					c.assumed(p, schedule)
				}
				return func() (statusView, error) { return c.lookStatus(cmd, p, schedule, names, within) }, nil
			}
			if len(stacks) > 1 {
				if len(names) > 0 {
					return instead(errors.New("providers can be named for one stack only"), "write:",
						strings.Join(append(again, "--stack", localstore.ShellWord(stacks[0])), " ")+given(cmd, "stack"))
				}
				return c.statusOf(cmd.Context(), where, stacks, prepare, watch)
			}
			where.aws.stack = stacks.String()
			return c.visiting(where.open, func(cmd *cobra.Command, p place.Place, names []string) error {
				once, err := prepare(p)
				if err != nil {
					return err
				}
				return c.showing(cmd.Context(), watch, func() (judged, error) { return once() })
			})(cmd, names)
		},
	}
	cmd.Flags().DurationVar(&within, "expiring-within", 0, "show those alone whose token expires within this `time`; exit 1 if there are any")
	cmd.Flags().DurationVar(&watch, "watch", 0, "show it again and again, at this `interval`, until SIGINT (10s if none is given)")
	cmd.Flags().Lookup("watch").NoOptDefVal = "10s"
	where.register(cmd)
	cmd.Flags().Lookup("stack").Value = &stacks
	when.register(cmd)
	return cmd
}

func isDuration(name string) bool {
	_, err := time.ParseDuration(name)
	return err == nil
}

// A glance looks at a place once.
type glance = func() (statusView, error)

func (c *cli) lookStatus(cmd *cobra.Command, p place.Place, schedule refresh.Schedule, names []string, within time.Duration) (v statusView, err error) {
	v.Report, err = look(cmd.Context(), status.Lookout{Place: p, Parser: c.parser(true), Schedule: schedule, Now: c.now(), Runs: true}, names)
	if err != nil {
		return v, err
	}
	if k := v.Keeper; k != nil && k.Code == place.CodeNoFunction && len(v.Lines) == 0 {
		return v, unlooked(fmt.Errorf("there is no provider here, and %w", p.(*place.AWS).Undiscovered), k.Remedy, "")
	}
	switch {
	case cmd.Flags().Changed("expiring-within"):
		v.Report = v.Within(within)
	case len(names) == 0:
		guide := p.Guide()
		v.guide = &guide
	}
	return v, nil
}

// A judged is a view with an outcome.
type judged interface {
	view
	verdict() error
}

// showing shows what once returns; where interval is not zero, again and again, until ctx ends.
func (c *cli) showing(ctx context.Context, interval time.Duration, once func() (judged, error)) error {
	show := func() error {
		v, err := once()
		if err != nil {
			return err
		}
		if err := c.show(v); err != nil {
			return err
		}
		return v.verdict()
	}
	if interval == 0 {
		return show()
	}
	return c.watch(ctx, interval, show)
}

// watch shows the same again and again, each time from the top of the screen, until ctx ends.
func (c *cli) watch(ctx context.Context, interval time.Duration, once func() error) error {
	if interval < time.Second {
		return usagef("--watch is %v; it must be at least 1s", interval)
	}
	for {
		if terminal.Is(c.stdout) && c.output == "text" {
			c.screen().Clear()
		}
		err := once()
		var o outcome
		if err != nil && !errors.As(err, &o) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(interval):
		}
	}
}

// A statusView is what status shows.
type statusView struct {
	status.Report
	guide *place.Guide // nil: it need not be said that there is no config
}

func (v statusView) verdict() error { return verdict(v.Report) }

func (v statusView) text(s *terminal.Screen) {
	v.head(s)
	v.body(s, "")
}

// head shows how the runs are.
func (v statusView) head(s *terminal.Screen) {
	v.keeper(s)
	showCapacity(s, v.Capacity)
}

// body shows the providers, after a title.
func (v statusView) body(s *terminal.Screen, title string) {
	s.Sides(title+v.summary(s), s.Paint(terminal.Quiet, "as of "+v.AsOf.Format(time.DateTime)+" UTC"))
	if v.guide != nil && len(v.Lines) == v.Counts[status.Orphan] {
		s.Line("")
		noConfig(s, *v.guide)
	}
	if len(v.Lines) == 0 {
		return
	}
	t := terminal.Table{Headers: []string{"PROVIDER", "STATE", "EXPIRES IN", "NEXT"}}
	for _, line := range v.Lines {
		t.Rows = append(t.Rows, v.row(line))
	}
	s.Line("")
	s.Table(t)
}

// summary counts the providers by what must be seen apart: "4 providers: 3 ok, 1 failing".
func (v statusView) summary(s *terminal.Screen) string {
	orphans := v.Counts[status.Orphan]
	n := len(v.Lines) - orphans
	text := plural(n, "provider")
	var parts []string
	for _, word := range summaryWords {
		if count := v.Counts[word]; count > 0 {
			parts = append(parts, s.Paint(wordStyle(word), fmt.Sprintf("%d %s", count, v.counted(word))))
		}
	}
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, ", ")
	}
	if orphans > 0 {
		text += "; " + plural(orphans, "orphan")
	}
	return text
}

// counted is the word for a count. Where runs are not seen to come, no token is called well:
// all that is known is that it has not expired.
func (v statusView) counted(word status.Word) string {
	if word == status.OK && v.Keeper != nil && v.Keeper.State != status.Running {
		return "live"
	}
	return string(word)
}

// longSinceListed is when it is said how old the last listing is: by default each run makes one.
const longSinceListed = 10 * time.Minute

// keeper says first how the runs are, since the rest is worth no more than they are.
func (v statusView) keeper(s *terminal.Screen) {
	k := v.Keeper
	if k == nil {
		return
	}
	switch k.State {
	case status.Running:
		text := "last run " + terminal.Span(max(v.AsOf.Sub(k.LastRun), 0)) + " ago, by " + k.By
		if k.Version != "" {
			text += ", version " + k.Version
		}
		if age := v.AsOf.Sub(k.Listed); !k.Listed.IsZero() && age > longSinceListed {
			text += ", configs listed " + terminal.Span(age) + " ago"
		}
		s.Paragraph("keeper: ", text)
	case status.NotLooked:
		s.Paragraph("keeper: ", s.Paint(terminal.Warn, "last run: not looked")+"; "+cmp.Or(k.Remedy, k.Wrong))
	default:
		s.Paragraph(s.Paint(terminal.Bad, "keeper: "), k.Wrong)
		if k.Remedy != "" {
			s.Paragraph("  "+s.Paint(terminal.Strong, "→ "), capital(k.Remedy), k.Command)
		}
	}
}

var summaryWords = []status.Word{status.OK, status.Expired, status.NoToken, status.Failing,
	status.Due, status.Repeats, status.ShortLived, status.Paused}

func (v statusView) row(line status.Line) terminal.Row {
	row := terminal.Row{Cells: []terminal.Cell{
		{Text: line.Provider},
		{Text: string(line.State), Style: wordStyle(line.State)},
		v.expiry(line),
		{Text: v.next(line)},
	}}
	if ends := line.RefreshTokenExpiresAt; !ends.IsZero() {
		row.Below = append(row.Below, terminal.Below{Text: consent(ends, v.AsOf), Style: terminal.Quiet})
	}
	if line.Wrong != "" {
		row.Below = append(row.Below, terminal.Below{Text: line.Wrong})
	}
	if line.Remedy != "" {
		row.Below = append(row.Below, terminal.Below{Mark: "→ ", Text: line.Remedy, Whole: line.Command, Style: terminal.Strong})
	}
	if line.Then != "" {
		row.Below = append(row.Below, terminal.Below{Mark: "→ ", Text: line.Then, Whole: line.ThenCommand, Style: terminal.Strong})
	}
	if line.Edit != "" {
		row.Below = append(row.Below, terminal.Below{Mark: "→ ", Text: line.Edit, Whole: line.EditCommand, Style: terminal.Strong})
	}
	return row
}

func (v statusView) expiry(line status.Line) terminal.Cell {
	if line.ExpiresAt.IsZero() {
		return terminal.Cell{Text: "-"}
	}
	left := line.ExpiresAt.Sub(v.AsOf)
	if left <= 0 {
		return terminal.Cell{Text: "over", Style: terminal.Bad}
	}
	return terminal.Cell{Text: terminal.Span(left)}
}

// consent says when a refresh token expires.
func consent(ends, now time.Time) string {
	if left := ends.Sub(now); left > 0 {
		return "consent ends in " + terminal.Span(left)
	}
	return "consent ended " + terminal.Span(now.Sub(ends)) + " ago"
}

// next says when something is done about the provider.
func (v statusView) next(line status.Line) string {
	switch {
	case line.Overdue:
		return "overdue"
	case line.Next.IsZero() && line.Class != "" && line.Since != (time.Time{}):
		return "after an edit"
	case line.Next.IsZero():
		return "-"
	case !line.Next.After(v.AsOf):
		return "next run"
	}
	return "in " + terminal.Span(line.Next.Sub(v.AsOf))
}

func wordStyle(w status.Word) terminal.Style {
	switch w {
	case status.Expired, status.Failing, status.Cooling, status.NoToken:
		return terminal.Bad
	case status.OK:
		return terminal.Good
	case status.Orphan:
		return terminal.Quiet
	}
	return terminal.Warn
}
