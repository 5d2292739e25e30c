package tokenendpoint

import (
	"example.com/tokenkeeper/internal/signing"
)

// The client authentication methods, by their names of RFC 7591 section 2, OpenID Connect
// Core section 9 and RFC 8705 section 2.
const (
	clientSecretBasic    = "client_secret_basic"
	clientSecretPost     = "client_secret_post"
	clientSecretJWT      = "client_secret_jwt"
	privateKeyJWT        = "private_key_jwt"
	tlsClientAuth        = "tls_client_auth"
	selfSignedClientAuth = "self_signed_tls_client_auth"
	noClientSecret       = "none"
)

// assertionType is that of a JWT that authenticates a client (RFC 7523 section 2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

func authMethods() []string {
	return []string{clientSecretBasic, clientSecretPost, clientSecretJWT, privateKeyJWT, tlsClientAuth, selfSignedClientAuth, noClientSecret}
}

// authenticate adds to a request what authenticates the client, and returns its
// parameters with those that belong to that; ok is false if the method is not known.
func (c *compiler) authenticate(cfg config, grant string, r *request, sent []param) (_ []param, ok bool) {
	const path = "token_endpoint_auth_method"
	if cfg.AuthMethod == nil && grant == jwtBearer {
		// Who signed the assertion is known by it (RFC 7523 section 3.1).
		c.unsigned(cfg, "")
		return sent, true
	}
	method := textOr(cfg.AuthMethod, clientSecretBasic)
	encoding := textOr(cfg.BasicEncoding, "form")
	ok = c.oneOf(path, method, authMethods()...)
	ok = c.oneOf("client_secret_basic_encoding", encoding, "form", "raw") && ok
	if cfg.BasicEncoding != nil && method != clientSecretBasic {
		c.add("client_secret_basic_encoding", show(encoding), "has no effect with token_endpoint_auth_method "+show(method), "remove it")
	}
	clientID := func() param { return one("client_id", c.implied(path, "client_id")) }
	switch method {
	case clientSecretBasic:
		r.basic(c, encoding == "raw")
	case clientSecretPost:
		sent = append(sent, clientID(), one("client_secret", c.implied(path, "client_secret")))
	case clientSecretJWT, privateKeyJWT:
		c.clientAssertion(cfg, method)
		sent = append(sent, one("client_assertion_type", literal(assertionType)), one("client_assertion", valueOf("client_assertion")))
	case tlsClientAuth, selfSignedClientAuth:
		// The certificate does not say which client it is (RFC 8705 section 2).
		sent = append(sent, clientID())
		r.certificate = &clientCertificate{path: path, certificate: "certificate", key: "private_key"}
		c.implied(path, "certificate")
		c.implied(path, "private_key")
	case noClientSecret:
		// A public client still says who it is (RFC 6749 section 3.2.1).
		sent = append(sent, clientID())
	}
	if method != clientSecretJWT && method != privateKeyJWT {
		c.unsigned(cfg, method)
	}
	return sent, ok
}

// unsigned refuses what is about a client assertion where there is none.
func (c *compiler) unsigned(cfg config, method string) {
	without := "without token_endpoint_auth_method"
	if method != "" {
		without = "with token_endpoint_auth_method " + show(method)
	}
	if cfg.ClientAssertion != nil {
		c.add("client_assertion", "", "has no effect "+without, "remove it, or use "+either([]string{privateKeyJWT, clientSecretJWT}))
	}
	if cfg.SigningAlg != nil {
		c.add("token_endpoint_auth_signing_alg", show(*cfg.SigningAlg), "has no effect "+without, "remove it, or use "+either([]string{privateKeyJWT, clientSecretJWT}))
	}
}

// clientAssertion compiles the JWT by which the client authenticates.
func (c *compiler) clientAssertion(cfg config, method string) {
	given := jwtConfig{}
	if cfg.ClientAssertion != nil {
		given = *cfg.ClientAssertion
	}
	algorithm := cfg.SigningAlg
	if method == clientSecretJWT && algorithm == nil {
		usual := string(signing.HS256)
		algorithm = &usual
	}
	j := c.jwt("client_assertion", given, clientAssertion, algorithm)
	j.name = "client_assertion"
	const alg = "token_endpoint_auth_signing_alg"
	switch {
	case method == clientSecretJWT && !j.shared:
		c.add(alg, show(*algorithm), "does not sign with a client secret", "use HS256, HS384 or HS512, or "+show(privateKeyJWT))
	case method == privateKeyJWT && j.shared:
		c.add(alg, show(*algorithm), "does not sign with a private key", "use the one that is registered for the client, such as RS256, or "+show(clientSecretJWT))
	}
	// RFC 7523 section 3: both are the client's id.
	if j.iss == nil {
		j.iss = c.implied("client_assertion", "client_id")
	}
	if j.sub == nil {
		j.sub = c.implied("client_assertion", "client_id")
	}
	c.knownIssuer(cfg, j)
	c.plan.jwts = append(c.plan.jwts, j)
}

// knownIssuer refuses an audience of which nobody says what it is.
func (c *compiler) knownIssuer(cfg config, j jwt) {
	if cfg.Issuer != nil {
		return
	}
	for _, a := range j.aud {
		if word, fixed := a.fixed(); fixed && word == audienceIssuer {
			c.add(j.path+".aud", "", "is the issuer where nothing else is said, and the config does not say who that is",
				`say "`+j.path+`": {"aud": "https://…"} with the provider's issuer, or "aud": "token_endpoint" if its documentation asks for that`)
		}
	}
}
