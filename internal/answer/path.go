package answer

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A Path leads to one value in a decoded answer. It is the part of JMESPath
// (https://jmespath.org/specification.html) that providers need, in the same spelling:
//
//	@                                    the answer itself
//	token, data.token, "odd-name".token  names
//	items[0].token, items[-1]            indexes, also from the end
//	items[?default].token | [0]          the element whose member is true
//	items[?type=='access'].token | [0]   the element whose member is a text, or a number,
//	                                     true, false or null in backticks
//
// One filter at most, and nothing that computes: what cannot be compared or cut cannot give
// away, bit by bit, a secret that an answer repeats. The zero Path leads nowhere.
type Path struct {
	text  string
	steps []any   // to the value, or to the list that is filtered: names, and indexes as an int
	one   *filter // nil: none
	// literal is the value of a path that is a text of its own; see ParseType.
	literal any
}

// A filter selects the one element of a list in which something passes a test, and something in it.
type filter struct {
	by []any
	test
	then []any
}

// A test is of values that are equal to a literal, or, without a comparison, of those that are true.
type test struct {
	equals  any
	compare bool
}

func (t test) passes(v any) bool { return t.compare && v == t.equals || !t.compare && truth(v) }

// A Condition is a path that must lead to something true, or to a value equal to a literal.
// The zero Condition always holds.
type Condition struct {
	path Path
	test
}

const longestPath = 1024 // bytes

// ParsePath reads a path.
func ParsePath(text string) (Path, *Misreading) {
	c, wrong := parse(text, func(c Condition) bool { return !c.compare })
	return c.path, wrong
}

// ParseType reads a path, or a text in single quotes, which is a literal: the token type
// of providers whose word for it is wrong.
func ParseType(text string) (Path, *Misreading) {
	if quoted := strings.TrimSpace(text); aText.MatchString(quoted) {
		v, _ := literal(quoted) // a text always is one
		return Path{text: text, literal: v}, nil
	}
	return ParsePath(text)
}

// ParseCondition reads a path that must lead to something true, or path == literal.
func ParseCondition(text string) (Condition, *Misreading) {
	return parse(text, func(Condition) bool { return true })
}

func parse(text string, wanted func(Condition) bool) (Condition, *Misreading) {
	if text == "" {
		return Condition{}, &Misreading{"is empty", `leave it out, or write where in the answer the value is, such as "data.token"`}
	}
	if len(text) > longestPath {
		return Condition{}, &Misreading{fmt.Sprintf("has %d bytes; at most %d are read", len(text), longestPath), ""}
	}
	good := func(text string) bool { c, ok := read(text); return ok && wanted(c) }
	if !good(text) {
		return Condition{}, misread(text, good)
	}
	c, _ := read(text)
	return c, nil
}

// IsZero reports whether p leads nowhere.
func (p Path) IsZero() bool { return p.text == "" }

// String returns p as it was written.
func (p Path) String() string { return p.text }

// IsZero reports whether c always holds.
func (c Condition) IsZero() bool { return c.path.text == "" }

// String returns c as it was written.
func (c Condition) String() string { return c.path.text }

// Found is what a path leads to.
type Found struct {
	// Value is nil where there is none, or several.
	Value any
	// Matches is how many elements a filter found with a value in them.
	Matches int
	// Compared is what a filter or condition looked at, and found equal, true or not.
	Compared []any
}

// Find follows p through a value as [Message.Decode] returns it.
func (p Path) Find(v any) (f Found) {
	switch {
	case p.IsZero():
		return Found{}
	case p.literal != nil:
		return Found{Value: p.literal}
	case p.one == nil:
		return Found{Value: follow(p.steps, v)}
	}
	list, _ := follow(p.steps, v).([]any)
	for _, item := range list {
		by := follow(p.one.by, item)
		f.Compared = append(f.Compared, by)
		if v := follow(p.one.then, item); v != nil && p.one.passes(by) {
			f.Value = v
			f.Matches++
		}
	}
	if f.Matches > 1 {
		f.Value = nil
	}
	return f
}

