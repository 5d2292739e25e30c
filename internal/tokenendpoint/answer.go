package tokenendpoint

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	paths "example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/strictjson"
)

// maxAnswerDepth is how deep an answer may be nested.
const maxAnswerDepth = 64

// maxToken is the size of the longest token in bytes. A record has room for 64 KiB.
const maxToken = 48 << 10

// validExtra is what an extra field of a record may be called.
var validExtra = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// A reader finds the grant in an answer.
type reader struct {
	accessToken, expiresIn, expiresAt source
	tokenType, scope                  paths.Path
	extra                             map[string]paths.Path
	// refreshToken leads nowhere where refresh tokens do not rotate.
	refreshToken paths.Path

	// typeStated is set where the config says where the token type is, so that somebody
	// has thought of it.
	typeStated bool
	unit       unit
	// defaultLifetime is that of a token of which nobody says it; zero: none.
	defaultLifetime time.Duration
	// maxLifetime is the longest that is believed; zero: no limit.
	maxLifetime time.Duration
}

// read returns the grant in the answer of x, whose status says success.
func (r reader) read(x exchange) (refresh.Grant, *failure) {
	doc, f := x.parse()
	if f != nil && r.accessToken.inBody() {
		return refresh.Grant{}, f
	}
	doc = paths.Numbers(doc)
	if f := x.errorDespite(doc); f != nil {
		return refresh.Grant{}, f
	}
	g := refresh.Grant{AskedAt: x.answer.askedAt}
	token, f := r.token(x, doc)
	if f != nil {
		return refresh.Grant{}, f
	}
	// Before its claims are read, which may be what was sent.
	if f := x.echo(token, "", "", nil); f != nil {
		return refresh.Grant{}, f
	}
	g.AccessToken = secret.New(token)
	if f := r.repeated(x, doc); f != nil {
		return refresh.Grant{}, f
	}
	if g.TokenType, f = r.kind(x, doc); f != nil {
		return refresh.Grant{}, f
	}
	if g.Lifetime, f = r.lifetime(x, doc, token); f != nil {
		return refresh.Grant{}, f
	}
	g.Scope, g.Warnings = r.granted(x, doc)
	var kept []string
	g.RefreshToken, kept = r.next(x, doc)
	g.Warnings = append(g.Warnings, kept...)
	for _, name := range slices.Sorted(maps.Keys(r.extra)) {
		v := r.extra[name].Find(doc).Value
		if v == nil {
			g.Warnings = append(g.Warnings, fmt.Sprintf("the answer has nothing at %s, which response.extra.%s asks for", show(r.extra[name].String()), name))
			continue
		}
		if g.Extra == nil {
			g.Extra = make(map[string]any)
		}
		g.Extra[name] = v
	}
	if f := x.echo(token, g.TokenType, g.Scope, g.Extra); f != nil {
		return refresh.Grant{}, f
	}
	return g, nil
}

// repeated is the failure of an answer that has what was sent where r looks for what is
// told further, in the log or in the metadata of a record.
func (r reader) repeated(x exchange, doc any) *failure {
	cookie := ""
	if c := x.answer.cookie(r.accessToken.cookie); c != nil {
		cookie = c.Raw
	}
	for _, place := range []struct {
		what string
		v    any
	}{
		{"its type", r.tokenType.Find(doc).Value},
		{"its lifetime", r.expiresIn.uncut(x.answer, doc)},
		{"its lifetime", r.expiresAt.uncut(x.answer, doc)},
		{"its lifetime", cookie},
		{"its scope", r.scope.Find(doc).Value},
	} {
		if f := x.stated(place.what, place.v); f != nil {
			return f
		}
	}
	return nil
}

