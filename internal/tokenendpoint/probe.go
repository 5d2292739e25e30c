package tokenendpoint

import (
	"context"
	"net/http"
	"slices"
	"time"

	"example.com/tokenkeeper/internal/httprequest"
	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/template"
)

// probeTimeout is how long a probe may take: the request that is made with a new token before
// consumers get it. It runs in the time that is kept for storing, which the swap needs as well.
const probeTimeout = 2 * time.Second

// probeToken is what the config of a probe calls the new token. It is all that a probe
// may send: a credential's values have no business in what is asked with a token.
const probeToken = "access_token"

// compileProbe compiles a probe; nil: none is made.
func compileProbe(ps *problem.List, cfg *probeConfig) *Request {
	if cfg == nil {
		return nil
	}
	if cfg.Request == nil {
		ps.Add("probe.request", "", "is missing", `write "request": {"url": "https://…"}`)
		return nil
	}
	given := *cfg.Request
	if given.Method == nil {
		given.Method = new(http.MethodGet)
	}
	r := Request{Request: httprequest.Compile(ps, "probe.request", given)}
	vocabulary{of: "a probe", known: []string{probeToken}}.check(ps, r.Templates())
	if !template.Names(r.Templates(), probeToken) {
		for _, h := range r.Headers {
			if h.Name == "Authorization" {
				ps.Add("probe.request.headers.Authorization", "", "does not send the new token", `write "Bearer ${access_token}", or leave it out for that`)
			}
		}
		h := httprequest.NewHeader("Authorization", "probe.request")
		h.Value = slices.Concat(template.Literal("Bearer "), template.Of(probeToken))
		r.Headers = append(r.Headers, h)
	}
	r.Outcome = compileOutcome(ps, "probe.response", cfg.Response.outcomeConfig)
	return &r
}

// probe returns what tries a new token, or nil where the config asks for none. The host
// that it asks is pinned like all others, by Grant: no token comes about without that.
func (e *Endpoint) probe() func(context.Context, refresh.Credential, secret.Text) error {
	p := e.plan.Probe
	if p == nil {
		return nil
	}
	return func(ctx context.Context, c refresh.Credential, token secret.Text) error {
		ctx, cancel := context.WithTimeout(ctx, probeTimeout)
		defer cancel()
		// The rest of the credential is not sent, but the provider may repeat it here too.
		x := exchange{request: *p, witness: &Witness{}, credential: c.With(probeToken, token)}
		defer func() { x.answer.Leave() }()
		f := e.send(ctx, &x)
		if f == nil {
			return nil
		}
		err, v := *f.err, ofFault(codeProbeFailed)
		err.Class, err.Suspect, err.Code = v.class, v.suspect, codeProbeFailed
		err.Detail = "the new token was tried, and the one before it stays: " + err.Detail
		err.Remedy = "if the token is good, look at probe in the config"
		return &err
	}
}
