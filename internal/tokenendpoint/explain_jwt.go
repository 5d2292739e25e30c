package tokenendpoint

import (
	"cmp"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/strictjson"
	"example.com/tokenkeeper/internal/template"
)

// explainJWT returns j as it would be signed, with symbols for values.
func (p plan) explainJWT(j jwt, names []string) (SignedJWT, error) {
	s := template.NewSymbols(names)
	out := SignedJWT{Name: cmp.Or(j.name, "token"), Key: "${" + j.key + "}"}
	kid, err := s.Values().Optional(j.kid)
	if err != nil {
		return out, err
	}
	header, err := object(j.header, s.Values())
	if err != nil {
		return out, err
	}
	claims, err := p.claims(j, s.Values())
	if err != nil {
		return out, err
	}
	member := func(to *[]Field, name, value string) {
		if value != "" {
			*to = append(*to, Field{name, visible(s, value)})
		}
	}

	member(&out.Header, "alg", cmp.Or(string(j.algorithm), "the usual one of the key"))
	if !j.omitTyp {
		member(&out.Header, "typ", cmp.Or(j.typ, "JWT"))
	}
	member(&out.Header, "kid", cmp.Or(kid, "that of the key, if it is a JWK"))
	for _, name := range j.members {
		member(&out.Header, name, "of ${"+j.certificate+"}")
	}
	out.Header = append(out.Header, explainMembers(header, s)...)

	member(&out.Claims, "iss", claims.Issuer)
	member(&out.Claims, "sub", claims.Subject)
	member(&out.Claims, "aud", cmp.Or(strings.Join(claims.Audience, ", "), "left out"))
	member(&out.Claims, "exp", "now and "+unpadded(j.lifetime))
	dated := "now"
	if j.backdate > 0 {
		dated += ", less " + unpadded(j.backdate)
	}
	for _, f := range []Field{{"iat", dated}, {"nbf", dated}, {"jti", "another each time"}} {
		if !slices.ContainsFunc(claims.Own, func(m strictjson.Member) bool { return m.Name == f.Name }) {
			out.Claims = append(out.Claims, f)
		}
	}
	out.Claims = append(out.Claims, explainMembers(claims.Own, s)...)
	return out, nil
}

// explainMembers returns members of an object, each as compact JSON or, if it is a string, as that.
func explainMembers(members []strictjson.Member, s *template.Symbols) []Field {
	var list []Field
	for _, m := range members {
		text := m.Value.Text
		switch m.Value.Type {
		case strictjson.Null:
			continue // that is how a member is left out
		case strictjson.List, strictjson.Object:
			data, err := m.Value.Encode()
			if err != nil {
				continue // it cannot be signed either
			}
			text = string(data)
		}
		list = append(list, Field{secret.Visible(m.Name), visible(s, text)})
	}
	return list
}
