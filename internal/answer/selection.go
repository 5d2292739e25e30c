package answer

import (
	"fmt"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Wanted is everything that a config names in one answer.
type Wanted struct {
	Outcome
	// Keep are values for later requests.
	Keep []Kept
	// Token is set where the answer has the token.
	Token *Shape
}

// A Kept value is taken from one answer for a later request.
type Kept struct {
	Source
	// Name is what later requests call it, and Field where the config says so.
	Name, Field string
	// Needed marks one that a later request cannot do without.
	Needed bool
}

// needsBody reports whether an answer whose body cannot be read is of no use.
func (w Wanted) needsBody() bool {
	if w.Token != nil {
		return w.Token.AccessToken.InBody()
	}
	return !w.Success.IsZero() || slices.ContainsFunc(w.Keep, func(k Kept) bool { return k.Needed && k.InBody() })
}

// Names returns the names that paths begin with: a form that has one of them is an answer.
func (w Wanted) Names() []string {
	list := []Source{{Path: w.Success.path}, w.Error, w.Description}
	for _, k := range w.Keep {
		list = append(list, k.Source)
	}
	if t := w.Token; t != nil {
		list = append(list, t.AccessToken, t.TokenType, t.ExpiresIn, t.ExpiresAt, t.Scope, t.RefreshToken)
		for _, at := range t.Extra {
			list = append(list, at)
		}
	}
	var names []string
	for _, at := range list {
		if len(at.Path.steps) > 0 {
			if name, ok := at.Path.steps[0].(string); ok {
				names = append(names, name)
			}
		}
	}
	return names
}

// An Outcome says which answers are good, and where others say why not. The zero Outcome takes any
// status of 2xx.
type Outcome struct {
	Statuses []int
	// Success leads to something true in a good answer.
	Success Condition
	// Error and Description lead to an error in OAuth's sense, and to words for people.
	Error, Description Source
}

// A Shape says where the parts of a grant are in an answer, and how they are written.
type Shape struct {
	AccessToken, TokenType, ExpiresIn, ExpiresAt, Scope Source

	Extra map[string]Source
	// RefreshToken leads nowhere where refresh tokens do not rotate.
	RefreshToken Source

	// TypeStated is set where the config says where the token type is, so that any is taken.
	TypeStated bool
	// Unit is that of ExpiresIn, and Dates is what dates do not say themselves.
	Unit  Unit
	Dates Dates
	// DefaultLifetime is that of a token whose answer states none; zero: none.
	DefaultLifetime time.Duration
	// MaxLifetime is the longest that is wanted; zero: no limit. It may raise what is believed.
	MaxLifetime time.Duration
	// Scopes are those that were asked for, as far as they are known.
	Scopes []string
}

// A Selection is what a config names in an answer, untouched.
type Selection struct {
	Message  *Message
	Document Document

	wanted     Wanted
	quote      func(string) string // makes foreign text fit to be printed, for Grant
	holds      bool                // what the Success of the outcome says
	code, text any                 // what its Error and Description lead to
	keep       []any

	AccessToken, TokenType, Scope, RefreshToken any
	ExpiresIn, ExpiresAt                        any
	RefreshEnd                                  any // what is said of the end of the refresh token
	Extra                                       map[string]any
	Cookie                                      *http.Cookie // that of the token

	// Compared is what was compared, whether or not it matched: a caller that finds a secret in it
	// must not use the answer, or the comparison discloses it.
	Compared []any
	// ambiguous is set where a filter found several values and one is wanted.
	ambiguous *Fault
}

// Select takes out of m, whose body is d, what w names. It judges nothing.
func (w Wanted) Select(m *Message, d Document) Selection {
	s := Selection{Message: m, Document: d, wanted: w}
	found := func(field string, f Found) any {
		s.Compared = append(s.Compared, f.Compared...)
		if f.Matches > 1 && s.ambiguous == nil {
			s.ambiguous = &Fault{CodeAmbiguous, fmt.Sprintf("answered %d with %d values where %s leads, and one is wanted", m.Status, f.Matches, field),
				"compare with something that one element alone has"}
		}
		return f.Value
	}
	take := func(field string, at Source) any { return found(field, at.find(m, d)) }

	var looked Found
	s.holds, looked = w.Success.Holds(d.Value)
	found("response.success", looked)
	s.code = take("response.error", w.Error)
	text := w.Description.find(m, d) // never decides anything, so that it may be ambiguous
	s.text, s.Compared = text.Value, append(s.Compared, text.Compared...)
	for _, k := range w.Keep {
		s.keep = append(s.keep, take(k.Field, k.Source))
	}
	if w.Token == nil {
		return s
	}
	s.AccessToken = take("response.access_token", w.Token.AccessToken)
	s.TokenType = take("response.token_type", w.Token.TokenType)
	s.ExpiresIn = take("response.expires_in", w.Token.ExpiresIn)
	s.ExpiresAt = take("response.expires_at", w.Token.ExpiresAt)
	s.Scope = take("response.scope", w.Token.Scope)
	s.RefreshToken = take("response.refresh_token", w.Token.RefreshToken)
	s.RefreshEnd = w.refreshEnd(m, d)
	s.Cookie = m.cookie(w.Token.AccessToken.Cookie)
	for _, name := range slices.Sorted(maps.Keys(w.Token.Extra)) {
		if v := take("response.extra."+name, w.Token.Extra[name]); v != nil {
			if s.Extra == nil {
				s.Extra = make(map[string]any)
			}
			s.Extra[name] = v
		}
	}
	return s
}

// Fault is why nothing can be taken from an answer whose status says success; nil: something
// can.
func (s Selection) Fault() *Fault {
	if s.Document.Fault != nil && s.wanted.needsBody() {
		return s.Document.Fault
	}
	return s.ambiguous
}

// Kept returns the values that later requests need, in the order of Wanted.Keep.
func (s Selection) Kept() ([]string, *Fault) {
	texts := make([]string, len(s.keep))
	for i, k := range s.wanted.Keep {
		text, ok := PlainText(s.keep[i])
		bad := ""
		switch {
		case s.keep[i] != nil && !ok:
			bad = fmt.Sprintf("with %s %s", TypeOf(s.keep[i]), k.Source)
		case len(text) > MaxToken:
			bad = fmt.Sprintf("with more than %d bytes %s", MaxToken, k.Source)
		case text == "" && k.Needed:
			bad = fmt.Sprintf("without a value %s", k.Source)
		}
		if bad != "" {
			return nil, s.fault(CodeNoValue, bad+", which a later request needs", "look at "+k.Field)
		}
		texts[i] = text
	}
	return texts, nil
}

func (s Selection) fault(code, detail, remedy string) *Fault {
	return &Fault{code, fmt.Sprintf("answered %d %s", s.Message.Status, detail), remedy}
}

// Named goes through what has a name in the answer: members of the body, also of JSON that a text in
// it is, headers and cookies. Elements of lists have the name "".
func (s Selection) Named() iter.Seq2[string, any] {
	body := s.Document.Value
	if s.Document.Fault != nil && !s.wanted.needsBody() { // else nothing of it is used
		body = s.Message.DecodeLeniently().Value
	}
	return func(yield func(string, any) bool) {
		for name, part := range Parts(body) {
			if !yield(name, part) {
				return
			}
			text, _ := part.(string)
			if !strings.Contains(text, "{") {
				continue
			}
			for name, part := range Parts(innerJSON(text)) { // one text at a time: each may be large
				if !yield(name, part) {
					return
				}
			}
		}
		for name, lines := range s.Message.Header {
			for _, l := range lines {
				if !yield(name, l) {
					return
				}
			}
		}
		for _, c := range (&http.Response{Header: s.Message.Header}).Cookies() {
			if !yield(c.Name, c.Value) {
				return
			}
		}
	}
}
