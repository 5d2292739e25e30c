package tokenendpoint

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/strictjson"
)

// oauth makes the request of a config at the first level, which is nothing but a short
// way to write one at the second.
func (c *compiler) oauth(cfg config) request {
	const path = "token_endpoint"
	r := request{path: path, method: http.MethodPost}
	switch {
	case cfg.Issuer != nil && cfg.TokenEndpoint != nil:
		c.add("issuer", "", "stands beside token_endpoint, and is there to find it", "keep one of the two")
	case cfg.Issuer != nil:
		// Below, where it is known which of its endpoints is wanted.
	case cfg.TokenEndpoint != nil:
		r.target = c.target(path, *cfg.TokenEndpoint)
	case len(c.list) == 0: // else it may be there, mistyped
		c.add(path, "", "is missing", `write "token_endpoint": "https://…"`)
	}
	r.headers = c.headers("headers", cfg.Headers)

	grant := textOr(cfg.GrantType, clientCredentials)
	bodyKind := textOr(cfg.Body, "form")
	sent, known := c.grant(cfg, grant)
	sent, served := c.authenticate(cfg, grant, &r, sent)
	known = c.oneOf("body", bodyKind, "form", "json", "multipart") && known && served
	if cfg.Issuer != nil && cfg.TokenEndpoint == nil {
		c.discover(*cfg.Issuer, &r)
	}
	sent = c.parameters(sent, cfg)
	sent = c.scope(sent, cfg, &r)

	for _, name := range repeated(r.target.fixedQuery(), sent) {
		// RFC 6749 section 3.2: parameters must not be included more than once.
		c.add(path, showURL(*cfg.TokenEndpoint), "has the parameter "+show(name)+" in its query, which is sent in the body", "remove it from the URL")
	}

	if known {
		r.body = bodyOf(bodyKind, sent)
	}
	c.checkContentType("headers", r)
	return r
}

// textOr returns what a field says, or its default.
func textOr(field *string, missing string) string {
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
	separator := textOr(cfg.ScopeSeparator, " ")
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
				c.add(path, "", fmt.Sprintf("must be a string, not %s", item.Type), "")
			case item.Text == "" || strings.Contains(item.Text, separator):
				c.add(path, show(item.Text), "is not one scope", "write each as a string of its own, not empty and without the separator")
			}
			words = append(words, item.Text)
		}
	default:
		c.add("scope", "", fmt.Sprintf("must be a string or a list of strings, not %s", cfg.Scope.Type), `write "a b" or ["a", "b"]`)
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
