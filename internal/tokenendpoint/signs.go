package tokenendpoint

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"example.com/tokenkeeper/internal/httprequest"
	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/strictjson"
	"example.com/tokenkeeper/internal/template"
)

// A token that is signed here speaks for the owner of the key, and consumers read it. So the owner
// names the audiences it may be signed for, as the hosts that values may be sent to. A config cannot
// make a key of another value, nor put one into the token.

// audiences reads those that tokens may be signed for.
func audiences(ps *problem.List, name string, v strictjson.Value) []string {
	list := ps.Words(name, v)
	for i, audience := range list {
		switch {
		case audience == "":
			ps.Add(problem.Indexed(name, i), "", "is empty", "remove it")
		case audience != strings.TrimSpace(audience) || strings.ContainsFunc(audience, unicode.IsControl):
			ps.Add(problem.Indexed(name, i), "", "has a space at an end, or a control character", "write the audience as the config has it under aud")
		}
	}
	return list
}

// checkSigns notes the audiences of a token that the credential's owner does not name.
func (p Plan) checkSigns(ps *problem.List, c refresh.Credential) {
	if len(p.Requests) > 0 {
		return
	}
	j := p.JWTs[0]
	for _, a := range j.Audience {
		audience, err := newValues(c, time.Time{}, nil).Expand(a)
		if err == nil && slices.Contains(c.Signs, audience.Reveal()) {
			continue
		}
		// Not shown like other values, lest what to add be masked.
		shown := strconv.Quote(secret.Visible(a.Written()))
		hint := ""
		if _, fixed := a.Fixed(); !fixed {
			hint = ", with the values written out"
		}
		if len(c.Signs) == 0 {
			ps.Add(j.Path+".aud", shown, fmt.Sprintf("the credential %q does not name the audiences of tokens signed with its %s", c.Name, j.Key),
				fmt.Sprintf(`if it may be for that one, its owner adds "signs": [%s] to it%s`, shown, hint))
			continue
		}
		ps.Add(j.Path+".aud", shown, fmt.Sprintf("the credential %q lets tokens be signed for %s only", c.Name, strictjson.Enumerate(c.Signs, "and")),
			fmt.Sprintf("if it may be for that one, its owner adds %s to signs%s", shown, hint))
	}
}

// disclosed is the fault of a token whose header or claims have a secret of c, where
// every holder of the token reads them.
func (j JWT) disclosed(c refresh.Credential, members ...any) error {
	for _, place := range j.places() {
		for _, t := range place.templates {
			name := ""
			for v := range template.Named(t) {
				if c.Values[v.Name].Len() >= secret.LeastSecret && !c.IsPublic(v.Name) {
					name = v.Name
				}
			}
			if name != "" {
				return j.discloses(c, place.name, name)
			}
		}
	}
	if name := foundIn(c.Searcher(), members, nil); name != "" {
		return j.discloses(c, "claims", name)
	}
	return nil
}

// texts returns all names and texts in members.
func texts(members []strictjson.Member) (list []any) {
	for _, m := range members {
		list = append(append(list, m.Name, m.Value.Text), texts(m.Value.Members)...)
		for _, item := range m.Value.Items {
			list = append(list, texts([]strictjson.Member{{Value: item}})...)
		}
	}
	return list
}

func (j JWT) discloses(c refresh.Credential, place, name string) error {
	return &httprequest.Fault{Path: j.Path + "." + place, Detail: "would put the credential's " + name + " into the token, where consumers read it",
		Remedy: cmp.Or(c.IfPublic(name), "write it into the config if it is no secret, or name an identifier, such as ${client_id}, ${kid} or ${tenant}")}
}

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
		if !j.Claims.Token { // else see disclosed
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
