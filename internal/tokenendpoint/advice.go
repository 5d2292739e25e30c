package tokenendpoint

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/template"
)

// Advice returns what speaks against the config, though it works.
func (e *Endpoint) Advice() []string { return slices.Clone(e.plan.advice) }

// AdviceFor returns that, and what speaks against using the config with c. It says nothing of
// what the values are.
func (e *Endpoint) AdviceFor(c refresh.Credential) []string {
	advice := e.Advice()
	for _, odd := range Edges(c) {
		advice = append(advice, fmt.Sprintf("in the credential %q, %s: if that is not meant, put it in anew", c.Name, odd))
	}
	for _, name := range c.Names() {
		if isCertificate(c.Values[name].Reveal()) && !e.plan.names(name) {
			advice = append(advice, fmt.Sprintf(
				`the credential has a certificate, %s, and the config does not show it: if the provider asks for one, say "client_certificate": {}`, name))
		}
	}
	for _, r := range e.plan.requests {
		if r.formEncodedBasic && (changedByForm(c, "client_id") || changedByForm(c, "client_secret")) {
			advice = append(advice, `client_id or client_secret has a character that is form-encoded before it is sent (RFC 6749 section 2.3.1); `+
				`many a provider takes them as they are: if it answers invalid_client, say "client_secret_basic_encoding": "raw"`)
		}
	}
	return advice
}

func isCertificate(value string) bool { return strings.Contains(value, "-----BEGIN CERTIFICATE") }

func changedByForm(c refresh.Credential, name string) bool {
	value := c.Values[name].Reveal()
	return url.QueryEscape(value) != value
}

// names reports whether a plan uses the value of that name.
func (p plan) names(name string) bool {
	return slices.ContainsFunc(p.uses, func(v template.Value) bool { return v.Name == name }) ||
		slices.ContainsFunc(p.requests, func(r request) bool { return template.Names(r.Templates(), name) })
}
