package tokenendpoint

import (
	"fmt"
	"net/url"
	"strings"

	"example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/httprequest"
	"example.com/tokenkeeper/internal/wire"
)

// unanswered is the failure of a request that no whole answer came to.
func (x exchange) unanswered(broken *wire.Failure) *failure {
	v, remedy := ofTransport(broken.Kind)
	f := x.fail(string(broken.Kind), v, broken.Error(), remedy)
	f.sent = broken.Sent
	if !broken.Begun && v.tries > 1 {
		f.err.Unconnected = x.request.Target.Site.Host
	}
	return f
}

// refused is the failure that an answer states: by its status or, where that says success, in
// its body.
func (x exchange) refused(byStatus bool) *failure {
	said := x.selected.Said()
	if f := x.stated("its error", said.Code); f != nil {
		return f
	}
	word := said.Code
	if x.plan.Rotates && ofRefreshToken.MatchString(word) {
		word = "invalid_grant" // of a refresh token, GitHub says bad_refresh_token, and Slack invalid_refresh_token
	}
	code, v := ofAnswer(word)
	if byStatus {
		code, v = ofRefusal(x.answer.Status, word)
		if x.answer.Limited() {
			v = passing()
		}
	}
	v = ofGrant(code, said.Text, v, x.plan.Rotates)
	f := x.fail(code, v, fmt.Sprintf("answered %d%s", x.answer.Status, x.words(code, said, byStatus)), x.remedy(code, v))
	if f.err.Limited = f.err.Limited || code == "slow_down" || v == busy(); f.err.Limited && f.err.RetryAfter == 0 {
		f.tries = 1 // it may count what it refuses, so that each attempt more keeps it shut for longer
	}
	return f
}

// words says what an answer said, after its status.
func (x exchange) words(code string, said answer.Said, byStatus bool) string {
	what := ""
	switch {
	case said == (answer.Said{}) && !byStatus:
		return " with JSON that says it failed, and not why"
	case said.Code == "" && !byStatus:
		what = " with an error"
	case said.Code == "":
	case said.Code == code && byStatus:
		what = " " + code
	case said.Code == code:
		what = " with the error " + code
	default:
		what = " with the error " + x.quote(said.Code)
	}
	switch {
	case said.Text != "":
		what += ": " + x.quote(said.Text)
	case said.Code == "" && x.answer.Status >= 300 && x.answer.Status < 400:
		what += ", which leads " + x.elsewhere()
	case said.Code == "":
		what += " with " + x.answer.Describe(x.selected.Document.Fault == nil)
	}
	return what
}

// elsewhere says where a redirect leads, which is not followed.
func (x exchange) elsewhere() string {
	location := x.answer.Header.Get("Location")
	base, err := url.Parse(x.request.Target.Shown)
	if err != nil || location == "" || len(location) > longestForeign {
		return "nowhere"
	}
	u, err := base.Parse(location)
	if err != nil {
		return "nowhere"
	}
	u.RawQuery, u.Fragment, u.User = "", "", nil
	return "to " + httprequest.ShowURL(x.known().Redact(u.String()))
}

// remedy says what to do about a refusal.
func (x exchange) remedy(code string, v verdict) string {
	switch v {
	case revoked():
		return "obtain a new refresh token, and put it in with 'tokenkeeper refresh-token put NAME'"
	case busy():
		return "" // waiting is all
	}
	credential := fmt.Sprintf("the credential %q", x.credential.Name)
	if odd := Edges(x.credential); len(odd) > 0 {
		credential += ", where " + strings.Join(odd, ", and ") + ","
	}
	if code == codeUnknownError {
		code = fmt.Sprintf("http_%d", x.answer.Status)
	}
	switch code {
	case "invalid_client":
		if _, ok := x.credential.Values["client_secret"]; !ok {
			return "look at client_id and the key in " + credential + ", at which key the provider knows, and at client_assertion.aud"
		}
		return "look at client_id and client_secret in " + credential + ", and at how the provider wants them sent"
	case "invalid_grant", "http_401":
		return "look at what " + credential + " holds: the provider does not accept it"
	case "unauthorized_client":
		return "ask the provider to allow this client the grant type"
	case "unsupported_grant_type":
		return "look at grant_type, and at body: a server that cannot read a body finds no grant type in it"
	case "invalid_scope":
		return "ask for scopes that the client may have, or for none"
	case "access_denied", "insufficient_scope", "invalid_target":
		return "ask the provider what this client may have, and look at audience and scope"
	case "invalid_request", "http_400", "http_415", "http_422":
		return "compare the parameters and the body's type with the provider's documentation"
	case codeRedirected:
		return "redirects are not followed with a secret: if the endpoint has moved, correct " + x.request.Path
	case "http_404", "http_405", "http_410":
		return "look at " + x.request.Path + " and the method: nothing is served there"
	case "http_429", "http_403":
		if code == "http_429" || x.answer.Limited() {
			return "if it stays so, the provider's quota is too small, or others use it too"
		}
		return "look whether a firewall of the provider keeps us out, and whether " + credential + " may log in"
	}
	if _, v := ofRefusal(x.answer.Status, code); v == passing() {
		return "" // waiting is all
	}
	return "look the answer up in the provider's documentation"
}
