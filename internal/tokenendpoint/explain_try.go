package tokenendpoint

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	paths "example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/strictjson"
)

// A Trial is one login that was watched.
type Trial struct {
	// Exchanges are all requests that were sent, in order, and what came back.
	Exchanges []Exchange
	// Grant is what the login gave, if it did.
	Grant refresh.Grant
	// TokenType and Scope are those of the grant, fit to be printed: a provider can repeat
	// there what it was sent.
	TokenType, Scope string
	// LifetimeFrom says in a few words who says how long the token lives.
	LifetimeFrom string
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

// Try logs in with c, as Grant does, and tells what was sent and what came back. The error
// is that of Grant; the exchanges are there all the same.
func (e *Endpoint) Try(ctx context.Context, c refresh.Credential) (Trial, error) {
	w := &witness{now: e.client.now}
	watched := &Endpoint{where: e.where, plan: e.plan, client: w.watch(e.client)}
	made := &memory{}
	grant, err := watched.grant(ctx, c, made)
	known := made.with(c)

	p := e.plan
	if watched.found.plan != nil {
		p = *watched.found.plan
	}
	t := Trial{Grant: grant, TokenType: tell(known, grant, grant.TokenType), Scope: tell(known, grant, grant.Scope)}
	messages, explaining := p.messages(c.Names())
	if explaining != nil {
		return t, explaining
	}
	var from *sighting
	at := 0
	for i := range w.all {
		s := &w.all[i]
		m := Message{}
		if d := p.discovery; d != nil && s.discovers(d) {
			m = d.message()
			m.URL, m.Notes = s.url, nil
		} else {
			at = s.among(p.requests, at)
			m = messages[at]
			if at == p.from {
				from = s
			}
			at++
		}
		t.Exchanges = append(t.Exchanges, s.exchange(m, known))
	}
	switch {
	case err != nil:
	case p.token != nil:
		t.LifetimeFrom = "signed_jwt.lifetime"
	case from != nil:
		t.LifetimeFrom = p.reader.whoSays(exchange{request: p.requests[p.from], credential: c, answer: &from.answer}, grant)
	}
	return t, err
}

// tell returns what a provider sent, fit to be printed, without the tokens of a grant.
func tell(c refresh.Credential, g refresh.Grant, text string) string {
	known := refresh.Credential{Values: maps.Clone(c.Values)}
	known.Values["the token"], known.Values["the next refresh token"] = g.AccessToken, g.RefreshToken
	return strings.TrimSuffix(strings.TrimPrefix(quote(known, text), `"`), `"`)
}

// whoSays says whom the lifetime of a grant is from.
func (r reader) whoSays(x exchange, g refresh.Grant) string {
	doc, f := x.parse()
	if f != nil {
		doc = nil
	}
	doc = paths.Numbers(doc)
	s, stated, _ := r.statedLifetime(x, doc)
	own, signed := jwtLifetime(g.AccessToken.Reveal(), x.answer.date())
	limit := func(from string, life time.Duration) string {
		if r.maxLifetime > 0 && life > r.maxLifetime {
			return "max_lifetime of the config"
		}
		return from
	}
	switch {
	case signed && (!stated || own < s.length):
		return limit("the token itself, a JWT", own)
	case stated && !absent(r.expiresIn.find(x.answer, doc)):
		return limit("the answer, "+r.expiresIn.String(), s.length)
	case stated && !absent(r.expiresAt.find(x.answer, doc)):
		return limit("the answer, "+r.expiresAt.String(), s.length)
	case stated:
		return limit("the cookie", s.length)
	}
	return "default_lifetime of the config"
}

// A witness sees what goes over the wire.
type witness struct {
	now func() time.Time

	mu  sync.Mutex
	all []sighting
}

// A sighting is one request and what came back.
type sighting struct {
	method, site, path string
	url                string // without the query
	answer             answer // status 0: none came
	body               *bytes.Buffer
}

// watch returns a client that sends as c does, over c's own transport, and has the witness
// look on.
func (w *witness) watch(c *client) *client {
	around := func(inner *http.Transport) *http.Transport {
		// The settings are shared: a client shows its certificate by changing them.
		outer := &http.Transport{TLSClientConfig: inner.TLSClientConfig}
		outer.RegisterProtocol("https", watcher{w, inner})
		outer.RegisterProtocol("http", watcher{w, inner})
		return outer
	}
	watched := *c
	watched.transport = around(c.newTransport())
	watched.newTransport = func() *http.Transport { return around(c.newTransport()) }
	return &watched
}

// A watcher is what a request goes through.
type watcher struct {
	*witness
	inner *http.Transport
}

func (w watcher) RoundTrip(req *http.Request) (*http.Response, error) {
	s := sighting{method: req.Method, site: req.URL.Scheme + "://" + req.URL.Host, path: req.URL.EscapedPath(), body: &bytes.Buffer{}}
	s.url = s.site + s.path
	s.answer.askedAt = w.now()
	res, err := w.inner.RoundTrip(req)
	if err == nil {
		s.answer.status, s.answer.header = res.StatusCode, res.Header
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.TeeReader(res.Body, s.body), res.Body}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, s)
	return res, err
}