// Holds reports whether c is true of a value, and what it looked at.
func (c Condition) Holds(v any) (holds bool, f Found) {
	if c.IsZero() {
		return true, f
	}
	f = c.path.Find(v)
	f.Compared = append(f.Compared, f.Value)
	return c.passes(f.Value), f
}

func follow(steps []any, v any) any {
	for _, s := range steps {
		switch s := s.(type) {
		case string:
			object, _ := v.(map[string]any)
			v = object[s]
		case int:
			list, _ := v.([]any)
			if s < 0 {
				s += len(list)
			}
			if s < 0 || s >= len(list) {
				return nil
			}
			v = list[s]
		}
	}
	return v
}

// truth reports whether a value is true in the sense of JMESPath.
func truth(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	}
	return true
}

const (
	nameText    = `(?:[A-Za-z_][A-Za-z0-9_]*|"(?:[^"\\]|\\.)+")`
	indexText   = `\[\s*-?[0-9]{1,9}\s*\]`
	stepsText   = `(?:@|` + nameText + `|` + indexText + `)(?:\s*(?:\.\s*` + nameText + `|` + indexText + `))*`
	literalText = `'(?:[^'\\]|\\.)*'|` + "`(?:[^`\\\\]|\\\\.)*`"
	testText    = `\s*(?:==\s*(?P<%s>` + literalText + `)\s*)?`
)

var (
	// conditions are paths with at most one filter, and what they must lead to. White space between
	// words means nothing.
	conditions = regexp.MustCompile(`^\s*(?P<to>` + stepsText + `)?\s*(?P<filter>\[\?\s*(?P<by>` + stepsText + `)` + fmt.Sprintf(testText, "like") +
		`\]\s*\.\s*(?P<then>` + stepsText + `)\s*\|\s*\[\s*0\s*\])?` + fmt.Sprintf(testText, "is") + `$`)
	aStep = regexp.MustCompile(nameText + `|` + indexText)
	aText = regexp.MustCompile(`^'(?:[^'\\]|\\.)*'$`)
)

func read(text string) (c Condition, ok bool) {
	m := conditions.FindStringSubmatch(text)
	if m == nil {
		return c, false
	}
	part := func(name string) string { return m[conditions.SubexpIndex(name)] }
	ok = part("to") != "" || part("filter") != ""
	steps := func(text string) (list []any) {
		for _, s := range aStep.FindAllString(text, -1) {
			var name string
			switch {
			case s[0] == '[':
				i, _ := strconv.Atoi(strings.Trim(s, "[] \t\r\n\f")) // nine digits at most
				list = append(list, i)
				continue
			case s[0] != '"':
				name = s
			case json.Unmarshal([]byte(s), &name) != nil:
				ok = false
			}
			list = append(list, name)
		}
		return list
	}
	compared := func(text string) (t test) {
		var known bool
		if t.compare = text != ""; t.compare {
			t.equals, known = literal(text)
			ok = ok && known
		}
		return t
	}
	c = Condition{Path{text: text, steps: steps(part("to"))}, compared(part("is"))}
	if part("filter") != "" {
		c.path.one = &filter{steps(part("by")), compared(part("like")), steps(part("then"))}
	}
	return c, ok
}

// literal returns the value of a text in single quotes, or of a text, a number, true, false or null in
// backticks.
func literal(text string) (any, bool) {
	inner := text[1 : len(text)-1]
	if text[0] == '\'' {
		return strings.NewReplacer(`\'`, `'`, `\\`, `\`).Replace(inner), true
	}
	v, err := parseJSON([]byte(strings.TrimSpace(strings.ReplaceAll(inner, "\\`", "`"))))
	switch v.(type) {
	case []any, map[string]any:
		return nil, false
	}
	return v, err == nil
}
