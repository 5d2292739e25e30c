package explain

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"slices"
	"strings"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/template"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// Config returns what is sent with a credential that has values of those names; nil: it is
// not known which ones, so that those that may be left out have a question mark. Nothing is sent.
func Config(p tokenendpoint.Plan, names []string) (Explanation, error) {
	x := Explanation{Requests: []Message{}, Hosts: append([]string{}, Hosts(p)...), Signs: signs(p), Values: []string{}}
	for _, v := range p.Needs {
		x.Values = append(x.Values, v.Name)
	}
	messages, err := messages(p, names)
	if err != nil {
		return x, err
	}
	x.Requests = append(x.Requests, messages...)
	for _, j := range p.JWTs {
		signed, err := signedJWT(p, j, names)
		if err != nil {
			return x, fmt.Errorf("explaining %s: %w", j.Path, err)
		}
		x.Signed = append(x.Signed, signed)
	}
	if len(p.Requests) > 0 {
		x.Answer = answerFields(p)
	}
	return x, nil
}

// Hosts returns what the credential's allowed_hosts must name, sorted.
func Hosts(p tokenendpoint.Plan) []string {
	var hosts []string
	for _, r := range p.Everywhere() {
		hosts = append(hosts, r.Target.Site.Pins()[0])
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// Lifetime is how long a token lives by the config alone: that of one that is signed here,
// or the default where an answer does not say; zero: the config does not say.
func Lifetime(p tokenendpoint.Plan) time.Duration {
	if len(p.Requests) == 0 {
		return p.JWTs[0].Claims.Lifetime
	}
	return p.Answer.DefaultLifetime
}

// messages returns the requests of a plan and its probe.
func messages(p tokenendpoint.Plan, names []string) ([]Message, error) {
	var list []Message
	for i, r := range p.Everywhere() {
		m, err := message(r, NewSymbols(names))
		if err != nil {
			return nil, fmt.Errorf("explaining %s: %w", r.Path, err)
		}
		switch {
		case i >= len(p.Requests):
			m.Purpose = "probe with the new token"
		case len(p.Requests) == 1:
			m.Purpose = "login"
		default:
			m.Purpose = fmt.Sprintf("login, request %d of %d", i+1, len(p.Requests))
			m.Notes = append(m.Notes, kept(r, i == p.From)...)
		}
		list = append(list, m)
	}
	return list, nil
}

// kept says what the answer to one request among several must be, and what of it is
// kept. How the answer with the token is read is explained elsewhere.
func kept(r tokenendpoint.Request, token bool) []string {
	var notes []string
	if !token {
		notes = append(notes, "It must be answered with "+outcome(r.Outcome)+".")
	}
	for _, k := range r.Keep {
		notes = append(notes, fmt.Sprintf("${%s} is what its answer has %s.", k.Name, k.Source))
	}
	return notes
}

// visible returns a text of a config with what symbols stand for, as it may be printed: a config
// need not be its reader's own, and what could move a cursor or turn the reading direction is escaped.
func visible(s *Symbols, text string) string { return secret.Visible(s.Shown(text)) }

// message returns r as it would be sent, with symbols for values.
func message(r tokenendpoint.Request, s *Symbols) (Message, error) {
	req, err := r.Build(context.Background(), template.Symbolic(s))
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
		m.Body = secret.VisibleBut(s.Shown(readable(r.Body.Kind, boundary, data)), "\n\t")
	}
	if t := r.Certificate; t != nil {
		m.Notes = append(m.Notes, fmt.Sprintf("The TLS handshake shows ${%s}, by ${%s}.", t.Name, t.Key))
	}
	return m, nil
}

// readable breaks a body of that kind into lines.
func readable(kind, boundary string, data []byte) string {
	switch kind {
	case "form":
		return strings.ReplaceAll(string(data), "&", "\n&")
	case "json":
		var out bytes.Buffer
		if json.Indent(&out, data, "", "  ") == nil {
			return out.String()
		}
	case "multipart":
		var out strings.Builder
		for parts := multipart.NewReader(bytes.NewReader(data), boundary); ; {
			part, err := parts.NextPart()
			if err != nil {
				return strings.TrimSuffix(out.String(), "\n")
			}
			value, _ := io.ReadAll(part) // of memory
			fmt.Fprintf(&out, "%s: %s\n", part.FormName(), value)
		}
	}
	return string(data)
}

// answerFields says how the answer that has the token is read.
func answerFields(p tokenendpoint.Plan) []Field {
	r := p.Answer
	var list []Field
	add := func(name, value string) {
		if value != "" {
			list = append(list, Field{name, value})
		}
	}
	if from := p.From; from < len(p.Requests)-1 {
		add("read from", fmt.Sprintf("the answer to request %d of %d", from+1, len(p.Requests)))
	}
	add("success", outcome(p.Requests[p.From].Outcome))
	add("access token", r.AccessToken.String())
	add("token type", optionally(r.TokenType, "Bearer"))
	add("lifetime", lifetime(r))
	add("scope", optionally(r.Scope, "as asked for"))
	for _, name := range slices.Sorted(maps.Keys(r.Extra)) {
		add("extra."+name, r.Extra[name].String())
	}
	if p.Rotates {
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

func outcome(o answer.Outcome) string {
	text := "any status of 2xx"
	if o.Statuses != nil {
		text = "status " + strings.ReplaceAll(strings.Trim(fmt.Sprint(o.Statuses), "[]"), " ", " or ")
	}
	if !o.Success.IsZero() {
		text += ", and something true at " + problem.Name(o.Success.String())
	}
	return text
}

// lifetime says what counts, in the order of [answer.Selection.Grant].
func lifetime(r answer.Shape) string {
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
		ways = append(ways, "default_lifetime, "+terminal.Exact(r.DefaultLifetime))
	} else {
		ways = append(ways, "it is refused")
	}
	text := strings.Join(ways, "; else ")
	if r.MaxLifetime > 0 {
		text += fmt.Sprintf("; at most %s", terminal.Exact(r.MaxLifetime))
	}
	return text
}

// signs returns the audiences of a token that is signed here, with ${…} as written: what the
// credential's signs must name. Of other configs there are none.
func signs(p tokenendpoint.Plan) []string {
	if len(p.Requests) > 0 {
		return nil
	}
	var list []string
	for _, a := range p.JWTs[0].Audience {
		list = append(list, secret.Visible(a.Written()))
	}
	return list
}
