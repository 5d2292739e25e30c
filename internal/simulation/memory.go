package simulation

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/secretstore"
)

// A process is the Store and the Vault of its runner, in memory.

func (p *process) Limits() refresh.Limits {
	return refresh.Limits{Saves: p.quota, Record: 65536, Versions: maxVersions}
}

// List has seven secrets a page.
func (p *process) List(ctx context.Context, from string) (_ []refresh.State, next string, _ error) {
	states, err := call(ctx, p, "", func() ([]refresh.State, error) {
		if from == "" && (!p.is[Lagging] || time.Since(p.listedAt) >= lagOfListing) {
			p.listing, p.listedAt = nil, time.Now()
			for _, of := range p.providers {
				if of.records.state.Exists {
					p.listing = append(p.listing, of.records.state)
				}
			}
		}
		begin, _ := strconv.Atoi(from)
		page := p.listing[min(begin, len(p.listing)):]
		if len(page) > 7 {
			page, next = page[:7], strconv.Itoa(begin+7)
		}
		return slices.Clone(page), nil
	})
	return states, next, err
}

func (p *process) Open(ctx context.Context, name string) (refresh.State, error) {
	return call(ctx, p, name, func() (refresh.State, error) { return p.watched[name].records.open(), nil })
}

func (p *process) Writes(ctx context.Context, name string) ([]time.Time, error) {
	return call(ctx, p, name, func() ([]time.Time, error) {
		written := p.watched[name].records.written
		return slices.Clone(written[len(written)-after(written, time.Now().Add(-day)):]), nil
	})
}

// Save puts a version, and then compares and swaps.
func (p *process) Save(ctx context.Context, c refresh.Change) (refresh.State, error) {
	of := p.watched[c.Provider]
	if !c.Record.IsZero() {
		if err := do(ctx, p, c.Provider, func() error { return of.records.put(c.To, c.Record.Reveal()) }); err != nil {
			return refresh.State{}, err
		}
	}
	return call(ctx, p, c.Provider, func() (refresh.State, error) {
		if c.Replaces(of.records.state.Current) {
			of.records.state.Current = c.To
			if p.saves = append(p.saves, time.Now()); float64(after(p.saves, time.Now().Add(-10*time.Second))) > 10*p.quota+10 {
				p.oracle.violated("more than %v saves a second", p.quota)
			}
			p.oracle.swap(of, of.records.values[c.To], time.Now())
		}
		return of.records.state, nil
	})
}

// validTag is what Secrets Manager takes as the value of a tag.
var validTag = regexp.MustCompile(`^[A-Za-z0-9 _.:/=+@-]{0,256}$`)

func (p *process) Note(ctx context.Context, name string, n refresh.Note) error {
	return do(ctx, p, name, func() (err error) {
		of := p.watched[name].records
		if of.state.Note, err = refresh.ParseNote(n.String()); err != nil || !validTag.MatchString(n.String()) || !of.state.Owned {
			p.oracle.violated("%s, owned %t: a note that cannot be left: %q, %v", name, of.state.Owned, n, err)
		}
		return err
	})
}

func (p *process) Version(ctx context.Context, name string) (refresh.VersionID, error) {
	return call(ctx, p, name, func() (refresh.VersionID, error) {
		id := p.watched[name].tickets.state.Current
		if id == "" {
			return "", refresh.ErrNotFound
		}
		return id, nil
	})
}

func (p *process) Claim(ctx context.Context, name string) (refresh.Ticket, error) {
	return call(ctx, p, name, func() (refresh.Ticket, error) {
		return p.watched[name].tickets.claim(p.mine[name], p.now(), secretstore.LongestRun(p.tick)+clockError)
	})
}

func (p *process) Rotate(ctx context.Context, name string, spent refresh.Ticket, next secret.Text) error {
	return do(ctx, p, name, func() error {
		s := p.watched[name].tickets
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
