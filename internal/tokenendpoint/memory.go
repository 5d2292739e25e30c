package tokenendpoint

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/template"
)

// A config can do more to a value before it is sent than a search undoes: encode it twice, mix it
// with what is new each time, sign it. So whatever is made of a secret while a login is built is
// remembered, and looked for in its answers like the secret itself.

// A Witness learns what a login leaves beside its grant. The zero Witness can be used, once.
type Witness struct {
	// Saw is called after each request, with its index in the plan and its answer; a nil answer:
	// none came. Nil: nothing is.
	Saw  func(request int, m *answer.Message)
	made memory
}

// Known returns c with what the login made of its values, and with the refresh tokens in
// answers: all that must not be printed of the login, but for its token.
func (w *Witness) Known(c refresh.Credential) refresh.Credential { return w.made.with(c) }

// A memory holds what was made of secrets in one login, and the refresh tokens that came in its
// answers. Nil remembers nothing.
type memory struct{ texts []madeText }

// A madeText was made of a value of the credential, or of one that a step kept,
// or is a refresh token of an answer (see inAnswer).
type madeText struct{ text, of string }

func (m *memory) add(text, of string) {
	if m != nil && len(text) >= secret.LeastSecret && !slices.ContainsFunc(m.texts, func(t madeText) bool { return t.text == text }) {
		m.texts = append(m.texts, madeText{text, of})
	}
}

// with returns c with what is remembered as further values, under names that no template can write.
func (m *memory) with(c refresh.Credential) refresh.Credential {
	c.Values = maps.Collect(maps.All(c.Values))
	if m == nil {
		return c
	}
	for i, t := range m.texts {
		c.Values[fmt.Sprintf("%s%s, %d", madeOf, t.of, i)] = secret.New(t.text)
	}
	return c
}

const (
	madeOf = "what was made of "
	// inAnswer is the name of the value from which a refresh token in an answer was made.
	inAnswer = "an answer"
)

// remember keeps text, which is what t gave, if a secret went into it. One in which the
// secret can be seen as it is need not be kept: it is found by that.
func (m *memory) remember(c refresh.Credential, text string, t template.Template) {
	of, seen := "", false
	for v := range template.Named(t) {
		value := c.Values[v.Name].Reveal()
		if value == "" || c.IsPublic(v.Name) {
			continue
		}
		of = cmp.Or(of, v.Name)
		seen = seen || len(value) >= secret.LeastFound && strings.Contains(text, value)
	}
	if of != "" && !seen {
		m.add(text, of)
	}
}

// newValues returns what templates are filled in with: values of c, at that time. What is made
// of secrets is remembered in m; nil: nowhere.
func newValues(c refresh.Credential, now time.Time, m *memory) *template.Values {
	return template.NewValues(c.Values, now, func(text string, t template.Template) { m.remember(c, text, t) })
}
