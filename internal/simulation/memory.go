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

// A record is one secret with a provider's tokens, in memory.
type record struct {
	state    refresh.State
	versions map[refresh.VersionID]string // the token of each
	written  []time.Time
}

func newRecord(name string) *record {
	return &record{state: refresh.State{Name: name, Exists: true, Owned: true}, versions: map[refresh.VersionID]string{}}
}

// put stores a version.
func (r *record) put(id refresh.VersionID, token string) error {
	if _, there := r.versions[id]; there {
		return nil
	}
	now := time.Now()
	if after(r.written, now.Add(-day)) >= maxVersions {
		return errLimit
	}
	r.written = append(r.written, now)
	r.versions[id], r.state.Next = token, id
	return nil
}

// A shelf is where one refresh token is kept, in memory.
type shelf struct {
	id      refresh.VersionID
	token   string // empty: it is lost
	rotated time.Time
	by      string // the claim that it was stored under
	claims  []refresh.Claim
	written []time.Time
}

// put has a person put in a refresh token.
func (s *shelf) put(token string) {
	*s = shelf{id: s.next(), token: token, written: append(s.written, time.Now())}
}

func (s *shelf) next() refresh.VersionID {
	return refresh.VersionID(fmt.Sprintf("ticket-%d", len(s.written)))
}

// claim gives the refresh token to a run, unless another has it that may be at work still; mine
// is the last claim that the process of this run had and released.
func (s *shelf) claim(name, mine string, now time.Time, hold time.Duration) (refresh.Ticket, error) {
	var last refresh.Claim
	if len(s.claims) > 0 {
		last = s.claims[len(s.claims)-1]
	}
	recent := func(t time.Time) bool { return now.Sub(t) < hold }
	switch {
	case s.id == "":
		return refresh.Ticket{}, refresh.ErrNotFound
	case last.ID != "" && last.ID != mine && recent(last.At), last.ID == "" && s.by != "" && s.by != mine && recent(s.rotated):
		return refresh.Ticket{}, refresh.ErrClaimed
	}
	eager := 0
	for _, c := range s.claims {
		if now.Sub(c.At) < eagerTime {
			eager++
		}
	}
	if eager >= eagerClaims && now.Sub(last.At) < restOfClaims || after(s.written, now.Add(-day)) > maxVersions-3 {
		return refresh.Ticket{}, &refresh.Error{Class: refresh.Transient, Code: refresh.CodeWriteBudget, RetryAfter: restOfClaims, Detail: "no room for a claim"}
	}
	s.written = append(s.written, time.Now())
	t := refresh.Ticket{ID: s.id, Token: secret.New(s.token), Before: last,
		Claim: refresh.Claim{ID: fmt.Sprintf("claim-%d", len(s.written)), At: time.Now()}}
	if t.Before.ID != "" {
		t.Before.At = t.Before.At.Add(-clockError)
	}
	s.claims = append(s.claims, t.Claim)
	var err error
	if s.token == "" {
		_, err = refresh.DecodeRefreshToken(name, "secret", refresh.StoredRefreshToken{}.Encode())
	}
	return t, err
}

// rotate replaces a refresh token that was spent.
func (s *shelf) rotate(spent refresh.Ticket, next string) error {
	switch {
	case s.id != spent.ID:
		return nil // it was done before, or a person has put in another
	case after(s.written, time.Now().Add(-day)) >= maxVersions:
		return errLimit
	}
	*s = shelf{id: s.next(), token: next, rotated: time.Now(), by: spent.Claim.ID, written: append(s.written, time.Now())}
	return nil
}

// A process is the Store and the Vault of its runner, in memory.

func (p *process) Limits() refresh.Limits {
	return refresh.Limits{Saves: 20, Record: 65536, Versions: maxVersions}
}

func (p *process) List(ctx context.Context, _ string) ([]refresh.State, string, error) {
	states, err := call(ctx, p, "", func() (states []refresh.State, _ error) {
		if p.is[Lagging] && time.Since(p.listedAt) < lagOfListing {
			return slices.Clone(p.listing), nil
		}
		for _, name := range slices.Sorted(maps.Keys(p.records)) {
			states = append(states, p.records[name].state)
		}
		p.listing, p.listedAt = states, time.Now()
		return slices.Clone(states), nil
	})
	return states, "", err
}

func (p *process) Open(ctx context.Context, name string) (refresh.State, error) {
	return call(ctx, p, name, func() (refresh.State, error) {
		if p.records[name] == nil {
			p.records[name] = newRecord(name)
		}
		return p.records[name].state, nil
	})
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
		_, err := call(ctx, p, c.Provider, func() (none struct{}, _ error) {
			err := p.records[c.Provider].put(c.To, c.Record.Reveal())
			if err != nil {
				p.oracle.violated(c.Provider, "%v: a version too many", err)
			}
			return none, err
		})
		if err != nil {
			return refresh.State{}, err
		}
	}
	return call(ctx, p, c.Provider, func() (refresh.State, error) {
		r := p.records[c.Provider]
		if c.Replaces(r.state.Current) {
			p.oracle.swap(p.byName[c.Provider], r.versions[r.state.Current], r.versions[c.To], time.Now())
			r.state.Current = c.To
		}
		return r.state, nil
	})
}

func (p *process) Note(ctx context.Context, name string, n refresh.Note) error {
	_, err := call(ctx, p, name, func() (none struct{}, err error) {
		p.records[name].state.Note, err = refresh.ParseNote(n.String())
		return none, err
	})
	return err
}

func (p *process) Version(ctx context.Context, name string) (refresh.VersionID, error) {
	return call(ctx, p, name, func() (refresh.VersionID, error) {
		if p.shelves[name].id == "" {
			return "", refresh.ErrNotFound
		}
		return p.shelves[name].id, nil
	})
}

func (p *process) Claim(ctx context.Context, name string) (refresh.Ticket, error) {
	return call(ctx, p, name, func() (refresh.Ticket, error) {
		return p.shelves[name].claim(name, p.mine[name], p.now(), secretstore.LongestRun(p.tick)+clockError)
	})
}

func (p *process) Rotate(ctx context.Context, name string, spent refresh.Ticket, next secret.Text) error {
	_, err := call(ctx, p, name, func() (none struct{}, _ error) { return none, p.shelves[name].rotate(spent, next.Reveal()) })
	return err
}

func (p *process) Release(name string, t refresh.Ticket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mine[name] = t.Claim.ID
}
