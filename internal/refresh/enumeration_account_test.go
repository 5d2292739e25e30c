package refresh_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// A stage is where a play is given: an account, a provider and its runs.
type stage struct {
	play
	mu     sync.Mutex
	struck map[int]time.Time // since when each strike lasts

	// The account.
	current, next, previous stored2
	claim                   refresh.Claim
	claimOn                 refresh.VersionID
	state                   refresh.State
	versions                int

	// The provider.
	valid    string            // the ticket that is good
	replaced map[string]string // each ticket that was spent, by its successor
	spentAt  map[string]time.Time
	given    map[string]string // the pair that a ticket was answered with
	issued   int
	dead     bool // all was revoked
	live     map[string]time.Time
	answers  []answered

	sentReplaced, revokedLive int
	events                    []string
}

type stored2 struct {
	id    refresh.VersionID
	token string
	lost  bool
}

func newStage(p play) *stage {
	return &stage{play: p, struck: map[int]time.Time{}, current: stored2{id: "v0", token: "ticket-0"}, valid: "ticket-0",
		replaced: map[string]string{}, spentAt: map[string]time.Time{}, given: map[string]string{}, live: map[string]time.Time{},
		state: refresh.State{Name: "a", Exists: true, Owned: true}}
}

// A process is one run of the function; once it is killed nothing of it has an effect.
type process struct {
	*stage
	killed   atomic.Bool
	killedAt time.Time
	ends     time.Time
}

// kill ends the process.
func (p *process) kill() {
	if !p.killed.Swap(true) {
		p.killedAt = time.Now()
	}
}

var errStruck = errors.New("struck")

// on performs a call of an account, with its faults, until ctx ends: clients repeat what may be
// repeated.
func (p *process) on(ctx context.Context, call string, effect func()) error {
	done := false
	act := func() {
		if !done && !p.killed.Load() {
			effect()
			done = true
		}
	}
	for {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s, struck := p.strikeOn(call)
		switch {
		case p.killed.Load():
			return errStruck
		case !struck:
			p.mu.Lock()
			act()
			p.mu.Unlock()
			return nil
		case s.kind == refused:
			return &refresh.Error{Class: refresh.Misconfigured, Code: "access_denied", Detail: "denied"}
		case s.kind == killedBefore:
			p.kill()
			return errStruck
		}
		p.mu.Lock()
		if s.arrives || s.kind == killedAfter {
			act()
		}
		if s.kind == killedAfter {
			p.kill()
		}
		p.mu.Unlock()
		pause := 500 * time.Millisecond
		if s.kind == silence {
			pause = 2 * time.Second
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return errStruck
		}
	}
}

func (s *stage) strikeOn(call string) (strike, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, k := range s.strikes {
		if k.call != call {
			continue
		}
		since, ok := s.struck[i]
		if !ok {
			since = time.Now()
			s.struck[i] = since
		}
		if time.Since(since) <= k.lasts {
			return k, true
		}
	}
	return strike{}, false
}

// The vault, as refresh.Vault says it is.

func (p *process) Version(context.Context, string) (refresh.VersionID, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next.id != "" {
		return p.next.id, nil
	}
	return p.current.id, nil
}

func (p *process) Claim(ctx context.Context, _ string) (refresh.Ticket, error) {
	var t refresh.Ticket
	var err error
	struck := p.on(ctx, atClaim, func() {
		if p.next.id != "" {
			p.previous, p.current, p.next = p.current, p.next, stored2{}
		}
		if p.claimOn != "" && time.Since(p.claim.At) < runTime+10*time.Second {
			err = refresh.ErrClaimed
			return
		}
		p.versions++
		t = refresh.Ticket{ID: p.current.id, Token: secret.New(p.current.token),
			Claim: refresh.Claim{ID: fmt.Sprint("claim", p.versions), At: time.Now()}}
		if p.claimOn == p.current.id {
			t.Before = p.claim
		}
		p.claim, p.claimOn = t.Claim, p.current.id
		if p.current.lost {
			_, err = refresh.DecodeRefreshToken("a", "secret", refresh.StoredRefreshToken{}.Encode())
		}
	})
	return t, errors.Join(struck, err)
}

func (p *process) Rotate(ctx context.Context, _ string, spent refresh.Ticket, next secret.Text) error {
	err := p.on(ctx, atPut, func() {
		if p.next.id == "" && p.current.id == spent.ID {
			p.versions++
			p.next = stored2{refresh.VersionID(fmt.Sprint("v", p.versions)), next.Reveal(), next.IsZero()}
		}
	})
	if err != nil {
		return err
	}
	_ = p.on(ctx, atMove, func() {
		if p.next.id != "" {
			p.previous, p.current, p.next = p.current, p.next, stored2{}
		}
	})
	return nil
}

// Release does nothing: the next run is another process.
func (p *process) Release(string, refresh.Ticket) {}

// The store.

func (p *process) Limits() refresh.Limits { return refresh.Limits{} }
func (p *process) List(context.Context, string) ([]refresh.State, string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return []refresh.State{p.state}, "", nil
}
func (p *process) Open(context.Context, string) (refresh.State, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state, nil
}
func (p *process) Writes(context.Context, string) ([]time.Time, error) { return nil, nil }

func (p *process) Save(ctx context.Context, c refresh.Change) (refresh.State, error) {
	var after refresh.State
	err := p.on(ctx, atRecord, func() {
		if c.Replaces(p.state.Current) && (p.state.Current == c.From || p.state.Current == "") {
			p.state.Current = c.To
		}
		after = p.state
	})
	return after, err
}

func (p *process) Note(ctx context.Context, _ string, n refresh.Note) error {
	return p.on(ctx, atNote, func() {
		p.state.Note = n
		p.events = append(p.events, n.Code)
	})
}
