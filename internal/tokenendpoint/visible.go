package tokenendpoint

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// What is explained of a config is printed on terminals, and a config may come from
// anybody: what could move a cursor, change a title or turn the reading direction is
// escaped in all of it, here.

// visible returns text in one line, with what is not printable escaped as in a Go string.
func visible(text string) string { return visibleBut(text, "") }

// visibleBut does the same, but for the characters in kept.
func visibleBut(text, kept string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			b.WriteString(`\ufffd`)
		case unicode.IsPrint(r) || strings.ContainsRune(kept, r):
			b.WriteString(text[i : i+n])
		default:
			b.WriteString(escaped(r))
		}
		i += n
	}
	return b.String()
}

// visible returns m as it may be printed.
func (m Message) visible() Message {
	m.Method, m.URL = visible(m.Method), visible(m.URL)
	m.Headers = visibleFields(m.Headers)
	m.Body = visibleBut(m.Body, "\n\t")
	notes := m.Notes
	m.Notes = nil
	for _, n := range notes {
		m.Notes = append(m.Notes, visible(n))
	}
	return m
}

func visibleFields(fields []Field) []Field {
	out := make([]Field, len(fields))
	for i, f := range fields {
		out[i] = Field{visible(f.Name), visible(f.Value)}
	}
	return out
}

// visible returns j as it may be printed.
func (j SignedJWT) visible() SignedJWT {
	j.Name, j.Key = visible(j.Name), visible(j.Key)
	j.Header, j.Claims = visibleFields(j.Header), visibleFields(j.Claims)
	return j
}
