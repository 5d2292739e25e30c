package tokenendpoint

import (
	"maps"
	"slices"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/httprequest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/signing"
	"example.com/tokenkeeper/internal/strictjson"
	"example.com/tokenkeeper/internal/template"
)

// derive returns c with the JWTs that the plan signs with it, each under the name that
// templates have for it, and warnings of their keys. They are new for each attempt: a
// server may take a jti once.
func (p plan) derive(c refresh.Credential, now time.Time, m *memory) (_ refresh.Credential, warnings []string, err error) {
	if len(p.jwts) == 0 {
		return c, nil, nil
	}
	c.Values = maps.Clone(c.Values)
	for _, j := range p.jwts {
		if _, taken := c.Values[j.name]; taken {
			return c, nil, &httprequest.Fault{Path: j.path, Detail: "is signed here, and the credential has a value " + j.name + " as well", Remedy: "rename that value"}
		}
		token, warned, err := p.sign(j, c, now, m)
		if err != nil {
			return c, nil, err
		}
		c.Values[j.name] = token
		warnings = append(warnings, warned...)
	}
	slices.Sort(warnings)
	return c, slices.Compact(warnings), nil // one key may sign two
}

// sign signs j with the key that c has, and says what is doubtful about that. The error is
// a *httprequest.Fault.
func (p plan) sign(j jwt, c refresh.Credential, now time.Time, m *memory) (_ secret.Text, warnings []string, _ error) {
	v := newValues(c, now, m)
	key, err := j.readKey(c)
	if err != nil {
		return secret.Text{}, nil, j.fault(j.key, err)
	}
	header := signing.Header{Type: j.typ, OmitType: j.omitTyp, CertificateMembers: j.members}
	if j.certificate != "" {
		if header.Certificate, err = signing.ParseCertificate(c.Values[j.certificate], key, now); err != nil {
			return secret.Text{}, nil, j.fault(j.certificate, err)
		}
	}
	if header.KeyID, err = v.Optional(j.kid); err != nil {
		return secret.Text{}, nil, err
	}
	if header.Members, err = object(j.header, v); err != nil {
		return secret.Text{}, nil, err
	}
	signer, err := signing.NewSigner(key, j.algorithm, header)
	if err != nil {
		return secret.Text{}, nil, j.fault("", err)
	}
	claims, err := p.claims(j, v)
	if err != nil {
		return secret.Text{}, nil, err
	}
	if j.use == ownToken {
		if err := j.disclosed(c, texts(header.Members), header.KeyID, texts(claims.Own), claims.Issuer, claims.Subject, strings.Join(claims.Audience, "\n")); err != nil {
			return secret.Text{}, nil, err
		}
	}
	complete := claims.Assertion
	if j.use == ownToken {
		complete = claims.Token
	}
	all, err := complete(now)
	if err != nil {
		return secret.Text{}, nil, j.fault("", err)
	}
	token, err := signer.Sign(all)
	if err != nil {
		return secret.Text{}, nil, j.fault("", err)
	}
	m.add(strings.Split(token.Reveal(), ".")[1], j.key) // the header is that of many others
	if w := signer.Warning(); w != "" {
		warnings = append(warnings, "the credential's "+j.key+" "+w)
	}
	return token, warnings, nil
}

func (j jwt) readKey(c refresh.Credential) (signing.Key, error) {
	if j.shared {
		return signing.SharedSecret(c.Values[j.key], j.encoding)
	}
	return signing.ParseKey(c.Values[j.key])
}

// fault is what package signing says is wrong with a value of the credential, or with
// all of them together, where none is named.
func (j jwt) fault(value string, err error) error {
	return unsuited(j.path, "cannot be signed", value, err)
}

// claims returns what j says.
func (p plan) claims(j jwt, v *template.Values) (signing.Claims, error) {
	claims := signing.Claims{Lifetime: j.lifetime, Backdate: j.backdate}
	var err error
	if claims.Issuer, err = v.Optional(j.iss); err != nil {
		return claims, err
	}
	if claims.Subject, err = v.Optional(j.sub); err != nil {
		return claims, err
	}
	for _, a := range j.aud {
		text, err := v.Expand(a)
		if err != nil {
			return claims, err
		}
		audience := text.Reveal()
		switch word, _ := a.Fixed(); word {
		case audienceNone:
			continue
		case audienceIssuer:
			audience = p.issuer
		case audienceEndpoint:
			u, err := p.requests[len(p.requests)-1].URL(v)
			if err != nil {
				return claims, err
			}
			audience = u.String()
		}
		claims.Audience = append(claims.Audience, audience)
	}
	claims.Own, err = object(j.claims, v)
	return claims, err
}

// object returns the members of a node; nil: none.
func object(n httprequest.Node, v *template.Values) ([]strictjson.Member, error) {
	if len(n.Members) == 0 {
		return nil, nil
	}
	value, err := n.Expand(v)
	return value.Members, err
}
