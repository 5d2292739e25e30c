package tokenendpoint

import (
	"time"

	"example.com/tokenkeeper/internal/httprequest"
	"example.com/tokenkeeper/internal/signing"
	"example.com/tokenkeeper/internal/strictjson"
	"example.com/tokenkeeper/internal/template"
)

// A jwtUse is what a JWT is for.
type jwtUse int

const (
	clientAssertion jwtUse = iota // authenticates the client (RFC 7523 section 2.2)
	grantAssertion                // is the grant (RFC 7523 section 2.1)
	ownToken                      // is the token
)

// A jwt is a jwtConfig, compiled.
type jwt struct {
	path string
	use  jwtUse
	// name is that of its value in a request; empty for a token.
	name string

	algorithm   signing.Algorithm
	key         string
	shared      bool
	encoding    signing.Encoding
	certificate string // empty: none is needed
	members     []string
	kid         template.Template
	typ         string
	omitTyp     bool
	header      httprequest.Node
	iss, sub    template.Template
	aud         []template.Template
	lifetime    time.Duration
	backdate    time.Duration
	claims      httprequest.Node
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
func (j jwt) templates() []template.Template {
	var list []template.Template
	for _, place := range j.places() {
		list = append(list, place.templates...)
	}
	return list
}

// needs returns the values that j cannot be signed without.
func (j jwt) needs() []template.Value {
	list := []template.Value{{Name: j.key, At: j.path, Implied: true}}
	if j.certificate != "" {
		list = append(list, template.Value{Name: j.certificate, At: j.path, Implied: true})
	}
	return append(list, needed(j.templates())...)
}

// A jwtPlace is a member of a JWT with its templates.
type jwtPlace struct {
	name      string
	templates []template.Template
}

func (j jwt) places() []jwtPlace {
	return []jwtPlace{
		{"header", j.header.Templates()}, {"kid", []template.Template{j.kid}},
		{"iss", []template.Template{j.iss}}, {"sub", []template.Template{j.sub}}, {"aud", j.aud},
		{"claims", j.claims.Templates()},
	}
}
