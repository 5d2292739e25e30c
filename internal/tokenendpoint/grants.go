package tokenendpoint

import (
	"slices"

	"example.com/tokenkeeper/internal/strictjson"
)

// The grant types: RFC 6749 sections 4.4, 4.3 and 6, RFC 7523 section 2.1, RFC 8693
// section 2.1.
const (
	clientCredentials = "client_credentials"
	passwordGrant     = "password"
	refreshTokenGrant = "refresh_token"
	jwtBearer         = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	tokenExchange     = "urn:ietf:params:oauth:grant-type:token-exchange"
)

// grant returns the parameters of a grant; ok is false if its type is not known.
func (c *compiler) grant(cfg config, grant string) (sent []param, ok bool) {
	const path = "grant_type"
	ok = c.oneOf(path, grant, clientCredentials, passwordGrant, refreshTokenGrant, jwtBearer, tokenExchange)
	sent = []param{one("grant_type", literal(grant))}
	switch grant {
	case passwordGrant:
		sent = append(sent,
			one("username", c.implied(path, "username")),
			one("password", c.implied(path, "password")))
		c.plan.advice = append(c.plan.advice,
			"the password grant must not be used any more (RFC 9700 section 2.4): ask the provider for another")
	case refreshTokenGrant:
		// It is not the credential's: see plan.rotates.
		c.plan.rotates = true
		sent = append(sent, one("refresh_token", valueOf(refreshToken)))
	case jwtBearer:
		if cfg.Assertion == nil {
			c.add("assertion", "", "is missing, and is what this grant_type sends", `write "assertion": {"iss": "…", "aud": "…"}`)
			return sent, false
		}
		c.assertion(cfg)
		sent = append(sent, one("assertion", valueOf("assertion")))
	case tokenExchange:
		c.exchanged(cfg)
	}
	if grant != jwtBearer && cfg.Assertion != nil {
		if grant != tokenExchange {
			c.add("assertion", "", "has no effect with grant_type "+show(grant), "remove it, or use "+show(jwtBearer))
		} else {
			c.assertion(cfg)
		}
	}
	return sent, ok
}

// assertion compiles the JWT that is the grant, or that stands in a request where the
// config writes ${assertion}.
func (c *compiler) assertion(cfg config) {
	j := c.jwt("assertion", *cfg.Assertion, grantAssertion, nil)
	j.name = "assertion"
	if j.iss == nil {
		j.iss = c.implied("assertion", "client_id")
	}
	c.knownIssuer(cfg, j)
	c.plan.jwts = append(c.plan.jwts, j)
}

// exchanged checks the parameters of a token exchange (RFC 8693 section 2.1).
func (c *compiler) exchanged(cfg config) {
	has := func(name string) bool {
		return slices.ContainsFunc(cfg.Parameters.Members, func(m strictjson.Member) bool { return m.Name == name })
	}
	const typ = `say what it is, such as "urn:ietf:params:oauth:token-type:jwt"`
	if !has("subject_token") {
		c.add("parameters.subject_token", "", "is missing, and is what is exchanged",
			`write "${subject_token}" and put it in the credential, or sign one: "${assertion}" and "assertion": {…}`)
	}
	if !has("subject_token_type") {
		c.add("parameters.subject_token_type", "", "is missing", typ)
	}
	if has("actor_token") != has("actor_token_type") {
		c.add("parameters.actor_token_type", "", "stands beside actor_token, or neither does", typ)
	}
}

// namedAssertion compiles the assertion of a config at the second level, whose requests
// name it where it is to stand.
func (c *compiler) namedAssertion(cfg config) {
	if cfg.Assertion == nil {
		return
	}
	if !slices.ContainsFunc(c.plan.uses, func(u use) bool { return u.name == "assertion" }) {
		c.add("assertion", "", "is signed and not sent", "write ${assertion} where it is to stand in the request")
	}
	c.assertion(cfg)
}

// signedJWT compiles a config whose token is signed here, and asked for nowhere.
func (c *compiler) signedJWT(cfg config) {
	j := c.jwt("signed_jwt", *cfg.SignedJWT, ownToken, nil)
	c.plan.token = &j
	for _, a := range j.aud {
		if word, fixed := a.fixed(); fixed && (word == audienceIssuer || word == audienceEndpoint) {
			c.add("signed_jwt.aud", show(word), "stands for what a config of a token endpoint says, and this is none", "write the audience out")
		}
	}
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"assertion", cfg.Assertion != nil},
		{"default_lifetime", cfg.DefaultLifetime.Type != strictjson.Absent},
		{"max_lifetime", cfg.MaxLifetime.Type != strictjson.Absent},
		{"timeout", cfg.Timeout.Type != strictjson.Absent},
	} {
		if f.set {
			c.add(f.name, "", "has no effect beside signed_jwt: nobody is asked", "remove it")
		}
	}
}
