package main

import (
	"io"
	"log/slog"

	"example.com/tokenkeeper/cmd/internal/version"
)

// newLogger logs JSON, the version of the program in each line. A line whose time is not called "timestamp" is of level INFO to
// Lambda, whatever its level says (Lambda developer guide, "Log-level filtering").
func newLogger(out io.Writer, level slog.Level) *slog.Logger {
	return slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.TimeKey {
				a.Key = "timestamp"
			}
			return a
		},
	})).With("version", version.Read().Version)
}
