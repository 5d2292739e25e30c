package tokenendpoint

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/strictjson"
)

// The grant types (RFC 6749 sections 4.4 and 4.3) and the client authentication methods
// (RFC 7591 section 2) that are served.
const (
	clientCredentials = "client_credentials"
	passwordGrant     = "password"

	clientSecretBasic = "client_secret_basic"
	clientSecretPost  = "client_secret_post"
	noClientSecret    = "none"
)

// oauth makes the request of a config at the first level, which is nothing but a short
// way to write one at the second.
func (c *compiler) oauth(cfg config) request {
	const path = "token_endpoint"
	r := request{path: path, method: http.MethodPost}
	switch {
	case cfg.TokenEndpoint != nil:
		r.target = c.target(path, *cfg.TokenEndpoint)
	case len(c.list) == 0: // else it may be there, mistyped
		c.add(path, "", "is missing", `write "token_endpoint": "https://…"`)
	}
	r.headers = c.headers("headers", cfg.Headers)

	grant := stated(cfg.GrantType, clientCredentials)
	method := stated(cfg.AuthMethod, clientSecretBasic)
	encoding := stated(cfg.BasicEncoding, "form")
	bodyKind := stated(cfg.Body, "form")
	known := c.oneOf("grant_type", grant, clientCredentials, passwordGrant)
	known = c.authMethod("token_endpoint_auth_method", method) && known
	known = c.oneOf("client_secret_basic_encoding", encoding, "form", "raw") && known
	known = c.oneOf("body", bodyKind, "form", "json", "multipart") && known
	if cfg.BasicEncoding != nil && method != clientSecretBasic {
		c.add("client_secret_basic_encoding", show(encoding), "has no effect with token_endpoint_auth_method "+show(method), "remove it")
	}

	sent := []param{one("grant_type", literal(grant))}
	if grant == passwordGrant {
		sent = append(sent,
			one("username", c.implied("grant_type", "username")),
			one("password", c.implied("grant_type", "password")))
		c.plan.advice = append(c.plan.advice,
			"the password grant must not be used any more (RFC 9700 section 2.4): ask the provider for another")
	}
	const auth = "token_endpoint_auth_method"
	switch method {
	case clientSecretBasic:
		r.basic(c, encoding == "raw")
	case clientSecretPost:
		sent = append(sent,
			one("client_id", c.implied(auth, "client_id")),
			one("client_secret", c.implied(auth, "client_secret")))
	case noClientSecret:
		// A public client still says who it is (RFC 6749 section 3.2.1).
		sent = append(sent, one("client_id", c.implied(auth, "client_id")))
	}
	sent = c.parameters(sent, cfg)
	sent = c.scope(sent, cfg, &r)

	if known {
		r.body = bodyOf(bodyKind, sent)
	}
	c.checkContentType("headers", r)
	return r
}

// authMethod checks the name of a client authentication method.
func (c *compiler) authMethod(path, method string) bool {
	served := []string{clientSecretBasic, clientSecretPost, noClientSecret}
	switch method {
	case "client_secret_jwt", "private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth":
		c.add(path, show(method), "is not among the methods that are served", "use "+either(served))
		return false
	}
	return c.oneOf(path, method, served...)
}

// stated returns what a field says, or its default.
func stated(field *string, missing string) string {
	if field == nil {
		return missing
	}
	return *field
}

// basic adds HTTP Basic authentication. RFC 6749 section 2.3.1 has both halves encoded
// as in a form before they are joined; many a provider takes them raw instead, and then
// a colon in the first cannot be told from the one between them (RFC 7617 section 2).
func (r *request) basic(c *compiler, raw bool) {
	const auth = "token_endpoint_auth_method"
	encode := url.QueryEscape
	if raw {
		encode = func(s string) string { return s }
		r.noColon = append(r.noColon, use{name: "client_id", path: auth})
	}
	if slices.ContainsFunc(r.headers, func(h header) bool { return h.name == "Authorization" }) {
		c.add("headers.Authorization", "", "is set by token_endpoint_auth_method client_secret_basic as well",
			`remove it, or say "token_endpoint_auth_method": "none"`)
		return
	}
	pair := slices.Concat(
		c.implied(auth, "client_id").each(encode), literal(":"), c.implied(auth, "client_secret").each(encode))
	toBase64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	r.headers = append(r.headers, header{name: "Authorization", path: auth,
		value: slices.Concat(literal("Basic "), apply(toBase64, pair...))})
}

// parameters adds those of the config to those that are sent anyhow, by name.
func (c *compiler) parameters(sent []param, cfg config) []param {
	given := c.params("parameters", cfg.Parameters)
	for _, p := range given {
		path := "parameters." + p.name
		switch {
		case p.name == "scope":
			c.add(path, "", "has a field of its own", `write "scope" beside "parameters"`)
		case p.name == "grant_type":
			c.add(path, "", "has a field of its own", `write "grant_type" beside "parameters"`)
		case slices.ContainsFunc(sent, func(q param) bool { return q.name == p.name }):
			c.add(path, "", "is sent already, by the grant_type or the token_endpoint_auth_method", "remove it")
		case p.name == "client_secret":
			c.add(path, "", "is how a client authenticates", `remove it and say "token_endpoint_auth_method": "client_secret_post"`)
		}
	}
	return append(sent, given...)
}

// scope adds the scope, joined, and notes on r what is asked for.
func (c *compiler) scope(sent []param, cfg config, r *request) []param {
	separator := stated(cfg.ScopeSeparator, " ")
	if cfg.ScopeSeparator != nil && cfg.Scope.Type == strictjson.Absent {
		c.add("scope_separator", show(separator), "has no effect without scope", "remove it")
	}
	if separator == "" {
		c.add("scope_separator", show(separator), "is empty", `leave it out for a space, or write what stands between scopes, such as ","`)
	}
	var words []string
	switch cfg.Scope.Type {
	case strictjson.Absent:
		return sent
	case strictjson.String:
		words = []string{cfg.Scope.Text}
	case strictjson.List:
		for i, item := range cfg.Scope.Items {
			path := indexed("scope", i)
			switch {
			case item.Type != strictjson.String:
				c.addf(path, "", "", "must be a string, not %s", item.Type)
			case item.Text == "" || strings.Contains(item.Text, separator):
				c.add(path, show(item.Text), "is not one scope", "write each as a string of its own, not empty and without the separator")
			}
			words = append(words, item.Text)
		}
	default:
		c.addf("scope", "", `write "a b" or ["a", "b"]`, "must be a string or a list of strings, not %s", cfg.Scope.Type)
		return sent
	}
	text := strings.Join(words, separator)
	if strings.TrimSpace(text) == "" {
		c.add("scope", show(text), "is empty", "leave it out to ask for all that the client may have")
		return sent
	}
	t := c.template("scope", "scope", text)
	if asked, ok := t.fixed(); ok {
		r.scope = splitScope(asked, separator)
	}
	return append(sent, one("scope", t))
}

func splitScope(text, separator string) []string {
	var words []string
	for part := range strings.SplitSeq(text, separator) {
		words = append(words, strings.Fields(part)...)
	}
	return words
}
