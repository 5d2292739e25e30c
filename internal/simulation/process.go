package simulation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/secretstore"
)

// A scene is what all processes find: providers, what is kept, and the state that AWS is in.
type scene struct {
	mu        sync.Mutex
	providers []*provider
	byName    map[string]*provider
	records   map[string]*record
	shelves   map[string]*shelf
	tick      time.Duration
	oracle    *oracle

	awsDown, awsSlow, lags bool
	// killAt counts calls down to the one at which a run dies, before or after its effect.
	killAt    int
	killAfter bool
}

// A process is one warm process of the function, which has one run after the other. A run that
// was killed changes nothing any more. It is the Source, the Parser, the Store and the Vault of
// its runner, in memory; over wires its Store and Vault are real.
type process struct {
	*scene
	number int
	runner refresh.Runner
	off    time.Duration // by which its clock is wrong
	mine   map[string]string

	// Of its run:
	began  time.Time
	end    context.CancelFunc
	dead   bool
	failed bool // AWS did not answer one of its calls
	asked  map[string]int
}

var (
	errKilled      = errors.New("killed")
	errUnreachable = errors.New("connection refused")
)

func newProcess(s *scene, number int, schedule refresh.Schedule) *process {
	p := &process{scene: s, number: number, mine: map[string]string{}}
	p.runner = refresh.Runner{Source: p, Parser: parser{p}, Store: p, Vault: p, Schedule: schedule, Now: p.now}
	return p
}

func (p *process) now() time.Time { return time.Now().Add(p.off) }

// begin counts a call that is about to be made, and says why it does not arrive.
func (p *process) begin() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.killAt--
	switch {
	case p.dead:
		return errKilled
	case p.killAt == 0 && !p.killAfter:
		p.die()
		return errKilled
	case p.awsDown:
		p.failed = true
		return errUnreachable
	}
	return nil
}

// arrived says why the answer to a call does not arrive.
func (p *process) arrived() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killAt == 0 && p.killAfter {
		p.die()
	}
	if p.dead {
		return errKilled
	}
	return nil
}

func (p *process) die() {
	p.dead, p.killAt = true, 0
	p.oracle.count(Killed, 1)
	p.end()
}

// call does one call to AWS about a provider, again and again while it does not arrive.
func (p *process) call(ctx context.Context, about string, effect func() error) error {
	for {
		pause := 20*time.Millisecond + p.apart(about)
		if p.awsSlow {
			pause += 3 * time.Second
		}
		if err := sleep(ctx, pause); err != nil {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.failed = p.failed || p.awsSlow
			return err
		}
		err := p.begin()
		if errors.Is(err, errUnreachable) && sleep(ctx, time.Second) == nil {
			continue
		}
		if err != nil {
			return err
		}
		p.mu.Lock()
		err = effect()
		p.mu.Unlock()
		return cmp.Or(p.arrived(), err)
	}
}