// parse reads the body of an answer that says success.
func (x exchange) parse() (any, *failure) {
	a := x.answer
	switch {
	case a.cut:
		return nil, x.fault(codeAnswerTooLarge, fmt.Sprintf("answered %d with %s", a.status, x.describeBody()), "look at "+x.request.path+": no token is that long")
	case len(strings.TrimSpace(string(a.body))) == 0:
		return nil, x.fault(codeEmptyAnswer, fmt.Sprintf("answered %d with an empty body", a.status), "")
	}
	doc, err := strictjson.Parse(a.body, maxAnswerDepth)
	if err == nil {
		return x.withoutTicket(doc), nil
	}
	if fields, ok := a.form(); ok {
		return x.withoutTicket(fields), nil
	}
	kind := strictjson.Syntax
	var faults strictjson.Faults
	if errors.As(err, &faults) {
		kind = faults[0].Kind
	}
	switch kind {
	case strictjson.Duplicate:
		return nil, x.fault(codeBadJSON, fmt.Sprintf("answered %d with JSON in which a name stands twice, so that it says two things", a.status),
			"this is the provider's fault: tell them")
	case strictjson.TooDeep:
		return nil, x.fault(codeBadJSON, fmt.Sprintf("answered %d with JSON nested deeper than %d", a.status, maxAnswerDepth), "")
	}
	return nil, x.fault(codeNotJSON, fmt.Sprintf("answered %d with %s, which is not JSON", a.status, x.describeBody()),
		"look at "+x.request.path+": a token endpoint answers with JSON, and a page for people does not")
}

// errorDespite is the failure of an answer whose status says success and whose body
// does not.
func (x exchange) errorDespite(doc any) *failure {
	object, _ := doc.(map[string]any)
	_, isText := object["error"].(string)
	_, isObject := object["error"].(map[string]any)
	said := x.errorIn(doc)
	failed := x.request.outcome.denies(doc) || object["ok"] == false || isObject || isText && (said.code != "" || strings.TrimSpace(object["error"].(string)) != "")
	if !failed {
		return nil
	}
	if f := x.stated("its error", said.code); f != nil {
		return f
	}
	code, v := ofAnswer(said.code)
	if said == (saidError{}) {
		return x.fail(code, v, fmt.Sprintf("answered %d with JSON that says it failed, and not why", x.answer.status), x.remedy(code))
	}
	what := x.words(code, said)
	switch said.code {
	case code:
		what = " with the error" + what
	case "":
		what = " with an error" + what
	}
	return x.fail(code, v, fmt.Sprintf("answered %d%s", x.answer.status, what), x.remedy(code))
}

// token finds the access token and checks what can be checked of it: it is 1*VSCHAR by
// RFC 6749 appendix A.12, and must survive being a header's value.
func (r reader) token(x exchange, doc any) (string, *failure) {
	bad := func(what string) (string, *failure) {
		return "", x.fault(codeBadToken, fmt.Sprintf("answered %d with a token %s that %s", x.answer.status, r.accessToken, what), "look at response.access_token")
	}
	v := r.accessToken.find(x.answer, doc)
	if v == nil {
		return "", r.noToken(x, doc)
	}
	token, ok := v.(string)
	switch {
	case !ok:
		return bad(fmt.Sprintf("is %s, and not a string", jsonType(v)))
	case token == "":
		return bad("is empty")
	case len(token) > maxToken:
		return bad(fmt.Sprintf("has %d bytes; at most %d can be stored", len(token), maxToken))
	case strings.ContainsFunc(token, func(c rune) bool { return c < ' ' || c > '~' }):
		return bad("has characters other than visible ASCII")
	case strings.TrimSpace(token) != token:
		return bad("begins or ends with a space")
	case strings.HasPrefix(strings.ToLower(token), "bearer "):
		return bad("begins with its type, so that it would be sent twice: cut it off with \"after\"")
	case strings.Contains(token, " "):
		// RFC 6749 appendix A.12 allows it; the header that it is used in (RFC 6750
		// section 2.1) does not.
		return bad("has a space in it, which no Authorization header can carry")
	case !r.accessToken.inBody() && strings.ContainsAny(token, " \"<>{}"):
		return bad("is a text of another kind")
	}
	return token, nil
}

