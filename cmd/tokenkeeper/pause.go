package main

import (
	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
)

func (c *cli) pause() *cobra.Command {
	return c.pausing(&cobra.Command{
		Use:   "pause NAME",
		Short: "Leave a provider alone",
		Long: `Leave a provider alone until it is resumed: no run asks it for a token, not
even a forced one. The token that it has is still read, and ends when it ends.`,
		Example: "  tokenkeeper pause meitner\n  tokenkeeper pause meitner --dir DIR",
	}, true)
}

func (c *cli) resume() *cobra.Command {
	return c.pausing(&cobra.Command{
		Use:     "resume NAME",
		Short:   "No longer leave a provider alone",
		Long:    `End a pause. The next run asks for a token if one is due.`,
		Example: "  tokenkeeper resume meitner\n  tokenkeeper resume meitner --dir DIR",
	}, false)
}

func (c *cli) pausing(cmd *cobra.Command, paused bool) *cobra.Command {
	var where placeFlags
	where.register(cmd)
	cmd.Args = oneName
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		p, err := where.openToChange(cmd.Context(), c)
		if err != nil {
			return err
		}
		defer p.Close()
		if err := (status.Lookout{Place: p, Parser: c.parser(true)}).Find(cmd.Context(), args[0]); err != nil {
			return nameError(p, err)
		}
		if err := p.Pause(cmd.Context(), args[0], paused); err != nil {
			return err
		}
		return c.show(pauseView{Provider: args[0], Paused: paused, resume: p.Command("resume", args[0])})
	}
	return cmd
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
