package tokenendpoint

import (
	"context"
	"net/http"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// A probe is a request that is made with a new token before consumers get it.
type probe struct {
	request request
	timeout time.Duration
}

// probeTimeout is how long a probe may take. It runs in the time that is kept for
// storing, which the swap needs as well.
const probeTimeout = 2 * time.Second

// probeToken is what the config of a probe calls the new token. It is all that a probe
// may send: a credential's values have no business in what is asked with a token.
const probeToken = "access_token"

// codeProbeFailed is the code of a failed probe.
const codeProbeFailed = "probe_failed"

// probe compiles a probe.
func (c *compiler) probe(cfg *probeConfig) *probe {
	if cfg == nil {
		return nil
	}
	uses, words, of := c.plan.uses, c.words, c.of
	c.words, c.of = []string{probeToken}, "a probe"
	defer func() { c.plan.uses, c.words, c.of = uses, words, of }()

	if cfg.Request == nil {
		c.add("probe.request", "", "is missing", `write "request": {"url": "https://…"}`)
		return nil
	}
	given := *cfg.Request
	if given.Method == nil {
		method := http.MethodGet
		given.Method = &method
	}
	r := c.request("probe.request", given)
	used := false
	for _, t := range r.templates() {
		t.values(func(p part) { used = used || p.value == probeToken })
	}
	if !used {
		for _, h := range r.headers {
			if h.name == "Authorization" {
				c.add("probe.request.headers.Authorization", "", "does not send the new token", `write "Bearer ${access_token}", or leave it out for that`)
			}
		}
		bearer := append(literal("Bearer "), part{value: probeToken})
		r.headers = append(r.headers, header{name: "Authorization", path: "probe.request", value: bearer})
	}
	res := cfg.Response
	r.outcome = c.outcome("probe.response", res.Status, res.Success, res.Error, res.ErrorDescription)
	return &probe{request: r, timeout: probeTimeout}
}

// probe returns what tries a new token, or nil where the config asks for none. The host
// that it asks is pinned like all others, by Grant: no token comes about without that.
func (e *Endpoint) probe() func(context.Context, refresh.Secret) error {
	p := e.plan.probe
	if p == nil {
		return nil
	}
	return func(ctx context.Context, token refresh.Secret) error {
		ctx, cancel := context.WithTimeout(ctx, p.timeout)
		defer cancel()
		x := exchange{request: p.request, credential: refresh.Credential{
			Name:   "new token",
			Values: map[string]refresh.Secret{probeToken: token},
		}}
		f := e.send(ctx, &x)
		if f == nil {
			_, f = x.keep()
		}
		if f == nil {
			return nil
		}
		// Whatever the answer, it is about the token and not about the login: the old token
		// stays, and a new one is tried later.
		err := *f.err
		err.Class, err.Suspect, err.Code = refresh.Transient, true, codeProbeFailed
		err.Detail = "the new token was tried, and the one before it stays: " + err.Detail
		err.Remedy = "if the token is good, look at probe in the config"
		return &err
	}
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