// discovers reports whether s asked for metadata.
func (s *sighting) discovers(d *discovery) bool {
	return slices.ContainsFunc(d.requests, func(r request) bool { return s.method == r.method && r.target.shown == s.url })
}

// among returns which of the requests s was, at or after one of them if it can be: a
// second attempt begins anew.
func (s *sighting) among(requests []request, at int) int {
	fits := func(r request) bool {
		pattern := "^"
		for _, p := range r.target.path {
			if p.value == "" && p.call == nil && p.function == nil {
				pattern += regexp.QuoteMeta(p.literal)
				continue
			}
			pattern += "[^/]*"
		}
		ok, err := regexp.MatchString(pattern+"$", s.path)
		return err == nil && ok && s.method == r.method && s.site == r.target.site.String()
	}
	if at < len(requests) {
		if i := slices.IndexFunc(requests[at:], fits); i >= 0 {
			return at + i
		}
	}
	return max(0, slices.IndexFunc(requests, fits))
}

// exchange returns what may be told of s.
func (s *sighting) exchange(m Message, c refresh.Credential) Exchange {
	s.answer.body = s.body.Bytes()
	x := Exchange{Message: m, Status: s.answer.status, Bytes: len(s.answer.body)}
	if x.Status == 0 {
		return x
	}
	if kind, _, err := mime.ParseMediaType(s.answer.header.Get("Content-Type")); err == nil {
		x.ContentType = tell(c, refresh.Grant{}, kind)
	}
	doc, err := strictjson.Parse(s.answer.body, maxAnswerDepth)
	if err != nil {
		fields, ok := s.answer.form()
		if !ok {
			return x
		}
		doc = fields
	}
	x.Members = members(exchange{credential: c}, "", doc, 0)
	if more := len(x.Members) - mostMembers; more > 0 {
		x.Members = append(x.Members[:mostMembers], Field{"…", fmt.Sprintf("%d more", more)})
	}
	return x
}

const (
	// mostMembers is how many members of an answer are told.
	mostMembers = 40
	// deepestMember is how deep they are told.
	deepestMember = 4
)

// members lists what a value is made of: names and types, and no value.
func members(x exchange, path string, v any, depth int) []Field {
	object, ok := v.(map[string]any)
	if !ok || depth == deepestMember || len(object) == 0 {
		if path == "" {
			path = "@"
		}
		return []Field{{path, sized(v)}}
	}
	var list []Field
	for _, name := range slices.Sorted(maps.Keys(object)) {
		at := x.name(name)
		if validName.MatchString(name) {
			at = strings.Trim(at, `"`)
		}
		if path != "" {
			at = path + "." + at
		}
		list = append(list, members(x, at, object[name], depth+1)...)
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
	case strictjson.Number, float64:
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
