// Package scaletest has an account of thousands of providers in virtual time, for tests
// and measurements of how many tokens a run keeps. An [Account] has the quotas and the
// latencies of AWS, and nothing else of it: what the services answer is for awstest.
//
// It is used within a bubble of testing/synctest.
package scaletest

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// Options say what things take. The zero Options are AWS's quotas with answers at once.
type Options struct {
	// Latency is what a call takes, and Login what a login does.
	Latency, Login time.Duration
	// Writes is how many writes of secrets there may be in a second; zero: 40.
	Writes int
	// First is the number of the first provider; see [Name].
	First int
	// Cold has each run be that of a new process, which knows of nothing.
	Cold bool
	// Lifetime is that of tokens; zero: an hour.
	Lifetime time.Duration
}

// Quotas of calls a second, as of internal/awscall.
const (
	hasWrites, defaultWrites = 50, 40
	reads, tags              = 35, 40
	atOnce                   = 4
)

// An Account holds providers and their tokens. It implements the interfaces that a
// [refresh.Runner] needs.
type Account struct {
	o                   Options
	writes, reads, tags *rate.Limiter

	runner *refresh.Runner

	mu        sync.Mutex
	docs      []refresh.Document
	providers map[string]*provider
	unplugged bool
	figures   Figures
}

type provider struct {
	name   string
	state  refresh.State
	answer func(context.Context) error // nil: it answers
}

// Figures are what has happened in an account.
type Figures struct {
	// Calls to AWS, logins begun, and tokens stored.
	Calls, Logins, Stored int
	// Pages of configs, and Lists of secrets, that were asked for.
	Pages, Lists int
	// Lost are tokens that came and could not be stored.
	Lost int
	// Dead are tokens of providers that answer, which a consumer with a cache of 300 s may
	// have used after they had expired.
	Dead int
	// LeastLeft is the least life that one of them had left when it was replaced.
	LeastLeft time.Duration
}

// cacheAge is that of consumers.
const cacheAge = 300 * time.Second

// New returns an account with n providers. The age of the token of each is what age says;
// negative: it has none yet.
func New(o Options, n int, age func(i int) time.Duration) *Account {
	if o.Writes == 0 {
		o.Writes = defaultWrites
	}
	if o.Lifetime == 0 {
		o.Lifetime = time.Hour
	}
	a := &Account{
		o:         o,
		writes:    rate.NewLimiter(rate.Limit(o.Writes), min(7, hasWrites-o.Writes)),
		reads:     rate.NewLimiter(reads, atOnce),
		tags:      rate.NewLimiter(tags, atOnce),
		providers: make(map[string]*provider, n),
		figures:   Figures{LeastLeft: o.Lifetime},
	}
	for i := range n {
		p := &provider{name: Name(o.First + i)}
		a.docs = append(a.docs, refresh.Document{Name: p.name})
		a.providers[p.name] = p
		if age := age(i); age >= 0 {
			v := refresh.Version{IssuedAt: time.Now().Add(-age), Lifetime: o.Lifetime, Digest: uint32(i)}
			p.state = refresh.State{Name: p.name, Exists: true, Owned: true, Current: v.ID()}
		}
	}
	return a
}

// Name returns the name of the ith provider.
func Name(i int) string { return fmt.Sprintf("p%06d", i) }

// Hang is how a provider is down that does not answer: a login fails after ten seconds.
func Hang(ctx context.Context) error {
	err := sleep(ctx, 10*time.Second)
	return &refresh.Error{Class: refresh.Transient, Code: "timeout", Detail: "it did not answer in time", Err: err}
}

// Refuse answers 503.
func Refuse(context.Context) error {
	return &refresh.Error{Class: refresh.Transient, Code: "http_503", Detail: "it answered 503"}
}

// Answer has a provider's logins answered by f, which may fail; nil: with a token.
func (a *Account) Answer(provider string, f func(context.Context) error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.providers[provider].answer = f
}

// Unplug takes the network away from the account, or gives it back: there is no connection to
// any provider, each on a host of its own.
func (a *Account) Unplug(unplugged bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.unplugged = unplugged
}

// FreeDocuments is how many documents are listed in each run; see [refresh.Runner].
const FreeDocuments = 10_000

// Runner returns a new process on the account, at a tick of a minute.
func (a *Account) Runner() *refresh.Runner {
	return &refresh.Runner{FreeDocuments: FreeDocuments, Source: a, Parser: parser{a}, Store: a,
		Schedule: refresh.Schedule{Tick: time.Minute, CacheAge: cacheAge, Distance: 16 * time.Minute}}
}

