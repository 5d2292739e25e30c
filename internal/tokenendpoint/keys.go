package tokenendpoint

import (
	"slices"

	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/template"
)

// A key signs, and is never sent: whoever has it once needs no credential any more. Private
// keys are known by their form; what else is a key, the credential's owner lists under
// sign_only.

// checkKeys notes the keys of c that would be sent.
func (p plan) checkKeys(ps *problem.List, c refresh.Credential) {
	var list []template.Template
	for _, r := range p.requests {
		list = append(list, r.Templates()...)
	}
	for _, j := range p.jwts {
		for _, place := range j.places() {
			list = append(list, place.templates...)
		}
	}
	for _, t := range list {
		for v := range t.Sent() {
			switch {
			case slices.Contains(c.SignOnly, v.Name):
				ps.Add(v.At, secret.Shown("${"+v.Name+"}"), "is only for signing, as the credential's owner says with sign_only, and would be sent", "sign with it, or send another value")
			case secret.PrivateKey(c.Values[v.Name].Reveal()):
				ps.Add(v.At, secret.Shown("${"+v.Name+"}"), "is a private key, which is never sent", "sign with it: see private_key_jwt, assertion and request signing")
			}
		}
	}
}
