package simulation

import (
	"cmp"
	"context"
	"errors"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// An endpoint is a provider, as a process reaches it.
type endpoint struct {
	*process
	of *provider
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
	if e.of.hangs {
		latency = attemptTime
	}
	if sleep(ctx, min(latency+e.apart(e.of.name), attemptTime)) != nil {
		return refresh.Grant{}, lost
	}
	if e.of.hangs {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.oracle.watched[e.of.name].rests = time.Now()
		return refresh.Grant{}, lost
	}
	if err := e.begin(); errors.Is(err, errKilled) {
		return refresh.Grant{}, err
	}
	ticket := ""
	if e.of.rotates {
		ticket = l.Credential.Values["refresh_token"].Reveal()
	}
	e.mu.Lock()
	now, revoked, last := time.Now(), e.of.revoked, e.of.last()
	e.asked[e.of.name]++
	a := attempt{nth: e.asked[e.of.name], early: now.Before(e.of.until.Add(-e.tick))}
	if current := e.oracle.watched[e.of.name].current; current != nil {
		a.left = current.expires.Sub(now)
	}
	t, next, failed := e.of.login(l.Credential.Version, ticket, asked, now)
	a.issued, a.revoked = e.of.last() != last, e.of.revoked && !revoked
	e.oracle.login(e.of, a, now)
	deaf := e.of.deaf
	if deaf && failed == nil {
		e.oracle.lostAnswer(e.of, now)
	}
	var lifetime time.Duration
	if t != nil {
		lifetime = t.expires.Sub(asked).Truncate(time.Second)
	}
	e.mu.Unlock()
	if err := e.arrived(); err != nil || deaf {
		return refresh.Grant{}, cmp.Or[error](err, lost)
	}
	if failed != nil {
		return refresh.Grant{}, failed
	}
	if e.of.rotates {
		l.Rotate(refresh.Successor{Token: secret.New(next)})
	}
	return refresh.Grant{AccessToken: secret.New(t.text), TokenType: "Bearer", AskedAt: asked.Add(e.off), Lifetime: lifetime}, nil
}
