package tokenendpoint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/strictjson"
)

// A request is a template of an HTTP request.
type request struct {
	// path is the field of the config that holds the URL.
	path    string
	method  string
	target  target
	query   []param
	headers []header
	body    body // nil: none
	// scope is what is asked for, as single words, where the config spells it out.
	scope []string
	// certificate is what the client shows in the TLS handshake; nil: none.
	certificate *clientCertificate
	// noColon are values that must not hold a colon.
	noColon []use
	// outcome says what answer is a good one, and keep what of it later requests need.
	outcome outcome
	keep    []kept
}

// method checks the method of a request. Those that make a tunnel, or have the server
// repeat what it was sent, are not for secrets.
func (c *compiler) method(path string, given *string, missing string) string {
	method := textOr(given, missing)
	switch {
	case method == http.MethodConnect || method == http.MethodTrace:
		c.add(path, show(method), "is not a method to send a secret with", "use POST, or what the provider's documentation has")
	case !validMethod.MatchString(method):
		c.oneOf(path, method, http.MethodPost, http.MethodGet, http.MethodPut, http.MethodPatch)
	}
	return method
}

var validMethod = regexp.MustCompile(`^[A-Z]{3,16}$`)

// request compiles the request that stands at that path of the config.
func (c *compiler) request(at string, cfg requestConfig) request {
	r := request{path: at + ".url", method: c.method(at+".method", cfg.Method, http.MethodPost)}
	if cfg.URL == nil {
		c.add(at+".url", "", "is missing", `write "url": "https://…"`)
	} else {
		r.target = c.target(at+".url", *cfg.URL)
	}
	r.headers = c.headers(at+".headers", cfg.Headers)
	r.query = c.params(at+".query", cfg.Query)
	for _, name := range repeated(r.query, r.target.fixedQuery()) {
		c.add(member(at+".query", name), "", "is in "+at+".url already", "keep one of the two")
	}

	var bodies []string
	if cfg.Form.Type != strictjson.Absent {
		bodies = append(bodies, "form")
		r.body = formBody(c.params(at+".form", cfg.Form))
	}
	if cfg.Multipart.Type != strictjson.Absent {
		bodies = append(bodies, "multipart")
		r.body = multipartBody(c.params(at+".multipart", cfg.Multipart))
	}
	if cfg.JSON.Type != strictjson.Absent {
		bodies = append(bodies, "json")
		n := c.node(at+".json", "", cfg.JSON)
		c.must(at+".json", n.value.text)
		r.body = jsonBody(n)
	}
	if cfg.Text != nil {
		bodies = append(bodies, "text")
		r.body = c.text(at+".text", *cfg.Text, r.headers)
	}
	for i, name := range bodies {
		if i > 0 {
			c.add(at+"."+name, "", fmt.Sprintf("stands beside %s.%s, and a request has one body", at, bodies[0]), "keep one of the two")
		}
	}
	if len(bodies) > 0 && (r.method == http.MethodGet || r.method == http.MethodHead) {
		c.add(at+"."+bodies[0], "", "is a body, which "+r.method+" has not", `use "query", or another method`)
	}
	if advised := secretInURL(r); advised {
		c.plan.advice = append(c.plan.advice,
			"a value of the credential is sent in the URL, which servers and proxies log: send it in a header or the body if the provider takes it there")
	}
	c.checkContentType(at+".headers", r)
	return r
}

// secretInURL reports whether a value other than an identifier goes into the URL.
func secretInURL(r request) bool {
	all := append(template(nil), r.target.path...)
	all = append(all, r.target.query...)
	for _, p := range r.query {
		for _, s := range p.values {
			all = append(all, s.text...)
		}
	}
	found := false
	all.values(func(p part) { found = found || secretName(p.value) })
	return found
}

// A buildFault is why a request cannot be built with the values that a credential has.
// It says nothing of the values themselves.
type buildFault struct{ path, detail, remedy string }

func (f *buildFault) Error() string { return f.detail }

// build makes the request that is sent.
func (r request) build(ctx context.Context, c refresh.Credential, now time.Time) (*http.Request, error) {
	v := newValues(c)
	v.now = now
	return r.buildWith(ctx, v)
}

// buildWith makes the request of what v has.
func (r request) buildWith(ctx context.Context, v *values) (*http.Request, error) {
	for _, u := range r.noColon {
		if strings.Contains(v.of[u.name].Reveal(), ":") {
			return nil, &buildFault{u.path, "cannot send a " + u.name + " that has a colon in it raw",
				`ask the provider whether it takes "client_secret_basic_encoding": "form", or use "client_secret_post"`}
		}
	}
	u, err := r.url(v)
	if err != nil {
		return nil, err
	}
	req := (&http.Request{
		Method:     r.method,
		URL:        u,
		Host:       r.target.site.hostport(),
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Header: http.Header{
			"Accept":     {"application/json"},
			"User-Agent": {"tokenkeeper"},
		},
	}).WithContext(ctx)
	if r.body != nil {
		contentType, data, err := r.body.encode(v)
		if err != nil {
			return nil, err
		}
		// Without GetBody nobody below can send it a second time.
		req.Body = io.NopCloser(bytes.NewReader(data))
		req.ContentLength = int64(len(data))
		req.Header.Set("Content-Type", contentType)
	}
	for _, h := range r.headers {
		value, err := h.expand(v)
		if errors.Is(err, errLeftOut) {
			continue
		}
		if err != nil {
			return nil, err
		}
		req.Header[h.name] = value
	}
	return req, nil
}

// url returns the URL with what it names, at the very host that was checked.
func (r request) url(v *values) (*url.URL, error) {
	path, err := v.expand(r.target.path)
	if err != nil {
		return nil, err
	}
	query, err := v.expand(r.target.query)
	if err != nil {
		return nil, err
	}
	more, err := formBody(r.query).text(v)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(r.target.site.String() + path.Reveal())
	if err != nil || u.Host != r.target.site.hostport() || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, &buildFault{r.path, "cannot be built with the values of the credential", "look at the values that stand in it"}
	}
	if dotSegment(u.EscapedPath()) {
		return nil, &buildFault{r.path, `would have a segment "." or ".." in its path, which servers take for another path`, "look at the values that stand in it"}
	}
	u.RawQuery = strings.Trim(query.Reveal()+"&"+more, "&")
	return u, nil
}

// templates returns all templates of a request.
func (r request) templates() []template {
	list := []template{r.target.path, r.target.query}
	for _, p := range r.query {
		for _, s := range p.values {
			list = append(list, s.text)
		}
	}
	for _, h := range r.headers {
		list = append(list, h.value)
	}
	if r.body != nil {
		list = append(list, r.body.templates()...)
	}
	return list
}
