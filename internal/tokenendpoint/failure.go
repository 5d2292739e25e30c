package tokenendpoint

import (
	"fmt"
	"mime"
	"net/url"
	"regexp"
	"strings"
	"time"

	paths "example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/strictjson"
)

// An exchange is one request and what became of it.
type exchange struct {
	request    request
	credential refresh.Credential
	// rotates is as in plan.
	rotates bool
	// made is what was made of secrets for this login.
	made *memory
	// asked looks for what was known when the request was sent, and all for what was known in
	// the end; nil: the same.
	asked, all *secret.Searcher
	// reader reads the answer that has the token; nil: it is another.
	reader *reader
	answer *answer // nil: none came
}

// A failure is why an attempt gave no grant.
type failure struct {
	err *refresh.Error
	// tries is how many attempts such a failure is worth in one run.
	tries int
	// sent says that the request was sent, lost that no answer came to it, and atOnce that
	// the next attempt does not wait.
	sent, lost, atOnce bool
	// skew is as in exchange.skew.
	skew time.Duration
}

// fail returns a failure. The text is the endpoint, without its query, and the detail.
func (x exchange) fail(code string, v verdict, detail, remedy string) *failure {
	if over, ok := ofRefreshToken(code); ok && x.rotates {
		v, remedy = over, "obtain a new refresh token, and put it in with 'tokenkeeper refresh-token put NAME'"
	}
	return &failure{tries: v.tries, sent: x.answer != nil, err: &refresh.Error{
		Class:   v.class,
		Suspect: v.suspect,
		Code:    code,
		Detail:  x.request.target.shown + " " + detail,
		Remedy:  remedy,
	}}
}

// fault is the failure of x for a reason that is found here.
func (x exchange) fault(code, detail, remedy string) *failure {
	return x.fail(code, ofFault(code), detail, remedy)
}

// quote returns foreign text, fit to be printed.
func (x exchange) quote(text string) string { return quote(x.known(), text) }

// unanswered is the failure of a request that no whole answer came to.
func (x exchange) unanswered(err error, at stage) *failure {
	code, v, what, remedy := ofTransport(err, at)
	f := x.fail(code, v, what, remedy)
	f.sent = at.sent
	f.lost = at.sent && v == passing()
	return f
}

// refused is the failure of a request that was answered with another status than 2xx.
func (x exchange) refused(now time.Time) *failure {
	a := x.answer
	said := x.errorIn(paths.Numbers(x.document()))
	if f := x.stated("its error", said.code); f != nil {
		return f
	}
	code, v := ofRefusal(a.status, said.code)
	f := x.fail(code, v, fmt.Sprintf("answered %d%s", a.status, x.words(code, said)), x.remedy(code))
	if v == passing() {
		f.err.RetryAfter = retryAfter(a, now)
	}
	return f
}

// document returns the answer's body as JSON, or nil.
func (x exchange) document() any {
	v, err := strictjson.Parse(x.answer.body, maxAnswerDepth)
	if err != nil {
		return nil
	}
	return x.withoutTicket(v)
}

// A saidError is what an answer says of an error.
type saidError struct {
	code string // a word, perhaps a registered one
	text string
}

// word is what may be an error code: RFC 6749 section 5.2 allows more, and people write
// sentences there.
var word = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.:-]{0,63}$`)

// errorIn finds what a JSON answer says of an error, in the members that RFC 6749
// section 5.2, RFC 9457 and common use have for it. No other part of an answer is ever
// quoted.
func (x exchange) errorIn(doc any) (said saidError) {
	if code, text := x.request.outcome.said(doc); code != "" || text != "" {
		if said.text = text; word.MatchString(code) {
			said.code = code
		} else if text == "" {
			said.text = code
		}
		return said
	}
	object, ok := doc.(map[string]any)
	if !ok {
		return said
	}
	text := func(from map[string]any, names ...string) string {
		for _, n := range names {
			if s, ok := from[n].(string); ok && strings.TrimSpace(s) != "" {
				return s
			}
		}
		return ""
	}
	messages := []string{"error_description", "error_message", "errorMessage", "errorSummary", "message", "detail", "title"}
	switch e := object["error"].(type) {
	case string:
		if word.MatchString(e) {
			said.code = e
		} else {
			said.text = e
		}
	case map[string]any:
		if code := text(e, "code", "status", "type"); word.MatchString(code) {
			said.code = code
		}
		said.text = text(e, messages...)
	}
	if said.text == "" {
		said.text = text(object, messages...)
	}
	return said
}

// words says what an answer said, after its status.
func (x exchange) words(code string, said saidError) string {
	var b strings.Builder
	switch {
	case said.code == code && code != "":
		b.WriteString(" " + code)
	case said.code != "":
		b.WriteString(" with the error " + x.quote(said.code))
	}
	switch {
	case said.text != "":
		b.WriteString(": " + x.quote(said.text))
	case said.code == "" && x.answer.status >= 300 && x.answer.status < 400:
		b.WriteString(", which leads " + x.elsewhere())
	case said.code == "":
		b.WriteString(" with " + x.describeBody())
	}
	return b.String()
}

// elsewhere says where a redirect leads, which is not followed.
func (x exchange) elsewhere() string {
	location := x.answer.header.Get("Location")
	base, err := url.Parse(x.request.target.shown)
	if err != nil || location == "" || len(location) > longestForeign {
		return "nowhere"
	}
	u, err := base.Parse(location)
	if err != nil {
		return "nowhere"
	}
	u.RawQuery, u.Fragment, u.User = "", "", nil
	return "to " + showURL(x.known().Redact(u.String()))
}

// describeBody says of a body that is not quoted its type and size.
func (x exchange) describeBody() string {
	a := x.answer
	kind, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	switch {
	case a.lost != nil:
		return "a body that broke off"
	case a.cut:
		return fmt.Sprintf("more than %d bytes", maxAnswer)
	case len(strings.TrimSpace(string(a.body))) == 0:
		return "an empty body"
	case kind == "text/html":
		return fmt.Sprintf("an HTML page of %d bytes", len(a.body))
	case x.document() != nil:
		return fmt.Sprintf("%d bytes of JSON that hold no error message", len(a.body))
	case err != nil || !mediaType.MatchString(kind):
		return fmt.Sprintf("%d bytes of no stated type", len(a.body))
	}
	return fmt.Sprintf("%d bytes of %s", len(a.body), kind)
}

var mediaType = regexp.MustCompile(`^[a-z]{1,20}/[a-z0-9.+-]{1,40}$`)

// remedy says what to do about a refusal.
func (x exchange) remedy(code string) string {
	credential := fmt.Sprintf("the credential %q", x.credential.Name)
	if code == codeUnknownError {
		code = fmt.Sprintf("http_%d", x.answer.status)
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
		return "redirects are not followed with a secret: if the endpoint has moved, correct " + x.request.path
	case "http_404", "http_405", "http_410":
		return "look at " + x.request.path + " and the method: nothing is served there"
	case "http_403":
		return "look whether a firewall of the provider keeps us out, and whether " + credential + " may log in"
	case "http_429":
		return "if it stays so, the provider's quota is too small, or somebody else uses it too"
	}
	if _, v := ofRefusal(x.answer.status, code); v == passing() {
		return "" // waiting is all
	}
	return "look the answer up in the provider's documentation"
}
