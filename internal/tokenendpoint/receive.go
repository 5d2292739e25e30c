package tokenendpoint

import (
	"time"

	"example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// receive takes the answer, and what the config names in it. It is a good one, as far as its
// status says, if there is no failure. What is compared is screened first.
func (x *exchange) receive() *failure {
	m, w := x.answer, answer.Wanted{Outcome: x.request.Outcome, Keep: x.request.Keep, Token: x.shape}
	doc := m.Decode(x.request.Path, w.Names()...)
	doc.Value = x.withoutTicket(doc.Value)
	x.selected = w.Select(m, doc)
	if f := x.remember(); f != nil {
		return f
	}
	if f := x.compared(); f != nil {
		return f
	}
	if !w.Accepts(m) {
		return x.refused(true)
	}
	return nil
}

// judge is the failure of an answer whose status says success and whose body does not.
func (x exchange) judge() *failure {
	if f := x.selected.Fault(); f != nil {
		return x.faulty(f)
	}
	if x.selected.Denied() {
		return x.refused(false)
	}
	return nil
}

// keep returns the credential with what later requests need of the answer. What it keeps is
// as secret as what was sent.
func (x exchange) keep() (refresh.Credential, *failure) {
	texts, f := x.selected.Kept()
	if f != nil {
		return x.credential, x.faulty(f)
	}
	c := x.credential
	for i, k := range x.request.Keep {
		c = c.With(k.Name, secret.New(texts[i]))
	}
	return c, nil
}

// grant returns what the answer gives.
func (x exchange) grant() (refresh.Grant, *failure) {
	if f := x.screen(); f != nil {
		return refresh.Grant{}, f
	}
	g, f := x.selected.Grant(x.quote)
	if f != nil {
		return refresh.Grant{}, x.faulty(f)
	}
	var ends time.Time
	if g.RefreshTokenLifetime > 0 {
		ends = x.answer.AskedAt.Add(g.RefreshTokenLifetime)
	}
	return refresh.Grant{
		AccessToken:  g.AccessToken,
		TokenType:    g.TokenType,
		AskedAt:      x.answer.AskedAt,
		Lifetime:     min(g.Lifetime, refresh.MaxLifetime),
		LifetimeFrom: g.LifetimeFrom,
		Scope:        g.Scope,
		Extra:        g.Extra,
		Warnings:     g.Warnings,

		RefreshTokenEnds: ends,
	}, nil
}

// skew is how far the provider's clock is ahead of ours, where a JWT that we signed was refused and
// the answer's date says that this may be why; else zero. Less is within what signing allows for and
// a date can tell; more is no clock, but an attempt to collect JWTs of another time.
func (x exchange) skew(f *failure) time.Duration {
	const least, most = 5 * time.Second, 15 * time.Minute
	if x.answer == nil || x.answer.OK() {
		return 0
	}
	switch f.err.Code {
	case "invalid_client":
	case "invalid_grant", "invalid_request", "http_400", "http_401":
		if x.plan.Rotates {
			return 0 // it may be the refresh token that was refused, and then it has expired
		}
	default:
		return 0
	}
	if d := x.answer.Clock().Sub(x.answer.AskedAt); d.Abs() >= least && d.Abs() <= most {
		return d
	}
	return 0
}
