package tokenendpoint

import (
	"fmt"
	"strings"

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

// show returns what a config says in a form that may be printed. A config should hold
// no secret, but people err, so what looks like one is masked.
func show(value string) string {
	return `"` + secret.Printable(secret.Mask(value), longestValue) + `"`
}

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
