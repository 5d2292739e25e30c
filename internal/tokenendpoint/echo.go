package tokenendpoint

import (
	"encoding/json"

	"example.com/tokenkeeper/internal/refresh"
)

// The domain refuses a record that contains a credential's value, in the encodings that
// are common. A config can encode a value twice, have it sent, and find it in an answer
// that repeats what was sent: so what functions made of secrets is looked for here.

// A made value is what a function gave for values of the credential.
type made struct {
	from []string // the names of the values
	text refresh.Secret
}

// madeFrom returns what the functions in the requests give with c. Those whose result
// depends on the time are computed anew and will not be found; none of them can be undone.
func madeFrom(requests []request, c refresh.Credential) []made {
	var list []made
	for _, r := range requests {
		v := newValues(c)
		var walk func(t template)
		walk = func(t template) {
			for _, p := range t {
				walk(p.arg)
				for _, a := range p.args {
					walk(a)
				}
				if p.function == nil {
					continue
				}
				m := made{}
				template{p}.values(func(q part) { m.from = append(m.from, q.value) })
				text, err := v.expand(template{p})
				if m.text = text; err == nil && len(m.from) > 0 {
					list = append(list, m)
				}
			}
		}
		for _, t := range r.templates() {
			walk(t)
		}
	}
	return list
}

// echo is the failure of an answer from which a secret that was sent would get into the
// record.
func (x exchange) echo(requests []request, g refresh.Grant) *failure {
	extra, err := json.Marshal(g.Extra)
	if err != nil {
		extra = nil // what cannot be encoded does not get into a record
	}
	texts := []string{g.AccessToken.Reveal(), g.TokenType, g.Scope, string(extra)}
	for _, m := range madeFrom(requests, x.credential) {
		for _, name := range m.from {
			for _, text := range texts {
				// Identifiers do not count, and the domain knows which are.
				if (refresh.Credential{Values: map[string]refresh.Secret{name: m.text}}).FoundIn(text) != "" {
					return x.fault(refresh.CodeSecretInRecord, "look at the paths under response: one of them leads to what was sent",
						"answered %d with what was made of %s, so the token is not kept", x.answer.status, name)
				}
			}
		}
	}
	return nil
}