// noToken is the failure of an answer without a token where one should be.
func (r reader) noToken(x exchange, doc any) *failure {
	remedy := `say where it is: "response": {"access_token": "…"}`
	if !r.accessToken.inBody() {
		return x.fault(codeNoToken, fmt.Sprintf("answered %d without a token %s", x.answer.status, r.accessToken), "look at response.access_token")
	}
	object, isObject := doc.(map[string]any)
	if !isObject {
		return x.fault(codeNoToken, fmt.Sprintf("answered %d with JSON that is %s, and has nothing at %s", x.answer.status, jsonType(doc), show(r.accessToken.path.String())), remedy)
	}
	names := slices.Sorted(maps.Keys(object))
	for _, likely := range append([]string{strictjson.Nearest(r.accessToken.path.String(), names)}, "token", "jwt", "id_token", "bearer", "data", "result") {
		if _, ok := object[likely].(string); ok && likely != "" {
			remedy = fmt.Sprintf(`if the token is in %s, say "response": {"access_token": %s}`, x.name(likely), x.name(likely))
			break
		}
	}
	if v, ok := object[r.accessToken.path.String()]; ok && v == nil {
		return x.fault(codeNoToken, fmt.Sprintf("answered %d with null as the token at %s", x.answer.status, show(r.accessToken.path.String())), "")
	}
	if len(names) == 0 {
		return x.fault(codeNoToken, fmt.Sprintf("answered %d with an empty object", x.answer.status), remedy)
	}
	const most = 8
	var shown []string
	for _, n := range names[:min(len(names), most)] {
		shown = append(shown, x.name(n))
	}
	more := ""
	if len(names) > most {
		more = fmt.Sprintf(" and %d more", len(names)-most)
	}
	return x.fault(codeNoToken, fmt.Sprintf("answered %d without a token at %s; it has %s%s",
		x.answer.status, show(r.accessToken.path.String()), strings.Join(shown, ", "), more), remedy)
}

// name returns the name of a member of an answer, fit to be printed.
func (x exchange) name(n string) string {
	if len(n) > 64 {
		return `"` + secret.Masked + `"`
	}
	return x.quote(n)
}

// validType is a token type that is a name (RFC 6749 appendix A.13).
var validType = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// kind returns the token type. Who cannot use a type must not use its token (RFC 6749
// section 7.1): a token that needs a signature or a proof with each use is no good to
// those who read records.
func (r reader) kind(x exchange, doc any) (string, *failure) {
	const bearer = "Bearer"
	remedy := `if it is used as "Authorization: Bearer …", say "response": {"token_type": "'Bearer'"}`
	v := r.tokenType.Find(doc).Value
	if v == nil {
		return bearer, nil
	}
	text, ok := v.(string)
	if !ok {
		return "", x.fault(codeBadTokenType, fmt.Sprintf("answered %d with a token type that is %s", x.answer.status, jsonType(v)), remedy)
	}
	switch kind := strings.TrimSpace(text); strings.ToLower(kind) {
	case "", "bearer":
		return bearer, nil
	case "mac", "dpop", "pop", "n_a":
		return "", x.fault(codeBadTokenType, fmt.Sprintf("answered %d with a token of the type %s, which takes more to use than the token", x.answer.status, x.quote(kind)),
			"ask the provider for bearer tokens")
	default:
		if r.typeStated && validType.MatchString(kind) {
			return kind, nil
		}
		return "", x.fault(codeBadTokenType, fmt.Sprintf("answered %d with a token of the type %s, which is not known", x.answer.status, x.quote(kind)), remedy)
	}
}

// granted returns the scope as the answer states it, and a warning where that is less
// than was asked for.
func (r reader) granted(x exchange, doc any) (scope string, warnings []string) {
	switch v := r.scope.Find(doc).Value.(type) {
	case string:
		scope = v
	case []any:
		var words []string
		for _, item := range v {
			if s, ok := item.(string); ok {
				words = append(words, s)
			}
		}
		scope = strings.Join(words, " ")
	}
	if strings.TrimSpace(scope) == "" {
		return "", nil // the same as asked for (RFC 6749 section 5.1)
	}
	has := strings.FieldsFunc(scope, func(c rune) bool { return c == ' ' || c == ',' || c == '\t' || c == '\n' })
	var missing []string
	for _, s := range x.request.scope {
		if !slices.Contains(has, s) {
			missing = append(missing, s)
		}
	}
	if len(missing) > 0 {
		warnings = append(warnings, fmt.Sprintf("the token does not have all scopes that were asked for: %s is missing", enumerate(missing, "and")))
	}
	return scope, warnings
}

// jsonType names the type of a value in an answer.
func jsonType(v any) strictjson.Type {
	switch v.(type) {
	case nil:
		return strictjson.Null
	case bool:
		return strictjson.Bool
	case float64:
		return strictjson.Num
	case string:
		return strictjson.String
	case []any:
		return strictjson.List
	}
	return strictjson.Object
}
