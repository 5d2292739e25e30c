package tokenendpoint

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/strictjson"
	"example.com/tokenkeeper/internal/template"
)

const (
	// defaultGrace is how long providers commonly repeat the answer to a refresh token that
	// was spent, and maxGrace the longest that is known of any, and more.
	defaultGrace = 30 * time.Second
	maxGrace     = 24 * time.Hour
	// graceMargin is how long before the end of the grace the last repeat is sent.
	graceMargin = 5 * time.Second
)

// compileRotation adds to p what the config says of the refresh token.
func compileRotation(ps *problem.List, cfg config, p *Plan) {
	res := cfg.Response
	p.renewsItself = valueOr(cfg.RenewsItself, false)
	if !p.Rotates {
		refuse(ps, "has no effect: no refresh token is sent", `say "grant_type": "refresh_token", or write ${refresh_token} where the request has it`,
			stated{"response.refresh_token", res.RefreshToken.Type != strictjson.Absent},
			stated{"refresh_token_grace", cfg.RefreshTokenGrace.Type != strictjson.Absent},
			stated{"renews_itself", p.renewsItself})
		return
	}
	p.grace = ps.Duration("refresh_token_grace", cfg.RefreshTokenGrace, 0, maxGrace, defaultGrace)
	at, access := compileSource(ps, "response.refresh_token", res.RefreshToken, refreshToken), p.Answer.AccessToken
	same := at.String() == access.String() && at.After == access.After
	switch {
	case p.renewsItself && res.RefreshToken.Type != strictjson.Absent && !same:
		ps.Add("response.refresh_token", "", fmt.Sprintf("leads elsewhere than the token, which is %s, and renews_itself says that both are one", access),
			"remove one of the two")
	case p.renewsItself:
		at = access
	case same && res.RefreshToken.Type != strictjson.Absent:
		ps.Add("response.refresh_token", "", fmt.Sprintf("leads to the token itself, %s", access),
			`if the token is its own refresh token, say "renews_itself": true; else say where the refresh token is`)
	}
	p.Answer.RefreshToken = at
}

// carriers returns the indexes of the requests that send the refresh token, in order.
func (p Plan) carriers() []int {
	names := []string{refreshToken}
	for _, j := range p.JWTs {
		if slices.ContainsFunc(j.needs(), func(v template.Value) bool { return v.Name == refreshToken }) {
			names = append(names, j.Name)
		}
	}
	var list []int
	for i, r := range p.Requests {
		if slices.ContainsFunc(names, func(name string) bool { return template.Names(r.Templates(), name) }) {
			list = append(list, i)
		}
	}
	return list
}

// rotate looks at a complete answer to a request that sent the refresh token, by its shape
// alone. What comes in its place is handed on before anything else of the answer is judged,
// so that no failure after it can lose it (RFC 6749 section 6, RFC 9700 section 4.14.2).
func (x *exchange) rotate(m *answer.Message) {
	if !x.ticket.sent {
		return
	}
	doc := m.DecodeLeniently()
	shape := &x.plan.Answer
	switch {
	case m.Status == http.StatusServiceUnavailable && m.Header.Get("Retry-After") != "":
		// It says that nothing was done.
	case m.Status == http.StatusRequestTimeout, m.Status >= 500:
		x.ticket.unsure = true
	case x.ticket.last && (m.OK() || x.request.Outcome.Accepts(m)):
		selected := answer.Wanted{Outcome: x.request.Outcome, Token: shape}.Select(m, doc)
		s, found := x.successor(selected)
		if found && x.ticket.rotate != nil {
			m.Outside(func() { x.ticket.rotate(s) })
		}
		if !found && !x.plan.renewsItself {
			x.ticket.overlooked = x.overlooked(selected)
		}
		x.ticket.unsure = !found && doc.Fault != nil && shape.AccessToken.InBody() && shape.RefreshToken.InBody()
	}
}

