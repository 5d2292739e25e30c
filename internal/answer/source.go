package answer

import (
	"strings"
)

// A Source is where in an answer a value is. The zero Source leads nowhere.
type Source struct {
	Path   Path   // into the body
	Header string // in canonical form
	Cookie string
	Whole  bool // the body itself, as text
	// After stands before the value and is no part of it, such as "Bearer ".
	After string
}

// IsZero reports whether s leads nowhere.
func (s Source) IsZero() bool { return s.Path.IsZero() && s.InBody() }

// InBody reports whether the value is within JSON.
func (s Source) InBody() bool { return s.Header == "" && s.Cookie == "" && !s.Whole }

// String says where it is, for errors.
func (s Source) String() string {
	switch {
	case s.Header != "":
		return "in the header " + s.Header
	case s.Cookie != "":
		return "in the cookie " + shown(s.Cookie)
	case s.Whole:
		return "in the body as a whole"
	}
	return "at " + shown(s.Path.String())
}

// find returns what s leads to. A value that something is cut off of is reported as compared.
func (s Source) find(m *Message, doc any) (f Found) {
	switch {
	case s.Header != "":
		if all := m.Header.Values(s.Header); len(all) == 1 {
			f.Value = strings.TrimSpace(all[0])
		}
	case s.Cookie != "":
		if c := m.cookie(s.Cookie); c != nil {
			f.Value = c.Value
		}
	case s.Whole:
		text := strings.TrimSpace(strings.TrimPrefix(string(m.Body), "\uFEFF"))
		if text != "" {
			f.Value = text
		}
	default:
		f = s.Path.Find(doc)
	}
	text, ok := f.Value.(string)
	if !ok || s.After == "" {
		return f
	}
	f.Compared = append(f.Compared, text)
	f.Value = nil
	if len(text) >= len(s.After) && strings.EqualFold(text[:len(s.After)], s.After) {
		f.Value = strings.TrimSpace(text[len(s.After):])
	}
	return f
}
