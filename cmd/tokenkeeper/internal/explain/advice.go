package explain

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/template"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// Advice returns what speaks against using a config with c, though it works. It says nothing of
// what the values are.
func Advice(p tokenendpoint.Plan, c refresh.Credential) []string {
	advice := slices.Clone(p.Advice)
	for _, odd := range tokenendpoint.Edges(c) {
		advice = append(advice, fmt.Sprintf("in the credential %q, %s: if that is not meant, put it in anew", c.Name, odd))
	}
	for _, name := range c.Names() {
		if strings.Contains(c.Values[name].Reveal(), "-----BEGIN CERTIFICATE") && !uses(p, name) {
			advice = append(advice, fmt.Sprintf(
				`the credential has a certificate, %s, and the config does not show it: if the provider asks for one, say "client_certificate": {}`, name))
		}
	}
	for _, r := range p.Requests {
		if r.FormEncoded && (changedByForm(c, "client_id") || changedByForm(c, "client_secret")) {
			advice = append(advice, `client_id or client_secret has a character that is form-encoded before it is sent (RFC 6749 section 2.3.1); `+
				`many a provider takes them as they are: if it answers invalid_client, say "client_secret_basic_encoding": "raw"`)
		}
	}
	return advice
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
