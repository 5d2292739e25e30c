package answer

import (
	"fmt"
	"time"
)

// How long a token may live to be believed, whatever says so.
const (
	// Believable is for a number without a unit: what is longer is more likely milliseconds, or
	// a time.
	Believable = 31 * day
	// BelievableStated is for all else: a stated unit, a text, a date, a claim, a cookie, the
	// config's own default. The longest-lived tokens that providers document live a year.
	BelievableStated = 400 * day
	// MostBelievable is as far as max_lifetime may raise both for one config.
	MostBelievable = 3650 * day
)

// believed returns the longest lifetime that is taken for true.
func (s Shape) believed(assumed bool) time.Duration {
	if assumed {
		return max(Believable, s.MaxLifetime)
	}
	return max(BelievableStated, s.MaxLifetime)
}

// A lifetime is how long a token lives, where that is from, and a warning if something that
// goes before it could not be read.
type lifetime struct {
	length        time.Duration
	from, warning string
}

// lifetime returns how long the token of an answer lives: what the answer says; else what the
// token says, if it is a JWT, which is a limit in any case; else what the config says. Nothing is
// guessed. A lesser source that cannot be true says nothing.
func (s Selection) lifetime(token string) (l lifetime, f *Fault) {
	l, unread, f := s.stated()
	if f != nil {
		return l, f
	}
	age := s.Message.Age()
	own, signed := s.ofToken(token)
	switch fallback := s.wanted.Token.DefaultLifetime; {
	case signed && (l.from == "" || own < l.length):
		l = lifetime{length: own, from: "the token itself, a JWT"}
	case l.from == "" && fallback > 0:
		l = lifetime{length: fallback - age, from: "default_lifetime of the config"}
	case l.from == "" && unread != nil:
		return l, unread
	case l.from == "":
		return l, s.fault(CodeNoLifetime, "without saying how long the token lives", `say how long its tokens live: "default_lifetime": "1h"`)
	}
	if l.length < time.Second {
		if l.length+age >= time.Second {
			return l, s.fault(CodeTokenOver, fmt.Sprintf("with an answer that is %v old, and its token has expired in the meantime", age),
				"something on the way keeps answers: have it pass this one on, or ask with POST or a Cache-Control header")
		}
		return l, s.fault(CodeTokenOver, "with a token that has expired already", "look at the provider's clock, and at the lifetime's unit")
	}
	if unread != nil { // the same at each login, so that it is logged once
		l.warning = fmt.Sprintf("%s; instead, %s counts: %s", unread.Detail, l.from, unread.Remedy)
	}
	if most := s.wanted.Token.MaxLifetime; most > 0 && l.length > most {
		l.length, l.from = most, "max_lifetime of the config"
	}
	return l, nil
}

// stated returns what the answer itself says: expires_in, which depends on no
// clock, else expires_at, else the cookie. Where it says nothing, from is empty; unread is what
// is wrong with something that it says and that cannot be read.
func (s Selection) stated() (l lifetime, unread, f *Fault) {
	shape, clock, age := s.wanted.Token, s.Message.Clock(), s.Message.Age()
	for _, place := range []struct {
		field string
		at    Source
		v     any
		read  func(v any) (span, *Misreading)
	}{
		{"expires_in", shape.ExpiresIn, s.ExpiresIn, func(v any) (span, *Misreading) { return relative(v, shape.Unit, shape.Dates, clock) }},
		{"expires_at", shape.ExpiresAt, s.ExpiresAt, func(v any) (span, *Misreading) { return absolute(v, shape.Dates, clock) }},
	} {
		if absent(place.v) {
			continue
		}
		said, wrong := place.read(place.v)
		switch {
		case wrong != nil:
			if unread == nil {
				unread = s.fault(CodeBadLifetime, fmt.Sprintf("with a lifetime %s that %s", place.at, wrong.Detail), wrong.Remedy)
			}
			continue
		case said.never():
			code := CodeTokenOver
			if said.assumed {
				code = CodeBadLifetime
			}
			return l, nil, s.fault(code, fmt.Sprintf("with a lifetime %s that is zero or less", place.at), notStated(place.field))
		case said.length > shape.believed(said.assumed):
			return l, nil, s.unbelievable(place.field, place.at, said, clock)
		}
		if said.counted {
			said.length -= age
		}
		return lifetime{length: said.length, from: "the answer, " + place.at.String()}, unread, nil
	}
	switch c := s.Cookie; { // RFC 6265 section 5.2: Max-Age goes before Expires
	case c == nil:
	case c.MaxAge > 0:
		l.length = saturate(float64(c.MaxAge), time.Second) - age
	case !c.Expires.IsZero():
		l.length = c.Expires.Sub(clock)
	}
	if l.length != 0 && l.length <= shape.believed(false) {
		l.from = "the cookie"
	}
	return l, unread, nil
}

// notStated is the remedy where a field says something of a token that does not expire.
func notStated(field string) string {
	line := `"default_lifetime": "24h", and remove response.expires_at`
	if field == "expires_in" {
		line = `"default_lifetime": "24h" and "response": {"expires_in": "not_stated"}, a path that leads nowhere`
	}
	return "if it means that the token does not expire, say how often to replace it: " + line
}

// unbelievable is the fault of a lifetime that is too long to be true, with what to write for
// each that it may be.
func (s Selection) unbelievable(field string, at Source, said span, clock time.Time) *Fault {
	what := fmt.Sprintf("with a lifetime %s of %s, which is too much to be believed", at, days(said.length))
	if said.assumed {
		what = fmt.Sprintf("with a lifetime %s; in seconds that is %s, which is too much to be believed of a number without a unit", at, days(said.length))
	}
	remedy := notStated(field)
	switch {
	case said.assumed && said.length <= BelievableStated:
		remedy = fmt.Sprintf(`if it is right, say "response": {"expires_in_unit": %q}`, unitSeconds)
	case said.length <= MostBelievable:
		remedy = fmt.Sprintf(`if it is right, say "max_lifetime": "%dh"`, (said.length+time.Hour-1)/time.Hour)
	}
	setting, units := "expires_in_unit", []Unit{unitEpochMilliseconds, unitEpochSeconds, unitEpochMicroseconds, unitEpochNanoseconds, unitMilliseconds}
	if field == "expires_at" {
		setting, units = "expires_at_format", units[:4]
	}
	for _, u := range units {
		if other := u.of(said.number, clock); other.length > 0 && other.length <= Believable {
			remedy = fmt.Sprintf(`if these are %s, which makes %v, say "response": {%q: %q}; %s`, u.words(), other.length.Round(time.Second), setting, u, remedy)
			break
		}
	}
	return s.fault(CodeLifetimeTooLarge, what, remedy)
}

// days writes a length in days, in words where it is beyond measure.
func days(d time.Duration) string {
	if d > 36500*day {
		return "more than 100 years"
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}

// ofToken returns how long a token lives by its own claims, the smaller of what is left of it and
// what it was issued for; ok is false where it does not say, or what cannot be true.
func (s Selection) ofToken(token string) (life time.Duration, ok bool) {
	c, clock := claimsOf(token), s.Message.Clock()
	if !c.hasExp {
		return 0, false
	}
	life = since(c.exp, clock)
	if life > s.wanted.Token.believed(false) || life < -BelievableStated {
		return 0, false
	}
	if since(c.iat, clock) <= BelievableStated {
		life = min(life, saturate(c.exp-c.iat, time.Second))
	}
	return life, true
}
