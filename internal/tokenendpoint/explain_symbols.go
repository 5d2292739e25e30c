package tokenendpoint

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/refresh"
)

// symbols stand for values in a request that is shown and not sent. They are put into its
// templates as words that no encoding changes, so that the request is built as any other,
// by the same code; in what was built, they become ${…}.
type symbols struct {
	names []string // the values that there are; nil: that is not known
	words []string // the symbols so far, each a word and what it stands for
}

func newSymbols(names []string) *symbols { return &symbols{names: names} }

// symbol returns the word for what is shown as that.
func (s *symbols) symbol(shown string) part {
	for i := 0; i < len(s.words); i += 2 {
		if s.words[i+1] == shown {
			return part{literal: s.words[i]}
		}
	}
	word := fmt.Sprintf("tokenkeeper0symbol%dx", len(s.words)/2)
	s.words = append(s.words, word, shown)
	return part{literal: word}
}

// shown returns text with its symbols as they are shown.
func (s *symbols) shown(text string) string { return strings.NewReplacer(s.words...).Replace(text) }

// absent reports whether a value is known to be missing where that is allowed.
func (s *symbols) absent(p part) bool {
	return s.names != nil && p.optional && !strings.HasPrefix(p.value, stepPrefix) && !slices.Contains(s.names, p.value)
}

// template returns t with symbols for its values. One that may be left out, and is, stays
// as it is: there is no value for it, and the field goes as it does when it is sent.
func (s *symbols) template(t template) template {
	out := make(template, 0, len(t))
	for _, p := range t {
		switch {
		case p.value != "" && s.absent(p):
		case p.value != "":
			p = s.symbol("${" + s.notation(p) + "}")
		case p.function != nil:
			if i := slices.IndexFunc(optionalsIn(p), s.absent); i >= 0 {
				if q := optionalsIn(p)[i]; q.instead == nil {
					p = q
					break
				}
			}
			p = s.symbol("${" + s.notation(p) + "}")
		case p.call != nil:
			p = s.called(p)
		}
		out = append(out, p)
	}
	return out
}

// optionalsIn returns the values in a function's arguments that may be absent.
func optionalsIn(p part) []part {
	var list []part
	template{p}.values(func(v part) {
		if v.optional {
			list = append(list, v)
		}
	})
	return list
}

// called returns what an encoding makes of symbols. They survive all but base64, by which
// HTTP Basic authentication has what it sends.
func (s *symbols) called(p part) part {
	arg := s.template(p.arg)
	plain, fixed := arg.fixed()
	if !fixed {
		text, err := newValues(refresh.Credential{}).expand(arg)
		if errors.Is(err, errLeftOut) {
			return part{call: p.call, arg: arg}
		}
		plain = text.Reveal()
	}
	encoded := p.call(plain)
	if s.shown(encoded) == encoded && s.shown(plain) != plain {
		return s.symbol("base64(" + s.shown(plain) + ")")
	}
	return part{literal: encoded}
}

// notation writes an expression as configs have it.
func (s *symbols) notation(p part) string {
	switch {
	case p.function != nil:
		args := make([]string, len(p.args))
		for i, a := range p.args {
			for _, q := range a { // it is one
				args[i] += s.notation(q)
			}
		}
		return p.function.name() + "(" + strings.Join(args, ", ") + ")"
	case p.value == "":
		return quoted(p.literal)
	case !p.optional, s.names != nil && slices.Contains(s.names, p.value):
		return p.value
	case p.instead == nil:
		return p.value + "?"
	}
	return p.value + "?" + quoted(*p.instead)
}

func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// name is what templates call f.
func (f *function) name() string {
	name, _, _ := strings.Cut(f.signature, "(")
	return name
}

// request returns r with symbols for its values.
func (s *symbols) request(r request) request {
	r.target.path, r.target.query = s.template(r.target.path), s.template(r.target.query)
	r.query = s.params(r.query)
	r.headers = slices.Clone(r.headers)
	for i, h := range r.headers {
		r.headers[i].value = s.template(h.value)
	}
	r.noColon = nil
	switch b := r.body.(type) {
	case formBody:
		r.body = formBody(s.params(b))
	case multipartBody:
		r.body = multipartBody(s.params(b))
	case jsonBody:
		r.body = jsonBody(s.node(node(b)))
	case textBody:
		r.body = textBody(s.template(template(b)))
	}
	return r
}

func (s *symbols) params(given []param) []param {
	list := slices.Clone(given)
	for i, p := range list {
		list[i].values = slices.Clone(p.values)
		for j, v := range p.values {
			list[i].values[j].text = s.template(v.text)
		}
	}
	return list
}

func (s *symbols) node(n node) node {
	n.value.text = s.template(n.value.text)
	n.items, n.members = slices.Clone(n.items), slices.Clone(n.members)
	for i := range n.items {
		n.items[i] = s.node(n.items[i])
	}
	for i := range n.members {
		n.members[i].node = s.node(n.members[i].node)
	}
	return n
}
