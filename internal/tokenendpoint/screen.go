package tokenendpoint

import (
	"cmp"
	"fmt"
	"strings"

	"example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// nameInErrors returns the name of a value as errors have it: without the number that memory.with gives it.
func nameInErrors(name string) string {
	switch {
	case name == unsearchable:
		return name
	case strings.HasPrefix(name, madeOf+inAnswer):
		return "a refresh token that came with it"
	case strings.HasPrefix(name, madeOf):
		return name[:strings.LastIndexByte(name, ',')]
	}
	return "the value " + name
}

// unsearchable takes the place of the name of a secret in an answer that cannot be searched.
const unsearchable = "more escapes in escapes than can be searched"

// foundIn returns the name of the secret that v, a part of an answer, contains, or "". It
// passes over the values that by right may be there.
func foundIn(s *secret.Searcher, v any, byRight func(secret.Value) bool) string {
	var texts []string
	for name, part := range answer.Parts(v) {
		if name != "" {
			texts = append(texts, name)
		}
		switch part.(type) {
		case nil, bool, []any, map[string]any:
			continue
		}
		text, ok := answer.PlainText(part)
		if !ok {
			text = fmt.Sprint(part)
		}
		texts = append(texts, text)
	}
	name, err := s.FindBut(byRight, texts...)
	if err != nil {
		return unsearchable
	}
	return name
}

// largestKept is how much of an answer is looked at for being kept, in bytes: no record holds more.
const largestKept = 64 << 10

// tooLarge reports whether values have more texts than that.
func tooLarge(all ...any) bool {
	left := largestKept
	for name, part := range answer.Parts(all) {
		text, _ := part.(string)
		if left -= 1 + len(name) + len(text); left < 0 {
			return true
		}
	}
	return false
}

// compared is the failure of an answer that repeats what was sent where the config compares
// it, or cuts something off: whether it matches would disclose the secret piece by piece.
func (x exchange) compared() *failure {
	texts := x.selected.Compared
	if tooLarge(texts...) {
		return x.fault(answer.CodeTooLarge, fmt.Sprintf("answered %d with more than %d bytes to be compared", x.answer.Status, largestKept), "take plain paths, such as \"data.token\"")
	}
	if name := foundIn(x.all, texts, nil); name != "" {
		return x.repeats(codeSecretInAnswer, name, " where it is compared")
	}
	return nil
}

// repeats is the failure of an answer that has the secret of that name. Its refresh token may have
// been kept already where only the record must not have it.
func (x exchange) repeats(code, name, where string) *failure {
	so := "nothing of it is used"
	if code == refresh.CodeSecretInRecord {
		so = "the token is not kept"
	}
	return x.fault(code, fmt.Sprintf("answered %d with %s%s, so %s", x.answer.Status, nameInErrors(name), where, so),
		cmp.Or(x.credential.IfPublic(name), "look at the paths under response: one of them leads to what was sent"))
}

// stated is the failure of an answer that has what was sent where it should state something
// that is printed or stored as metadata: a lifetime, a type, an error.
func (x exchange) stated(what string, v any) *failure {
	if tooLarge(v) {
		return x.fault(refresh.CodeTokenTooLarge, fmt.Sprintf("answered %d with %s of more than %d bytes", x.answer.Status, what, largestKept), "look at the paths under response")
	}
	if name := foundIn(x.asked, v, nil); name != "" {
		return x.repeats(codeSecretInAnswer, name, " as "+what)
	}
	return nil
}

// screen is the failure of an answer from which something that was sent would get into the
// record, the log or metadata. Nothing is interpreted before.
func (x exchange) screen() *failure {
	s := x.selected
	token, _ := s.AccessToken.(string)
	if len(token) > answer.MaxToken {
		token = "" // it is refused for that
	}
	if tooLarge(token, s.Scope, s.Extra) {
		return x.fault(refresh.CodeTokenTooLarge, fmt.Sprintf("answered %d with a token, a scope and extra fields of more than %d bytes in all", x.answer.Status, largestKept),
			"ask for fewer scopes, or for fewer extra fields")
	}
	if token == sameTicket {
		return x.fault(answer.CodeBadToken, fmt.Sprintf("answered %d with the refresh token that was sent as the token", x.answer.Status),
			`if the token is its own refresh token, say "renews_itself": true; else look at response.access_token`)
	}
	// A step may have kept the very token, to use it in a later request; and a JWT states by
	// right its audience, which a step may have had to find out. A token that renews itself is
	// what was sent.
	ofStep := func(v secret.Value) bool { return strings.HasPrefix(v.Name, stepPrefix) }
	theToken := func(v secret.Value) bool {
		return (ofStep(v) || x.plan.renewsItself && v.Name == refreshToken) && v.Text.Reveal() == token
	}
	signed := answer.IsJWT(token)
	if name := foundIn(x.all, token, func(v secret.Value) bool { return theToken(v) || signed && ofStep(v) }); name != "" {
		return x.repeats(refresh.CodeSecretInRecord, name, "")
	}
	cookie := ""
	if s.Cookie != nil {
		cookie = s.Cookie.Raw
	}
	for _, place := range []struct {
		what string
		v    any
	}{
		{"its type", s.TokenType},
		{"its lifetime", []any{s.ExpiresIn, s.ExpiresAt, s.RefreshEnd, cookie}},
		{"its scope", s.Scope},
	} {
		if f := x.stated(place.what, place.v); f != nil {
			return f
		}
	}
	if name := foundIn(x.all, []any{s.TokenType, s.Scope, s.Extra}, theToken); name != "" {
		return x.repeats(refresh.CodeSecretInRecord, name, "")
	}
	return nil
}

// sameTicket is put into an answer where it repeats the refresh token that was sent, as many
// a provider does (RFC 6749 section 6): it is no echo, and need not be seen.
const sameTicket = "(the refresh token that was sent)"

// withoutTicket returns a document with that in its place.
func (x exchange) withoutTicket(doc any) any {
	ticket := x.credential.Values[refreshToken].Reveal()
	if !x.plan.Rotates || x.plan.renewsItself || ticket == "" {
		return doc
	}
	return answer.Replaced(doc, func(v any) any {
		if v == ticket {
			return sameTicket
		}
		return v
	})
}

const (
	// longestQuote is how many characters of foreign text are printed.
	longestQuote = 256
	// longestForeign is the size of the longest text that is looked at for quoting, in
	// bytes. Cutting a longer one first could leave half a secret, which nothing would
	// recognize; redacting it takes too long.
	longestForeign = 4 << 10
)

// Quote returns text that a provider sent, fit to be printed: what known looks for and
// whatever looks like a token are gone before it is cut, and what could move a
// cursor, break a line or turn the reading direction is escaped.
func Quote(known *secret.Searcher, text string) string {
	if len(text) > longestForeign {
		return "(a text too long to be shown)"
	}
	return `"` + secret.Printable(secret.Mask(known.Redact(text)), longestQuote-2) + `"`
}
