package simulation

import (
	"cmp"
	"context"
	"errors"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// An endpoint is a provider, as a process reaches it by one config.
type endpoint struct {
	*process
	of     *provider
	config string
}

// Grant implements refresh.Endpoint. As the real one it asks once more at once where an answer
// with a refresh token was lost, within the provider's grace.
func (e endpoint) Grant(ctx context.Context, l refresh.Login) (refresh.Grant, error) {
	began := time.Now()
	g, err := e.attempt(ctx, l)
	var lost *refresh.Error
	if errors.As(err, &lost) && lost.Unsure && time.Since(began) < e.of.grace {
		if g, err = e.attempt(ctx, l); errors.As(err, &lost) && lost.Class != refresh.NeedsPerson {
			lost.Unsure = true
		}
	}
	return g, err
}

func (e endpoint) attempt(ctx context.Context, l refresh.Login) (refresh.Grant, error) {
	asked := time.Now()
	lost := &refresh.Error{Class: refresh.Transient, Code: "timeout", Detail: "no answer in time", Unsure: e.of.rotates}
	latency := e.of.latency / time.Duration(1+2*e.number) // the second of two runs may be answered first
	if e.of.is[Hangs] {
		latency = attemptTime
	}
	if sleep(ctx, min(latency+e.apart(e.of.name), attemptTime)) != nil {
		return refresh.Grant{}, lost
	}
	switch err := e.begin(); {
	case errors.Is(err, errKilled):
		return refresh.Grant{}, err
	case e.is[Offline]:
		return refresh.Grant{}, e.without(&refresh.Error{Class: refresh.Transient, Code: "unreachable", Detail: "no connection", Unconnected: e.of.name})
	case e.of.is[Hangs]:
		return refresh.Grant{}, e.without(lost)
	case e.of.is[Panics]:
		_ = e.without(&refresh.Error{Code: refresh.CodeInternal})
		panic("a fault that the world has")
	}
	e.mu.Lock()
	now, revoked, last, before := time.Now(), e.of.revoked, e.of.last(), e.of.streak
	e.asked[e.of.name]++
	a := attempt{nth: e.asked[e.of.name], early: now.Before(e.of.heard.Add(-e.tick)), config: e.config, before: before}
	t, next, failed := e.of.login(l.Credential.Version, l.Credential.Values["refresh_token"].Reveal(), asked, now)
	a.issued, a.revoked = e.of.last() != last, e.of.revoked && !revoked
	answer := aToken
	switch {
	case e.of.is[LostAnswers]:
		answer = lost.Code
	case failed != nil:
		answer, e.of.heard = failed.Code, e.of.until
	case !t.expires.After(now): // an answer that was lost before is repeated
		answer = refresh.CodeTokenOver
	case t == e.oracle.watched[e.of.name].current && !e.of.rotates:
		answer = sameToken
	case e.of.is[Echoes]:
		answer = refresh.CodeSecretInRecord
	}
	if a.issued {
		e.of.last().config = e.config
	}
	e.of.answers(answer, now)
	e.answers[e.of.name] = answer
	e.oracle.login(e.of, a, now)
	if failed == nil && answer == lost.Code || failed != nil && failed.Unsure {
		e.oracle.lostAnswer(e.of, now)
	}
	var lifetime time.Duration
	if t != nil {
		lifetime = t.expires.Sub(asked).Truncate(time.Second)
	}
	e.mu.Unlock()
	if err := e.arrived(); err != nil || answer == lost.Code {
		return refresh.Grant{}, cmp.Or[error](err, lost)
	}
	if failed != nil {
		return refresh.Grant{}, failed
	}
	if e.of.rotates {
		l.Rotate(refresh.Successor{Token: secret.New(next)})
	}
	g := refresh.Grant{AccessToken: secret.New(t.text), TokenType: "Bearer", AskedAt: asked.Add(e.off), Lifetime: lifetime, Scope: "read"}
	if e.of.grace > 0 {
		g.RefreshTokenEnds = now.Add(day * 60)
	}
	if e.of.is[Echoes] {
		g.Extra = map[string]any{"echo": clientSecret}
	}
	return g, nil
}

// without has an attempt fail without an answer of the provider.
func (e endpoint) without(err *refresh.Error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.answers[e.of.name] = err.Code
	e.of.answers(err.Code, time.Now())
	e.oracle.watched[e.of.name].rests = time.Now()
	return err
}
