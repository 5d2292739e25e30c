package tokenendpoint

import (
	"slices"
	"time"

	"example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/httprequest"
	"example.com/tokenkeeper/internal/template"
)

// A plan is a config, compiled: what to send, in order, and how to read the answer that
// has the token.
type plan struct {
	requests []request
	reader   answer.Shape
	// timeout is for one login: all its requests, with their answers.
	timeout time.Duration
	// uses are the values that the requests and JWTs cannot do without.
	uses []template.Value
	// jwts are signed for each attempt, token instead of any.
	jwts  []jwt
	token *jwt
	// rotates says that a request sends the refresh token that a vault keeps, and grace how
	// long the provider repeats an answer to it that was lost.
	rotates bool
	grace   time.Duration
	// renewsItself says that the token is its own refresh token.
	renewsItself bool
	// issuer is the audience of assertions, unless they say otherwise.
	issuer string
	// advice is what speaks against the config, though it works.
	advice []string
	// from is the index of the request whose answer has the token.
	from int
	// supersedes says that a new token ends the one before, so that no login is repeated.
	supersedes bool
	probe      *request // nil: none
	record     *recordForm
}

// everywhere returns all requests: those of the login, and the probe.
func (p plan) everywhere() []request {
	if p.probe == nil {
		return p.requests
	}
	return append(slices.Clip(p.requests), *p.probe)
}

// needs returns the values that a login cannot do without, but for those that steps keep.
func (p plan) needs() []template.Value {
	var list []template.Value
	for _, r := range p.requests {
		list = append(list, r.needs()...)
	}
	for _, j := range p.signed() {
		list = append(list, j.needs()...)
	}
	return list
}

// signed returns all JWTs that are signed with the credential.
func (p plan) signed() []jwt {
	if p.token == nil {
		return p.jwts
	}
	return append(slices.Clip(p.jwts), *p.token)
}

// A request is one of a plan's, and what is known of its answer.
type request struct {
	httprequest.Request
	// scope is what is asked for, as single words, where the config spells it out.
	scope []string
	// certificate is what the client shows in the TLS handshake; nil: none.
	certificate *clientCertificate
	// outcome says what answer is a good one, and keep what of it later requests need.
	outcome answer.Outcome
	keep    []answer.Kept
	// formEncodedBasic marks HTTP Basic authentication whose halves are form-encoded first.
	formEncodedBasic bool
	// step is the name of the step that the request is; empty: it is not a step.
	step string
}

// needs returns the values that r cannot do without, but for those that steps keep.
func (r request) needs() []template.Value {
	list := needed(r.Templates())
	if t := r.certificate; t != nil {
		list = append(list, template.Value{Name: t.certificate, At: t.path, Implied: true}, template.Value{Name: t.key, At: t.path, Implied: true})
	}
	return list
}
