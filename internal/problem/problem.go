// Package problem collects what is wrong with a document: all of it at once, each with the
// field, what it says, and what to write instead.
package problem

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/strictjson"
)

// A List collects what is wrong with one document.
type List struct {
	// Where is the place of the document, and Found what is wrong with it.
	Where string
	Found refresh.Problems
}

// Add notes a problem. The value is what the document says, in a form that may be
// printed: see Show. The remedy is what to do about it.
func (ps *List) Add(path, value, detail, remedy string) {
	ps.Found = append(ps.Found, refresh.Problem{Where: ps.Where, Path: path, Value: value, Detail: detail, Remedy: remedy})
}

// Err returns the problems as an error, or nil if there are none.
func (ps *List) Err() error {
	if len(ps.Found) == 0 {
		return nil
	}
	return ps.Found
}

// Show returns a value that a document states in a form that may be printed.
func Show(value string) string { return secret.Shown(value) }

// Name returns a name, or a word that is known, in a form that may be printed.
func Name(name string) string { return secret.Named(name) }

// OneOf checks that a word is one of those known, and says which there are.
func (ps *List) OneOf(path, word string, known ...string) bool {
	if slices.Contains(known, word) {
		return true
	}
	// What is near none of them may be a secret that was pasted here.
	value, remedy := "", "use "+strictjson.Either(known)
	if near := strictjson.Nearest(word, known); near != "" {
		value, remedy = Name(word), fmt.Sprintf("did you mean %q?", near)
	}
	ps.Add(path, value, "is not known here", remedy)
	return false
}

// Duration reads a field in Go's notation.
func (ps *List) Duration(path string, v strictjson.Value, least, most, missing time.Duration) time.Duration {
	if v.Type == strictjson.Absent {
		return missing
	}
	if v.Type != strictjson.String {
		ps.Add(path, "", fmt.Sprintf("must be a string with a duration, not %s", v.Type), `write it in quotes with a unit, such as "10s"`)
		return missing
	}
	d, err := time.ParseDuration(v.Text)
	switch {
	case err != nil:
		ps.Add(path, Show(v.Text), "is not a duration", `write a number and a unit, such as "90s", "10m" or "1h30m"; a day is "24h"`)
	case d < least:
		ps.Add(path, Show(v.Text), fmt.Sprintf("is too short; the least is %v", least), "")
	case d > most:
		ps.Add(path, Show(v.Text), fmt.Sprintf("is too long; the most is %v", most), "")
	default:
		return d
	}
	return missing
}

// Words reads a list of strings.
func (ps *List) Words(path string, v strictjson.Value) []string {
	if v.Type != strictjson.List {
		ps.Add(path, "", fmt.Sprintf("must be a list of strings, not %s", v.Type), `write ["…"]`)
		return nil
	}
	var list []string
	for i, item := range v.Items {
		if item.Type != strictjson.String {
			ps.Add(Indexed(path, i), "", fmt.Sprintf("must be a string, not %s", item.Type), "")
			continue
		}
		list = append(list, item.Text)
	}
	return list
}

// validName is a name that a path holds as it is.
var validName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

// Member is the path of a member of an object.
func Member(path, name string) string {
	if validName.MatchString(strings.ReplaceAll(name, "-", "_")) {
		return path + "." + name
	}
	return path + "." + Show(name)
}

// Indexed is the path of an item of a list.
func Indexed(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }
