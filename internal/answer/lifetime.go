package answer

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Believable is the longest lifetime that a number without a unit is taken for. What is
// longer is more likely milliseconds, or a time.
const Believable = 31 * 24 * time.Hour

// lifetime returns how long the token of an answer lives: what the answer says; else
// what the token says, if it is a JWT; else what the config says; else nothing is
// guessed. What the token says is a limit in any case.
func (r reading) lifetime(token string) (life time.Duration, from string, f *Fault) {
	stated, from, f := r.statedLifetime()
	if f != nil {
		return 0, "", f
	}
	life = stated
	own, signed := jwtLifetime(token, r.Message.Clock())
	switch {
	case signed && (from == "" || own < stated):
		life, from = own, "the token itself, a JWT"
	case from == "" && r.wanted.Token.DefaultLifetime > 0:
		life, from = r.wanted.Token.DefaultLifetime, "default_lifetime of the config"
	case from == "":
		return 0, "", r.fault(CodeNoLifetime, "without saying how long the token lives", `say how long its tokens live: "default_lifetime": "1h"`)
	}
	if life < time.Second {
		return 0, "", r.fault(CodeTokenOver, "with a token that is already over", "look at the provider's clock, and at the lifetime's unit")
	}
	if r.wanted.Token.MaxLifetime > 0 && life > r.wanted.Token.MaxLifetime {
		life, from = r.wanted.Token.MaxLifetime, "max_lifetime of the config"
	}
	return life, from, nil
}

// statedLifetime returns what the answer itself says, expires_in before expires_at: the
// former does not depend on anybody's clock. Where it says nothing, from is empty.
func (r reading) statedLifetime() (life time.Duration, from string, f *Fault) {
	clock := r.Message.Clock()
	bad := func(at Source, err error) *Fault {
		return r.fault(CodeBadLifetime, fmt.Sprintf("with a lifetime %s that %v", at, err), "look at the paths under response, and at expires_in_unit")
	}
	if !absent(r.ExpiresIn) {
		at := r.wanted.Token.ExpiresIn
		s, err := relative(r.ExpiresIn, r.wanted.Token.Unit, clock)
		if err != nil {
			return 0, "", bad(at, err)
		}
		if s.assumed && s.length <= 0 {
			return 0, "", bad(at, errors.New("is zero or less"))
		}
		if s.assumed && s.length > Believable {
			return 0, "", r.unbelievable(s, clock)
		}
		return s.length, "the answer, " + at.String(), nil
	}
	if !absent(r.ExpiresAt) {
		at := r.wanted.Token.ExpiresAt
		s, err := absolute(r.ExpiresAt, clock)
		if err != nil {
			return 0, "", bad(at, err)
		}
		return s.length, "the answer, " + at.String(), nil
	}
	switch c := r.Cookie; { // RFC 6265 section 5.2: Max-Age goes before Expires
	case c == nil:
	case c.MaxAge > 0:
		return saturate(float64(c.MaxAge), time.Second), "the cookie", nil
	case !c.Expires.IsZero():
		return c.Expires.Sub(clock), "the cookie", nil
	}
	return 0, "", nil
}

// unbelievable is the failure of a number that is too large to be a lifetime in seconds,
// with what to write for each that it may be.
func (r reading) unbelievable(s span, clock time.Time) *Fault {
	line := func(u Unit) string { return fmt.Sprintf(`"response": {"expires_in_unit": %q}`, u) }
	remedy := "if it is right, say " + line(unitSeconds)
	for _, other := range []struct {
		unit   Unit
		length time.Duration
	}{
		{unitEpochMilliseconds, since(s.number/1000, clock)},
		{unitEpochSeconds, since(s.number, clock)},
		{unitMilliseconds, saturate(s.number, time.Millisecond)},
	} {
		if other.length > 0 && other.length <= Believable {
			remedy = fmt.Sprintf("if these are %s, which makes %v, say %s; %s", plain(other.unit), other.length.Round(time.Second), line(other.unit), remedy)
			break
		}
	}
	return r.fault(CodeLifetimeTooLarge, fmt.Sprintf(
		"with a lifetime %s; in seconds that is %.0f days, which is too much to be believed of a number without a unit",
		r.wanted.Token.ExpiresIn, s.number/86400), remedy)
}

func plain(u Unit) string {
	switch u {
	case unitEpochSeconds:
		return "seconds since 1970"
	case unitEpochMilliseconds:
		return "milliseconds since 1970"
	}
	return string(u)
}

// jwtLifetime returns how long a token lives by its own claims, the smaller of what is
// left of it by clock and what it was issued for; ok is false where it does not say.
func jwtLifetime(token string, clock time.Time) (life time.Duration, ok bool) {
	c := claimsOf(token)
	if !c.hasExp || math.IsNaN(c.exp) {
		return 0, false
	}
	life = since(c.exp, clock)
	if c.hasIAT {
		life = min(life, saturate(c.exp-c.iat, time.Second))
	}
	return life, true
}
