package answer

import (
	"bytes"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/secret"
)

// A Source is where in an answer a value is: at a path into the body, in a header or a cookie,
// or the body itself. The zero Source leads nowhere.
type Source struct {
	Path   Path
	Header string // in canonical form
	Cookie string
	Whole  bool
	// After precedes the value and is no part of it, such as "Bearer ".
	After string
	// Inner is a path into JSON that is the text there.
	Inner Path
}

// IsZero reports whether s leads nowhere.
func (s Source) IsZero() bool { return s.Path.IsZero() && s.InBody() }

// InBody reports whether the value is within JSON.
func (s Source) InBody() bool { return s.Header == "" && s.Cookie == "" && !s.Whole }

// String says where it is, for errors.
func (s Source) String() string {
	where := "at " + secret.Named(s.Path.String())
	switch {
	case s.Header != "":
		where = "in the header " + s.Header
	case s.Cookie != "":
		where = "in the cookie " + secret.Named(s.Cookie)
	case s.Whole:
		where = "in the body as a whole"
	}
	if !s.Inner.IsZero() {
		where = "at " + secret.Named(s.Inner.String()) + " in the JSON " + where
	}
	return where
}

// find returns what s leads to. A value that something is cut off of is reported as compared.
func (s Source) find(m *Message, d Document) (f Found) {
	switch {
	case s.Header != "":
		f.Value = fromLines(m.Header.Values(s.Header), s.After)
	case s.Cookie != "":
		if c := m.cookie(s.Cookie); c != nil {
			f.Value = c.Value
		}
	case s.Whole:
		if text := bytes.TrimSpace(d.Text); len(text) > 0 {
			f.Value = string(text)
		}
	default:
		f = s.Path.Find(d.Value)
	}
	if text, ok := f.Value.(string); ok && s.After != "" {
		f.Compared = append(f.Compared, text)
		f.Value = nil
		if startsWith(text, s.After) {
			f.Value = strings.TrimSpace(text[len(s.After):])
		}
	}
	if s.Inner.IsZero() {
		return f
	}
	text, _ := f.Value.(string)
	inner := s.Inner.Find(innerJSON(text))
	inner.Compared = append(f.Compared, inner.Compared...)
	return inner
}

// innerJSON returns the value of JSON that is a text in an answer, and bounded like it, or nil.
func innerJSON(text string) any {
	if tooManyValues([]byte(text), maxDepth) {
		return nil
	}
	v, _ := parseJSON([]byte(text)) // nil with an error
	return v
}

// fromLines returns the value of a header. Lines that differ are a list (RFC 9110 section 5.3), or
// those that begin with after count.
func fromLines(lines []string, after string) any {
	var values []string
	for _, l := range lines {
		if l = strings.TrimSpace(l); !slices.Contains(values, l) {
			values = append(values, l)
		}
	}
	if after != "" && len(values) > 1 {
		values = slices.DeleteFunc(values, func(v string) bool { return !startsWith(v, after) })
	}
	if len(values) == 0 {
		return nil
	}
	return strings.Join(values, ", ")
}

func startsWith(text, prefix string) bool {
	return len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix)
}