// Tick does the run of one minute, in the process of the one before, and returns when the next is to begin.
func (a *Account) Tick(ctx context.Context, id string) (*refresh.Report, error) {
	next := time.Now().Add(time.Minute)
	ctx, cancel := context.WithDeadline(ctx, next.Add(-3*time.Second))
	defer cancel()
	runner := a.Runner()
	if !a.o.Cold {
		if a.runner == nil {
			a.runner = runner
		}
		runner = a.runner
	}
	report, err := runner.Run(ctx, refresh.Job{ID: id})
	time.Sleep(time.Until(next))
	return report, err
}

// Figures returns what has happened since the account was made. Tokens that have expired by
// now, and were not replaced, count as dead.
func (a *Account) Figures() Figures {
	a.mu.Lock()
	defer a.mu.Unlock()
	f := a.figures
	for _, p := range a.providers {
		f.judge(p)
	}
	return f
}

// judge counts the token that p has had until now.
func (f *Figures) judge(p *provider) {
	v, ok := p.state.Current.Parse()
	if !ok || p.answer != nil {
		return
	}
	left := time.Until(v.ExpiresAt())
	f.LeastLeft = min(f.LeastLeft, left)
	if left < cacheAge {
		f.Dead++
	}
}

// call counts a call, waits for its turn, and lets it take its time.
func (a *Account) call(ctx context.Context, quota *rate.Limiter, counts ...*int) error {
	a.mu.Lock()
	for _, n := range append(counts, &a.figures.Calls) {
		*n++
	}
	a.mu.Unlock()
	if quota != nil {
		if err := quota.Wait(ctx); err != nil {
			return err
		}
	}
	return sleep(ctx, a.o.Latency)
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Configs implements [refresh.Source]: ten a page.
func (a *Account) Configs(ctx context.Context, from string) (docs []refresh.Document, next string, _ error) {
	begin, end, next := pageOf(from, len(a.docs), 10)
	return a.docs[begin:end], next, a.call(ctx, a.reads, &a.figures.Pages)
}

// pageOf returns which of n are on a page of that size.
func pageOf(from string, n, size int) (begin, end int, next string) {
	begin, _ = strconv.Atoi(from) // empty is the first
	if end = min(begin+size, n); end < n {
		next = strconv.Itoa(end)
	}
	return begin, end, next
}

// Latest implements [refresh.Source]: one call.
func (a *Account) Latest(ctx context.Context, wanted []refresh.Wanted) []refresh.Reading {
	err := a.call(ctx, a.reads)
	readings := make([]refresh.Reading, len(wanted))
	for i, w := range wanted {
		readings[i] = refresh.Reading{Configs: []refresh.Document{{Name: w.Provider}}, Credential: refresh.Document{Name: w.Credential, Version: "c"}, Err: err}
	}
	return readings
}

// CredentialVersions implements [refresh.Source]: one call.
func (a *Account) CredentialVersions(ctx context.Context, names []string) []refresh.CredentialVersion {
	err := a.call(ctx, a.reads)
	versions := make([]refresh.CredentialVersion, len(names))
	for i := range versions {
		versions[i] = refresh.CredentialVersion{Version: "c", Err: err}
	}
	return versions
}

type parser struct{ a *Account }

// Provider implements [refresh.Parser].
func (p parser) Provider(d refresh.Document) (refresh.Provider, error) {
	return refresh.Provider{Name: d.Name, Credential: d.Name, Endpoint: endpoint{p.a, d.Name}}, nil
}

// Credential implements [refresh.Parser].
func (parser) Credential(d refresh.Document) (refresh.Credential, error) {
	return refresh.Credential{Name: d.Name, Version: d.Version}, nil
}

type endpoint struct {
	a    *Account
	name string
}

// Grant implements [refresh.Endpoint].
func (e endpoint) Grant(ctx context.Context, _ refresh.Login) (refresh.Grant, error) {
	asked := time.Now()
	e.a.mu.Lock()
	e.a.figures.Logins++
	n, answer, unplugged := e.a.figures.Logins, e.a.providers[e.name].answer, e.a.unplugged
	e.a.mu.Unlock()
	if unplugged {
		return refresh.Grant{}, &refresh.Error{Class: refresh.Transient, Code: "connection_failed", Detail: "no connection", Unconnected: e.name}
	}
	if answer != nil {
		if err := answer(ctx); err != nil {
			return refresh.Grant{}, err
		}
	} else if err := sleep(ctx, e.a.o.Login); err != nil {
		return refresh.Grant{}, err
	}
	return refresh.Grant{AccessToken: secret.New(fmt.Sprint("token-", n)), AskedAt: asked, Lifetime: e.a.o.Lifetime}, nil
}
