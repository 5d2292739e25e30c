package main

import (
	"fmt"
	"strings"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/explain"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
)

// showMessage shows a request below a title.
func showMessage(s *terminal.Screen, m explain.Message) {
	s.Line("%s", s.Paint(terminal.Strong, capital(m.Purpose)))
	s.Line("  %s %s", m.Method, m.URL)
	for _, h := range m.Headers {
		s.Line("  %s: %s", h.Name, h.Value)
	}
	if m.Body != "" {
		s.Line("")
		for line := range strings.SplitSeq(m.Body, "\n") {
			s.Line("  %s", line)
		}
	}
	for _, note := range m.Notes {
		s.Paragraph("  → ", note)
	}
	s.Line("")
}

// showFields shows names and their values, in two columns.
func showFields(s *terminal.Screen, fields []explain.Field) {
	width := 0
	for _, f := range fields {
		width = max(width, len([]rune(f.Name)))
	}
	width = min(width, 30)
	for _, f := range fields {
		pad := strings.Repeat(" ", max(0, width-len([]rune(f.Name))))
		s.Paragraph("  "+s.Paint(terminal.Quiet, f.Name+pad)+"  ", f.Value)
	}
}

// capital returns text with a capital at its beginning.
func capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// plural counts things: "1 provider", "4 providers".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
