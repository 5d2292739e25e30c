package template

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/strictjson"
)

// The text between ${ and } in a template is an expression:
//
//	name                 a value of the credential
//	steps.login.session  what an earlier step kept
//	name?                the same; where there is none, the whole field is left out
//	name?'text'          the same; where there is none, that text
//	'text'               a text, as the argument of a function
//	f(x, y)              one of the functions, of expressions
//
// Quotes are single, since those of JSON would need a backslash each.

const (
	// maxCallDepth is how deep functions may be nested.
	maxCallDepth = 8
	// maxCalls is how many functions one template may call.
	maxCalls = 16
)

// validReference is a name with a part before it that says whose it is.
var validReference = regexp.MustCompile(`^(?:steps\.[A-Za-z_][A-Za-z0-9_]{0,63}\.[A-Za-z_][A-Za-z0-9_]{0,63}|extra\.[A-Za-z0-9_.-]{1,64})$`)

// Parse reads the text of the field at, in which ${name} is the value of that name, and $${
// is ${ itself; see [notation] for what else may be in braces.
func Parse(at, text string) (t Template, fault *Fault) {
	n := notation{at: at}
	for literal, rest := "", text; ; {
		before, after, found := strings.Cut(rest, "${")
		literal += before
		if found && strings.HasSuffix(before, "$") {
			literal, rest = literal+"{", after
			continue
		}
		if literal != "" {
			t = append(t, part{literal: literal})
		}
		if !found {
			return t, nil
		}
		p, after, fault := n.substitution(after)
		if fault != nil {
			return nil, fault
		}
		t, literal, rest = append(t, p), "", after
	}
}

// A notation reads the expressions of one template.
type notation struct {
	at    string // the field of the config
	rest  string
	calls int
}

// expression reads one up to what follows it.
func (n *notation) expression(depth int) (part, *Fault) {
	n.skipSpace()
	switch {
	case n.rest == "":
		return part{}, unclosed
	case n.rest[0] == '\'':
		text, fault := n.quoted()
		return part{literal: text}, fault
	}
	name := n.name()
	if n.skipSpace(); strings.HasPrefix(n.rest, "(") {
		return n.call(name, depth)
	}
	if !validName.MatchString(name) && !validReference.MatchString(name) {
		return part{}, &Fault{}
	}
	v := Value{Name: name, At: n.at}
	if strings.HasPrefix(n.rest, "?") {
		n.rest = n.rest[1:]
		v.Optional = true
		if n.skipSpace(); strings.HasPrefix(n.rest, "'") {
			text, fault := n.quoted()
			if fault != nil {
				return part{}, fault
			}
			v.Instead = &text
		}
	}
	return part{value: v}, nil
}

func (n *notation) call(name string, depth int) (part, *Fault) {
	if n.calls++; n.calls > maxCalls || depth >= maxCallDepth {
		return part{}, &Fault{
			fmt.Sprintf("calls more than %d functions, or nests them deeper than %d", maxCalls, maxCallDepth), "take fewer"}
	}
	f, known := functions[name]
	if !known {
		all := slices.Sorted(maps.Keys(functions))
		return part{}, &Fault{fmt.Sprintf("calls %s, and there is no such function", secret.Printable(secret.Mask(name), 40)),
			strictjson.DidYouMean(name, all, "there are "+strictjson.Enumerate(all, "and"))}
	}
	n.rest = n.rest[1:]
	var args []part
	for n.skipSpace(); !strings.HasPrefix(n.rest, ")"); n.skipSpace() {
		if len(args) > 0 {
			switch {
			case n.rest == "", n.rest[0] == '}':
				return part{}, &Fault{"has " + name + "( without )", "close it after its arguments"}
			case n.rest[0] != ',':
				return part{}, &Fault{"has arguments of " + name + " that no comma separates", "write " + name + "(a, b); a text is in single quotes"}
			}
			n.rest = n.rest[1:]
		}
		arg, fault := n.expression(depth + 1)
		if fault != nil {
			return part{}, fault
		}
		args = append(args, arg)
	}
	n.rest = n.rest[1:]
	if fault := f.check(name, args); fault != nil {
		return part{}, fault
	}
	p := part{function: f}
	for _, a := range args {
		p.args = append(p.args, Template{a})
	}
	return p, nil
}

var unclosed = &Fault{"has ${ without }", "close it after the name, or write $${ for the characters ${"}

func (n *notation) skipSpace() { n.rest = strings.TrimLeft(n.rest, " ") }

var nameLike = regexp.MustCompile(`^[A-Za-z0-9_.-]*`)

func (n *notation) name() string {
	name := nameLike.FindString(n.rest)
	n.rest = n.rest[len(name):]
	return name
}

// quoted reads a text in single quotes, in which two of them are one.
func (n *notation) quoted() (string, *Fault) {
	text := quotedText.FindString(n.rest)
	if text == "" {
		return "", &Fault{"has a text whose quote is not closed", "close it with '; two of them are one in a text"}
	}
	n.rest = n.rest[len(text):]
	return strings.ReplaceAll(text[1:len(text)-1], "''", "'"), nil
}

// substitution reads what follows ${, including the }, and returns the text after it.
func (n *notation) substitution(text string) (p part, after string, fault *Fault) {
	n.rest = text
	p, fault = n.expression(0)
	if fault == nil {
		n.skipSpace()
		switch {
		case n.rest == "":
			fault = unclosed
		case n.rest[0] != '}':
			fault = &Fault{}
		case p.octets():
			fault = &Fault{"has octets where text must be", "write them as hex(…), base64(…) or base64url(…)"}
		case !p.substituted():
			fault = &Fault{"has a literal text alone in ${…}", "write it without ${' and '}"}
		}
	}
	if fault != nil {
		if *fault == (Fault{}) {
			fault = misread(text)
		}
		return part{}, "", fault
	}
	return p, n.rest[1:], nil
}

var quotedText = regexp.MustCompile(`'(?:[^']|'')*'`)

// Shown returns a text that is no template in a form that may be printed: quoted texts in it
// may be secrets that should not be there.
func Shown(text string) string { return secret.Shown(quotedText.ReplaceAllString(text, "'…'")) }

func misread(text string) *Fault {
	inner, _, closed := strings.Cut(text, "}")
	if !closed {
		return unclosed
	}
	shown := secret.Printable(secret.Mask(inner), 40)
	if strings.ContainsAny(inner, "('\"") {
		return &Fault{"has ${" + shown + "}, which cannot be read",
			"a function is written ${base64(name)}, its texts in single quotes: ${join(':', a, b)}"}
	}
	if strings.HasPrefix(inner, "steps") {
		return &Fault{"has ${" + shown + "}, which is not a value of a step", "write ${steps.NAME.VALUE}, as in ${steps.login.session}"}
	}
	return &Fault{"has ${" + shown + "}, which is not the name of a credential's value",
		"write a name of letters, digits and _, or $${ for the characters ${"}
}
