package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/demo"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/simulator"
)

func (c *cli) demo() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "See the whole job at work, on this machine",
		Long: `Play an hour of the whole job in a second, on this machine: four simulated
providers on loopback, asked over real HTTP, their tokens kept in a temporary
folder, and an application that reads them. The clock is simulated. One
provider fails on the way.

Every fact of the story is checked: it exits 1 if anything did not happen.
It leaves nothing behind.`,
		Example: `  tokenkeeper demo
  tokenkeeper demo --output json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.playDemo(cmd.Context(), demo.Play) },
	}
}

// playDemo has play play the story in a folder of its own, and prints it.
func (c *cli) playDemo(ctx context.Context, play func(context.Context, string, func(demo.Chapter) error) error) (err error) {
	dir, err := os.MkdirTemp("", "tokenkeeper-demo-")
	if err != nil {
		return fmt.Errorf("making a folder for the demo: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	v := demoView{Clock: "simulated", Happened: true}
	s := c.screen()
	if c.output == "text" {
		v.intro(s)
	}
	err = play(ctx, dir, func(ch demo.Chapter) error {
		v.add(ch)
		if c.output == "text" {
			v.chapter(s, ch)
		}
		return s.Err()
	})
	if s.Err() != nil {
		return written(s.Err())
	}
	if ctx.Err() != nil {
		return errors.New("the demo was stopped; nothing is left behind")
	}
	if err != nil {
		return fmt.Errorf("playing the demo: %w", err)
	}
	if v.Records, err = demoRecords(dir, v.Status.AsOf); err != nil {
		return err
	}
	if err := c.show(v); err != nil {
		return err
	}
	if !v.Happened {
		return errAttention
	}
	return nil
}

// demoRecords returns what applications read in the end, without the tokens.
func demoRecords(dir string, now time.Time) ([]recordView, error) {
	f, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var records []recordView
	for _, name := range simulator.Names() {
		r, err := readRecord(f, name, now)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, nil
}

// A demoView is the story, and the state at its end.
type demoView struct {
	Clock string `json:"clock"`
	// Happened says whether everything did.
	Happened bool           `json:"happened"`
	Chapters []demo.Chapter `json:"chapters"`
	Records  []recordView   `json:"records"`
	Status   status.Report  `json:"status"`
	facts    int
}

func (v *demoView) add(ch demo.Chapter) {
	for _, f := range ch.Facts {
		v.Happened = v.Happened && f.Happened
		v.facts++
	}
	if ch.Status != nil {
		v.Status = *ch.Status
	}
	v.Chapters = append(v.Chapters, ch)
}

func (v *demoView) intro(s *terminal.Screen) {
	s.Paragraph("", s.Paint(terminal.Strong, "Four providers, played on this machine, and asked over real HTTP."))
	s.Paragraph("", "The clock is simulated: an hour passes in a second. Tokens live an hour, and there is a tick every minute.")
}

func (v *demoView) chapter(s *terminal.Screen, ch demo.Chapter) {
	s.Line("")
	s.Paragraph(s.Paint(terminal.Strong, terminal.Clock(ch.At))+"  ", s.Paint(terminal.Strong, ch.Title))
	told := ch.At
	for _, f := range ch.Facts {
		mark := s.Paint(terminal.Good, "✓")
		text := f.Text
		if !f.Happened {
			mark = s.Paint(terminal.Bad, "✗")
			text += " " + s.Paint(terminal.Bad, "This did not happen.")
		}
		at := "     "
		if !f.At.Equal(told) {
			told, at = f.At, s.Paint(terminal.Quiet, terminal.Clock(f.At))
		}
		s.Paragraph(at+"  "+mark+" ", text)
		if f.Quote != "" {
			s.Paragraph("           ", s.Paint(terminal.Quiet, f.Quote))
		}
	}
	if ch.Status != nil {
		s.Line("")
		statusView{Report: *ch.Status}.text(s)
	}
}

// text prints the end: the rest was printed when it happened.
func (v demoView) text(s *terminal.Screen) {
	s.Line("")
	if !v.Happened {
		s.Paragraph("", s.Paint(terminal.Bad, "Not all of that happened as it should have: look for ✗."))
		return
	}
	s.Paragraph("", fmt.Sprintf("%s All %d of these were checked as they happened. Nothing is left behind.", s.Paint(terminal.Good, "✓"), v.facts))
	s.Paragraph("", "Try it by hand: go run ./cmd/tokenkeeper simulate --dir try")
}
