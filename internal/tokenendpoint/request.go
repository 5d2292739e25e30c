package tokenendpoint

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

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
	// noColon are values that must not hold a colon.
	noColon []use
}

// request compiles a config at the second level.
func (c *compiler) request(cfg requestConfig) request {
	r := request{path: "request.url", method: stated(cfg.Method, http.MethodPost)}
	c.oneOf("request.method", r.method, http.MethodPost, http.MethodGet, http.MethodPut, http.MethodPatch)
	if cfg.URL == nil {
		c.add("request.url", "", "is missing", `write "url": "https://…"`)
	} else {
		r.target = c.target("request.url", *cfg.URL)
	}
	r.headers = c.headers("request.headers", cfg.Headers)
	r.query = c.params("request.query", cfg.Query)
	for _, name := range repeated(r.query, r.target.fixedQuery()) {
		c.add(member("request.query", name), "", "is in request.url already", "keep one of the two")
	}

	var bodies []string
	if cfg.Form.Type != strictjson.Absent {
		bodies = append(bodies, "form")
		r.body = formBody(c.params("request.form", cfg.Form))
	}
	if cfg.Multipart.Type != strictjson.Absent {
		bodies = append(bodies, "multipart")
		r.body = multipartBody(c.params("request.multipart", cfg.Multipart))
	}
	if cfg.JSON.Type != strictjson.Absent {
		bodies = append(bodies, "json")
		r.body = jsonBody(c.node("request.json", "", cfg.JSON))
	}
	if cfg.Text != nil {
		bodies = append(bodies, "text")
		r.body = textBody(c.template("request.text", "", *cfg.Text))
	}
	for i, name := range bodies {
		if i > 0 {
			c.addf("request."+name, "", "keep one of the two", "stands beside request.%s, and a request has one body", bodies[0])
		}
	}
	if len(bodies) > 0 && r.method == http.MethodGet {
		c.add("request."+bodies[0], "", "is a body, which GET has not", `use "query", or another method`)
	}
	if advised := secretInURL(r); advised {
		c.plan.advice = append(c.plan.advice,
			"a value of the credential is sent in the URL, which servers and proxies log: send it in a header or the body if the provider takes it there")
	}
	c.checkContentType("request.headers", r)
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
	return all.anyValue(secretName)
}

// anyValue reports whether f holds for the name of a value in t.
func (t template) anyValue(f func(string) bool) bool {
	for _, p := range t {
		if p.value != "" && f(p.value) || p.arg.anyValue(f) {
			return true
		}
	}
	return false
}

// A buildFault is why a request cannot be built with the values that a credential has.
// It says nothing of the values themselves.
type buildFault struct{ path, detail, remedy string }

func (f *buildFault) Error() string { return f.detail }

// build makes the request that is sent.
func (r request) build(ctx context.Context, c refresh.Credential) (*http.Request, error) {
	v := newValues(c)
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
		if req.Header[h.name], err = h.expand(v); err != nil {
			return nil, err
		}
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
