package tokenendpoint

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/httprequest"
	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/strictjson"
	"example.com/tokenkeeper/internal/wire"
)

// compileOAuth makes the request of a config at the first level, which is nothing but a short
// way to write one at the second, and returns the JWTs that it sends.
func compileOAuth(ps *problem.List, cfg config) (Request, []JWT) {
	const path = "token_endpoint"
	r := Request{Request: httprequest.Request{Path: path, Method: http.MethodPost}}
	good := cfg.Issuer == nil || checkIssuer(ps, *cfg.Issuer)
	switch {
	case cfg.TokenEndpoint != nil:
		r.Target = httprequest.CompileTarget(ps, path, *cfg.TokenEndpoint)
	case cfg.Issuer != nil && good:
		issuer := *cfg.Issuer
		if !plainURL.MatchString(issuer) {
			issuer = "URL"
		}
		ps.Add(path, "", "is missing: it is not looked up at the issuer when logging in", "write the line that this prints: tokenkeeper add --issuer "+issuer)
	case cfg.Issuer == nil && len(ps.Found) == 0: // else it may be there, mistyped
		ps.Add(path, "", "is missing", `write "token_endpoint": "https://…"`)
	}
	r.Headers = httprequest.CompileHeaders(ps, "headers", cfg.Headers)

	grantType := valueOr(cfg.GrantType, clientCredentials)
	bodyKind := valueOr(cfg.Body, "form")
	sent, jwts, known := compileGrant(ps, cfg, grantType)
	auth, assertions, served := compileClientAuth(ps, cfg, grantType, &r)
	sent = append(sent, auth...)
	sent = append(sent, compileParameters(ps, cfg.Parameters, sent)...)
	scope, words := compileScope(ps, cfg)
	sent, r.scope = append(sent, scope...), words
	known = ps.OneOf("body", bodyKind, "form", "json", "multipart") && known && served

	for _, p := range sent {
		if r.Target.FixedQuery().Has(p.Name) { // RFC 6749 section 3.2: parameters must not be included more than once
			ps.Add(path, httprequest.ShowURL(*cfg.TokenEndpoint), "has the parameter "+problem.Name(p.Name)+" in its query, which is sent in the body", "remove it from the URL")
		}
	}

	if known {
		r.Body = httprequest.BodyOf(bodyKind, sent)
	}
	httprequest.CheckContentType(ps, r.Headers, r.Body)
	return r, append(jwts, assertions...)
}

// checkIssuer reports whether text can be an issuer: a URL without query and fragment (RFC
// 8414 section 2), which is sent nothing.
func checkIssuer(ps *problem.List, text string) bool {
	const path = "issuer"
	if strings.ContainsAny(text, "?#$") {
		ps.Add(path, httprequest.ShowURL(text), "is not an issuer, which has neither a query, a fragment nor ${…} (RFC 8414 section 2)", "write it as the provider's metadata have it")
		return false
	}
	return httprequest.CompileTarget(ps, path, text).Site != (wire.Site{})
}

// plainURL is one that a shell takes as it is, where it is pasted.
var plainURL = regexp.MustCompile(`^[A-Za-z0-9.:/_~-]+$`)

// compileParameters compiles those of the config, which are sent after those that are sent anyhow.
func compileParameters(ps *problem.List, v strictjson.Value, sent []httprequest.Param) []httprequest.Param {
	given := httprequest.CompileParams(ps, "parameters", v)
	for _, p := range given {
		path := "parameters." + p.Name
		switch {
		case p.Name == "scope":
			ps.Add(path, "", "has a field of its own", `write "scope" beside "parameters"`)
		case p.Name == "grant_type":
			ps.Add(path, "", "has a field of its own", `write "grant_type" beside "parameters"`)
		case slices.ContainsFunc(sent, func(q httprequest.Param) bool { return q.Name == p.Name }):
			ps.Add(path, "", "is sent already, by the grant_type or the token_endpoint_auth_method", "remove it")
		case p.Name == "client_secret":
			ps.Add(path, "", "is how a client authenticates", `remove it and say "token_endpoint_auth_method": "client_secret_post"`)
		}
	}
	return given
}

// compileScope returns the scope that is asked for: the parameter, if any, and the words in
// it, as far as the config spells them out.
func compileScope(ps *problem.List, cfg config) (params []httprequest.Param, asked []string) {
	separator := valueOr(cfg.ScopeSeparator, " ")
	if cfg.ScopeSeparator != nil && cfg.Scope.Type == strictjson.Absent {
		ps.Add("scope_separator", problem.Show(separator), "has no effect without scope", "remove it")
	}
	if separator == "" {
		ps.Add("scope_separator", problem.Show(separator), "is empty", `leave it out for a space, or write what separates scopes, such as ","`)
	}
	var words []string
	switch cfg.Scope.Type {
	case strictjson.Absent:
		return nil, nil
	case strictjson.String:
		words = []string{cfg.Scope.Text}
	case strictjson.List:
		words = ps.Words("scope", cfg.Scope)
		for i, word := range words {
			if word == "" || strings.Contains(word, separator) {
				ps.Add(problem.Indexed("scope", i), problem.Show(word), "is not one scope", "write each as a string of its own, not empty and without the separator")
			}
		}
	default:
		ps.Add("scope", "", fmt.Sprintf("must be a string or a list of strings, not %s", cfg.Scope.Type), `write "a b" or ["a", "b"]`)
		return nil, nil
	}
	text := strings.Join(words, separator)
	if strings.TrimSpace(text) == "" {
		ps.Add("scope", problem.Show(text), "is empty", "leave it out to ask for all that the client may have")
		return nil, nil
	}
	t := httprequest.CompileTemplate(ps, "scope", "scope", text)
	if fixed, ok := t.Fixed(); ok {
		asked = strings.Fields(strings.ReplaceAll(fixed, separator, " "))
	}
	return []httprequest.Param{httprequest.One("scope", t)}, asked
}
