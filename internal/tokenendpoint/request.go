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
	"slices"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/strictjson"
	"example.com/tokenkeeper/internal/template"
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
	noColon []template.Value
	// outcome says what answer is a good one, and keep what of it later requests need.
	outcome answer.Outcome
	// step is the name of the step that the request is; empty: it is none.
	step string
	// advice is what speaks against the request, though it works.
	advice []string
	keep   []answer.Kept
}

// compileMethod checks the method of a request. Those that make a tunnel, or have the server
// repeat what it was sent, are not for secrets.
func compileMethod(ps *problems, path string, given *string, missing string) string {
	method := textOr(given, missing)
	switch {
	case method == http.MethodConnect || method == http.MethodTrace:
		ps.add(path, show(method), "is not a method to send a secret with", "use POST, or what the provider's documentation has")
	case !validMethod.MatchString(method):
		ps.oneOf(path, method, http.MethodPost, http.MethodGet, http.MethodPut, http.MethodPatch)
	}
	return method
}

var validMethod = regexp.MustCompile(`^[A-Z]{3,16}$`)

// compileRequest compiles the request that stands at that path of the config.
func compileRequest(ps *problems, at string, cfg requestConfig) request {
	r := request{path: at + ".url", method: compileMethod(ps, at+".method", cfg.Method, http.MethodPost)}
	if cfg.URL == nil {
		ps.add(at+".url", "", "is missing", `write "url": "https://…"`)
	} else {
		r.target = compileTarget(ps, at+".url", *cfg.URL)
	}
	r.headers = compileHeaders(ps, at+".headers", cfg.Headers)
	r.query = compileParams(ps, at+".query", cfg.Query)
	for _, name := range repeated(r.query, r.target.fixedQuery()) {
		ps.add(member(at+".query", name), "", "is in "+at+".url already", "keep one of the two")
	}

	var bodies []string
	if cfg.Form.Type != strictjson.Absent {
		bodies = append(bodies, "form")
		r.body = formBody(compileParams(ps, at+".form", cfg.Form))
	}
	if cfg.Multipart.Type != strictjson.Absent {
		bodies = append(bodies, "multipart")
		r.body = multipartBody(compileParams(ps, at+".multipart", cfg.Multipart))
	}
	if cfg.JSON.Type != strictjson.Absent {
		bodies = append(bodies, "json")
		n := compileNode(ps, at+".json", "", cfg.JSON)
		mustStand(ps, n.value.text)
		r.body = jsonBody(n)
	}
	if cfg.Text != nil {
		bodies = append(bodies, "text")
		r.body = compileText(ps, at+".text", *cfg.Text, r.headers)
	}
	for i, name := range bodies {
		if i > 0 {
			ps.add(at+"."+name, "", fmt.Sprintf("stands beside %s.%s, and a request has one body", at, bodies[0]), "keep one of the two")
		}
	}
	if len(bodies) > 0 && (r.method == http.MethodGet || r.method == http.MethodHead) {
		ps.add(at+"."+bodies[0], "", "is a body, which "+r.method+" has not", `use "query", or another method`)
	}
	if secretInURL(r) {
		r.advice = append(r.advice,
			"a value of the credential is sent in the URL, which servers and proxies log: send it in a header or the body if the provider takes it there")
	}
	checkContentType(ps, at+".headers", r)
	return r
}

// secretInURL reports whether a value other than an identifier goes into the URL.
func secretInURL(r request) bool {
	inURL := request{target: r.target, query: r.query}
	for v := range named(inURL.templates()) {
		if secretName(v.Name) {
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
func (r request) build(ctx context.Context, c refresh.Credential, now time.Time) (*http.Request, error) {
	return r.buildWith(ctx, newValues(c, now, nil))
}

// buildWith makes the request of what v has.
func (r request) buildWith(ctx context.Context, v *template.Values) (*http.Request, error) {
	for _, u := range r.noColon {
		if strings.Contains(v.Get(u.Name).Reveal(), ":") {
			return nil, &buildFault{u.At, "cannot send a " + u.Name + " that has a colon in it raw",
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
		Host:       r.target.site.Hostport(),
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
		if errors.Is(err, template.ErrLeftOut) {
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
func (r request) url(v *template.Values) (*url.URL, error) {
	path, err := v.Expand(r.target.path)
	if err != nil {
		return nil, err
	}
	query, err := v.Expand(r.target.query)
	if err != nil {
		return nil, err
	}
	more, err := formBody(r.query).text(v)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(r.target.site.String() + path.Reveal())
	if err != nil || u.Host != r.target.site.Hostport() || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, &buildFault{r.path, "cannot be built with the values of the credential", "look at the values that stand in it"}
	}
	if dotSegment(u.EscapedPath()) {
		return nil, &buildFault{r.path, `would have a segment "." or ".." in its path, which servers take for another path`, "look at the values that stand in it"}
	}
	u.RawQuery = strings.Trim(query.Reveal()+"&"+more, "&")
	return u, nil
}

// mapped returns r with f applied to all its templates.
func (r request) mapped(f func(template.Template) template.Template) request {
	r.target.path, r.target.query = f(r.target.path), f(r.target.query)
	r.headers = slices.Clone(r.headers)
	for i, h := range r.headers {
		r.headers[i].value = f(h.value)
	}
	r.query = mapped(r.query, f)
	if r.body != nil {
		r.body = r.body.mapped(f)
	}
	return r
}

// templates returns all templates of a request.
func (r request) templates() (list []template.Template) {
	r.mapped(func(t template.Template) template.Template {
		list = append(list, t)
		return t
	})
	return list
}

// needs returns the values that r cannot do without, but for those that steps keep.
func (r request) needs() []template.Value {
	list := needed(r.templates())
	if t := r.certificate; t != nil {
		list = append(list, template.Value{Name: t.certificate, At: t.path, Implied: true}, template.Value{Name: t.key, At: t.path, Implied: true})
	}
	return list
}
