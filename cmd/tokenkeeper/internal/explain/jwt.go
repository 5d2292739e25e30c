package explain

import (
	"cmp"
	"slices"
	"strings"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/strictjson"
	"example.com/tokenkeeper/internal/template"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// signedJWT returns j as it would be signed, with symbols for values.
func signedJWT(p tokenendpoint.Plan, j tokenendpoint.JWT, names []string) (SignedJWT, error) {
	s := NewSymbols(names)
	out := SignedJWT{Name: cmp.Or(j.Name, "token"), Key: "${" + j.Key + "}"}
	header, claims, err := p.Unsigned(j, template.Symbolic(s))
	if err != nil {
		return out, err
	}
	member := func(to *[]Field, name, value string) {
		if value != "" {
			*to = append(*to, Field{name, visible(s, value)})
		}
	}

	member(&out.Header, "alg", cmp.Or(string(j.Algorithm), "the usual one of the key"))
	if !header.OmitType {
		member(&out.Header, "typ", cmp.Or(header.Type, "JWT"))
	}
	member(&out.Header, "kid", cmp.Or(header.KeyID, "that of the key, if it is a JWK"))
	for _, name := range header.CertificateMembers {
		member(&out.Header, name, "of ${"+j.Certificate+"}")
	}
	out.Header = append(out.Header, memberFields(header.Members, s)...)

	member(&out.Claims, "iss", claims.Issuer)
	member(&out.Claims, "sub", claims.Subject)
	member(&out.Claims, "aud", cmp.Or(strings.Join(claims.Audience, ", "), "left out"))
	member(&out.Claims, "exp", "now and "+terminal.Exact(claims.Lifetime))
	dated := "now"
	if claims.Backdate > 0 {
		dated += ", less " + terminal.Exact(claims.Backdate)
	}
	for _, f := range []Field{{"iat", dated}, {"nbf", dated}, {"jti", "another each time"}} {
		if !slices.ContainsFunc(claims.Own, func(m strictjson.Member) bool { return m.Name == f.Name }) {
			out.Claims = append(out.Claims, f)
		}
	}
	out.Claims = append(out.Claims, memberFields(claims.Own, s)...)
	return out, nil
}

// memberFields returns members of an object, each as compact JSON or, if it is a string, as that.
func memberFields(members []strictjson.Member, s *Symbols) []Field {
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
