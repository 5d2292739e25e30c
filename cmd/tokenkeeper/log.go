package main

import (
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
)

// logFlags say how a run is logged.
type logFlags struct {
	format  string
	verbose bool
}

func (f *logFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.format, "log", "text", "log as `text`, or as json")
	cmd.Flags().BoolVarP(&f.verbose, "verbose", "v", false, "log also where nothing was to be done")
}

func (f *logFlags) logger(w io.Writer) (*slog.Logger, error) {
	o := &slog.HandlerOptions{}
	if f.verbose {
		o.Level = slog.LevelDebug
	}
	switch f.format {
	case "text":
		if terminal.Is(w) {
			o.ReplaceAttr = brief
		}
		return slog.New(slog.NewTextHandler(w, o)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, o)), nil
	}
	return nil, usagef("--log is %q; it can be text or json", f.format)
}

// brief leaves out of a line what somebody who sits before it knows: the date, and the word
// for programs that says the same as the text.
func brief(groups []string, a slog.Attr) slog.Attr {
	switch {
	case len(groups) > 0:
	case a.Key == slog.TimeKey:
		return slog.String(a.Key, a.Value.Time().UTC().Format(time.TimeOnly))
	case a.Key == "event":
		return slog.Attr{}
	}
	return a
}
