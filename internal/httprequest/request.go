// Package httprequest has requests as configs spell them out: compiled once, and built for each
// attempt of the values that there are then. Values are encoded as the place needs where they
// land, so that none can become more than a value, and are never in scheme, host or port.
package httprequest

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

	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/strictjson"
	"example.com/tokenkeeper/internal/template"
)

// A Config is a request as a config spells it out. At most one of the bodies is set.
type Config struct {
	Method    *string            `json:"method"` // default POST
	URL       *string            `json:"url"`
	Headers   map[string]*string `json:"headers"`
	Basic     []string           `json:"basic"` // two names of values, for HTTP Basic authentication
	Query     strictjson.Value   `json:"query"`
	Form      strictjson.Value   `json:"form"`
	JSON      strictjson.Value   `json:"json"`
	Multipart strictjson.Value   `json:"multipart"`
	Text      *string            `json:"text"`
}

// A Request is a template of an HTTP request.
type Request struct {
	// Path is the field of the config that holds the URL.
	Path    string
	Method  string
	Target  Target
	Query   []Param
	Headers []Header
	Body    Body
	// NoColon are values that must not hold a colon.
	NoColon []template.Value
}

// compileMethod checks the method of a request. Those that make a tunnel, or have the server
// repeat what it was sent, are not for secrets.
func compileMethod(ps *problem.List, path string, given *string) string {
	if given == nil {
		return http.MethodPost
	}
	method := *given
	switch {
	case method == http.MethodConnect || method == http.MethodTrace:
		ps.Add(path, problem.Show(method), "is not a method to send a secret with", "use POST, or what the provider's documentation has")
	case !validMethod.MatchString(method):
		ps.OneOf(path, method, http.MethodPost, http.MethodGet, http.MethodPut, http.MethodPatch)
	}
	return method
}

var validMethod = regexp.MustCompile(`^[A-Z]{3,16}$`)

// Compile compiles the request at that path of the config.
func Compile(ps *problem.List, at string, cfg Config) Request {
	r := Request{Path: at + ".url", Method: compileMethod(ps, at+".method", cfg.Method)}
	if cfg.URL == nil {
		ps.Add(at+".url", "", "is missing", `write "url": "https://…"`)
	} else {
		r.Target = CompileTarget(ps, at+".url", *cfg.URL)
	}
	r.Headers = CompileHeaders(ps, at+".headers", cfg.Headers)
	if cfg.Basic != nil {
		basic, user := compileBasic(ps, at+".basic", cfg.Basic, r.Headers)
		r.Headers, r.NoColon = append(r.Headers, basic...), user
	}
	r.Query = CompileParams(ps, at+".query", cfg.Query)
	for _, p := range r.Query {
		if r.Target.FixedQuery().Has(p.Name) {
			ps.Add(problem.Member(at+".query", p.Name), "", "is in "+at+".url already", "keep one of the two")
		}
	}

	var bodies []string
	if cfg.Form.Type != strictjson.Absent {
		bodies = append(bodies, "form")
		r.Body = BodyOf("form", CompileParams(ps, at+".form", cfg.Form))
	}
	if cfg.Multipart.Type != strictjson.Absent {
		bodies = append(bodies, "multipart")
		r.Body = BodyOf("multipart", CompileParams(ps, at+".multipart", cfg.Multipart))
	}
	if cfg.JSON.Type != strictjson.Absent {
		bodies = append(bodies, "json")
		n := CompileNode(ps, at+".json", "", cfg.JSON)
		mustStand(ps, n.Text)
		r.Body = Body{"json", n}
	}
	if cfg.Text != nil {
		bodies = append(bodies, "text")
		r.Body = compileText(ps, at+".text", *cfg.Text, contentType(r.Headers))
	}
	for i, name := range bodies {
		if i > 0 {
			ps.Add(at+"."+name, "", fmt.Sprintf("is set beside %s.%s, and a request has one body", at, bodies[0]), "keep one of the two")
		}
	}
	if len(bodies) > 0 && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		ps.Add(at+"."+bodies[0], "", "is a body, which "+r.Method+" has not", `use "query", or another method`)
	}
	CheckContentType(ps, r.Headers, r.Body)
	return r
}

// Build makes the request that is sent, of the values that v has. The error is a *[Fault], or
// one of package template.
func (r Request) Build(ctx context.Context, v *template.Values) (*http.Request, error) {
	for _, u := range r.NoColon {
		if strings.Contains(v.Get(u.Name).Reveal(), ":") {
			remedy := "ask the provider how it takes it"
			if u.Implied {
				remedy = `ask the provider whether it takes "client_secret_basic_encoding": "form", or use "client_secret_post"`
			}
			return nil, &Fault{u.At, "cannot send a " + u.Name + " that has a colon in it raw", remedy}
		}
	}
	u, err := r.URL(v)
	if err != nil {
		return nil, err
	}
	req := (&http.Request{
		Method: r.Method,
		URL:    u,
		Host:   r.Target.Site.Hostport(),
		Header: http.Header{
			"Accept":     {"application/json"},
			"User-Agent": {"tokenkeeper"},
		},
	}).WithContext(ctx)
	if r.Body.Kind != "" {
		contentType, data, err := r.Body.encode(v)
		if err != nil {
			return nil, err
		}
		req.Body = io.NopCloser(bytes.NewReader(data))
		req.ContentLength = int64(len(data))
		req.Header.Set("Content-Type", contentType)
	}
	for _, h := range r.Headers {
		value, err := h.expand(v)
		if errors.Is(err, template.ErrLeftOut) {
			continue
		}
		if err != nil {
			return nil, err
		}
		delete(req.Header, h.Name)
		req.Header[h.written] = value
	}
	return req, nil
}

// URL returns the URL with what it names, at the very host that was checked.
func (r Request) URL(v *template.Values) (*url.URL, error) {
	path, err := v.Expand(r.Target.path)
	if err != nil {
		return nil, err
	}
	query, err := v.Expand(r.Target.query)
	if err != nil {
		return nil, err
	}
	more, err := Node{Kind: strictjson.Object, Members: r.Query}.Expand(v)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(r.Target.Site.String() + path.Reveal())
	if err != nil || u.Host != r.Target.Site.Hostport() || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, &Fault{r.Path, "cannot be built with the values of the credential", "look at the values in it"}
	}
	if dotSegment.MatchString(u.EscapedPath()) {
		return nil, &Fault{r.Path, `would have a segment "." or ".." in its path, which servers take for another path`, "look at the values in it"}
	}
	u.RawQuery = strings.Trim(query.Reveal()+"&"+encodeForm(more.Members), "&")
	return u, nil
}

// Templates returns all templates of a request.
func (r Request) Templates() []template.Template {
	list := []template.Template{r.Target.path, r.Target.query}
	for _, h := range r.Headers {
		list = append(list, h.Value)
	}
	list = append(list, Node{Members: r.Query}.Templates()...)
	return append(list, r.Body.node.Templates()...)
}
