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
	c, wrong := parse(text, func(s *scanner) (c Condition, ok bool) {
		c.path, ok = s.path()
		return c, ok
	})
	return c.path, wrong
}

// ParseType reads a path, or a text in single quotes, which is a literal: the token type
// of providers whose word for it is wrong.
func ParseType(text string) (Path, *Misreading) {
	c, wrong := parse(text, func(s *scanner) (c Condition, ok bool) {
		if v, ok := s.quoted(); ok {
			c.path.literal = v
			return c, true
		}
		c.path, ok = s.path()
		return c, ok
	})
	return c.path, wrong
}

// ParseCondition reads a path that must lead to something true, or path == literal.
func ParseCondition(text string) (Condition, *Misreading) {
	return parse(text, func(s *scanner) (c Condition, ok bool) {
		if c.path, ok = s.path(); ok {
			c.test, ok = s.test()
		}
		return c, ok
	})
}

// parse reads the whole of a text.
func parse(text string, read func(*scanner) (Condition, bool)) (Condition, *Misreading) {
	if text == "" {
		return Condition{}, &Misreading{"is empty", `leave it out, or write where in the answer the value is, such as "data.token"`}
	}
	if len(text) > longestPath {
		return Condition{}, &Misreading{fmt.Sprintf("has %d bytes; at most %d are read", len(text), longestPath), ""}
	}
	whole := func(text string) (Condition, bool) {
		s := &scanner{rest: text}
		c, ok := read(s)
		s.space()
		c.path.text = text
		return c, ok && s.rest == ""
	}
	c, ok := whole(text)
	if !ok {
		return Condition{}, misread(text, func(text string) bool { _, ok := whole(text); return ok })
	}
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

// A scanner reads a path. White space between words means nothing.
type scanner struct{ rest string }

func (s *scanner) space() { s.rest = strings.TrimLeft(s.rest, " \t\r\n") }

func (s *scanner) take(word string) bool {
	s.space()
	rest, ok := strings.CutPrefix(s.rest, word)
	if ok {
		s.rest = rest
	}
	return ok
}

// match takes what a regular expression finds at the beginning.
func (s *scanner) match(re *regexp.Regexp) (string, bool) {
	s.space()
	found := re.FindString(s.rest)
	s.rest = s.rest[len(found):]
	return found, found != ""
}

var (
	quotedName  = regexp.MustCompile(`^"(?:[^"\\]|\\.)+"`)
	indexText   = regexp.MustCompile(`^\[\s*-?[0-9]{1,9}\s*\]`)
	singleQuote = regexp.MustCompile(`^'(?:[^'\\]|\\.)*'`)
	backquote   = regexp.MustCompile("^`(?:[^`\\\\]|\\\\.)*`")
)

// path reads a path with at most one filter.
func (s *scanner) path() (p Path, ok bool) {
	if !s.take("[?") {
		if p.steps, ok = s.steps(); !ok || !s.take("[?") {
			return p, ok
		}
	}
	p.one = &filter{}
	if p.one.by, ok = s.steps(); !ok {
		return p, false
	}
	if p.one.test, ok = s.test(); !ok || !s.take("]") || !s.take(".") {
		return p, false
	}
	if p.one.then, ok = s.steps(); !ok || !s.take("|") {
		return p, false
	}
	first, ok := s.index()
	return p, ok && first == 0
}

// steps reads names and indexes. There is at least one, or @.
func (s *scanner) steps() (list []any, ok bool) {
	if ok = s.take("@"); !ok {
		var name string
		if name, ok = s.name(); ok {
			list = append(list, name)
		}
	}
	for {
		if ok && s.take(".") {
			name, named := s.name()
			if !named {
				return nil, false
			}
			list = append(list, name)
		} else if i, indexed := s.index(); indexed {
			list, ok = append(list, i), true
		} else {
			return list, ok
		}
	}
}

// index reads an index in brackets.
func (s *scanner) index() (int, bool) {
	text, ok := s.match(indexText)
	i, _ := strconv.Atoi(strings.Trim(text, "[] \t\r\n")) // nine digits at most
	return i, ok
}

// test reads == and a literal, if they are there.
func (s *scanner) test() (t test, ok bool) {
	if t.compare = s.take("=="); !t.compare {
		return t, true
	}
	t.equals, ok = s.literal()
	return t, ok
}

func (s *scanner) name() (string, bool) {
	if n, ok := s.match(plainName); ok {
		return n, true
	}
	text, ok := s.match(quotedName)
	if !ok {
		return "", false
	}
	var n string
	return n, json.Unmarshal([]byte(text), &n) == nil
}

// quoted reads a text in single quotes, in which only \' and \\ are escapes.
func (s *scanner) quoted() (string, bool) {
	text, ok := s.match(singleQuote)
	if !ok {
		return "", false
	}
	return strings.NewReplacer(`\'`, `'`, `\\`, `\`).Replace(text[1 : len(text)-1]), true
}

// literal reads a text in single quotes, or a text, a number, true, false or null in backticks.
func (s *scanner) literal() (any, bool) {
	if v, ok := s.quoted(); ok {
		return v, true
	}
	text, ok := s.match(backquote)
	if !ok {
		return nil, false
	}
	text = strings.TrimSpace(strings.ReplaceAll(text[1:len(text)-1], "\\`", "`"))
	v, err := parseJSON([]byte(text))
	switch v.(type) {
	case []any, map[string]any:
		return nil, false
	}
	return v, err == nil
}
