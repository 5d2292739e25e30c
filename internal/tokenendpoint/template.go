package tokenendpoint

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"example.com/tokenkeeper/internal/refresh"
)

// A template is text with places for values of the credential. The parts are joined
// only when a request is built.
type template []part

// A part is one of: a literal; a value of the credential, by name; or a function of a
// template, such as the base64 of Basic authentication.
type part struct {
	literal string
	value   string
	call    func(string) string
	arg     template
}

func literal(text string) template { return template{{literal: text}} }

func valueOf(name string) template { return template{{value: name}} }

func apply(f func(string) string, arg ...part) template { return template{{call: f, arg: arg}} }

// fixed returns the text of a template without values; ok is false if it has any.
func (t template) fixed() (text string, ok bool) {
	var b strings.Builder
	for _, p := range t {
		if p.value != "" || p.call != nil {
			return "", false
		}
		b.WriteString(p.literal)
	}
	return b.String(), true
}

// each returns t with f applied to every value in it, as where a value must be encoded
// and the text around it must not.
func (t template) each(f func(string) string) template {
	out := make(template, len(t))
	for i, p := range t {
		out[i] = p
		if p.value != "" {
			out[i] = part{call: f, arg: template{p}}
		}
	}
	return out
}

// validName is what a value of a credential may be called.
var validName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

// A templateFault is what is wrong with a template, and what to do.
type templateFault struct{ detail, remedy string }

// parseTemplate reads text in which ${name} stands for the value of that name, and $${
// for ${ itself. It also returns the names, in order.
func parseTemplate(text string) (t template, names []string, fault *templateFault) {
	var lit strings.Builder
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
		name, after, closed := strings.Cut(rest[i+2:], "}")
		if !closed {
			return nil, nil, &templateFault{"has ${ without }", "close it after the name, or write $${ for the characters ${"}
		}
		if !validName.MatchString(name) {
			return nil, nil, &templateFault{
				fmt.Sprintf("has ${%s}, which is not the name of a credential's value", printable(mask(name), 40)),
				"write a name of letters, digits and _, or $${ for the characters ${"}
		}
		if lit.Len() > 0 {
			t = append(t, part{literal: lit.String()})
			lit.Reset()
		}
		t = append(t, part{value: name})
		names = append(names, name)
		rest = after
	}
	if lit.Len() > 0 {
		t = append(t, part{literal: lit.String()})
	}
	return t, names, nil
}

// maxRequest bounds what is substituted into one request, in bytes: a config of 64 KiB
// may name a value of 64 KiB ten thousand times.
const maxRequest = 1 << 20

var errTooLarge = errors.New("the request would be larger than 1 MiB")

// values are what templates may use, and how many bytes of them still.
type values struct {
	of   map[string]refresh.Secret
	left int
}

func newValues(c refresh.Credential) *values { return &values{of: c.Values, left: maxRequest} }

// expand returns the text of t. It stays a Secret until it is written into a request.
func (v *values) expand(t template) (refresh.Secret, error) {
	var b strings.Builder
	for _, p := range t {
		text := p.literal
		switch {
		case p.value != "":
			text = v.of[p.value].Reveal() // that it is there was checked before: see Endpoint.Check
		case p.call != nil:
			arg, err := v.expand(p.arg)
			if err != nil {
				return refresh.Secret{}, err
			}
			text = p.call(arg.Reveal())
		}
		if v.left -= len(text); v.left < 0 {
			return refresh.Secret{}, errTooLarge
		}
		b.WriteString(text)
	}
	return refresh.NewSecret(b.String()), nil
}
