package tokenendpoint

import (
	"errors"
	"fmt"
	"time"

	"example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/httprequest"
	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/refresh"
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

// compileJWT compiles the JWT at path, whose algorithm is at algorithmPath.
func compileJWT(ps *problem.List, path, algorithmPath string, cfg jwtConfig, token bool) JWT {
	j := JWT{Path: path, Key: "private_key", Claims: signing.Claims{Token: token}}
	at := func(name string) string { return path + "." + name }
	if cfg.Algorithm != nil {
		a, err := signing.ParseAlgorithm(*cfg.Algorithm)
		signingFault(ps, algorithmPath, problem.Show(*cfg.Algorithm), err)
		j.Algorithm = a
	}
	if j.shared = j.Algorithm.Symmetric(); j.shared {
		j.Key = "client_secret"
	}
	j.Key = valueName(ps, at("key"), cfg.Key, j.Key)
	if cfg.KeyEncoding != nil {
		ps.OneOf(at("key_encoding"), *cfg.KeyEncoding, string(signing.Base64), string(signing.Hex))
		j.encoding = signing.Encoding(*cfg.KeyEncoding)
	}
	j.Header.CertificateMembers = cfg.CertificateHeader
	if len(cfg.CertificateHeader) > 0 || cfg.Certificate != nil {
		j.Certificate = valueName(ps, at("certificate"), cfg.Certificate, "certificate")
		if len(cfg.CertificateHeader) == 0 {
			ps.Add(at("certificate"), "", "has no effect without certificate_header", `say "certificate_header": ["x5t#S256"], or remove it`)
		}
	}
	if cfg.Type != nil {
		j.Header.Type, j.Header.OmitType = *cfg.Type, *cfg.Type == ""
	}
	j.header = compileMembers(ps, at("header"), cfg.Header)
	j.claims = compileMembers(ps, at("claims"), cfg.Claims)
	compileAudience(ps, &j, cfg.Audience)
	if cfg.KeyID != nil {
		j.kid = httprequest.CompileTemplate(ps, at("kid"), "kid", *cfg.KeyID) // empty: that of a JWK
	}
	j.iss, j.sub = compileParty(ps, at("iss"), cfg.Issuer), compileParty(ps, at("sub"), cfg.Subject)
	if !token {
		j.Name = path
	}
	if j.iss == nil && !token {
		j.iss = template.Implied(path, "client_id")
	}
	j.Claims.Backdate = ps.Duration(at("backdate"), cfg.Backdate, 0, signing.MaxBackdate, signing.DefaultBackdate)
	most, usual := signing.MaxLifetime, signing.DefaultLifetime
	if token {
		most, usual = answer.Believable, 0
		if cfg.Lifetime.Type == strictjson.Absent {
			ps.Add(at("lifetime"), "", "is missing: nothing else says how long the token lives", `write "lifetime": "10m", or what the provider allows`)
		}
	}
	j.Claims.Lifetime = ps.Duration(at("lifetime"), cfg.Lifetime, time.Second, most, usual)
	vocabulary{}.check(ps, j.templates()) // it is signed before any step is taken
	for v := range template.Named(j.templates()...) {
		if v.Name == "assertion" || v.Name == "client_assertion" {
			ps.Add(v.At, problem.Show("${"+v.Name+"}"), "is itself signed here, and would be encoded again", "name values of the credential alone")
		}
	}
	header := j.Header
	header.Members = memberNames(j.header)
	signingFault(ps, path, "", header.Check())
	_, err := signing.Claims{Token: token, Issuer: "x", Audience: []string{"x"}, Own: memberNames(j.claims)}.Members(time.Time{})
	signingFault(ps, path, "", err)
	if token {
		checkToken(ps, j, cfg)
	}
	return j
}

// compileParty compiles iss or sub; nil: it is left out.
func compileParty(ps *problem.List, path string, given *string) template.Template {
	if given == nil {
		return nil
	}
	if *given == "" {
		ps.Add(path, `""`, "is empty", "leave it out")
	}
	return httprequest.CompileTemplate(ps, path, "", *given)
}

// compileMembers compiles an object; without one there are none.
func compileMembers(ps *problem.List, path string, v strictjson.Value) httprequest.Node {
	if v.Type != strictjson.Absent && v.Type != strictjson.Object {
		ps.Add(path, "", fmt.Sprintf("must be an object, not %s", v.Type), "")
		return httprequest.Node{}
	}
	return httprequest.CompileNode(ps, path, "", v)
}

// compileAudience compiles aud.
func compileAudience(ps *problem.List, j *JWT, v strictjson.Value) {
	path := j.Path + ".aud"
	switch v.Type {
	case strictjson.Absent:
		if !j.Claims.Token {
			j.Audience = []template.Template{template.Literal(audienceIssuer)}
		}
	case strictjson.String:
		j.Audience = []template.Template{httprequest.CompileTemplate(ps, path, "aud", v.Text)}
	case strictjson.List:
		if len(v.Items) == 0 && !j.Claims.Token {
			ps.Add(path, "[]", "is empty", `write "none" where the provider wants no audience`)
		}
		for i, text := range ps.Words(path, v) {
			j.Audience = append(j.Audience, httprequest.CompileTemplate(ps, problem.Indexed(path, i), "aud", text))
		}
	default:
		ps.Add(path, "", fmt.Sprintf("must be a string or a list of strings, not %s", v.Type), `write "https://…", or a list`)
	}
}

// signingFault notes what package signing says is wrong.
func signingFault(ps *problem.List, path, value string, err error) {
	if fault, ok := errors.AsType[*signing.Fault](err); ok {
		ps.Add(path, value, fault.Detail, fault.Remedy)
	}
}

// checkAudience refuses an audience that the config does not define.
func checkAudience(ps *problem.List, cfg config, j JWT) {
	if cfg.Issuer != nil {
		return
	}
	for _, a := range j.Audience {
		if word, fixed := a.Fixed(); fixed && word == audienceIssuer {
			ps.Add(j.Path+".aud", "", "is the issuer by default, and the config does not name it",
				`say "`+j.Path+`": {"aud": "https://…"} with the provider's issuer, or "aud": "token_endpoint" if its documentation asks for that`)
		}
	}
}

// checkToken notes what a JWT that is itself the token must not have, or must.
func checkToken(ps *problem.List, j JWT, cfg jwtConfig) {
	at := func(name string) string { return j.Path + "." + name }
	if len(j.Audience) == 0 && (cfg.Audience.Type == strictjson.Absent || cfg.Audience.Type == strictjson.List && len(cfg.Audience.Items) == 0) {
		ps.Add(at("aud"), "", "is missing: a token without an audience is accepted by any server", `write "aud": "https://…"; the credential's owner allows it with "signs"`)
	}
	if j.shared && j.Key != "client_secret" {
		ps.Add(at("key"), problem.Show(j.Key), "is not what a token can be signed with by "+problem.Show(string(j.Algorithm)), "sign with client_secret, or with a private key")
	}
	for _, m := range j.claims.Members {
		if m.Name == "jti" && m.Node.Kind == strictjson.Null {
			ps.Add(at("claims")+".jti", "", "is left out, which distinguishes one token from the next", "remove it, and each has one of its own")
		}
	}
	for _, place := range j.places() {
		for _, t := range place.templates {
			for v := range t.Reaches() {
				if v.Computed && !refresh.Identifier(v.Name) {
					ps.Add(at(place.name), "", "has a function of "+v.Name+" in it, and consumers read it", "take functions of identifiers alone, such as client_id")
				}
			}
		}
	}
}
