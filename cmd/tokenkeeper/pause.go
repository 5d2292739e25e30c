package main

import (
	"context"

	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
)

func (c *cli) pause() *cobra.Command {
	return c.pausing(&cobra.Command{
		Use:   "pause NAME",
		Short: "Leave a provider alone",
		Long: `Leave a provider alone until it is resumed: no run asks it for a token, not
even a forced one. The token that it has is still read, and ends when it ends.`,
		Example: "  tokenkeeper pause meitner\n  tokenkeeper pause meitner --dir DIR",
	}, func(ctx context.Context, p place.Place, name string) (pauseView, error) {
		return pauseView{Provider: name, Paused: true, resume: p.Guide().Command("resume", name)}, p.Pause(ctx, name)
	})
}

func (c *cli) resume() *cobra.Command {
	return c.pausing(&cobra.Command{
		Use:     "resume NAME",
		Short:   "No longer leave a provider alone",
		Long:    `End a pause. The next run asks for a token if one is due.`,
		Example: "  tokenkeeper resume meitner\n  tokenkeeper resume meitner --dir DIR",
	}, func(ctx context.Context, p place.Place, name string) (pauseView, error) {
		return pauseView{Provider: name}, p.Resume(ctx, name)
	})
}

// pausing has the command do that to the provider that it names.
func (c *cli) pausing(cmd *cobra.Command, do func(context.Context, place.Place, string) (pauseView, error)) *cobra.Command {
	cmd.Args = oneName
	return c.changing(cmd, func(cmd *cobra.Command, p place.Place, args []string) error {
		if err := c.known(cmd.Context(), p, args); err != nil {
			return err
		}
		v, err := do(cmd.Context(), p, args[0])
		if err != nil {
			return err
		}
		return c.show(v)
	})
}

type pauseView struct {
	Provider string `json:"provider"`
	Paused   bool   `json:"paused"`
	resume   string
}

func (v pauseView) text(s *terminal.Screen) {
	if v.Paused {
		s.Paragraph("", v.Provider+" is paused: no run asks it for a token. To end that:", v.resume)
		return
	}
	s.Paragraph("", v.Provider+" is resumed: the next run asks for a token if one is due.")
}
