package tokenendpoint

import (
	"crypto/tls"
	"errors"
	"net/url"
	"slices"
	"time"

	"example.com/tokenkeeper/internal/httprequest"
	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/signing"
	"example.com/tokenkeeper/internal/strictjson"
	"example.com/tokenkeeper/internal/template"
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

// compileClientAuth adds to r what authenticates the client, and returns the parameters and
// JWTs that do; ok is false if the method is not known.
func compileClientAuth(ps *problem.List, cfg config, grantType string, r *Request) (params []httprequest.Param, jwts []JWT, ok bool) {
	const path = "token_endpoint_auth_method"
	if cfg.AuthMethod == nil && grantType == jwtBearer {
		// Who signed the assertion is known by it (RFC 7523 section 3.1).
		refuseAssertion(ps, cfg)
		return nil, nil, true
	}
	method := valueOr(cfg.AuthMethod, clientSecretBasic)
	encoding := valueOr(cfg.BasicEncoding, "form")
	ok = ps.OneOf(path, method, clientSecretBasic, clientSecretPost, clientSecretJWT, privateKeyJWT, tlsClientAuth, selfSignedClientAuth, noClientSecret)
	ok = ps.OneOf("client_secret_basic_encoding", encoding, "form", "raw") && ok
	if ok && cfg.BasicEncoding != nil && method != clientSecretBasic {
		ps.Add("client_secret_basic_encoding", problem.Show(encoding), "has no effect with token_endpoint_auth_method "+problem.Name(method), "remove it")
	}
	clientID := httprequest.One("client_id", template.Implied(path, "client_id"))
	switch method {
	case clientSecretBasic:
		addBasicAuth(ps, encoding == "raw", r)
	case clientSecretPost:
		params = []httprequest.Param{clientID, httprequest.One("client_secret", template.Implied(path, "client_secret"))}
	case clientSecretJWT, privateKeyJWT:
		params = []httprequest.Param{httprequest.One("client_assertion_type", template.Literal(assertionType)), httprequest.One("client_assertion", template.Of("client_assertion"))}
		jwts = []JWT{compileClientAssertion(ps, cfg, method)}
	case tlsClientAuth, selfSignedClientAuth:
		// The certificate does not say which client it is (RFC 8705 section 2).
		params = []httprequest.Param{clientID}
		r.Certificate = &ClientCertificate{path: path, Name: "certificate", Key: "private_key"}
	case noClientSecret:
		// A public client still says who it is (RFC 6749 section 3.2.1).
		params = []httprequest.Param{clientID}
	}
	if method != clientSecretJWT && method != privateKeyJWT {
		refuseAssertion(ps, cfg)
	}
	return params, jwts, ok
}

// addBasicAuth adds HTTP Basic authentication to r. RFC 6749 section 2.3.1 has both halves
// encoded as in a form before they are joined; many a provider takes them raw instead, and then
// a colon in the first cannot be distinguished from the one between them (RFC 7617 section 2).
func addBasicAuth(ps *problem.List, raw bool, r *Request) {
	const path = "token_endpoint_auth_method"
	if slices.ContainsFunc(r.Headers, func(h httprequest.Header) bool { return h.Name == "Authorization" }) {
		ps.Add("headers.Authorization", "", "is set by token_endpoint_auth_method client_secret_basic as well",
			`remove it, or say "token_endpoint_auth_method": "none"`)
		return
	}
	id, key := template.Implied(path, "client_id"), template.Implied(path, "client_secret")
	if raw {
		r.NoColon = slices.Collect(template.Named(id))
	} else {
		id, key = id.Each(url.QueryEscape), key.Each(url.QueryEscape)
	}
	r.Headers = append(r.Headers, httprequest.BasicHeader(path, id, key))
}

// refuseAssertion refuses what is about a client assertion where there is none.
func refuseAssertion(ps *problem.List, cfg config) {
	refuse(ps, "has no effect: the client does not authenticate with a JWT", "remove it, or use "+strictjson.Either([]string{privateKeyJWT, clientSecretJWT}),
		stated{"client_assertion", cfg.ClientAssertion != nil}, stated{"token_endpoint_auth_signing_alg", cfg.SigningAlg != nil})
}

// compileClientAssertion compiles the JWT by which the client authenticates.
func compileClientAssertion(ps *problem.List, cfg config, method string) JWT {
	given := valueOr(cfg.ClientAssertion, jwtConfig{})
	const alg = "token_endpoint_auth_signing_alg"
	if given.Algorithm != nil {
		ps.Add("client_assertion.alg", problem.Show(*given.Algorithm), "has a field of its own", `write "`+alg+`" beside "client_assertion"`)
	}
	algorithm := valueOr(cfg.SigningAlg, "HS256")
	if given.Algorithm = cfg.SigningAlg; method == clientSecretJWT {
		given.Algorithm = &algorithm
	}
	j := compileJWT(ps, "client_assertion", alg, given, false)
	switch {
	case method == clientSecretJWT && !j.shared:
		ps.Add(alg, problem.Name(algorithm), "does not sign with a client secret", "use HS256, HS384 or HS512, or "+problem.Name(privateKeyJWT))
	case method == privateKeyJWT && j.shared:
		ps.Add(alg, problem.Name(algorithm), "does not sign with a private key", "use the one that is registered for the client, such as RS256, or "+problem.Name(clientSecretJWT))
	}
	if j.sub == nil {
		j.sub = template.Implied("client_assertion", "client_id") // as iss is: RFC 7523 section 3
	}
	checkAudience(ps, cfg, j)
	return j
}

// compileCertificate compiles client_certificate; nil: none is shown.
func compileCertificate(ps *problem.List, cfg config) *ClientCertificate {
	const path = "client_certificate"
	if cfg.ClientCertificate == nil {
		return nil
	}
	if cfg.SignedJWT != nil {
		ps.Add(path, "", "has no effect beside signed_jwt: nothing is asked", "remove it")
	}
	return &ClientCertificate{path: path,
		Name: valueName(ps, path+".certificate", cfg.ClientCertificate.Certificate, "certificate"),
		Key:  valueName(ps, path+".key", cfg.ClientCertificate.Key, "private_key")}
}

// load reads it. The error is a *httprequest.Fault.
func (t ClientCertificate) load(c refresh.Credential, now time.Time) (tls.Certificate, error) {
	key, err := signing.ParseKey(c.Values[t.Key])
	if err != nil {
		return tls.Certificate{}, unsuited(t.path, "cannot be shown", t.Key, err)
	}
	certificate, err := signing.ParseCertificate(c.Values[t.Name], key, now)
	if err != nil {
		return tls.Certificate{}, unsuited(t.path, "cannot be shown", t.Name, err)
	}
	return certificate.TLS(), nil
}

// unsuited is the fault of a value of the credential, or without one of all together, with
// what package signing says is wrong.
func unsuited(path, what, value string, err error) error {
	fault := &signing.Fault{}
	_ = errors.As(err, &fault) // as all of its errors are
	if value != "" {
		value = "the credential's " + value + " "
	}
	return &httprequest.Fault{Path: path, Detail: what + ": " + value + fault.Detail, Remedy: fault.Remedy}
}
