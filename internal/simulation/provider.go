package simulation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// A kind is what a provider does with tokens. The zero kind issues a new one at each login and
// leaves the old ones alone.
type kind struct {
	lifetime   time.Duration
	repeats    bool          // answers the present token until a tenth of its life is left
	supersedes bool          // ends the former token with each login
	latency    time.Duration // of an answer
	limit      int           // logins in an hour before it answers 429; zero: none
	retryAfter bool          // says how long to stay away, with 429
}

// A token is one that a provider has issued: the truth about it.
type token struct {
	text    string
	issued  time.Time
	expires time.Time // may move to the front, when it is superseded
}

// A provider is one token endpoint. Its fields are guarded by the world.
type provider struct {
	name string
	kind
	world *World

	config  int  // counts edits: the fingerprint is of it
	broken  bool // the client secret was changed there, and nothing here knows it yet
	secret  int  // counts mends: the credential's version
	paused  bool
	down    []span // when it does not answer
	tokens  []*token
	logins  []time.Time
	refused time.Time // the last login with a wrong secret
	until   time.Time // it asked to be left alone until then
}

// A span is a time in which something was wrong.
type span struct{ begin, end time.Time }

func (s span) holds(t time.Time) bool { return !t.Before(s.begin) && t.Before(s.end) }

// String names what is special about a kind.
func (k kind) String() string {
	s := k.lifetime.String()
	for what, is := range map[string]bool{"repeats": k.repeats, "supersedes": k.supersedes, "limited": k.limit > 0} {
		if is {
			s += ", " + what
		}
	}
	return s
}

// newKind draws a kind.
func newKind(r *rand.Rand) kind {
	lifetimes := []time.Duration{5 * time.Minute, 30 * time.Minute, time.Hour, time.Hour, time.Hour, 2 * time.Hour, 12 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour}
	k := kind{lifetime: lifetimes[r.IntN(len(lifetimes))], latency: time.Duration(50+r.IntN(1500)) * time.Millisecond}
	switch r.IntN(8) {
	case 0:
		k.repeats = true
	case 1:
		k.supersedes = true
	case 2:
		k.limit, k.retryAfter = 10, r.IntN(2) == 0
	}
	return k
}

// Grant implements refresh.Endpoint: one login, as the engine makes it.
func (p *provider) Grant(ctx context.Context, l refresh.Login) (refresh.Grant, error) {
	asked := time.Now()
	if err := sleep(ctx, p.latency); err != nil {
		return refresh.Grant{}, &refresh.Error{Class: refresh.Transient, Code: "timeout", Detail: "no answer in time", Err: err}
	}
	w := p.world
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	w.Figures.Logins++
	p.logins = append(p.logins, now)
	w.judgeLogin(p, now)
	switch {
	case p.isDown(now):
		return refresh.Grant{}, &refresh.Error{Class: refresh.Transient, Code: "http_503", Detail: "answered 503"}
	case p.broken || l.Credential.Version != fmt.Sprint(p.secret):
		p.refused = now
		return refresh.Grant{}, &refresh.Error{Class: refresh.Misconfigured, Code: "invalid_client", Detail: "the login was rejected"}
	case p.limited(now):
		e := &refresh.Error{Class: refresh.Transient, Code: "http_429", Detail: "answered 429", Limited: true}
		if p.retryAfter {
			// When the tenth login before this one no longer counts, if none comes until then.
			e.RetryAfter = p.logins[len(p.logins)-p.limit].Add(time.Hour).Sub(now)
			p.until = now.Add(e.RetryAfter)
		}
		return refresh.Grant{}, e
	}
	t := p.issue(asked, now)
	return refresh.Grant{AccessToken: secret.New(t.text), TokenType: "Bearer", AskedAt: asked, Lifetime: t.expires.Sub(asked).Truncate(time.Second)}, nil
}

// issue returns a token that is good from now on.
func (p *provider) issue(asked, now time.Time) *token {
	if last := p.last(); p.repeats && last != nil && last.expires.Sub(now) > p.lifetime/10 {
		return last
	}
	if last := p.last(); p.supersedes && last != nil && last.expires.After(now) {
		last.expires = now
	}
	p.world.Figures.Tokens++
	t := &token{text: fmt.Sprintf("%s-%d", p.name, len(p.tokens)), issued: now, expires: asked.Add(p.lifetime)}
	p.tokens = append(p.tokens, t)
	return t
}

func (p *provider) last() *token {
	if len(p.tokens) == 0 {
		return nil
	}
	return p.tokens[len(p.tokens)-1]
}

func (p *provider) isDown(t time.Time) bool {
	for _, s := range p.down {
		if s.holds(t) {
			return true
		}
	}
	return false
}

// limited reports whether there were more logins of late than it takes.
func (p *provider) limited(now time.Time) bool {
	if p.limit == 0 {
		return false
	}
	n := 0
	for i := len(p.logins) - 1; i >= 0 && now.Sub(p.logins[i]) < time.Hour; i-- {
		n++
	}
	return n > p.limit || now.Before(p.until)
}

// sleep lets virtual time pass.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
