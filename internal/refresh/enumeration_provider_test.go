package refresh_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// The provider, and how it is asked: as tokenendpoint does it, an answer that was lost is
// asked for once more, at once and within the grace.

func (p *process) Grant(ctx context.Context, l refresh.Login) (refresh.Grant, error) {
	began := time.Now()
	g, err := p.attempt(ctx, l)
	var e *refresh.Error
	if errors.As(err, &e) && e.Unsure && time.Since(began) <= p.grace-5*time.Second {
		if end, _ := ctx.Deadline(); time.Until(end) >= attemptTime {
			g, err = p.attempt(ctx, l)
			if errors.As(err, &e) {
				e.Unsure, e.Suspect = e.Class != refresh.NeedsPerson, false
			}
		}
	}
	return g, err
}

func (s *stage) graceLeft() time.Duration { return max(s.grace-5*time.Second, 0) }

func (p *process) attempt(ctx context.Context, l refresh.Login) (refresh.Grant, error) {
	asked := time.Now()
	ticket := l.Credential.Values["refresh_token"].Reveal()
	s, struck := p.strikeOn(atGrant)
	lost := &refresh.Error{Class: refresh.Transient, Code: "connection_lost", Detail: "lost", Unsure: true}
	switch {
	case p.killed.Load():
		return refresh.Grant{}, errStruck
	case struck && s.kind == refused:
		return refresh.Grant{}, &refresh.Error{Class: refresh.Transient, Code: "connection_failed", Detail: "refused"}
	case struck && s.kind == throttled:
		return refresh.Grant{}, &refresh.Error{Class: refresh.Transient, Code: "http_429", Detail: "429"}
	case struck && s.kind == killedBefore:
		p.kill()
		return refresh.Grant{}, errStruck
	case struck && !s.arrives && s.kind != killedAfter:
		if s.kind == silence {
			time.Sleep(attemptTime)
		}
		return refresh.Grant{}, lost
	}
	token, next, ok := p.spend(ticket)
	switch {
	case struck && s.kind == killedAfter:
		p.kill()
		p.answer(ticket, next, asked, false)
		return refresh.Grant{}, errStruck
	case struck:
		if s.kind == silence {
			time.Sleep(attemptTime)
		}
		p.answer(ticket, next, asked, false)
		return refresh.Grant{}, lost
	case !ok:
		return refresh.Grant{}, &refresh.Error{Class: refresh.NeedsPerson, Code: "invalid_grant", Detail: "refused", Suspect: true}
	}
	p.answer(ticket, next, asked, true)
	l.Rotate(refresh.Successor{Token: secret.New(next)})
	return refresh.Grant{AccessToken: secret.New(token), TokenType: "Bearer", AskedAt: asked, Lifetime: tokenLives}, nil
}

// An answered login is one that the provider has answered with the next ticket.
type answered struct {
	by           *process
	ticket, next string
	asked, at    time.Time // when it was sent, and when the answer came or was given up
	arrived      bool
}

func (p *process) answer(ticket, next string, asked time.Time, arrived bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if next != "" {
		p.answers = append(p.answers, answered{p, ticket, next, asked, time.Now(), arrived})
	}
}

// spend is the provider's side of a login.
func (p *process) spend(ticket string) (token, next string, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pair := func() (string, string, bool) {
		p.issued++
		token, next := fmt.Sprint("token-", p.issued), fmt.Sprint("ticket-", p.issued)
		p.replaced[ticket], p.given[ticket], p.valid = next, token, next
		if p.spentAt[ticket].IsZero() {
			p.spentAt[ticket] = time.Now()
		}
		p.live[token] = time.Now().Add(tokenLives)
		return token, next, true
	}
	if p.dead {
		return "", "", false
	}
	if ticket == p.valid {
		return pair()
	}
	if next := p.replaced[ticket]; next != "" && p.stored(next) {
		p.sentReplaced++
	}
	within := time.Since(p.spentAt[ticket]) <= p.grace && p.grace > 0
	switch {
	case p.reuse == samePair, within && p.reuse != anotherPair && p.replaced[ticket] == p.valid:
		return p.given[ticket], p.replaced[ticket], p.replaced[ticket] == p.valid
	case p.reuse == anotherPair && p.replaced[ticket] == p.valid:
		return pair()
	case p.reuse == revoked:
		p.dead = true
		if v, ok := p.state.Current.Parse(); ok && time.Now().Before(v.ExpiresAt().Add(-8*enumTick)) {
			p.revokedLive++
		}
	}
	return "", "", false
}

// stored reports whether the vault has a ticket.
func (p *process) stored(ticket string) bool {
	return p.current.token == ticket || p.next.token == ticket || p.previous.token == ticket
}

// The config and the credential.

func (p *process) Configs(context.Context, string) ([]refresh.Document, string, error) {
	return []refresh.Document{{Name: "a", Where: "a"}}, "", nil
}
func (p *process) Latest(ctx context.Context, wanted []refresh.Wanted) []refresh.Reading {
	docs, _, _ := p.Configs(ctx, "")
	return []refresh.Reading{{Configs: docs, Credential: refresh.Document{Name: wanted[0].Credential, Version: "c"}}}
}
func (p *process) CredentialVersions(context.Context, []string) []refresh.CredentialVersion {
	return []refresh.CredentialVersion{{Version: "c"}}
}

type enumParser struct{ p *process }

func (e enumParser) Provider(d refresh.Document) (refresh.Provider, error) {
	return refresh.Provider{Name: d.Name, Credential: d.Name, Config: 1, Endpoint: e.p, Rotates: true, Timeout: attemptTime, Grace: e.p.graceLeft()}, nil
}
func (e enumParser) Credential(d refresh.Document) (refresh.Credential, error) {
	return refresh.Credential{Name: d.Name, Version: d.Version, Values: map[string]secret.Text{}}, nil
}

// run is one run of a process.
func (s *stage) run() {
	p := &process{stage: s, ends: time.Now().Add(runTime)}
	ctx, stop := context.WithDeadline(context.Background(), p.ends)
	defer stop()
	r := &refresh.Runner{Source: p, Parser: enumParser{p}, Store: p, Vault: p,
		Schedule: refresh.Schedule{Tick: enumTick, CacheAge: 5 * time.Minute, Distance: 16 * time.Minute}}
	report, _ := r.Run(ctx, refresh.Job{})
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, res := range report.Results {
		if res.Err != nil && !p.killed.Load() {
			s.events = append(s.events, res.Err.Code)
		}
	}
}
