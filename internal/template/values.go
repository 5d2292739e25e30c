package template

import (
	"errors"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/secret"
)

// Values are what the templates of one request are filled in with. Not safe for concurrent use.
type Values struct {
	of     map[string]secret.Text
	moment moment
	// made is called with each text that was made of values, and with what made it; nil: not.
	made func(text string, of Template)
	// symbols take the place of all values; nil: there are none.
	symbols Symbols
}

// Symbols are texts in the place of values, for templates that are shown and not sent.
type Symbols interface {
	// Substitution returns the symbol of a value, or of what a function gives, or [ErrLeftOut].
	Substitution(t Template) (string, error)
	// Encoded returns what an encoding made of text with symbols in it, or a symbol of that.
	Encoded(text, encoded string) string
}

// NewValues returns those by their names, at that time. If made is not nil, it is called with
// each text that was made of values.
func NewValues(of map[string]secret.Text, now time.Time, made func(text string, of Template)) *Values {
	return &Values{of: of, moment: moment{now, map[string]string{}}, made: made}
}

// Symbolic returns values for templates to be shown.
func Symbolic(s Symbols) *Values { return &Values{symbols: s} }

// Get returns the value of that name; without one it is empty.
func (v *Values) Get(name string) secret.Text { return v.of[name] }

// Expand returns the text of t, or ErrLeftOut. It stays a secret until it is written into
// a request.
func (v *Values) Expand(t Template) (secret.Text, error) {
	var b strings.Builder
	for _, p := range t {
		text, err := v.expand(p)
		if err != nil {
			return secret.Text{}, err
		}
		b.WriteString(text)
	}
	if v.made != nil {
		v.made(b.String(), t)
	}
	return secret.New(b.String()), nil
}

func (v *Values) expand(p part) (text string, err error) {
	switch {
	case v.symbols != nil && (p.value.Name != "" || p.function != nil):
		return v.symbols.Substitution(Template{p})
	case p.value.Name != "":
		text = v.of[p.value.Name].Reveal()
		if text != "" || !p.value.Optional {
			return text, nil
		}
		if p.value.Instead == nil {
			return "", ErrLeftOut
		}
		return *p.value.Instead, nil
	case p.call != nil:
		arg, err := v.Expand(p.arg)
		if err != nil {
			return "", err
		}
		if text = p.call(arg.Reveal()); v.symbols != nil {
			text = v.symbols.Encoded(arg.Reveal(), text)
		}
	case p.function != nil:
		args := make([]string, len(p.args))
		for i, a := range p.args {
			arg, err := v.Expand(a)
			if err != nil {
				return "", err
			}
			args[i] = arg.Reveal()
		}
		text = p.function.do(v.moment, args)
	default:
		return p.literal, nil
	}
	if v.made != nil {
		v.made(text, Template{p})
	}
	return text, nil
}

// Optional returns the text of a member that is left out where it is empty.
func (v *Values) Optional(t Template) (string, error) {
	text, err := v.Expand(t)
	if errors.Is(err, ErrLeftOut) {
		return "", nil
	}
	return text.Reveal(), err
}
