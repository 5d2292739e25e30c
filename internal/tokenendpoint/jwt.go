package tokenendpoint

import (
	"example.com/tokenkeeper/internal/httprequest"
	"example.com/tokenkeeper/internal/signing"
	"example.com/tokenkeeper/internal/strictjson"
	"example.com/tokenkeeper/internal/template"
)

// A JWT is a jwtConfig, compiled.
type JWT struct {
	Path string
	// Name is that of its value in a request; empty: it is the token.
	Name string

	Algorithm signing.Algorithm // empty: the usual one of the key
	// Key and Certificate are names of values; no Certificate: none is needed.
	Key, Certificate string
	shared           bool
	encoding         signing.Encoding
	// Header and Claims have what is the same whatever the values are; the rest is below.
	Header        signing.Header
	Claims        signing.Claims
	kid, iss, sub template.Template
	Audience      []template.Template
	header        httprequest.Node
	claims        httprequest.Node
}

// The words that name an audience.
const (
	audienceIssuer   = "issuer"
	audienceEndpoint = "token_endpoint"
	audienceNone     = "none" // aud is left out
)

// memberNames returns the members of an object, without their values.
func memberNames(n httprequest.Node) []strictjson.Member {
	names := make([]strictjson.Member, len(n.Members))
	for i, m := range n.Members {
		names[i] = strictjson.Member{Name: m.Name, Value: strictjson.Text("")}
	}
	return names
}

// templates returns all templates of j.
func (j JWT) templates() []template.Template {
	var list []template.Template
	for _, place := range j.places() {
		list = append(list, place.templates...)
	}
	return list
}

// needs returns the values that j cannot be signed without.
func (j JWT) needs() []template.Value {
	list := []template.Value{{Name: j.Key, At: j.Path, Implied: true}}
	if j.Certificate != "" {
		list = append(list, template.Value{Name: j.Certificate, At: j.Path, Implied: true})
	}
	return append(list, needed(j.templates())...)
}

// A jwtPlace is a member of a JWT with its templates.
type jwtPlace struct {
	name      string
	templates []template.Template
}

func (j JWT) places() []jwtPlace {
	return []jwtPlace{
		{"header", j.header.Templates()}, {"kid", []template.Template{j.kid}},
		{"iss", []template.Template{j.iss}}, {"sub", []template.Template{j.sub}}, {"aud", j.Audience},
		{"claims", j.claims.Templates()},
	}
}
