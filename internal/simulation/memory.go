package simulation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/secretstore"
)

// The limits that AWS documents, and the vault keeps to: versions of 24 hours, and claims.
const (
	maxVersions              = 100
	eagerClaims              = 8
	eagerTime, restOfClaims  = 3 * time.Hour, 20 * time.Minute
	clockError, lagOfListing = 10 * time.Second, 5 * time.Minute
)

var errLimit = errors.New("LimitExceededException")

// A stored is one secret, in memory: the records of a provider, or its refresh tokens.
type stored struct {
	state   refresh.State
	values  map[refresh.VersionID]string
	written []time.Time     // its versions
	claims  []refresh.Claim // on the current one
	rotated refresh.Claim   // under which that was stored, and when; zero: a person has put it in
}

// secret returns one of a world's, which is made where it is missing.
func (w *World) secret(secrets map[string]*stored, name string) *stored {
	if secrets[name] == nil {
		secrets[name] = &stored{state: refresh.State{Name: name, Exists: true, Owned: true}, values: map[refresh.VersionID]string{}}
	}
	return secrets[name]
}

// put stores a version.
func (s *stored) put(id refresh.VersionID, value string) error {
	if _, there := s.values[id]; there {
		return nil
	}
	now := time.Now()
	if after(s.written, now.Add(-day)) >= maxVersions {
		return errLimit
	}
	s.written = append(s.written, now)
	s.values[id], s.state.Next = value, id
	return nil
}

// replace stores a value, and makes it current. It is a person who does that without a claim.
func (s *stored) replace(value string, claim refresh.Claim) error {
	id := refresh.VersionID(fmt.Sprintf("version-%d", len(s.written)))
	if err := s.put(id, value); err != nil {
		return err
	}
	s.state.Current, s.claims, s.rotated = id, nil, claim
	return nil
}

// claim gives the refresh token to a run, unless another has it that may be at work still; mine
// is the last claim that the process of this run had and released.
func (s *stored) claim(mine string, now time.Time, hold time.Duration) (refresh.Ticket, error) {
	var last refresh.Claim
	if len(s.claims) > 0 {
		last = s.claims[len(s.claims)-1]
	}
	others := func(c refresh.Claim) bool { return c.ID != "" && c.ID != mine && now.Sub(c.At) < hold }
	eager := 0
	for _, c := range s.claims {
		if now.Sub(c.At) < eagerTime {
			eager++
		}
	}
	switch {
	case s.state.Current == "":
		return refresh.Ticket{}, refresh.ErrNotFound
	case others(last), last.ID == "" && others(s.rotated):
		return refresh.Ticket{}, refresh.ErrClaimed
	case eager >= eagerClaims && now.Sub(last.At) < restOfClaims, after(s.written, now.Add(-day)) > maxVersions-3:
		return refresh.Ticket{}, &refresh.Error{Class: refresh.Transient, Code: refresh.CodeWriteBudget, RetryAfter: restOfClaims, Detail: "no room for a claim"}
	}
	c := refresh.Claim{ID: fmt.Sprintf("claim-%d", len(s.written)), At: time.Now()}
	if err := s.put(refresh.VersionID(c.ID), ""); err != nil {
		return refresh.Ticket{}, err
	}
	s.claims = append(s.claims, c)
	t, err := refresh.DecodeRefreshToken(s.state.Name, "secret", secret.New(s.values[s.state.Current]))
	if last.ID != "" {
		last.At = last.At.Add(-clockError)
	}
	return refresh.Ticket{ID: s.state.Current, Token: t.Token, Before: last, Claim: c}, err
}

// A process is the Store and the Vault of its runner, in memory.

func (p *process) Limits() refresh.Limits {
	return refresh.Limits{Saves: 20, Record: 65536, Versions: maxVersions}
}

func (p *process) List(ctx context.Context, _ string) ([]refresh.State, string, error) {
	states, err := call(ctx, p, "", func() ([]refresh.State, error) {
		if !p.is[Lagging] || time.Since(p.listedAt) >= lagOfListing {
			p.listing, p.listedAt = nil, time.Now()
			for _, name := range slices.Sorted(maps.Keys(p.records)) {
				p.listing = append(p.listing, p.records[name].state)
			}
		}
		return slices.Clone(p.listing), nil
	})
	return states, "", err
}

func (p *process) Open(ctx context.Context, name string) (refresh.State, error) {
	return call(ctx, p, name, func() (refresh.State, error) { return p.secret(p.records, name).state, nil })
}

func (p *process) Writes(ctx context.Context, name string) ([]time.Time, error) {
	return call(ctx, p, name, func() ([]time.Time, error) {
		written := p.records[name].written
		return slices.Clone(written[len(written)-after(written, time.Now().Add(-day)):]), nil
	})
}

// Save puts a version, and then compares and swaps.
func (p *process) Save(ctx context.Context, c refresh.Change) (refresh.State, error) {
	if !c.Record.IsZero() {
		err := do(ctx, p, c.Provider, func() error { return p.records[c.Provider].put(c.To, c.Record.Reveal()) })
		if err != nil {
			return refresh.State{}, err
		}
	}
	return call(ctx, p, c.Provider, func() (refresh.State, error) {
		r := p.records[c.Provider]
		if c.Replaces(r.state.Current) {
			r.state.Current = c.To
			p.oracle.swap(p.byName[c.Provider], r.values[c.To], time.Now())
		}
		return r.state, nil
	})
}

func (p *process) Note(ctx context.Context, name string, n refresh.Note) error {
	return do(ctx, p, name, func() (err error) {
		p.records[name].state.Note, err = refresh.ParseNote(n.String())
		return err
	})
}

func (p *process) Version(ctx context.Context, name string) (refresh.VersionID, error) {
	return call(ctx, p, name, func() (refresh.VersionID, error) {
		id := p.tickets[name].state.Current
		if id == "" {
			return "", refresh.ErrNotFound
		}
		return id, nil
	})
}

func (p *process) Claim(ctx context.Context, name string) (refresh.Ticket, error) {
	return call(ctx, p, name, func() (refresh.Ticket, error) {
		return p.tickets[name].claim(p.mine[name], p.now(), secretstore.LongestRun(p.tick)+clockError)
	})
}

func (p *process) Rotate(ctx context.Context, name string, spent refresh.Ticket, next secret.Text) error {
	return do(ctx, p, name, func() error {
		s := p.tickets[name]
		if s.state.Current != spent.ID {
			return nil // it was done before, or a person has put in another
		}
		return s.replace(refresh.StoredRefreshToken{Token: next}.Encode().Reveal(), refresh.Claim{ID: spent.Claim.ID, At: time.Now()})
	})
}

func (p *process) Release(name string, t refresh.Ticket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mine[name] = t.Claim.ID
}
