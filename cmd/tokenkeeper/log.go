package main

import (
	"io"
	"log/slog"

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

// logger logs to w: for people where that is a terminal, else for programs.
func (f *logFlags) logger(w io.Writer, env func(string) string) (*slog.Logger, error) {
	o := &slog.HandlerOptions{Level: slog.LevelInfo}
	if f.verbose {
		o.Level = slog.LevelDebug
	}
	switch f.format {
	case "text":
		if terminal.Is(w) {
			return slog.New(&peopleHandler{screen: terminal.New(w, env), least: o.Level.Level()}), nil
		}
		return slog.New(slog.NewTextHandler(w, o)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, o)), nil
	}
	return nil, usagef("--log is %q; it can be text or json", f.format)
}
