package tokenendpoint

import (
	"fmt"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/strictjson"
)

// problems collects what is wrong with one document.
type problems struct {
	where string
	list  refresh.Problems
}

// add notes a problem. The value is what the document says, in a form that may be
// printed: see show. The remedy is what to do about it.
func (ps *problems) add(path, value, detail, remedy string) {
	ps.list = append(ps.list, refresh.Problem{Where: ps.where, Path: path, Value: value, Detail: detail, Remedy: remedy})
}

// fault notes what is wrong with the document as JSON.
func (ps *problems) fault(f strictjson.Fault) {
	detail, remedy := f.Detail, f.Remedy
	if f.Kind == strictjson.UnknownName {
		if better := misnomer(f.Path); better != "" {
			remedy = better
		}
	}
	if f.Kind != strictjson.WrongType {
		detail = fmt.Sprintf("%s (line %d, column %d)", detail, f.Line, f.Column)
	}
	ps.add(f.Path, "", detail, remedy)
}

// err returns the problems as an error, or nil if there are none.
func (ps *problems) err() error {
	if len(ps.list) == 0 {
		return nil
	}
	return ps.list
}

// longestValue is how many characters of a config's value are printed.
const longestValue = 80

// show returns what a config says in a form that may be printed.
func show(value string) string { return secret.Shown(value) }

// oneOf checks that a word is one of those known, and says which there are.
func (ps *problems) oneOf(path, word string, known ...string) bool {
	for _, k := range known {
		if word == k {
			return true
		}
	}
	remedy := "use " + either(known)
	if near := strictjson.Nearest(word, known); near != "" {
		remedy = fmt.Sprintf("did you mean %q?", near)
	}
	ps.add(path, show(word), "is not known here", remedy)
	return false
}

// either lists words as a choice: `"a", "b" or "c"`.
func either(words []string) string { return enumerate(words, "or") }

func enumerate(words []string, last string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = fmt.Sprintf("%q", w)
	}
	if n := len(quoted); n > 1 {
		return strings.Join(quoted[:n-1], ", ") + " " + last + " " + quoted[n-1]
	}
	return strings.Join(quoted, "")
}

// duration reads a field in Go's notation.
func (ps *problems) duration(path string, v strictjson.Value, least, most, missing time.Duration) time.Duration {
	if v.Type == strictjson.Absent {
		return missing
	}
	if v.Type != strictjson.String {
		ps.add(path, "", fmt.Sprintf("must be a string with a duration, not %s", v.Type), `write it in quotes with a unit, such as "10s"`)
		return missing
	}
	d, err := time.ParseDuration(v.Text)
	switch {
	case err != nil:
		ps.add(path, show(v.Text), "is not a duration", `write a number and a unit, such as "90s", "10m" or "1h30m"; a day is "24h"`)
	case d < least:
		ps.add(path, show(v.Text), fmt.Sprintf("is too short; the least is %v", least), "")
	case d > most:
		ps.add(path, show(v.Text), fmt.Sprintf("is too long; the most is %v", most), "")
	default:
		return d
	}
	return missing
}
