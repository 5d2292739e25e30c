package tokenendpoint

import (
	"reflect"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/httprequest"
	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/strictjson"
)

// A config is what the owner of a provider writes: docs/configuration.md has the meaning, unit,
// default and trade-off of each field. Fields of several types are a strictjson.Value.
type config struct {
	Description     *string          `json:"description"`      // for people
	Credential      *string          `json:"credential"`       // a name; default: the provider's
	Timeout         strictjson.Value `json:"timeout"`          // a duration, for all requests of a login; default 10s
	Paused          *bool            `json:"paused"`           // true: no run asks for a token
	DefaultLifetime strictjson.Value `json:"default_lifetime"` // a duration, where the answer has none
	MaxLifetime     strictjson.Value `json:"max_lifetime"`     // a duration, above which none is believed

	// RefreshTokenGrace is a duration: how long the provider repeats its answer to a refresh
	// token that was spent; default 30s.
	RefreshTokenGrace strictjson.Value `json:"refresh_token_grace"`
	// RenewsItself says that the token is its own refresh token.
	RenewsItself *bool `json:"renews_itself"`

	// SignedJWT is a token that is signed here, and asked for nowhere.
	SignedJWT *jwtConfig `json:"signed_jwt"`
	// Assertion is signed for each attempt: the grant of a JWT bearer, or ${assertion}.
	Assertion *jwtConfig `json:"assertion"`

	// ClientCertificate is shown in the TLS handshake of every request of a login.
	ClientCertificate *certificateConfig `json:"client_certificate"`

	oauthConfig // the first level

	Request *httprequest.Config `json:"request"` // the second level

	Response responseConfig `json:"response"`

	Steps      []stepConfig     `json:"steps"`
	Probe      *probeConfig     `json:"probe"`
	Supersedes *bool            `json:"supersedes"` // a new token ends the one before
	Record     strictjson.Value `json:"record"`     // "token", or an object; default: version 1
}

// An oauthConfig is a login in the words of OAuth: the first level.
type oauthConfig struct {
	Issuer          *string            `json:"issuer"` // the audience of assertions; it is sent nothing
	TokenEndpoint   *string            `json:"token_endpoint"`
	GrantType       *string            `json:"grant_type"`                 // default client_credentials
	AuthMethod      *string            `json:"token_endpoint_auth_method"` // RFC 7591 section 2; default client_secret_basic
	SigningAlg      *string            `json:"token_endpoint_auth_signing_alg"`
	ClientAssertion *jwtConfig         `json:"client_assertion"`
	BasicEncoding   *string            `json:"client_secret_basic_encoding"` // form (RFC 6749 section 2.3.1, the default) or raw
	Body            *string            `json:"body"`                         // form (the default), json or multipart
	Parameters      strictjson.Value   `json:"parameters"`
	Scope           strictjson.Value   `json:"scope"` // a string, or a list of them
	ScopeSeparator  *string            `json:"scope_separator"`
	Headers         map[string]*string `json:"headers"`
}

// stated returns the names of the fields that c sets.
func (c oauthConfig) stated() []string {
	var names []string
	for field, v := range reflect.ValueOf(c).Fields() {
		if !v.IsZero() {
			names = append(names, field.Tag.Get("json"))
		}
	}
	return names
}

// A responseConfig says where in the answer things are: see [answer.Path].
type responseConfig struct {
	AccessToken   strictjson.Value            `json:"access_token"` // a source: see [source]
	TokenType     strictjson.Value            `json:"token_type"`   // a source, or a type in single quotes
	ExpiresIn     strictjson.Value            `json:"expires_in"`   // a source
	ExpiresInUnit *string                     `json:"expires_in_unit"`
	ExpiresAt     strictjson.Value            `json:"expires_at"` // a source
	DateFormat    *string                     `json:"expires_at_format"`
	DateZone      *string                     `json:"expires_at_zone"`
	Scope         strictjson.Value            `json:"scope"`         // a source
	Extra         map[string]strictjson.Value `json:"extra"`         // sources
	RefreshToken  strictjson.Value            `json:"refresh_token"` // a source

	Step *string `json:"step"` // whose answer has the token; default: the last

	outcomeConfig
}

// An outcomeConfig says which answers are good ones, and where the others say why not.
type outcomeConfig struct {
	Status           []*float64       `json:"status"`            // default: any 2xx
	Success          *string          `json:"success"`           // a path that must lead to something true
	Error            strictjson.Value `json:"error"`             // a source
	ErrorDescription strictjson.Value `json:"error_description"` // a source
}

// A stepConfig is a request that is made before the one that gives the token.
type stepConfig struct {
	Name     *string             `json:"name"`
	Request  *httprequest.Config `json:"request"`
	Response stepResponseConfig  `json:"response"`
}

