package signing

import (
	"cmp"
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
	// NotBackdated has them be now, for servers that refuse an iat that lies back.
	NotBackdated time.Duration = -1
)

// Claims are those that the JWTs of this package have in common.
type Claims struct {
	// Issuer is iss. Of a client assertion it is the client_id, and so is Subject, which
	// is sub (RFC 7523 section 3). Empty: left out.
	Issuer, Subject string
	// Audience is aud: text if it is one, a list if it is more. None: left out.
	Audience []string
	// Lifetime is exp, counted from now, in whole seconds. Zero: DefaultLifetime.
	Lifetime time.Duration
	// Backdate is how far before now iat and nbf are, at most MaxBackdate, in whole
	// seconds. Zero: DefaultBackdate; [NotBackdated]: not at all.
	Backdate time.Duration
	// Own are others. They may not be any of iss, sub,
	// aud, exp, nor, in an assertion, jti. An iat or nbf among them, and in a token a
	// jti, takes the place of ours; null leaves it out.
	Own []strictjson.Member
}

// Assertion returns the claims of an assertion made at now: for client authentication,
// or as a grant. Issuer is required (RFC 7523 section 3; it requires a Subject and an
// Audience too, but there are grants without the one, such as Google's, and without the
// other, such as GitHub's). Lifetime is at most
// MaxLifetime, and jti is new and random in each. The error is, or wraps, a [*Fault], and does
// not depend on now.
func (c Claims) Assertion(now time.Time) ([]strictjson.Member, error) {
	switch {
	case c.Issuer == "":
		return nil, &Fault{"the assertion has no issuer", "state who signs it: for client authentication, the client_id"}
	case c.Lifetime > MaxLifetime:
		return nil, &Fault{fmt.Sprintf("the assertion's lifetime of %s is longer than %s", c.Lifetime, MaxLifetime), "make it shorter: it is used once, at once"}
	}
	return c.at(now, "iss", "sub", "aud", "exp", "jti")
}

// Token returns the claims of a JWT made at now that is itself the token. Lifetime is
// required, has no upper limit, and nothing else is required; otherwise it is as
// [Claims.Assertion].
func (c Claims) Token(now time.Time) ([]strictjson.Member, error) {
	if c.Lifetime == 0 {
		return nil, &Fault{"the token has no lifetime", "state how long it is to hold; the provider's documentation says how long it may"}
	}
	return c.at(now, "iss", "sub", "aud", "exp")
}

// check says what is wrong with any c; reserved are the names that Own must not have.
func (c Claims) check(reserved []string) error {
	switch {
	case c.Lifetime != 0 && c.Lifetime < time.Second:
		return &Fault{fmt.Sprintf("the lifetime of %s is shorter than a second", c.Lifetime), "make it longer"}
	case c.Backdate != 0 && c.Backdate != NotBackdated && c.Backdate < time.Second:
		return &Fault{fmt.Sprintf("the allowance for skew of %s is shorter than a second", c.Backdate), "make it longer, or leave it out"}
	case c.Backdate > MaxBackdate:
		return &Fault{fmt.Sprintf("the allowance for skew of %s is longer than %s", c.Backdate, MaxBackdate), "make it shorter: servers refuse what was issued long ago"}
	case slices.Contains(c.Audience, ""):
		return &Fault{"the audience is empty", "state the audience"}
	}
	for _, name := range reserved {
		if slices.ContainsFunc(c.Own, func(m strictjson.Member) bool { return m.Name == name }) {
			return &Fault{fmt.Sprintf("the claim %q is not one that may be stated freely", name), "leave it out here: it has a way of its own, or is made anew in each"}
		}
	}
	if _, err := encode(c.Own); err != nil {
		return fmt.Errorf("encoding claims: %w", err)
	}
	return nil
}

// at returns the claims at now, in the order of their names.
func (c Claims) at(now time.Time, reserved ...string) ([]strictjson.Member, error) {
	if err := c.check(reserved); err != nil {
		return nil, err
	}
	// 128 bits: RFC 7519 section 4.1.7 asks for a negligible chance of the same again.
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	back, life := c.Backdate, cmp.Or(c.Lifetime, DefaultLifetime)
	switch back {
	case 0:
		back = DefaultBackdate
	case NotBackdated:
		back = 0
	}
	since := strictjson.Int(now.Add(-back).Unix())
	claims := slices.Clone(c.Own)
	add := func(name string, v strictjson.Value) {
		if !slices.ContainsFunc(claims, func(m strictjson.Member) bool { return m.Name == name }) {
			claims = append(claims, strictjson.Member{Name: name, Value: v})
		}
	}
	add("exp", strictjson.Int(now.Add(life).Unix()))
	add("iat", since)
	add("nbf", since)
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
