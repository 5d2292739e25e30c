package tokenendpoint

import (
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/httprequest"
	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/strictjson"
	"example.com/tokenkeeper/internal/template"
)

// The grant types: RFC 6749 sections 4.4, 4.3 and 6, RFC 7523 section 2.1, RFC 8693 section 2.1.
const (
	clientCredentials = "client_credentials"
	passwordGrant     = "password"
	refreshTokenGrant = "refresh_token"
	jwtBearer         = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	tokenExchange     = "urn:ietf:params:oauth:grant-type:token-exchange"
)

// compileGrant returns the parameters and JWTs by which right a token is asked for; ok is false
// if the type of the grant is not known.
func compileGrant(ps *problem.List, cfg config, grantType string) (params []httprequest.Param, jwts []JWT, ok bool) {
	ok = checkGrantType(ps, grantType)
	const path = "grant_type"
	params = []httprequest.Param{httprequest.One(path, template.Literal(grantType))}
	switch grantType {
	case passwordGrant:
		params = append(params, httprequest.One("username", template.Implied(path, "username")), httprequest.One("password", template.Implied(path, "password")))
	case refreshTokenGrant:
		params = append(params, httprequest.One("refresh_token", template.Of(refreshToken)))
	case jwtBearer:
		if cfg.Assertion == nil {
			ps.Add("assertion", "", "is missing, and is what this grant_type sends", `write "assertion": {"iss": "…", "aud": "…"}`)
			return nil, nil, false
		}
		params = append(params, httprequest.One("assertion", template.Of("assertion")))
	case tokenExchange:
		checkExchange(ps, cfg)
	}
	switch {
	case cfg.Assertion == nil:
	case grantType == jwtBearer, grantType == tokenExchange:
		jwts = []JWT{compileAssertion(ps, cfg)}
	default:
		ps.Add("assertion", "", "has no effect with this grant_type", "remove it, or use "+problem.Name(jwtBearer))
	}
	return params, jwts, ok
}

// checkGrantType reports whether a grant type can be asked for. Those that are not known here
// are sent as they are written, with what parameters has: many a provider has one of its own.
func checkGrantType(ps *problem.List, grantType string) bool {
	const path = "grant_type"
	known := []string{clientCredentials, passwordGrant, refreshTokenGrant, jwtBearer, tokenExchange}
	near := strictjson.NearestWithin(grantType, known, 2)
	switch {
	case slices.Contains(known, grantType):
		return true
	case strings.Contains(grantType, "saml2-bearer"):
		ps.Add(path, problem.Show(grantType), "sends a SAML assertion (RFC 7522), and none is made here", "ask the provider for "+problem.Name(jwtBearer)+" or "+problem.Name(clientCredentials))
	case grantType != strings.TrimSpace(grantType) || grantType == "":
		ps.Add(path, problem.Show(grantType), "is empty, or has a space at an end", "leave it out for "+problem.Name(clientCredentials))
	case near != "":
		ps.Add(path, problem.Name(grantType), "is not known here", "did you mean "+problem.Name(near)+"?")
	default:
		return true
	}
	return false
}

// compileAssertion compiles the JWT that is the grant, or the value in a request where the
// config writes ${assertion}.
func compileAssertion(ps *problem.List, cfg config) JWT {
	j := compileJWT(ps, "assertion", "assertion.alg", *cfg.Assertion, false)
	checkAudience(ps, cfg, j)
	return j
}

// checkExchange checks the parameters of a token exchange (RFC 8693 section 2.1).
func checkExchange(ps *problem.List, cfg config) {
	has := func(name string) bool {
		return slices.ContainsFunc(cfg.Parameters.Members, func(m strictjson.Member) bool { return m.Name == name })
	}
	const typ = `say what it is, such as "urn:ietf:params:oauth:token-type:jwt"`
	if !has("subject_token") {
		ps.Add("parameters.subject_token", "", "is missing, and is what is exchanged",
			`write "${subject_token}" and put it in the credential, or sign one: "${assertion}" and "assertion": {…}`)
	}
	if !has("subject_token_type") {
		ps.Add("parameters.subject_token_type", "", "is missing", typ)
	}
	if has("actor_token") != has("actor_token_type") {
		ps.Add("parameters.actor_token_type", "", "is set beside actor_token, or neither is", typ)
	}
}

// compileNamedAssertion compiles the assertion of a config at the second level, whose requests
// name it where it is to go.
func compileNamedAssertion(ps *problem.List, cfg config, requests []Request) JWT {
	sent := func(r Request) bool { return template.Names(r.Templates(), "assertion") }
	if !slices.ContainsFunc(requests, sent) {
		ps.Add("assertion", "", "is signed and not sent", "write ${assertion} where it is to go in the request")
	}
	return compileAssertion(ps, cfg)
}

// compileSignedJWT compiles a config whose token is signed here, and asked for nowhere.
func compileSignedJWT(ps *problem.List, cfg config) JWT {
	j := compileJWT(ps, "signed_jwt", "signed_jwt.alg", *cfg.SignedJWT, true)
	for _, a := range j.Audience {
		if word, fixed := a.Fixed(); fixed && (word == audienceIssuer || word == audienceEndpoint) {
			ps.Add("signed_jwt.aud", problem.Show(word), "is what a config of a token endpoint says, and this is none", "write the audience out")
		}
	}
	refuse(ps, "has no effect beside signed_jwt: no server is asked", "remove it",
		stated{"assertion", cfg.Assertion != nil},
		stated{"default_lifetime", cfg.DefaultLifetime.Type != strictjson.Absent},
		stated{"max_lifetime", cfg.MaxLifetime.Type != strictjson.Absent},
		stated{"timeout", cfg.Timeout.Type != strictjson.Absent})
	return j
}
