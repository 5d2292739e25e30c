package signing

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/strictjson"
)

const (
	// DefaultLifetime is how long an assertion holds: longer than a run spends on one
	// provider, with room for a server whose clock is ahead of ours.
	DefaultLifetime = time.Minute
	// MaxLifetime is how long an assertion may hold. RFC 7523 section 3 lets a server
	// refuse what ends unreasonably far ahead, and an assertion is used at once.
	MaxLifetime = 5 * time.Minute
	// DefaultBackdate is how far iat and nbf lie back, so that a server whose clock is
	// behind does not refuse what is from its future. It is short, since others refuse
	// what was issued too long ago: Keycloak, by default, after a minute.
	DefaultBackdate = 10 * time.Second
	// MaxBackdate is how far they may lie back, which is what GitHub recommends.
	MaxBackdate = time.Minute
)

// Claims are those that the JWTs of this package have in common.
type Claims struct {
	// Token says that the JWT is itself the token, and not an assertion: for client
	// authentication, or as a grant.
	Token bool
	// Issuer is iss. Of a client assertion it is the client_id, and so is Subject, which is
	// sub. Empty: left out. An assertion must have an Issuer (RFC 7523 section 3, which requires
	// a Subject and an Audience too; but there are grants without the one, such as Google's, and
	// without the other, such as GitHub's).
	Issuer, Subject string
	// Audience is aud: text if it is one, a list if it is more. None: left out.
	Audience []string
	// Lifetime is exp, counted from now, in whole seconds.
	Lifetime time.Duration
	// Backdate is how far before now iat and nbf are, in whole seconds.
	Backdate time.Duration
	// Own are others. They may not be any of iss, sub, aud, exp, nor, in an assertion, jti. An
	// iat or nbf among them, and in a token a jti, takes the place of ours; null leaves it out.
	Own []strictjson.Member
}

// Members returns the claims of a JWT made at now, in the order of their names. Its jti is
// new and random. The error is a [*Fault], and does not depend on now.
func (c Claims) Members(now time.Time) ([]strictjson.Member, error) {
	reserved := []string{"iss", "sub", "aud", "exp"}
	if !c.Token {
		reserved = append(reserved, "jti")
	}
	if c.Issuer == "" && !c.Token {
		return nil, &Fault{"the assertion has no issuer", "state who signs it: for client authentication, the client_id"}
	}
	if slices.Contains(c.Audience, "") {
		return nil, &Fault{"the audience is empty", "state the audience"}
	}
	for _, m := range c.Own {
		if slices.Contains(reserved, m.Name) {
			return nil, &Fault{fmt.Sprintf("the claim %q is not one that may be stated freely", m.Name), "leave it out here: it has a way of its own, or is made anew in each"}
		}
	}
	since := strictjson.Int(now.Add(-c.Backdate).Unix())
	claims := slices.Clone(c.Own)
	add := func(name string, v strictjson.Value) {
		if !slices.ContainsFunc(claims, func(m strictjson.Member) bool { return m.Name == name }) {
			claims = append(claims, strictjson.Member{Name: name, Value: v})
		}
	}
	add("exp", strictjson.Int(now.Add(c.Lifetime).Unix()))
	add("iat", since)
	add("nbf", since)
	// In hexadecimal, since some servers parse it as a GUID. RFC 7519 section 4.1.7 asks for a negligible chance of the same again.
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	add("jti", strictjson.Text(hex.EncodeToString(id[:])))
	if c.Issuer != "" {
		add("iss", strictjson.Text(c.Issuer))
	}
	if c.Subject != "" {
		add("sub", strictjson.Text(c.Subject))
	}
	switch len(c.Audience) {
	case 0:
	case 1:
		add("aud", strictjson.Text(c.Audience[0]))
	default:
		add("aud", strictjson.Texts(c.Audience))
	}
	leftOut := func(m strictjson.Member) bool {
		return m.Value.Type == strictjson.Null && slices.Contains([]string{"iat", "jti", "nbf"}, m.Name)
	}
	claims = slices.DeleteFunc(claims, leftOut)
	slices.SortFunc(claims, func(a, b strictjson.Member) int { return strings.Compare(a.Name, b.Name) })
	return claims, nil
}
