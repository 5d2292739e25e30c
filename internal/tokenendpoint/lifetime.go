package tokenendpoint

import (
	"errors"
	"fmt"
	"math"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// believable is the longest lifetime that a number without a unit is taken for. What is
// longer is more likely milliseconds, or a time.
const believable = 31 * 24 * time.Hour

// lifetime returns how long the token of an answer lives: what the answer says; else
// what the token says, if it is a JWT; else what the config says; else nothing is
// guessed. What the token says is a limit in any case.
func (r reader) lifetime(x exchange, doc any, token string) (time.Duration, *failure) {
	s, stated, f := r.statedLifetime(x, doc)
	if f != nil {
		return 0, f
	}
	own, signed := jwtLifetime(token, x.answer.date())
	life := s.length
	switch {
	case stated && signed:
		life = min(s.length, own)
	case signed:
		life = own
	case !stated && r.defaultLifetime > 0:
		life = r.defaultLifetime
	case !stated:
		return 0, x.fault(codeNoLifetime, fmt.Sprintf("answered %d without saying how long the token lives", x.answer.status),
			`say how long its tokens live: "default_lifetime": "1h"`)
	}
	if life < time.Second {
		return 0, x.fault(refresh.CodeTokenOver, fmt.Sprintf("answered %d with a token that is already over", x.answer.status),
			"look at the provider's clock, and at the lifetime's unit")
	}
	if r.maxLifetime > 0 {
		life = min(life, r.maxLifetime)
	}
	return min(life, refresh.MaxLifetime), nil
}

// statedLifetime returns what the answer itself says, expires_in before expires_at: the
// former does not depend on anybody's clock.
func (r reader) statedLifetime(x exchange, doc any) (s span, stated bool, f *failure) {
	clock := x.answer.date()
	bad := func(at source, err error) *failure {
		return x.fault(codeBadLifetime, fmt.Sprintf("answered %d with a lifetime %s that %v", x.answer.status, at, err),
			"look at the paths under response, and at expires_in_unit")
	}
	if v := r.expiresIn.find(x.answer, doc); !absent(v) {
		s, err := relative(v, r.unit, clock)
		if err != nil {
			return span{}, false, bad(r.expiresIn, err)
		}
		if s.assumed && s.length <= 0 {
			return span{}, false, bad(r.expiresIn, errors.New("is zero or less"))
		}
		if s.assumed && s.length > believable {
			return span{}, false, r.unbelievable(x, s, clock)
		}
		return s, true, nil
	}
	if v := r.expiresAt.find(x.answer, doc); !absent(v) {
		s, err := absolute(v, clock)
		if err != nil {
			return span{}, false, bad(r.expiresAt, err)
		}
		return s, true, nil
	}
	s, stated = r.accessToken.cookieLifetime(x.answer)
	return s, stated, nil
}

// unbelievable is the failure of a number that is too large to be a lifetime in seconds,
// with what to write for each that it may be.
func (r reader) unbelievable(x exchange, s span, clock time.Time) *failure {
	line := func(u unit) string { return fmt.Sprintf(`"response": {"expires_in_unit": %q}`, u) }
	remedy := "if it is right, say " + line(unitSeconds)
	for _, other := range []struct {
		unit   unit
		length time.Duration
	}{
		{unitEpochMilliseconds, since(s.number/1000, clock)},
		{unitEpochSeconds, since(s.number, clock)},
		{unitMilliseconds, saturate(s.number, time.Millisecond)},
	} {
		if other.length > 0 && other.length <= believable {
			remedy = fmt.Sprintf("if these are %s, which makes %v, say %s; %s", plain(other.unit), other.length.Round(time.Second), line(other.unit), remedy)
			break
		}
	}
	return x.fault(codeLifetimeTooLarge, fmt.Sprintf(
		"answered %d with a lifetime %s; in seconds that is %.0f days, which is too much to be believed of a number without a unit",
		x.answer.status, r.expiresIn, s.number/86400), remedy)
}

func plain(u unit) string {
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
