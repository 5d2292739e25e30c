package tokenendpoint

import (
	"context"
	"fmt"
	"io"
	"maps"
	"mime"
	"slices"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/httprequest"
	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/template"
)

// Explain returns what is sent with a credential that has those values; nil: it is not
// known which ones, so that those that may be left out have a question mark.
// Nothing is sent, and nothing of a value is looked at.
func (e *Endpoint) Explain(names []string) (Explanation, error) {
	p := e.plan
	x := Explanation{Requests: []Message{}, Hosts: append([]string{}, e.Hosts()...), Signs: e.Signs(), Values: []string{}}
	for _, u := range p.uses {
		if !p.provides(u.Name) && !slices.Contains(x.Values, u.Name) {
			x.Values = append(x.Values, u.Name)
		}
	}
	messages, err := p.messages(names)
	if err != nil {
		return x, err
	}
	x.Requests = append(x.Requests, messages...)
	for _, j := range p.signed() {
		signed, err := p.explainJWT(j, names)
		if err != nil {
			return x, fmt.Errorf("explaining %s: %w", j.path, err)
		}
		x.Signed = append(x.Signed, signed)
	}
	if p.token == nil {
		x.Answer = p.explainAnswer()
	}
	return x, nil
}

// ConfiguredLifetime is how long a token lives by the config alone: that of one that is
// signed here, or the default where an answer does not say; zero: the config does not say.
func (e *Endpoint) ConfiguredLifetime() time.Duration {
	if e.plan.token != nil {
		return e.plan.token.lifetime
	}
	return e.plan.reader.DefaultLifetime
}

// messages returns the requests of a plan and its probe.
func (p plan) messages(names []string) ([]Message, error) {
	var list []Message
	for i, r := range p.everywhere() {
		m, err := symbolicMessage(r, template.NewSymbols(names))
		if err != nil {
			return nil, fmt.Errorf("explaining %s: %w", r.Path, err)
		}
		switch {
		case i >= len(p.requests):
			m.Purpose = "probe with the new token"
		case len(p.requests) == 1:
			m.Purpose = "login"
		default:
			m.Purpose = fmt.Sprintf("login, request %d of %d", i+1, len(p.requests))
			m.Notes = append(m.Notes, r.explainKept(i == p.from)...)
		}
		list = append(list, m)
	}
	return list, nil
}

// explainKept says what the answer to one request among several must be, and what of it is
// kept. How the answer with the token is read is explained elsewhere.
func (r request) explainKept(token bool) []string {
	var notes []string
	if !token {
		notes = append(notes, "It must be answered with "+explainOutcome(r.outcome)+".")
	}
	for _, k := range r.keep {
		notes = append(notes, fmt.Sprintf("${%s} is what its answer has %s.", k.Name, k.Source))
	}
	return notes
}

// visible returns a text of a config with what symbols stand for, as it may be printed: a config
// need not be its reader's own, and what could move a cursor or turn the reading direction is escaped.
func visible(s *template.Symbols, text string) string { return secret.Visible(s.Shown(text)) }

// symbolicMessage returns r as it would be sent, with symbols for values.
func symbolicMessage(r request, s *template.Symbols) (Message, error) {
	req, err := r.Build(context.Background(), s.Values())
	if err != nil {
		return Message{}, err
	}
	m := Message{Method: req.Method, URL: visible(s, req.URL.String())}
	boundary := ""
	if _, params, err := mime.ParseMediaType(req.Header.Get("Content-Type")); err == nil {
		boundary = params["boundary"]
	}
	for _, name := range slices.Sorted(maps.Keys(req.Header)) {
		value := visible(s, strings.Join(req.Header[name], ", "))
		if boundary != "" {
			value = strings.ReplaceAll(value, boundary, "…") // another one each time
		}
		m.Headers = append(m.Headers, Field{name, value})
	}
	if req.Body != nil {
		data, err := io.ReadAll(req.Body)
		if err != nil {
			return Message{}, err
		}
		m.Body = secret.VisibleBut(s.Shown(httprequest.Readable(r.Body, boundary, data)), "\n\t")
	}
	if t := r.certificate; t != nil {
		m.Notes = append(m.Notes, fmt.Sprintf("The TLS handshake shows ${%s}, by ${%s}.", t.certificate, t.key))
	}
	return m, nil
}

// explainAnswer says how the answer that has the token is read.
func (p plan) explainAnswer() []Field {
	r := p.reader
	var list []Field
	add := func(name, value string) {
		if value != "" {
			list = append(list, Field{name, value})
		}
	}
	if from := p.from; from < len(p.requests)-1 {
		add("read from", fmt.Sprintf("the answer to request %d of %d", from+1, len(p.requests)))
	}
	add("success", explainOutcome(p.requests[p.from].outcome))
	add("access token", r.AccessToken.String())
	add("token type", optionally(r.TokenType, "Bearer"))
	add("lifetime", explainLifetime(r))
	add("scope", optionally(r.Scope, "as asked for"))
	for _, name := range slices.Sorted(maps.Keys(r.Extra)) {
		add("extra."+name, r.Extra[name].String())
	}
	if p.rotates {
		add("refresh token", r.RefreshToken.String()+"; without one, the one before goes on")
	}
	return list
}

func optionally(at answer.Source, missing string) string {
	if at.IsZero() {
		return ""
	}
	return at.String() + "; without one, " + missing
}

func explainOutcome(o answer.Outcome) string {
	text := "any status of 2xx"
	if o.Statuses != nil {
		text = "status " + strings.ReplaceAll(strings.Trim(fmt.Sprint(o.Statuses), "[]"), " ", " or ")
	}
	if !o.Success.IsZero() {
		text += ", and something true at " + problem.Name(o.Success.String())
	}
	return text
}

// explainLifetime says what counts, in the order of [answer.Selection.Grant].
func explainLifetime(r answer.Shape) string {
	var ways []string
	if text := r.ExpiresIn.String(); !r.ExpiresIn.IsZero() {
		if r.Unit != "" {
			text += ", as " + string(r.Unit)
		}
		ways = append(ways, text)
	}
	if !r.ExpiresAt.IsZero() {
		ways = append(ways, "as a time, "+r.ExpiresAt.String())
	}
	if r.AccessToken.Cookie != "" {
		ways = append(ways, "that of the cookie")
	}
	ways = append(ways, "by the token itself, if it is a JWT")
	if r.DefaultLifetime > 0 {
		ways = append(ways, "default_lifetime, "+unpadded(r.DefaultLifetime))
	} else {
		ways = append(ways, "it is refused")
	}
	text := strings.Join(ways, "; else ")
	if r.MaxLifetime > 0 {
		text += fmt.Sprintf("; at most %s", unpadded(r.MaxLifetime))
	}
	return text
}

// Signs returns the audiences of the token of a config with signed_jwt: what the credential's
// signs must name, with ${…} as written. Of other configs it is empty.
func (e *Endpoint) Signs() []string {
	if e.plan.token == nil {
		return nil
	}
	list := make([]string, len(e.plan.token.aud))
	for i, a := range e.plan.token.aud {
		list[i] = secret.Visible(a.Written())
	}
	return list
}
