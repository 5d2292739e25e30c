package simulation

import (
	"context"
	"errors"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// An endpoint is a provider, as a process reaches it by one config.
type endpoint struct {
	*process
	of     *watch
	config string
}

// Grant implements refresh.Endpoint.
func (e endpoint) Grant(ctx context.Context, l refresh.Login) (refresh.Grant, error) {
	asked := time.Now()
	latency := e.of.latency / time.Duration(1+2*e.number) // the second of two runs may be answered first
	if e.of.is[Hangs] {
		latency = attemptTime
	}
	if sleep(ctx, min(latency+e.apart(e.of.name), attemptTime)) != nil {
		return refresh.Grant{}, e.lost()
	}
	if err := e.begin(); errors.Is(err, errKilled) {
		return refresh.Grant{}, err
	}
	t, next, failed := e.ask(l, asked)
	switch err := e.arrived(); {
	case err != nil:
		return refresh.Grant{}, err
	case failed != nil && failed.Code == refresh.CodeInternal:
		panic("a fault that the world has")
	case failed != nil:
		return refresh.Grant{}, failed
	case next != "":
		l.Rotate(refresh.Successor{Token: secret.New(next)})
	}
	g := refresh.Grant{AccessToken: secret.New(t.text), TokenType: "Bearer", AskedAt: asked.Add(e.off), Scope: "read",
		Lifetime: t.expires.Sub(asked).Truncate(time.Second)}
	if g.RefreshTokenEnds = e.of.ends; e.of.grace > 0 {
		g.RefreshTokenEnds = time.Now().Add(60 * day)
		e.of.ends = g.RefreshTokenEnds
	}
	if e.of.is[Echoes] {
		g.Extra = map[string]any{"echo": clientSecret}
	}
	return g, nil
}

// lost is the failure of a login whose answer does not arrive.
func (e endpoint) lost() *refresh.Error {
	return &refresh.Error{Class: refresh.Transient, Code: "timeout", Detail: "no answer in time", Unsure: e.of.rotates}
}

// ask returns what the provider answers, or what happens to the login on its way, and has it judged.
func (e endpoint) ask(l refresh.Login, asked time.Time) (t *token, next string, failed *refresh.Error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p, now, answer := e.of, time.Now(), aToken
	defer func() {
		if failed != nil {
			answer = failed.Code
		}
		p.answers(answer, now)
		e.answers[p.name] = answer
	}()
	switch {
	case e.is[Offline]:
		failed = &refresh.Error{Class: refresh.Transient, Code: "unreachable", Detail: "no connection", Unconnected: p.name}
	case p.is[Hangs]:
		failed = e.lost()
	case p.is[Panics]:
		failed = &refresh.Error{Code: refresh.CodeInternal}
	}
	if failed != nil {
		p.rests = now
		return nil, "", failed
	}
	e.asked[p.name]++
	a := login{p: p, At: now, Nth: e.asked[p.name], Config: e.config, Before: p.streak,
		Since429: now.Sub(p.last429), Early: now.Before(p.until.Add(-e.tick)) && e.oracle.calm(p, p.last429.Add(-2*e.tick))}
	last, revoked := p.last(), p.revoked
	t, next, failed = p.login(l.Credential.Version, l.Credential.Values["refresh_token"].Reveal(), asked, now)
	if a.Issued, a.Revoked = p.last() != last, p.revoked && !revoked; a.Issued {
		t.config = e.config
	}
	e.oracle.login(a)
	switch {
	case p.is[LostAnswers]:
		failed = e.lost()
		e.oracle.lostAnswer(p, now)
	case failed != nil && failed.Unsure:
		e.oracle.lostAnswer(p, now)
	case failed != nil:
	case !t.expires.After(now): // an answer that was lost before is repeated
		answer = refresh.CodeTokenOver
	case t == p.current && !p.rotates:
		answer = sameToken
	case p.is[Echoes]:
		answer = refresh.CodeSecretInRecord
	}
	return t, next, failed
}
