package tokenendpoint

import (
	"fmt"
	"time"

	"example.com/tokenkeeper/internal/httprequest"
	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/template"
)

const (
	defaultTimeout = 10 * time.Second
	// maxTimeout is the time that a provider has in one run for logging in.
	maxTimeout = 15 * time.Second
)

// compile makes a plan of a config. The plan is good only if no problem is noted.
func compile(ps *problem.List, cfg config) Plan {
	if cfg.Credential != nil && refresh.CheckName(*cfg.Credential) != nil {
		ps.Add("credential", problem.Show(*cfg.Credential), "is not the name of a credential", "use 1 to 63 of a-z, 0-9 and -, beginning with a letter or digit")
	}
	p := Plan{
		timeout:    ps.Duration("timeout", cfg.Timeout, time.Second, maxTimeout, defaultTimeout),
		supersedes: valueOr(cfg.Supersedes, false),
	}
	var login vocabulary
	p.Requests, login = compileSteps(ps, cfg.Steps)
	compileLogin(ps, cfg, &p, login)
	if t := compileCertificate(ps, cfg); t != nil {
		for i := range p.Requests {
			p.Requests[i].Certificate = t
		}
	}
	markNeeded(p.Requests)
	p.compileNeeds()
	p.Answer = compileReader(ps, cfg)
	compileRotation(ps, cfg, &p)
	p.From = compileOutcomes(ps, cfg.Response, p.Requests)
	if len(p.Requests) > 0 {
		p.Answer.Scopes = p.Requests[p.From].scope
	}
	p.encode = compileRecord(ps, cfg.Record, cfg.Response.Extra)
	p.Probe = compileProbe(ps, cfg.Probe)
	for _, r := range p.Everywhere() {
		checkSize(ps, r.Path, r.Templates())
	}
	for _, j := range p.JWTs {
		checkSize(ps, j.Path, j.templates())
	}
	return p
}

// mostValues is how many values one request may hold: of at most 48 KiB each, so that it
// stays within a few MiB.
const mostValues = 64

// checkSize refuses what may become too large, whatever the values are: a limit that depended on
// them would disclose how long they are.
func checkSize(ps *problem.List, path string, list []template.Template) {
	n := 0
	for _, t := range list {
		n += t.Mentions()
	}
	if n > mostValues {
		ps.Add(path, "", fmt.Sprintf("names values %d times, once more for each function around one; at most %d are taken", n, mostValues), "name fewer")
	}
}

// compileLogin adds to p the request that comes after all steps, or the token that is signed
// here, by what the config says of either.
func compileLogin(ps *problem.List, cfg config, p *Plan, login vocabulary) {
	first := cfg.oauthConfig.stated()
	var last Request
	switch {
	case cfg.SignedJWT != nil && (cfg.Request != nil || len(first) > 0 || len(cfg.Steps) > 0):
		ps.Add("signed_jwt", "", "is itself the token, and is set beside a request for one", "keep one of the two")
		return
	case cfg.SignedJWT != nil:
		p.JWTs = []JWT{compileSignedJWT(ps, cfg)}
		return
	case cfg.Request != nil && len(first) > 0:
		for _, name := range first {
			ps.Add(name, "", "is set beside request, which spells the whole request out", "keep one of the two: remove "+name+" or request")
		}
		return
	case cfg.Request != nil:
		last.Request = httprequest.Compile(ps, "request", *cfg.Request)
		login.check(ps, last.Templates())
	case len(first) > 0:
		last, p.JWTs = compileOAuth(ps, cfg)
		login.check(ps, last.Templates())
		p.issuer = valueOr(cfg.Issuer, "")
	case len(cfg.Steps) > 0:
		ps.Add("steps", "", "come before a request for the token, and there is none", `write the last of them as "request" beside "steps"`)
		return
	case len(ps.Found) == 0: // else it may be there, mistyped
		ps.Add("", "", "says neither token_endpoint nor request",
			`write {"token_endpoint": "https://…"} for OAuth, or {"request": {"url": "https://…"}} for a login of another shape`)
		return
	default:
		return
	}
	p.Requests = append(p.Requests, last)
	if len(first) == 0 && cfg.Assertion != nil {
		p.JWTs = []JWT{compileNamedAssertion(ps, cfg, p.Requests)}
	}
}
