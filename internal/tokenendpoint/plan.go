package tokenendpoint

import (
	"slices"
	"time"

	"example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/httprequest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/template"
)

// A Plan is a config, compiled: what to send, in order, and how to read the answer that
// has the token. Nothing changes it.
type Plan struct {
	// Requests are those of a login; none, where the token is signed here.
	Requests []Request
	// From is the index of the request whose answer has the token, and Answer how it is read.
	From   int
	Answer answer.Shape
	// Probe is sent with a new token; nil: none is.
	Probe *Request
	// JWTs are signed for each attempt. Without requests there is one, the token.
	JWTs []JWT
	// Needs are the values of the credential that a login cannot do without, each once.
	Needs []template.Value
	// Rotates says that a request sends the refresh token that a vault keeps.
	Rotates bool

	timeout time.Duration // for all requests of a login, with their answers
	// grace is how long the provider repeats an answer to the refresh token that was lost.
	grace time.Duration
	// renewsItself says that the token is its own refresh token.
	renewsItself bool
	issuer       string // the audience of assertions, unless they say otherwise
	// supersedes says that a new token ends the one before, so that no login is repeated.
	supersedes bool
	encode     func(refresh.Record) (secret.Text, error) // nil: in version 1
}

// Everywhere returns all requests: those of the login, and the probe.
func (p Plan) Everywhere() []Request {
	if p.Probe == nil {
		return p.Requests
	}
	return append(slices.Clip(p.Requests), *p.Probe)
}

// compileNeeds adds to p what it needs of the credential, but for what steps keep, and whether it
// needs a refresh token of a vault.
func (p *Plan) compileNeeds() {
	var all []template.Value
	for _, r := range p.Requests {
		all = append(all, r.needs()...)
	}
	for _, j := range p.JWTs {
		all = append(all, j.needs()...)
	}
	named := func(list []template.Value, name string) bool {
		return slices.ContainsFunc(list, func(v template.Value) bool { return v.Name == name })
	}
	p.Rotates = named(all, refreshToken)
	for _, v := range all {
		signed := slices.ContainsFunc(p.JWTs, func(j JWT) bool { return j.Name == v.Name })
		if v.Name != refreshToken && !signed && !named(p.Needs, v.Name) {
			p.Needs = append(p.Needs, v)
		}
	}
}

// A Request is one of a plan's, and what is known of its answer.
type Request struct {
	httprequest.Request
	// Certificate is what the client shows in the TLS handshake; nil: none.
	Certificate *ClientCertificate
	// Outcome says what answer is a good one, and Keep what of it later requests need.
	Outcome answer.Outcome
	Keep    []answer.Kept

	scope []string // what is asked for, as single words, where the config spells it out
	step  string   // the name of the step that the request is; empty: it is not a step
}

// A ClientCertificate says which values of the credential a client shows in the TLS
// handshake (RFC 8705 section 2).
type ClientCertificate struct{ path, Name, Key string }

// needs returns the values that r cannot do without, but for those that steps keep.
func (r Request) needs() []template.Value {
	list := needed(r.Templates())
	if t := r.Certificate; t != nil {
		list = append(list, template.Value{Name: t.Name, At: t.path, Implied: true}, template.Value{Name: t.Key, At: t.path, Implied: true})
	}
	return list
}
