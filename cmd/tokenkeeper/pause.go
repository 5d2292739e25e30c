package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/refresh"
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
		if err := p.Resume(ctx, name); err != nil && !errors.Is(err, refresh.ErrNotFound) { // it has no secret yet
			return pauseView{}, err
		}
		where, err := c.pausingConfig(ctx, p, name)
		return pauseView{Provider: name, Paused: where != "", config: where}, err
	})
}

// pausingConfig returns where the config of a provider is that pauses it, or "".
func (c *cli) pausingConfig(ctx context.Context, p place.Place, name string) (where string, err error) {
	configs, err := place.Configs(ctx, p)
	for _, d := range configs {
		if d.Name != name {
			continue
		}
		if provider, err := refresh.Understand(c.parser(true), d.Document); err == nil && provider.Paused {
			where = provider.Where
		}
	}
	return where, err
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
		if err := c.show(v); err != nil {
			return err
		}
		if v.config != "" {
			return errAttention
		}
		return nil
	})
}

type pauseView struct {
	Provider string `json:"provider"`
	Paused   bool   `json:"paused"`
	resume   string
	config   string // where it is, if it pauses the provider whatever operators do
}

func (v pauseView) text(s *terminal.Screen) {
	switch {
	case v.config != "":
		s.Paragraph("", v.Provider+" is still paused: its config pauses it.")
		s.Paragraph("  → ", `Remove "paused" from `+v.config+".")
	case v.Paused:
		s.Paragraph("", v.Provider+" is paused: no run asks it for a token. To end that:", v.resume)
	default:
		s.Paragraph("", v.Provider+" is resumed: the next run asks for a token if one is due.")
	}
}
