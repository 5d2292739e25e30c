package answer

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/strictjson"
)

// A Grant is what a good answer gives.
type Grant struct {
	AccessToken secret.Text
	TokenType   string
	Lifetime    time.Duration
	// LifetimeFrom says in a few words where the lifetime is from.
	LifetimeFrom string
	// RefreshTokenLifetime is that of the refresh token; zero: the answer does not say.
	RefreshTokenLifetime time.Duration
	// Scope is empty where the answer does not say.
	Scope string
	Extra map[string]any
	// Warnings are for the operator; nothing is wrong yet.
	Warnings []string
}

// Grant interprets an answer that has the token, has no [Selection.Fault] and was not denied. What it quotes of the
// answer goes through quote.
func (s Selection) Grant(quote func(string) string) (g Grant, f *Fault) {
	s.quote = quote
	token, f := s.token()
	if f != nil {
		return g, f
	}
	g.AccessToken = secret.New(token)
	if g.TokenType, f = s.tokenType(); f != nil {
		return g, f
	}
	life, f := s.lifetime(token)
	if f != nil {
		return g, f
	}
	g.Lifetime, g.LifetimeFrom = life.length, life.from
	g.RefreshTokenLifetime = s.refreshTokenLifetime()
	g.Scope, g.Warnings = s.scope()
	if life.warning != "" {
		g.Warnings = append(g.Warnings, life.warning)
	}
	g.Extra = s.Extra
	for _, name := range slices.Sorted(maps.Keys(s.wanted.Token.Extra)) {
		if _, ok := s.Extra[name]; !ok {
			g.Warnings = append(g.Warnings, fmt.Sprintf("the answer has nothing %s, which response.extra.%s asks for", s.wanted.Token.Extra[name], name))
		}
	}
	return g, nil
}

// token checks what can be checked of the access token: it is 1*VSCHAR by RFC 6749 appendix
// A.12, and must survive being a header's value.
func (s Selection) token() (string, *Fault) {
	at := s.wanted.Token.AccessToken
	bad := func(what string) (string, *Fault) {
		return "", s.fault(CodeBadToken, fmt.Sprintf("with a token %s that %s", at, what), "look at response.access_token")
	}
	if s.AccessToken == nil {
		return "", s.noToken()
	}
	token, ok := s.AccessToken.(string)
	switch {
	case !ok:
		return bad(fmt.Sprintf("is %s, and not a string", TypeOf(s.AccessToken)))
	case token == "":
		return bad("is empty")
	case len(token) > MaxToken:
		return bad(fmt.Sprintf("has %d bytes; at most %d can be stored", len(token), MaxToken))
	case strings.ContainsFunc(token, func(c rune) bool { return c < ' ' || c > '~' }):
		return bad("has characters other than visible ASCII")
	case strings.HasPrefix(strings.ToLower(token), "bearer "):
		return bad("begins with its type, so that it would be sent twice: cut it off with \"after\"")
	case strings.Contains(token, " "): // RFC 6749 appendix A.12 allows it, RFC 6750 section 2.1 does not
		return bad("has a space in it, which no Authorization header can carry")
	case !at.InBody() && strings.ContainsAny(token, " \"<>{}"):
		return bad("is a text of another kind")
	}
	return token, nil
}

func (s Selection) noToken() *Fault {
	at := s.wanted.Token.AccessToken
	remedy := `say where it is: "response": {"access_token": "…"}`
	if !at.InBody() {
		return s.fault(CodeNoToken, fmt.Sprintf("without a token %s", at), "look at response.access_token")
	}
	path := at.Path.String()
	object, isObject := s.Document.Value.(map[string]any)
	if !isObject {
		return s.fault(CodeNoToken, fmt.Sprintf("with JSON that is %s, and has nothing at %s", TypeOf(s.Document.Value), secret.Named(path)), remedy)
	}
	names := slices.Sorted(maps.Keys(object))
	for _, likely := range append([]string{strictjson.Nearest(path, names)}, "token", "jwt", "id_token", "bearer", "data", "result") {
		if _, ok := object[likely].(string); ok && likely != "" {
			remedy = fmt.Sprintf(`if the token is in %s, say "response": {"access_token": %s}`, Name(likely, s.quote), Name(likely, s.quote))
			break
		}
	}
	if v, ok := object[path]; ok && v == nil {
		return s.fault(CodeNoToken, "with null as the token at "+secret.Named(path), "")
	}
	if len(names) == 0 {
		return s.fault(CodeNoToken, "with an empty object", remedy)
	}
	const most = 8
	var known []string
	for _, n := range names[:min(len(names), most)] {
		known = append(known, Name(n, s.quote))
	}
	detail := fmt.Sprintf("without a token at %s; it has %s", secret.Named(path), strings.Join(known, ", "))
	if len(names) > most {
		detail += fmt.Sprintf(" and %d more", len(names)-most)
	}
	if text := s.Said().Text; strings.Contains(strings.TrimSpace(text), " ") && !saysNothing(text) { // one word may be the token
		detail += ", and says " + s.quote(text)
	}
	return s.fault(CodeNoToken, detail, remedy)
}

// Name returns the name of a member of an answer, fit to be printed.
func Name(n string, quote func(string) string) string {
	if len(n) > 64 {
		return `"` + secret.Masked + `"`
	}
	return quote(n)
}

// validType is a token type that is a name (RFC 6749 appendix A.13).
var validType = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// tokenType returns the token type. A client must not use a token of a type that it does not
// understand (RFC 6749 section 7.1), and readers of records cannot sign each use.
func (s Selection) tokenType() (string, *Fault) {
	const bearer = "Bearer"
	remedy := `if it is used as "Authorization: Bearer …", say "response": {"token_type": "'Bearer'"}`
	if s.TokenType == nil {
		return bearer, nil
	}
	text, ok := s.TokenType.(string)
	if !ok {
		return "", s.fault(CodeBadTokenType, fmt.Sprintf("with a token type that is %s", TypeOf(s.TokenType)), remedy)
	}
	switch kind := strings.TrimSpace(text); strings.ToLower(kind) {
	case "", "bearer":
		return bearer, nil
	case "mac", "dpop", "pop", "n_a":
		return "", s.fault(CodeBadTokenType, fmt.Sprintf("with a token of the type %s, which takes more to use than the token", s.quote(kind)),
			"ask the provider for bearer tokens")
	default:
		if s.wanted.Token.TypeStated && validType.MatchString(kind) {
			return kind, nil
		}
		return "", s.fault(CodeBadTokenType, fmt.Sprintf("with a token of the type %s, which is not known", s.quote(kind)), remedy)
	}
}
