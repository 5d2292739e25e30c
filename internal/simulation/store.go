package simulation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// distance is the least time between planned writes of a secret, as Secrets Manager has it.
const distance = 16 * time.Minute

// maxVersions is how many versions of 24 hours Secrets Manager takes.
const maxVersions = 100

// A stored is one secret, with the semantics that AWS documents.
type stored struct {
	state    refresh.State
	before   refresh.State // what a listing that lags still shows
	changed  time.Time
	versions map[refresh.VersionID]*token
	written  []time.Time
}

// A run is one run's view of the world: what it calls may fail, and once it was killed it
// changes nothing any more.
type run struct {
	w *World
	// killAt counts calls down to the one at which the run dies, before or after its effect;
	// negative: it lives.
	killAt int
	after  bool
	dead   bool
	failed bool          // AWS did not answer one of its calls
	offset time.Duration // by which its clock is wrong
	began  time.Time
}

var errKilled = errors.New("killed")

// call does one call to AWS, which may fail in ways that the effect does not know of.
func (r *run) call(ctx context.Context, effect func() error) error {
	if err := sleep(ctx, 20*time.Millisecond); err != nil {
		return err
	}
	if err := r.begin(); err != nil {
		return err
	}
	r.w.mu.Lock()
	err := effect()
	r.w.mu.Unlock()
	return cmp.Or(r.end(), err)
}

// Limits implements refresh.Store.
func (r *run) Limits() refresh.Limits { return refresh.Limits{Saves: 20, Record: 65536, Versions: 100} }

// List implements refresh.Store. It may lag by up to five minutes.
func (r *run) List(ctx context.Context) (states []refresh.State, err error) {
	err = r.call(ctx, func() error {
		for _, name := range slices.Sorted(maps.Keys(r.w.secrets)) {
			s := r.w.secrets[name]
			st := s.state
			if r.w.lags && time.Since(s.changed) < 5*time.Minute {
				st = s.before
			}
			if st.Exists {
				states = append(states, st)
			}
		}
		return nil
	})
	return states, err
}

// Open implements refresh.Store.
func (r *run) Open(ctx context.Context, name string) (st refresh.State, err error) {
	err = r.call(ctx, func() error {
		s := r.w.secrets[name]
		if s == nil {
			s = &stored{versions: map[refresh.VersionID]*token{}}
			s.state = refresh.State{Name: name, Exists: true, Owned: true, Paused: r.w.provider(name).paused}
			s.changed = time.Now()
			r.w.secrets[name] = s
		}
		st = s.state
		return nil
	})
	return st, err
}

// Writes implements refresh.Store.
func (r *run) Writes(ctx context.Context, name string) (at []time.Time, err error) {
	err = r.call(ctx, func() error {
		s := r.w.secrets[name]
		at = slices.Clone(s.written[len(s.written)-s.day(time.Now()):])
		return nil
	})
	return at, err
}

func (s *stored) day(now time.Time) int {
	n := 0
	for i := len(s.written) - 1; i >= 0 && now.Sub(s.written[i]) < 24*time.Hour; i-- {
		n++
	}
	return n
}

// Save implements refresh.Store: put, probe, and the compare-and-swap.
func (r *run) Save(ctx context.Context, c refresh.Change) (st refresh.State, err error) {
	w := r.w
	s := w.secret(c.Provider)
	if !c.Record.IsZero() {
		err = r.call(ctx, func() error {
			if _, there := s.versions[c.To]; there {
				return nil
			}
			now := time.Now()
			if s.day(now) >= maxVersions {
				w.violated(c.Provider, "LimitExceeded: the hundred-and-first version of a day")
				return &refresh.Error{Class: refresh.Transient, Code: "store_failed", Detail: "LimitExceededException"}
			}
			s.written = append(s.written, now)
			s.versions[c.To] = w.provider(c.Provider).named(c.Record.Reveal())
			s.touch()
			s.state.Next = c.To
			return nil
		})
		if err != nil {
			return refresh.State{}, err
		}
	}
	for range 10 {
		err = r.call(ctx, func() error {
			if c.Replaces(s.state.Current) {
				w.judgeSwap(c.Provider, s, c.To, time.Now())
				s.touch()
				s.state.Current = c.To
			}
			st = s.state
			return nil
		})
		if err == nil || !errors.Is(err, errUnreachable) {
			return st, err
		}
	}
	return st, err
}

// touch keeps what a listing that lags will show.
func (s *stored) touch() {
	s.before, s.changed = s.state, time.Now()
}

// Note implements refresh.Store.
func (r *run) Note(ctx context.Context, name string, n refresh.Note) error {
	return r.call(ctx, func() error {
		s := r.w.secrets[name]
		s.touch()
		s.state.Note = n
		return nil
	})
}

// named returns the token that a record holds.
func (p *provider) named(text string) *token {
	for i := len(p.tokens) - 1; i >= 0; i-- {
		if p.tokens[i].text == text {
			return p.tokens[i]
		}
	}
	panic(fmt.Sprintf("%q was never issued", text)) // a fault of the simulation
}

// Configs implements refresh.Source.
func (r *run) Configs(ctx context.Context) (docs []refresh.Document, err error) {
	err = r.call(ctx, func() error {
		for _, p := range r.w.providers {
			docs = append(docs, p.document())
		}
		return nil
	})
	return docs, err
}

// document is the config of p.
func (p *provider) document() refresh.Document {
	config := fmt.Sprint(p.config)
	return refresh.Document{Name: p.name, Where: "/tokenkeeper/providers/" + p.name, Version: config, Data: secret.New(config)}
}

// Latest implements refresh.Source.
func (r *run) Latest(ctx context.Context, name, credential string) (docs []refresh.Document, d refresh.Document, err error) {
	err = r.call(ctx, func() error {
		docs = []refresh.Document{r.w.provider(name).document()}
		d = refresh.Document{Name: credential, Version: fmt.Sprint(r.w.provider(credential).secret)}
		return nil
	})
	return docs, d, err
}

// CredentialVersion implements refresh.Source.
func (r *run) CredentialVersion(ctx context.Context, name string) (version string, err error) {
	err = r.call(ctx, func() error {
		version = fmt.Sprint(r.w.provider(name).secret)
		return nil
	})
	return version, err
}

// Provider implements refresh.Parser.
func (r *run) Provider(d refresh.Document) (refresh.Provider, error) {
	p := r.w.provider(d.Name)
	return refresh.Provider{Name: d.Name, Where: d.Where, Credential: d.Name, Config: refresh.NewFingerprint([]byte(d.Data.Reveal())),
		Endpoint: p, Timeout: 15 * time.Second, Supersedes: p.supersedes,
		Encode: func(rec refresh.Record) (secret.Text, error) { return rec.AccessToken, nil }}, nil
}

// Credential implements refresh.Parser, beside the source's method of that name.
type parser struct{ *run }

func (parser) Credential(d refresh.Document) (refresh.Credential, error) {
	return refresh.Credential{Name: d.Name, Version: d.Version, Values: map[string]secret.Text{"client_secret": secret.New("not to be printed " + d.Name)}}, nil
}
