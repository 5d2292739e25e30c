// Package template has the notation of the texts of a config in which ${…} is replaced by values
// that are known later: parsed by [Parse], filled in by [Values.Expand], and escaped for the place
// where each value lands. It knows neither what values are nor what texts are for.
package template

import (
	"errors"
	"regexp"
	"slices"
	"strings"
)

// A Template is text with places for values. The parts are joined only by Expand.
type Template []part

// A part is one of: a literal; a value; what is done to a template where it lands, such as
// percent-encoding; or a function that the text calls.
type part struct {
	literal string

	value Value

	call func(string) string
	arg  Template

	function *function
	args     []Template
}

// A Value is a place where a value is named.
type Value struct {
	// Name is what the value is called; dots are in steps.STEP.NAME and extra.NAME.
	Name string
	// At is the field of the config that names it.
	At string
	// Implied marks a value that OAuth names and not the config.
	Implied bool
	// Optional allows the value to be absent or empty. Then Instead takes its place, or,
	// where that is nil, the whole field is left out.
	Optional bool
	Instead  *string
}

// LeavesOut reports whether the field is left out where the value is absent.
func (v Value) LeavesOut() bool { return v.Optional && v.Instead == nil }

// A Fault is what is wrong with a template, and what to do.
type Fault struct{ Detail, Remedy string }

// ErrLeftOut says that an optional value is absent, and the field is to be left out.
var ErrLeftOut = errors.New("an optional value is not there")

// Literal is the template of fixed text.
func Literal(text string) Template { return Template{{literal: text}} }

// Of is the template of one value.
func Of(name string) Template { return Template{{value: Value{Name: name}}} }

// Implied is the template of the value that the field at asks for, by its name in OAuth.
func Implied(at, name string) Template {
	return Template{{value: Value{Name: name, At: at, Implied: true}}}
}

// Apply is what f makes of the text of t.
func Apply(f func(string) string, t Template) Template { return Template{{call: f, arg: t}} }

// substituted reports whether p is something else than text of the config.
func (p part) substituted() bool { return p.value.Name != "" || p.call != nil || p.function != nil }

// octets reports whether p gives octets, which no text can hold.
func (p part) octets() bool { return p.function != nil && p.function.digests }

// Fixed returns the text of a template without values; ok is false if it has any.
func (t Template) Fixed() (text string, ok bool) {
	if slices.ContainsFunc(t, part.substituted) {
		return "", false
	}
	return t.Outline(""), true
}

// Outline returns the text of t with mark for each of its substitutions.
func (t Template) Outline(mark string) string {
	var b strings.Builder
	for _, p := range t {
		if p.substituted() {
			b.WriteString(mark)
		}
		b.WriteString(p.literal)
	}
	return b.String()
}

// Cut returns what of t comes before the first separator that is no part of a value, and what comes
// after it; of a t without one, all comes before.
func (t Template) Cut(separator string) (before, after Template) {
	for i, p := range t {
		if text, rest, found := strings.Cut(p.literal, separator); found {
			return append(slices.Clone(t[:i]), part{literal: text}), append(Literal(rest), t[i+1:]...)
		}
	}
	return t, nil
}

// Mentions counts how often Expand writes a value down: once, and once more for each function that
// it passes through. It bounds what is written, and discloses nothing of how long a value is.
func (t Template) Mentions() int {
	n := 0
	for _, p := range t {
		if p.value.Name != "" {
			n++
		}
		n += p.arg.Mentions()
		for _, a := range p.args {
			if inner := a.Mentions(); inner > 0 {
				n += inner + 1
			}
		}
	}
	return n
}

// Fresh reports whether t gives something else each time.
func (t Template) Fresh() bool {
	return slices.ContainsFunc(t, func(p part) bool {
		return p.function != nil && p.function.fresh || p.arg.Fresh() || slices.ContainsFunc(p.args, Template.Fresh)
	})
}

// Alone returns the value that t is, and nothing else; ok is false if it is more.
func (t Template) Alone() (v Value, ok bool) {
	if len(t) != 1 || t[0].value.Name == "" {
		return Value{}, false
	}
	return t[0].value, true
}

var validName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

// ValidName reports whether a value of a credential may be called name.
func ValidName(name string) bool { return validName.MatchString(name) }
