package explain

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/httprequest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/template"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// Advice returns what speaks against a config, though it works.
func Advice(p tokenendpoint.Plan) []string {
	var advice []string
	if slices.ContainsFunc(p.Needs, func(v template.Value) bool { return v.At == "grant_type" && v.Name == "password" }) {
		advice = append(advice, "the password grant must not be used any more (RFC 9700 section 2.4): ask the provider for another")
	}
	for i, r := range p.Everywhere() {
		switch {
		case !secretInURL(r):
		case i < len(p.Requests):
			advice = append(advice, "a value of the credential is sent in the URL, which servers and proxies log: send it in a header or the body if the provider takes it there")
		default:
			advice = append(advice, "the new token is sent in the URL of the probe, which servers and proxies log: send it in a header if the provider takes it there")
		}
	}
	return advice
}

// secretInURL reports whether a value other than an identifier goes into the URL.
func secretInURL(r tokenendpoint.Request) bool {
	inURL := httprequest.Request{Target: r.Target, Query: r.Query}
	for v := range template.Named(inURL.Templates()...) {
		if httprequest.SecretName(v.Name) {
			return true
		}
	}
	return false
}

// AdviceFor returns that, and what speaks against using a config with c. It says nothing of
// what the values are.
func AdviceFor(p tokenendpoint.Plan, c refresh.Credential) []string {
	advice := Advice(p)
	for _, odd := range tokenendpoint.Edges(c) {
		advice = append(advice, fmt.Sprintf("in the credential %q, %s: if that is not meant, put it in anew", c.Name, odd))
	}
	for _, name := range c.Names() {
		if strings.Contains(c.Values[name].Reveal(), "-----BEGIN CERTIFICATE") && !uses(p, name) {
			advice = append(advice, fmt.Sprintf(
				`the credential has a certificate, %s, and the config does not show it: if the provider asks for one, say "client_certificate": {}`, name))
		}
	}
	if formEncoded(p) && (changedByForm(c, "client_id") || changedByForm(c, "client_secret")) {
		advice = append(advice, `client_id or client_secret has a character that is form-encoded before it is sent (RFC 6749 section 2.3.1); `+
			`many a provider takes them as they are: if it answers invalid_client, say "client_secret_basic_encoding": "raw"`)
	}
	return advice
}

// formEncoded reports whether the client authenticates by HTTP Basic with both halves form-encoded.
func formEncoded(p tokenendpoint.Plan) bool {
	return slices.ContainsFunc(p.Requests, func(r tokenendpoint.Request) bool {
		return len(r.NoColon) == 0 && slices.ContainsFunc(r.Headers, func(h httprequest.Header) bool { return h.Path == "token_endpoint_auth_method" })
	})
}

func changedByForm(c refresh.Credential, name string) bool {
	value := c.Values[name].Reveal()
	return url.QueryEscape(value) != value
}

// uses reports whether a plan uses the value of that name.
func uses(p tokenendpoint.Plan, name string) bool {
	return slices.ContainsFunc(p.Needs, func(v template.Value) bool { return v.Name == name }) ||
		slices.ContainsFunc(p.Requests, func(r tokenendpoint.Request) bool { return template.Names(r.Templates(), name) })
}
