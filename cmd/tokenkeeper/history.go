package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secretstore"
)

func (c *cli) history() *cobra.Command {
	var f awsFlags
	cmd := &cobra.Command{
		Use:   "history NAME",
		Short: "Show the tokens that a provider has had",
		Long: `Show the versions of a provider's secret that AWS still has, the newest first:
when each token was issued, how long it lives, which config it was asked for
with, and the labels that it has now. All of that is metadata; no token
is read.`,
		Example: "  tokenkeeper history meitner",
		Args:    oneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := f.open(cmd.Context(), c)
			if err != nil {
				return err
			}
			versions, err := a.History(cmd.Context(), args[0])
			if errors.Is(err, refresh.ErrNotFound) {
				if err := c.known(cmd.Context(), a, args); err != nil {
					return err // perhaps another name was meant
				}
				return notServed(fmt.Errorf("%s has had no token yet", args[0]), "to see why:", a.Guide().Command("status", args[0]))
			}
			if err != nil {
				return err
			}
			return c.show(newHistoryView(args[0], versions))
		},
	}
	f.register(cmd)
	noFolder(cmd, errors.New("a folder keeps no history: a new token replaces the one before"),
		"to see what there is:", "tokenkeeper status --dir DIR")
	return cmd
}

// A historyView is what history shows.
type historyView struct {
	Provider string        `json:"provider"`
	Versions []versionLine `json:"versions"`
}

type versionLine struct {
	ID string `json:"id"`
	// Ours is false for what was stored by others; then only StoredAt and Labels are
	// known.
	Ours      bool      `json:"ours"`
	IssuedAt  time.Time `json:"issued_at,omitzero"`
	Lifetime  int64     `json:"lifetime_seconds,omitempty"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	Config    string    `json:"config,omitempty"`
	StoredAt  time.Time `json:"stored_at"`
	Labels    []string  `json:"labels"`
}

func newHistoryView(provider string, versions []secretstore.StoredVersion) historyView {
	v := historyView{Provider: provider, Versions: make([]versionLine, len(versions))}
	for i, stored := range versions {
		line := versionLine{ID: string(stored.ID), StoredAt: stored.StoredAt.UTC(), Labels: append([]string{}, stored.Labels...)}
		if says, ok := stored.ID.Parse(); ok {
			line.Ours = true
			line.IssuedAt, line.ExpiresAt = says.IssuedAt, says.ExpiresAt()
			line.Lifetime = int64(says.Lifetime / time.Second)
			line.Config = says.Config.String()
		}
		v.Versions[i] = line
	}
	return v
}

func (v historyView) text(s *terminal.Screen) {
	if len(v.Versions) == 0 {
		s.Paragraph("", v.Provider+" has had no token yet.")
		return
	}
	t := terminal.Table{Headers: []string{"ISSUED (UTC)", "LIVES", "CONFIG", "LABELS"}}
	for _, line := range v.Versions {
		cells := []terminal.Cell{{Text: line.StoredAt.Format(time.DateTime)}, {Text: "-"}, {Text: "not ours", Style: terminal.Warn}, {Text: strings.Join(line.Labels, " ")}}
		if line.Ours {
			cells[0].Text = line.IssuedAt.Format(time.DateTime)
			cells[1].Text = terminal.Span(time.Duration(line.Lifetime) * time.Second)
			cells[2] = terminal.Cell{Text: line.Config}
		}
		t.Rows = append(t.Rows, terminal.Row{Cells: cells})
	}
	s.Table(t)
	s.Line("")
	s.Paragraph("", plural(len(v.Versions), "version")+". AWS keeps those of the last 24 hours, and at most 100.")
}
