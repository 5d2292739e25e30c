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
	steps []step  // to the value, or to the list that is filtered
	one   *filter // nil: none
	// literal is the value of a path that is a text of its own; see ParseType.
	literal any
}

// A step leads from a value to a member or an element of it.
type step struct {
	name    string
	index   int
	indexed bool
}

// A filter selects the one element of a list that matches, and something in it.
type filter struct {
	by      []step
	equals  any
	compare bool // with equals; else what by leads to must be true
	then    []step
}

// A Condition is a path that must lead to something true, or to a value equal to a literal.
// The zero Condition always holds.
type Condition struct {
	path    Path
	equals  any
	compare bool
}

const longestPath = 1024 // bytes

// ParsePath reads a path.
func ParsePath(text string) (Path, *Misreading) {
	p, wrong := parse(text, func(s *scanner) (Path, bool) { return s.path() })
	return p.named(text, wrong)
}

// ParseType reads a path, or a text in single quotes, which is a literal: the token type
// of providers whose word for it is wrong.
func ParseType(text string) (Path, *Misreading) {
	p, wrong := parse(text, func(s *scanner) (Path, bool) {
		if v, ok := s.quoted(); ok {
			return Path{literal: v}, true
		}
		return s.path()
	})
	return p.named(text, wrong)
}

// ParseCondition reads a path that must lead to something true, or path == literal.
func ParseCondition(text string) (Condition, *Misreading) {
	c, wrong := parse(text, func(s *scanner) (c Condition, ok bool) {
		if c.path, ok = s.path(); !ok || !s.take("==") {
			return c, ok
		}
		c.compare = true
		c.equals, ok = s.literal()
		return c, ok
	})
	c.path, wrong = c.path.named(text, wrong)
	return c, wrong
}

// parse reads the whole of a text.
func parse[T any](text string, read func(*scanner) (T, bool)) (T, *Misreading) {
	var none T
	if text == "" {
		return none, &Misreading{"is empty", `leave it out, or write where in the answer the value is, such as "data.token"`}
	}
	if len(text) > longestPath {
		return none, &Misreading{fmt.Sprintf("has %d bytes; at most %d are read", len(text), longestPath), ""}
	}
	s := &scanner{rest: text}
	v, ok := read(s)
	if s.space(); !ok || s.rest != "" {
		return none, misread(text, func(text string) bool {
			s := &scanner{rest: text}
			_, ok := read(s)
			s.space()
			return ok && s.rest == ""
		})
	}
	return v, nil
}

// named returns p as one that was written so, unless it could not be read.
func (p Path) named(text string, wrong *Misreading) (Path, *Misreading) {
	if wrong == nil {
		p.text = text
	}
	return p, wrong
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
		if p.one.compare && by != p.one.equals || !p.one.compare && !truth(by) {
			continue
		}
		if v := follow(p.one.then, item); v != nil {
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
	if c.compare {
		return f.Value == c.equals, f
	}
	return truth(f.Value), f
}

func follow(steps []step, v any) any {
	for _, s := range steps {
		if !s.indexed {
			object, _ := v.(map[string]any)
			v = object[s.name]
			continue
		}
		list, _ := v.([]any)
		i := s.index
		if i < 0 {
			i += len(list)
		}
		if i < 0 || i >= len(list) {
			return nil
		}
		v = list[i]
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
	f := &filter{}
	if f.by, ok = s.steps(); !ok {
		return Path{}, false
	}
	if f.compare = s.take("=="); f.compare {
		if f.equals, ok = s.literal(); !ok {
			return Path{}, false
		}
	}
	if !s.take("]") || !s.take(".") {
		return Path{}, false
	}
	if f.then, ok = s.steps(); !ok || !s.take("|") {
		return Path{}, false
	}
	first, _ := s.match(indexText)
	p.one = f
	return p, strings.Trim(first, "[] \t\r\n") == "0"
}

// steps reads names and indexes. There is at least one, or @.
func (s *scanner) steps() (list []step, ok bool) {
	if s.take("@") {
		ok = true
	} else if n, named := s.name(); named {
		list, ok = append(list, step{name: n}), true
	}
	for {
		switch {
		case ok && s.take("."):
			n, named := s.name()
			if !named {
				return nil, false
			}
			list = append(list, step{name: n})
		default:
			text, indexed := s.match(indexText)
			if !indexed {
				return list, ok
			}
			i, _ := strconv.Atoi(strings.Trim(text, "[] \t\r\n")) // nine digits at most
			list, ok = append(list, step{index: i, indexed: true}), true
		}
	}
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