// successor finds what an answer has in the place of the refresh token that was sent; ok is
// false where that one goes on: there is nothing, null, false or an empty text, the same
// again, the access token of a provider that has two of them, a value of the credential, or an
// error and no access token.
func (x *exchange) successor(selected answer.Selection) (s refresh.Successor, ok bool) {
	found := selected.RefreshToken
	if object, _ := selected.Document.Value.(map[string]any); isNothing(found) {
		found = object[refreshToken]
	}
	access, _ := selected.AccessToken.(string)
	if isNothing(found) || access == "" && selected.Denied() {
		return s, false
	}
	what := fmt.Sprintf("%s answered %d with ", x.request.Target.Shown, selected.Message.Status)
	text, isText := textOf(found)
	switch {
	case !isText:
		s.Unstorable = fmt.Sprintf("%s%s as the next refresh token, %s", what, answer.TypeOf(found), x.plan.Answer.RefreshToken)
	case len(text) > answer.MaxToken:
		s.Unstorable = fmt.Sprintf("%sa refresh token of %d bytes; at most %d can be stored", what, len(text), answer.MaxToken)
	case text == access && !x.plan.renewsItself, x.sends(text):
		return s, false
	default:
		s.Token = secret.New(text)
	}
	return s, true
}

// overlooked returns the name of what is called like a refresh token in an answer and was not
// sent; empty: there is none. It is for a config that does not say where the next refresh token is:
// that would be lost without a word.
func (x *exchange) overlooked(selected answer.Selection) string {
	for name, part := range selected.Named() {
		text, _ := part.(string)
		if likeRefreshToken.MatchString(name) && len(text) >= leastRefreshToken && !x.sends(text) {
			return name
		}
	}
	return ""
}

var likeRefreshToken = regexp.MustCompile(`(?i)^(?:x[_-])?refresh[_-]?(?:token|jwt)$`)

// isNothing reports whether a value says that there is no refresh token. To take a word for one
// would lose the one that is there.
func isNothing(v any) bool {
	text, isText := textOf(v)
	return v == nil || v == false || isText && nothing.MatchString(text)
}

var nothing = regexp.MustCompile(`(?i)^\s*(?:|0|none|null|nil|undefined|false|n/?a|-)\s*$`)

// textOf returns a text as it is, and a number as it was written: see
// answer.Message.DecodeLeniently.
func textOf(v any) (text string, ok bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	}
	return "", false
}

// sends reports whether text is what was sent: the refresh token, a value of the
// credential, or what was made of one. What came in an answer was not sent. A text that merely has such a value in it may be a
// refresh token that states by right whose it is.
func (x *exchange) sends(text string) bool {
	for name, v := range x.known().Values {
		if !strings.HasPrefix(name, stepPrefix) && !strings.HasPrefix(name, madeOf+inAnswer) && slices.Contains(encodings(v.Reveal()), text) {
			return true
		}
	}
	return false
}

// encodings returns a value in the forms in which it may be sent.
func encodings(value string) []string {
	b := []byte(value)
	return []string{
		value, url.QueryEscape(value), url.PathEscape(value), hex.EncodeToString(b),
		base64.StdEncoding.EncodeToString(b), base64.RawStdEncoding.EncodeToString(b),
		base64.URLEncoding.EncodeToString(b), base64.RawURLEncoding.EncodeToString(b),
	}
}

// spending returns f as it counts for a login that spends a refresh token. A client that sends one
// a second time looks like a thief, who is shut out with everybody (RFC 9700 section 4.14.2). So
// only a lost answer is asked for again, once and at once, while the provider remembers it.
func spending(f *failure, unsure bool) *failure {
	needsPerson := f.err.Class == refresh.NeedsPerson
	f.err.Unsure = unsure && !needsPerson
	f.err.Suspect = f.err.Suspect && !(unsure && needsPerson)
	if f.sent {
		f.tries = 1
	}
	return f
}
