package template

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Symbols replace values in a text that is shown and not sent. They are put into
// templates as words that no encoding changes, so that it is built as any other, by
// the same code; in what was built, they become ${…}.
type Symbols struct {
	names []string // the values that there are; nil: that is not known
	words []string // the symbols so far, each a word and its value
}

// NewSymbols returns symbols for the values of those names; nil: it is not known which there
// are, so that those that may be left out are shown with a question mark.
func NewSymbols(names []string) *Symbols { return &Symbols{names: names} }

// symbol returns the word for what is shown as that.
func (s *Symbols) symbol(shown string) part {
	for i := 0; i < len(s.words); i += 2 {
		if s.words[i+1] == shown {
			return part{literal: s.words[i]}
		}
	}
	word := fmt.Sprintf("tokenkeeper0symbol%dx", len(s.words)/2)
	s.words = append(s.words, word, shown)
	return part{literal: word}
}

// Shown returns text with its symbols as they are shown.
func (s *Symbols) Shown(text string) string { return strings.NewReplacer(s.words...).Replace(text) }

// absent reports whether a value is known to be missing where that is allowed.
func (s *Symbols) absent(v Value) bool {
	return s.names != nil && v.Optional && !strings.Contains(v.Name, ".") && !slices.Contains(s.names, v.Name)
}

// Symbolic returns t with symbols for its values. One that may be left out, and is, stays
// as it is: there is no value for it, and the field goes as it does when it is sent.
func (s *Symbols) Symbolic(t Template) Template {
	out := make(Template, 0, len(t))
	for _, p := range t {
		switch {
		case p.value.Name != "" && s.absent(p.value):
		case p.value.Name != "":
			p = s.symbol("${" + s.notation(p) + "}")
		case p.function != nil:
			if v, ok := s.absentIn(p); ok {
				p = part{value: v}
				break
			}
			p = s.symbol("${" + s.notation(p) + "}")
		case p.call != nil:
			p = s.called(p)
		}
		out = append(out, p)
	}
	return out
}

// absentIn returns the first value in a function's arguments that is absent, if the field is
// left out by it.
func (s *Symbols) absentIn(p part) (v Value, ok bool) {
	for v := range (Template{p}).Values() {
		if s.absent(v) {
			return v, v.LeavesOut()
		}
	}
	return Value{}, false
}

// called returns what an encoding makes of symbols. They survive all but base64, by which
// HTTP Basic authentication has what it sends.
func (s *Symbols) called(p part) part {
	arg := s.Symbolic(p.arg)
	plain, fixed := arg.Fixed()
	if !fixed {
		text, err := NewValues(nil, time.Time{}, nil).Expand(arg)
		if errors.Is(err, ErrLeftOut) {
			return part{call: p.call, arg: arg}
		}
		plain = text.Reveal()
	}
	encoded := p.call(plain)
	if s.Shown(encoded) == encoded && s.Shown(plain) != plain {
		return s.symbol("base64(" + s.Shown(plain) + ")")
	}
	return part{literal: encoded}
}

// Written returns t as a config has it.
func (t Template) Written() string {
	var b strings.Builder
	for _, p := range t {
		if p.substituted() {
			b.WriteString("${" + NewSymbols(nil).notation(p) + "}")
		}
		b.WriteString(p.literal)
	}
	return b.String()
}

// notation writes an expression as configs have it.
func (s *Symbols) notation(p part) string {
	switch {
	case p.function != nil:
		args := make([]string, len(p.args))
		for i, a := range p.args {
			for _, q := range a { // it is one
				args[i] += s.notation(q)
			}
		}
		return p.function.name() + "(" + strings.Join(args, ", ") + ")"
	case p.value.Name == "":
		return quoted(p.literal)
	case !p.value.Optional, s.names != nil && slices.Contains(s.names, p.value.Name):
		return p.value.Name
	case p.value.Instead == nil:
		return p.value.Name + "?"
	}
	return p.value.Name + "?" + quoted(*p.value.Instead)
}

func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// name is what templates call f.
func (f *function) name() string {
	name, _, _ := strings.Cut(f.signature, "(")
	return name
}
