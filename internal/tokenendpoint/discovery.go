package tokenendpoint

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/wire"
)

// A discovery finds the token endpoint of an issuer in its metadata (RFC 8414, OpenID
// Connect Discovery 1.0).
//
// What was found is kept in the Endpoint, which lives for one run: metadata that change
// take effect with the next, and all attempts of one run ask for them once.
type discovery struct {
	issuer   string
	requests []request // for the metadata, to be tried in this order
	mutual   bool      // the endpoint for clients with a certificate is wanted
	// loopback allows the endpoint to be on this machine: the issuer is.
	loopback bool
}

// A discoveredPlan is one whose token endpoint was found. Until then it is nil.
type discoveredPlan struct {
	mu   sync.Mutex
	plan *plan
}

// maxMetadata is the size of the longest URL in metadata, in bytes.
const maxMetadata = 2048

// discover compiles the issuer, and gives r its place until the token endpoint is known:
// its host must be allowed as well.
func discover(ps *problems, issuer string, r *request) *discovery {
	const path = "issuer"
	r.path = path
	if strings.ContainsAny(issuer, "?#$") {
		ps.add(path, showURL(issuer), "is not an issuer, which has neither a query, a fragment nor ${…} (RFC 8414 section 2)", "write it as the provider's metadata have it")
		return nil
	}
	r.target = compileTarget(ps, path, issuer)
	if r.target.site == (wire.Site{}) {
		return nil // it was told what is wrong
	}
	d := &discovery{issuer: issuer, mutual: r.certificate != nil, loopback: r.target.site.Loopback()}
	// OpenID Connect Discovery 1.0 section 4 appends the well-known part, RFC 8414 section
	// 3.1 puts it before the issuer's path. More servers have the first.
	base, tail := r.target.site.String(), strings.TrimSuffix(strings.TrimPrefix(issuer, r.target.site.String()), "/")
	for _, u := range []string{
		base + tail + "/.well-known/openid-configuration",
		base + "/.well-known/oauth-authorization-server" + tail,
	} {
		d.requests = append(d.requests, request{path: path, method: http.MethodGet, target: compileTarget(ps, path, u)})
	}
	return d
}

// discovered returns the plan of e with the token endpoint that its issuer has.
func (e *Endpoint) discovered(ctx context.Context, c refresh.Credential, w *witness) (plan, *failure) {
	d := e.plan.discovery
	if d == nil {
		return e.plan, nil
	}
	e.found.mu.Lock()
	defer e.found.mu.Unlock()
	if e.found.plan != nil {
		return *e.found.plan, nil
	}
	x, doc, f := e.metadata(ctx, c, w)
	if f != nil {
		return plan{}, f
	}
	p, f := d.read(e.plan, x, doc)
	if f != nil {
		return plan{}, f
	}
	hosts := problems{where: e.where}
	checkHosts(&hosts, c, p.requests)
	if len(hosts.list) > 0 {
		f = x.fault(codeHostNotAllowed, fmt.Sprintf("names a token endpoint at another host: %v", hosts.list), "")
		f.err.Err = hosts.list
		return plan{}, f
	}
	e.found.plan = &p
	return p, nil
}

// metadata asks for the issuer's metadata. Nothing of the credential is sent.
func (e *Endpoint) metadata(ctx context.Context, c refresh.Credential, w *witness) (x exchange, doc map[string]any, f *failure) {
	for _, r := range e.plan.discovery.requests {
		x = exchange{index: metadata, request: r, credential: c}
		if f = e.send(ctx, &x, w); f == nil {
			if doc, _ = x.selected.Document.Value.(map[string]any); doc != nil {
				return x, doc, nil
			}
			f = x.fault(codeBadMetadata, fmt.Sprintf("answered %d with %s, and not with metadata", x.answer.Status, x.answer.Describe(x.selected.Document)),
				"look at issuer, or write token_endpoint instead of it")
		}
		if f.err.Class == refresh.Transient && !f.err.Suspect {
			break // the other place would fare no better
		}
	}
	return x, nil, f
}

// read returns p with what the metadata say.
func (d *discovery) read(p plan, x exchange, doc map[string]any) (plan, *failure) {
	if issuer, _ := doc["issuer"].(string); issuer != d.issuer {
		// RFC 8414 section 3.3: they must not be used.
		shown := "none"
		if issuer != "" {
			shown = x.quote(issuer)
		}
		return p, x.fault(codeIssuerMismatch, fmt.Sprintf("has the metadata of another issuer: it names %s, and the config %s", shown, show(d.issuer)),
			"write issuer exactly as the provider's metadata have it, if that is the one that is meant")
	}
	endpoint, _ := doc["token_endpoint"].(string)
	p.tokenEndpoint = endpoint
	if aliases, ok := doc["mtls_endpoint_aliases"].(map[string]any); ok && d.mutual {
		if alias, ok := aliases["token_endpoint"].(string); ok {
			endpoint = alias // RFC 8705 section 5
		}
	}
	var ps problems
	var t target
	if endpoint == "" || len(endpoint) > maxMetadata || strings.Contains(endpoint, "$") {
		ps.add("", "", "is none", "")
	} else {
		t = compileTarget(&ps, "token_endpoint", endpoint)
	}
	if t.site.Loopback() && !d.loopback {
		ps.add("", "", wire.Closed().Detail, "")
	}
	if len(ps.list) > 0 {
		return p, x.fault(codeBadMetadata, fmt.Sprintf("has metadata whose token_endpoint cannot be used: %s", ps.list[0].Detail),
			"write token_endpoint instead of issuer, if the provider's documentation has it")
	}
	p.requests = slices.Clone(p.requests)
	p.requests[len(p.requests)-1].target = t // steps go before it
	return p, nil
}
