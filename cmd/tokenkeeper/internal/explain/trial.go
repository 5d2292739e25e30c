package explain

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/template"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// A Trial is one login that was watched.
type Trial struct {
	// Exchanges are all requests that were sent, in order, and what came back.
	Exchanges []Exchange
	// Grant is what the login gave, if it did, and Next what came in the place of the
	// refresh token that was sent.
	Grant refresh.Grant
	Next  refresh.Successor
	// TokenType and Scope are those of the grant, fit to be printed: a provider can repeat
	// there what it was sent.
	TokenType, Scope string
}

// An Exchange is a request that was sent and what came back. No value of the credential is
// in it, and of the answer no value at all.
type Exchange struct {
	Message Message `json:"sent"`
	// Status is zero where no answer came.
	Status      int    `json:"status"`
	ContentType string `json:"content_type,omitempty"`
	// Bytes is the size of the body, as far as it was read.
	Bytes int `json:"bytes"`
	// Members are those of a body in JSON, by their paths, with the type of each.
	Members []Field `json:"members,omitempty"`
}

// Try logs in with c and returns what was sent and what came back. The error is that of the
// login; the exchanges are there all the same.
func Try(ctx context.Context, e *tokenendpoint.Endpoint, c refresh.Credential) (t Trial, failure error) {
	messages, err := messages(e.Plan(), c.Names())
	if err != nil {
		return t, err
	}
	type sighting struct {
		sent Message
		got  *answer.Message
	}
	var seen []sighting
	w := tokenendpoint.Witness{Saw: func(request int, m *answer.Message) { seen = append(seen, sighting{messages[request], m}) }}
	t.Grant, failure = e.GrantWitnessed(ctx, refresh.Login{Credential: c, Rotate: func(s refresh.Successor) { t.Next = s }}, &w)
	known := w.Known(c).With("the next refresh token", t.Next.Token)
	withToken := known.With("the token", t.Grant.AccessToken).Searcher()
	t.TokenType, t.Scope = shown(withToken, t.Grant.TokenType), shown(withToken, t.Grant.Scope)
	searcher := known.Searcher()
	for _, s := range seen {
		t.Exchanges = append(t.Exchanges, exchange(s.sent, s.got, searcher))
	}
	return t, failure
}

// shown returns what a provider sent, fit to be printed, without quotes.
func shown(known *secret.Searcher, text string) string {
	return strings.TrimSuffix(strings.TrimPrefix(tokenendpoint.Quote(known, text), `"`), `"`)
}

// exchange returns what may be shown of a request and its answer; nil: none came.
func exchange(sent Message, got *answer.Message, known *secret.Searcher) Exchange {
	x := Exchange{Message: sent}
	if got == nil {
		return x
	}
	x.Status, x.Bytes = got.Status, len(got.Body)
	x.ContentType = known.Redact(got.MediaType()) // long ones look like tokens, and are not
	doc := got.Decode("")
	if doc.Fault != nil {
		return x
	}
	x.Members = members(func(text string) string { return tokenendpoint.Quote(known, text) }, "", doc.Value, 0)
	if more := len(x.Members) - mostMembers; more > 0 {
		x.Members = append(x.Members[:mostMembers], Field{"…", fmt.Sprintf("%d more", more)})
	}
	return x
}

const (
	// mostMembers is how many members of an answer are shown.
	mostMembers = 40
	// deepestMember is how deep they are shown.
	deepestMember = 4
)

// members lists what a value is made of: names and types, and no value.
func members(quote func(string) string, path string, v any, depth int) []Field {
	object, ok := v.(map[string]any)
	if !ok || depth == deepestMember || len(object) == 0 {
		if path == "" {
			path = "@"
		}
		return []Field{{path, sized(v)}}
	}
	var list []Field
	for _, name := range slices.Sorted(maps.Keys(object)) {
		at := answer.Name(name, quote)
		if template.ValidName(name) {
			at = strings.Trim(at, `"`)
		}
		if path != "" {
			at = path + "." + at
		}
		list = append(list, members(quote, at, object[name], depth+1)...)
	}
	return list
}

// sized says what kind of value v is, and how large.
func sized(v any) string {
	switch v := v.(type) {
	case string:
		n := len([]rune(v))
		if n == 1 {
			return "text of 1 character"
		}
		return fmt.Sprintf("text of %d characters", n)
	case float64:
		return "a number"
	case bool:
		return "true or false"
	case []any:
		return fmt.Sprintf("a list of %d", len(v))
	case map[string]any:
		return fmt.Sprintf("an object of %d", len(v))
	}
	return "null"
}
