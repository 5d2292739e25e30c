package tokenendpoint

import (
	"errors"
	"regexp"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// A template is text with places for values of the credential. The parts are joined
// only when a request is built.
type template []part

// A part is one of: a literal; a value of the credential or of an earlier step, by name;
// what is done to a template where it lands, such as percent-encoding; or a function that
// the config calls.
type part struct {
	literal string

	value string
	// at is the field of the config where the value stands.
	at string
	// implied marks a value that OAuth names and not the config.
	implied bool
	// optional allows the value to be absent or empty. Then instead stands there, or where
	// that is nil nothing does, and the whole field is left out.
	optional bool
	instead  *string

	call func(string) string
	arg  template

	function *function
	args     []template
}

func literal(text string) template { return template{{literal: text}} }

func valueOf(name string) template { return template{{value: name}} }

// implied is the value that the field at asks for, by its name in OAuth.
func implied(at, name string) template {
	return template{{value: name, at: at, implied: true}}
}

func apply(f func(string) string, arg ...part) template { return template{{call: f, arg: arg}} }

// fixed returns the text of a template without values; ok is false if it has any.
func (t template) fixed() (text string, ok bool) {
	var b strings.Builder
	for _, p := range t {
		if p.value != "" || p.call != nil || p.function != nil {
			return "", false
		}
		b.WriteString(p.literal)
	}
	return b.String(), true
}

// each returns t with f applied to every value in it, and to what functions give, as
// where a value must be encoded and the text around it must not.
func (t template) each(f func(string) string) template {
	out := make(template, len(t))
	for i, p := range t {
		out[i] = p
		if p.value != "" || p.function != nil {
			out[i] = part{call: f, arg: template{p}}
		}
	}
	return out
}

// validName is what a value of a credential may be called.
var validName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

// A templateFault is what is wrong with a template, and what to do.
type templateFault struct{ detail, remedy string }

// values calls f with each part of t that is a value, those in arguments too.
func (t template) values(f func(part)) {
	for _, p := range t {
		if p.value != "" {
			f(p)
		}
		p.arg.values(f)
		for _, a := range p.args {
			a.values(f)
		}
	}
}

// fresh reports whether t gives something else each time.
func (t template) fresh() bool {
	for _, p := range t {
		if p.function != nil && p.function.fresh {
			return true
		}
		for _, a := range p.args {
			if a.fresh() {
				return true
			}
		}
	}
	return false
}

// parseTemplate reads the text of the field at, in which ${name} stands for the value of that name, and $${
// for ${ itself; what else may stand in braces is told with [notation].
func parseTemplate(at, text string) (t template, fault *templateFault) {
	var lit strings.Builder
	n := notation{at: at}
	for rest := text; rest != ""; {
		i := strings.Index(rest, "${")
		if i < 0 {
			lit.WriteString(rest)
			break
		}
		if i > 0 && rest[i-1] == '$' {
			lit.WriteString(rest[:i-1] + "${")
			rest = rest[i+2:]
			continue
		}
		lit.WriteString(rest[:i])
		p, after, fault := n.substitution(rest[i+2:])
		if fault != nil {
			return nil, fault
		}
		if lit.Len() > 0 {
			t = append(t, part{literal: lit.String()})
			lit.Reset()
		}
		t = append(t, p)
		rest = after
	}
	if lit.Len() > 0 {
		t = append(t, part{literal: lit.String()})
	}
	return t, nil
}

// maxRequest bounds what is substituted into one request, in bytes: a config of 64 KiB
// may name a value of 64 KiB ten thousand times.
const maxRequest = 1 << 20

var (
	errTooLarge = errors.New("the request would be larger than 1 MiB")
	// errLeftOut says that an optional value is not there, and the field is to be left out.
	errLeftOut = errors.New("an optional value is not there")
)

// values are what templates of one request may use, and how many bytes of them still.
type values struct {
	of    map[string]secret.Text
	left  int
	now   time.Time
	uuids map[string]string
	// memory takes what is made of secrets; nil: nobody asks.
	memory *memory
}

func newValues(c refresh.Credential) *values {
	return &values{of: c.Values, left: maxRequest, uuids: map[string]string{}}
}

// expand returns the text of t, or errLeftOut. It stays a Secret until it is written into
// a request.
func (v *values) expand(t template) (secret.Text, error) {
	var b strings.Builder
	for _, p := range t {
		text := p.literal
		switch {
		case p.value != "":
			text = v.of[p.value].Reveal() // that it is there was checked before: see Endpoint.Check
			if text == "" && p.optional {
				if p.instead == nil {
					return secret.Text{}, errLeftOut
				}
				text = *p.instead
			}
		case p.call != nil:
			arg, err := v.expand(p.arg)
			if err != nil {
				return secret.Text{}, err
			}
			text = p.call(arg.Reveal())
			v.remember(text, template{p})
		case p.function != nil:
			args := make([]string, len(p.args))
			for i, a := range p.args {
				arg, err := v.expand(a)
				if err != nil {
					return secret.Text{}, err
				}
				args[i] = arg.Reveal()
			}
			text = p.function.do(v, args)
			v.remember(text, template{p})
		}
		if v.left -= len(text); v.left < 0 {
			return secret.Text{}, errTooLarge
		}
		b.WriteString(text)
	}
	v.remember(b.String(), t)
	return secret.New(b.String()), nil
}
