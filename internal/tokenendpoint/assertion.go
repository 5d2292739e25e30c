package tokenendpoint

import (
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
func (p Plan) derive(c refresh.Credential, now time.Time, m *memory) (_ refresh.Credential, warnings []string, err error) {
	for _, j := range p.JWTs {
		if _, taken := c.Values[j.Name]; taken {
			return c, nil, &httprequest.Fault{Path: j.Path, Detail: "is signed here, and the credential has a value " + j.Name + " as well", Remedy: "rename that value"}
		}
		token, warning, err := p.sign(j, c, now, m)
		if err != nil {
			return c, nil, err
		}
		c = c.With(j.Name, token)
		if warning != "" && !slices.Contains(warnings, warning) { // one key may sign two
			warnings = append(warnings, warning)
		}
	}
	return c, warnings, nil
}

// sign signs j with the key that c has, and says what is doubtful about that. The error is
// a *httprequest.Fault.
func (p Plan) sign(j JWT, c refresh.Credential, now time.Time, m *memory) (_ secret.Text, warning string, _ error) {
	key, err := j.readKey(c)
	if err != nil {
		return secret.Text{}, "", j.fault(j.Key, err)
	}
	header, claims, err := p.Unsigned(j, newValues(c, now, m))
	if err != nil {
		return secret.Text{}, "", err
	}
	if j.Certificate != "" {
		if header.Certificate, err = signing.ParseCertificate(c.Values[j.Certificate], key, now); err != nil {
			return secret.Text{}, "", j.fault(j.Certificate, err)
		}
	}
	if claims.Token {
		if err := j.disclosed(c, texts(header.Members), header.KeyID, texts(claims.Own), claims.Issuer, claims.Subject, strings.Join(claims.Audience, "\n")); err != nil {
			return secret.Text{}, "", err
		}
	}
	all, err := claims.Members(now)
	if err != nil {
		return secret.Text{}, "", j.fault("", err)
	}
	token, warning, err := signing.Sign(key, j.Algorithm, header, all)
	if err != nil {
		return secret.Text{}, "", j.fault("", err)
	}
	m.add(strings.Split(token.Reveal(), ".")[1], j.Key) // the header is that of many others
	if warning != "" {
		warning = "the credential's " + j.Key + " " + warning
	}
	return token, warning, nil
}

func (j JWT) readKey(c refresh.Credential) (signing.Key, error) {
	if j.shared {
		return signing.SharedSecret(c.Values[j.Key], j.encoding)
	}
	return signing.ParseKey(c.Values[j.Key])
}

// fault is what package signing says is wrong with a value of the credential, or with
// all of them together, where none is named.
func (j JWT) fault(value string, err error) error {
	return unsuited(j.Path, "cannot be signed", value, err)
}

// Unsigned returns the header of j, but for its certificate, and the claims.
func (p Plan) Unsigned(j JWT, v *template.Values) (header signing.Header, claims signing.Claims, err error) {
	header, claims = j.Header, j.Claims
	for _, part := range []struct {
		to   *string
		from template.Template
	}{{&header.KeyID, j.kid}, {&claims.Issuer, j.iss}, {&claims.Subject, j.sub}} {
		if *part.to, err = v.Optional(part.from); err != nil {
			return header, claims, err
		}
	}
	if header.Members, err = object(j.header, v); err != nil {
		return header, claims, err
	}
	if claims.Own, err = object(j.claims, v); err != nil {
		return header, claims, err
	}
	for _, a := range j.Audience {
		text, err := v.Expand(a)
		if err != nil {
			return header, claims, err
		}
		audience := text.Reveal()
		switch word, _ := a.Fixed(); word {
		case audienceNone:
			continue
		case audienceIssuer:
			audience = p.issuer
		case audienceEndpoint:
			u, err := p.Requests[len(p.Requests)-1].URL(v)
			if err != nil {
				return header, claims, err
			}
			audience = u.String()
		}
		claims.Audience = append(claims.Audience, audience)
	}
	return header, claims, nil
}

// object returns the members of a node.
func object(n httprequest.Node, v *template.Values) ([]strictjson.Member, error) {
	value, err := n.Expand(v)
	return value.Members, err
}
