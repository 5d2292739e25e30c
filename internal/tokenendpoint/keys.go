package tokenendpoint

import (
	"slices"

	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/template"
)

// A key signs, and is never sent: its holder needs no credential any more. Private
// keys are known by their form; what else is a key, the credential's owner lists under
// sign_only. And whatever is sent must be recognized if it comes back.

// checkSent notes the values of c that would be sent and are keys, or that no search would
// recognize in what is sent.
func (p Plan) checkSent(ps *problem.List, c refresh.Credential) {
	check := func(list []template.Template, encoded int) {
		for _, t := range list {
			for v := range t.Reaches() {
				if !v.Digested { // a digest discloses nothing, however often it is encoded
					v.Encoders += encoded
				}
				if detail, remedy := unfitToSend(v, c); detail != "" {
					ps.Add(v.At, secret.Shown("${"+v.Name+"}"), detail, remedy)
				}
			}
		}
	}
	for _, r := range p.Requests {
		check(r.Templates(), 0)
	}
	for _, j := range p.JWTs {
		if !j.Claims.Token { // see signs.go
			check(j.templates(), 1) // what is signed goes out in base64url
		}
	}
}

func unfitToSend(v template.Reach, c refresh.Credential) (detail, remedy string) {
	switch {
	case v.Keys:
	case slices.Contains(c.SignOnly, v.Name):
		return "is only for signing, as the credential's owner says with sign_only, and would be sent", "sign with it, or send another value"
	case secret.PrivateKey(c.Values[v.Name].Reveal()):
		return "is a private key, which is never sent", "sign with it: see private_key_jwt, assertion and hmac"
	}
	if _, own := c.Values[v.Name]; own && !c.IsPublic(v.Name) && v.Encoders > 1 {
		return "is encoded more than once, so that it would not be recognized where an answer repeats it", "encode it once"
	}
	return "", ""
}