// A stepResponseConfig says what of a step's answer is kept for later requests.
type stepResponseConfig struct {
	Keep map[string]strictjson.Value `json:"keep"` // sources

	outcomeConfig
}

// A probeConfig is a request that is made with a new token before consumers get it.
type probeConfig struct {
	Request  *httprequest.Config `json:"request"`
	Response probeResponseConfig `json:"response"`
}

// A probeResponseConfig says what answer speaks for the token.
type probeResponseConfig struct{ outcomeConfig }

// A stated field is one that a config may set.
type stated struct {
	path string
	set  bool
}

// refuse notes the fields that are set.
func refuse(ps *problem.List, detail, remedy string, fields ...stated) {
	for _, f := range fields {
		if f.set {
			ps.Add(f.path, "", detail, remedy)
		}
	}
}

// misnomer returns what to write instead of an unknown field of a config that is not
// just mistyped, or "".
func misnomer(path string) string {
	object, name, inner := strings.Cut(path, ".")
	switch {
	case path == "request.body":
		return `say "form", "json", "multipart" or "text", with what the body holds`
	case strings.HasPrefix(path, "steps") && strings.HasSuffix(path[:strings.LastIndexByte(path, '.')+1], ".response."):
		return `what later requests need of the answer goes under "keep"`
	case object == "probe" && slices.Contains([]string{"method", "url", "headers", "query", "form", "json"}, name):
		return `put it under "request" within "probe"`
	case inner:
		return ""
	}
	for _, m := range misnomers {
		if slices.Contains(strings.Fields(m.names), path) {
			return strings.ReplaceAll(m.instead, "NAME", path)
		}
	}
	return ""
}

// misnomers are names of fields that there are not, and what to write instead of NAME.
var misnomers = []struct{ names, instead string }{
	{"dpop dpop_bound_access_tokens", "tokens that are bound to a key (DPoP, RFC 9449) take more to use than the token, and are not kept: ask the provider for bearer tokens"},
	{"saml saml_assertion", "no SAML assertion is made here (RFC 7522): ask the provider for a JWT bearer or for client_credentials"},
	{"cert tls mtls client_cert", `say "client_certificate": {}, and put "certificate" and "private_key" in the credential`},
	{"client_id client_secret", "put it in the credential, from where it is sent"},
	{"username password email user api_key secret", "put it in the credential, and write ${NAME} where it is sent"},
	{"allowed_hosts providers", "it belongs in the credential, whose owner decides where it may be sent"},
	{"url endpoint token_url", `did you mean "token_endpoint", or "url" under "request"?`},
	{"auth_method client_auth auth_style auth", `did you mean "token_endpoint_auth_method"?`},
	{"audience resource username_parameter", `put it under "parameters"`},
	{"method query form json multipart text", `put it under "request", with the URL`},
	{"access_token token_type expires_in expires_in_unit expires_at expires_at_format expires_at_zone extra", `put it under "response"`},
	{"content_type", `say "body": "form", "json" or "multipart"`},
	{"name", "a provider has the name of the place that its config is kept in"},
}

// valueOr returns what a field says, or its default.
func valueOr[T any](field *T, missing T) T {
	if field == nil {
		return missing
	}
	return *field
}

// A jwtConfig is a JWT that is signed with a key of the credential, in the words of RFC
// 7515 and 7519. What it is for decides what is required, and what is there by default.
type jwtConfig struct {
	Algorithm         *string          `json:"alg"`                // default: the usual one of the key
	Key               *string          `json:"key"`                // the name of a value; default private_key, or client_secret for HS
	KeyEncoding       *string          `json:"key_encoding"`       // of a shared secret: base64 or hex; default: it is text
	KeyID             *string          `json:"kid"`                // default: that of a JWK
	Type              *string          `json:"typ"`                // default JWT; empty: left out
	Certificate       *string          `json:"certificate"`        // the name of a value; default certificate
	CertificateHeader []string         `json:"certificate_header"` // of x5t, x5t#S256 and x5c
	Header            strictjson.Value `json:"header"`             // other members
	Issuer            *string          `json:"iss"`
	Subject           *string          `json:"sub"`
	Audience          strictjson.Value `json:"aud"` // a string or a list; the words issuer and token_endpoint are replaced by those, and none leaves it out
	Lifetime          strictjson.Value `json:"lifetime"`
	Backdate          strictjson.Value `json:"backdate"`
	Claims            strictjson.Value `json:"claims"` // others
}

// A certificateConfig names the values of the credential that a client shows.
type certificateConfig struct {
	Certificate *string `json:"certificate"` // default certificate
	Key         *string `json:"key"`         // default private_key
}