// apart is a little time that differs from provider to provider, and from process to process: so
// that no two calls are made at one instant, and the same seed gives the same order.
func (p *process) apart(about string) time.Duration {
	n := p.number * 104729
	if of := p.byName[about]; of != nil {
		n += of.number * 7919
	}
	return time.Duration(n%99991) * 7 // below a millisecond, and no multiple of another
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

// Limits implements refresh.Store.
func (p *process) Limits() refresh.Limits {
	return refresh.Limits{Saves: 20, Record: 65536, Versions: maxVersions}
}

// List implements refresh.Store.
func (p *process) List(ctx context.Context, _ string) (states []refresh.State, next string, err error) {
	err = p.call(ctx, "", func() error {
		for _, name := range slices.Sorted(maps.Keys(p.records)) {
			if st := p.records[name].listed(p.lags); st.Exists {
				states = append(states, st)
			}
		}
		return nil
	})
	return states, "", err
}

// Open implements refresh.Store.
func (p *process) Open(ctx context.Context, name string) (st refresh.State, err error) {
	err = p.call(ctx, name, func() error {
		if p.records[name] == nil {
			p.records[name] = newRecord(name)
		}
		st = p.records[name].state
		return nil
	})
	return st, err
}

// Writes implements refresh.Store.
func (p *process) Writes(ctx context.Context, name string) (at []time.Time, err error) {
	err = p.call(ctx, name, func() error {
		written := p.records[name].written
		at = slices.Clone(written[len(written)-after(written, time.Now().Add(-day)):])
		return nil
	})
	return at, err
}

// Save implements refresh.Store: put, and compare-and-swap.
func (p *process) Save(ctx context.Context, c refresh.Change) (st refresh.State, err error) {
	if !c.Record.IsZero() {
		err = p.call(ctx, c.Provider, func() error {
			err := p.records[c.Provider].put(c.To, c.Record.Reveal())
			if err != nil {
				p.oracle.violated(c.Provider, "%v: a version too many", err)
			}
			return err
		})
	}
	if err != nil {
		return refresh.State{}, err
	}
	err = p.call(ctx, c.Provider, func() error {
		r := p.records[c.Provider]
		if c.Replaces(r.state.Current) {
			p.oracle.swap(p.byName[c.Provider], r.versions[r.state.Current], r.versions[c.To], time.Now())
			r.touch()
			r.state.Current = c.To
		}
		st = r.state
		return nil
	})
	return st, err
}

// Note implements refresh.Store.
func (p *process) Note(ctx context.Context, name string, n refresh.Note) error {
	return p.call(ctx, name, func() error {
		p.records[name].touch()
		p.records[name].state.Note = n
		return nil
	})
}

// Version implements refresh.Vault.
func (p *process) Version(ctx context.Context, name string) (id refresh.VersionID, err error) {
	err = p.call(ctx, name, func() error {
		if id = p.shelves[name].id; id == "" {
			return refresh.ErrNotFound
		}
		return nil
	})
	return id, err
}

// Claim implements refresh.Vault.
func (p *process) Claim(ctx context.Context, name string) (t refresh.Ticket, err error) {
	err = p.call(ctx, name, func() (err error) {
		t, err = p.shelves[name].claim(name, p.mine[name], p.now(), secretstore.LongestRun(p.tick)+clockError)
		return err
	})
	return t, err
}

// Rotate implements refresh.Vault.
func (p *process) Rotate(ctx context.Context, name string, spent refresh.Ticket, next secret.Text) error {
	return p.call(ctx, name, func() error { return p.shelves[name].rotate(spent, next.Reveal()) })
}

// Release implements refresh.Vault.
func (p *process) Release(name string, t refresh.Ticket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mine[name] = t.Claim.ID
}

// Configs implements refresh.Source.
func (p *process) Configs(ctx context.Context, _ string) (docs []refresh.Document, next string, err error) {
	err = p.call(ctx, "", func() error {
		for _, of := range p.providers {
			docs = append(docs, of.document())
		}
		return nil
	})
	return docs, "", err
}

// Latest implements refresh.Source.
func (p *process) Latest(ctx context.Context, wanted []refresh.Wanted) []refresh.Reading {
	readings := make([]refresh.Reading, len(wanted))
	for i, w := range wanted {
		r := &readings[i]
		r.Err = p.call(ctx, w.Provider, func() error {
			r.Configs = []refresh.Document{p.byName[w.Provider].document()}
			r.Credential = refresh.Document{Name: w.Credential, Version: fmt.Sprint(p.byName[w.Credential].secret)}
			return nil
		})
	}
	return readings
}

// CredentialVersions implements refresh.Source.
func (p *process) CredentialVersions(ctx context.Context, names []string) []refresh.CredentialVersion {
	versions := make([]refresh.CredentialVersion, len(names))
	for i, name := range names {
		versions[i].Err = p.call(ctx, name, func() error {
			versions[i].Version = fmt.Sprint(p.byName[name].secret)
			return nil
		})
	}
	return versions
}

// A parser is the Parser of a process, which has a Credential of its own.
type parser struct{ *process }

// Provider implements refresh.Parser.
func (p parser) Provider(d refresh.Document) (refresh.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	of := p.byName[d.Name]
	made := of.made()
	made.Where, made.Endpoint = d.Where, endpoint{p.process, of}
	made.Config = refresh.NewFingerprint([]byte(d.Data.Reveal()))
	return made, nil
}

// Credential implements refresh.Parser.
func (parser) Credential(d refresh.Document) (refresh.Credential, error) {
	return refresh.Credential{Name: d.Name, Version: d.Version, Values: map[string]secret.Text{}}, nil
}
