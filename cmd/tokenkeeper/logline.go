package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
)

// A logLine is one line of a run's log, as people read it: what happened first, and the words
// for programs last or not at all.
type logLine struct {
	at     time.Time
	level  slog.Level
	msg    string
	fields map[string]string
}

// parseLogLine reads a line of the function's log. What is no object with a text is not ours,
// and ok is false.
func parseLogLine(at time.Time, text string) (l logLine, ok bool) {
	var object map[string]any
	if json.Unmarshal([]byte(text), &object) != nil {
		return logLine{}, false
	}
	l = logLine{at: at, fields: map[string]string{}}
	for name, value := range object {
		l.fields[name] = fmt.Sprint(value)
	}
	l.msg = l.fields["msg"]
	l.fields["error"] = strings.TrimSuffix(l.fields["error"], "; "+l.fields["remedy"])
	if l.fields["event"] == "run_not_begun" && l.fields["error"] == "" {
		return l, false // the line of the metrics, after the one that says why
	}
	if l.fields["event"] == "run_completed" { // the line of the metrics
		l.msg = fmt.Sprintf("run completed: %s refreshed, %s failing", cmp.Or(l.fields["Refreshed"], "0"), cmp.Or(l.fields["Failing"], "0"))
	}
	_ = l.level.UnmarshalText([]byte(l.fields["level"])) // else INFO
	return l, l.msg != ""
}

// show writes the line, and below it what to do.
func (l logLine) show(s *terminal.Screen) {
	style := terminal.Plain
	switch {
	case l.level >= slog.LevelError:
		style = terminal.Bad
	case l.level >= slog.LevelWarn:
		style = terminal.Warn
	}
	text := l.msg
	if p := l.fields["provider"]; p != "" {
		text = p + ": " + text
	}
	text = s.Paint(style, text)
	if code := l.fields["code"]; code != "" {
		text += " (" + code + ")"
	}
	for _, name := range []string{"path", "error"} {
		if value := l.fields[name]; value != "" {
			text += ": " + value
		}
	}
	for _, f := range []struct{ name, words string }{
		{"expires_at", "expires"}, {"next", "next"}, {"where", "in"}, {"was", "was"}, {"took", "took"},
		{"providers", "providers"}, {"refreshed", "refreshed"}, {"failed", "failed"},
	} {
		if value := l.fields[f.name]; value != "" && value != "0" {
			text += s.Paint(terminal.Quiet, fmt.Sprintf("; %s %s", f.words, clock(value, l.at)))
		}
	}
	s.Paragraph(s.Paint(terminal.Quiet, l.at.UTC().Format(time.TimeOnly))+"  ", text)
	if r := l.fields["remedy"]; r != "" {
		s.Paragraph("          → ", r)
	}
	if stack := l.fields["stack"]; stack != "" {
		s.Line("%s", stack)
	}
}

// clock writes a time of the same or the next day as the time of day, and other texts as they
// are.
func clock(text string, now time.Time) string {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.Sub(now).Abs() > 24*time.Hour {
		return text
	}
	return at.UTC().Format(time.TimeOnly)
}

// A peopleHandler logs for the people at a terminal.
type peopleHandler struct {
	screen *terminal.Screen
	least  slog.Level
	attrs  []slog.Attr
}

func (h *peopleHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.least }

// Handle never fails: the screen remembers an error of its own.
func (h *peopleHandler) Handle(_ context.Context, r slog.Record) error {
	l := logLine{at: r.Time, level: r.Level, msg: r.Message, fields: map[string]string{}}
	add := func(a slog.Attr) bool {
		l.fields[a.Key] = a.Value.String()
		return true
	}
	for _, a := range h.attrs {
		add(a)
	}
	r.Attrs(add)
	l.show(h.screen)
	return nil
}

func (h *peopleHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	with.attrs = append(with.attrs[:len(with.attrs):len(with.attrs)], attrs...)
	return &with
}

// WithGroup has nothing to do: runs log no groups.
func (h *peopleHandler) WithGroup(string) slog.Handler { return h }
