package tokenendpoint

import (
	"cmp"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/httprequest"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/strictjson"
	"example.com/tokenkeeper/internal/template"
)

func (p plan) explainJWT(j jwt, names []string) SignedJWT {
	s := template.NewSymbols(names)
	text := func(t template.Template) string {
		shown, err := s.Values().Expand(t)
		if err != nil {
			return "" // it is left out
		}
		return visible(s, shown.Reveal())
	}
	out := SignedJWT{Name: cmp.Or(j.name, "token"), Key: "${" + j.key + "}"}
	member := func(to *[]Field, name, value string) {
		if value != "" {
			*to = append(*to, Field{name, value})
		}
	}

	member(&out.Header, "alg", cmp.Or(string(j.algorithm), "the usual one of the key"))
	if !j.omitTyp {
		member(&out.Header, "typ", cmp.Or(secret.Visible(j.typ), "JWT"))
	}
	member(&out.Header, "kid", cmp.Or(text(j.kid), "that of the key, if it is a JWK"))
	for _, name := range j.members {
		member(&out.Header, name, "of ${"+j.certificate+"}")
	}
	out.Header = append(out.Header, symbolicFields(j.header, s)...)

	member(&out.Claims, "iss", text(j.iss))
	member(&out.Claims, "sub", text(j.sub))
	var audience []string
	for _, a := range j.aud {
		audience = append(audience, p.explainAudience(a, text(a)))
	}
	member(&out.Claims, "aud", strings.Join(audience, ", "))
	member(&out.Claims, "exp", "now and "+unpadded(j.lifetime))
	dated := "now"
	if j.backdate > 0 {
		dated += ", less " + unpadded(j.backdate)
	}
	for _, f := range []Field{{"iat", dated}, {"nbf", dated}, {"jti", "another each time"}} {
		if !slices.ContainsFunc(j.claims.Members, func(m httprequest.Param) bool { return m.Name == f.Name }) {
			out.Claims = append(out.Claims, f)
		}
	}
	out.Claims = append(out.Claims, symbolicFields(j.claims, s)...)
	return out
}

// explainAudience returns what an audience is, where a word names it.
func (p plan) explainAudience(a template.Template, text string) string {
	word, fixed := a.Fixed()
	switch {
	case !fixed:
	case word == audienceIssuer:
		return p.issuer
	case word == audienceNone:
		return "left out"
	case word == audienceEndpoint:
		return p.requests[len(p.requests)-1].Target.Shown
	}
	return text
}

// symbolicFields returns the members of an object, each as compact JSON or, if it is a string, as
// that.
func symbolicFields(n httprequest.Node, s *template.Symbols) []Field {
	var list []Field
	for _, m := range n.Members {
		if m.Node.Kind == strictjson.Null {
			continue // that is how a member is left out
		}
		v, err := m.Node.Expand(s.Values())
		if err != nil {
			continue // it is left out
		}
		text := v.Text
		if v.Type != strictjson.String {
			data, err := v.Encode()
			if err != nil {
				continue
			}
			text = string(data)
		}
		list = append(list, Field{secret.Visible(m.Name), visible(s, text)})
	}
	return list
}
