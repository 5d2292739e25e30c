package refresh_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// The enumeration plays a rotating login against everything that can befall it: each of its
// calls, struck by each kind of fault for each duration, singly and in pairs, with every
// way in which providers treat a refresh token that is sent again.

var pairs = flag.Int("pairs", 0, "how many pairs of faults are drawn beside all single ones; negative: all pairs; 0: 200, beside every twentieth single one")

// The calls of a login.
const (
	atClaim  = "claim"
	atGrant  = "grant"
	atPut    = "put"
	atMove   = "move"
	atRecord = "record"
	atNote   = "note"
)

// The kinds of faults.
const (
	refused      = "refused"
	throttled    = "throttled"
	failing      = "500"
	reset        = "reset"
	silence      = "silence"
	killedBefore = "killed before"
	killedAfter  = "killed after"
)

// A strike is one fault, from the first call that it meets on. What it does to a request of a
// login may come before or after its effect.
type strike struct {
	call, kind string
	lasts      time.Duration
	arrives    bool // the request has its effect, and the answer is lost
}

// A play is one case.
type play struct {
	strikes []strike
	grace   time.Duration
	reuse   string // what becomes of a ticket that was replaced
	runs    int    // at once
}

// The ways in which providers treat a ticket that was replaced, once the grace has passed.
const (
	samePair    = "same pair"
	anotherPair = "another pair"
	justRefused = "refused"
	revoked     = "all revoked"
)

const (
	enumTick    = time.Minute
	runTime     = 50 * time.Second
	attemptTime = 10 * time.Second
	tokenLives  = time.Hour
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
	valid     string            // the ticket that is good
	replaced  map[string]string // each ticket that was spent, by its successor
	spentAt   map[string]time.Time
	given     map[string]string // the pair that a ticket was answered with
	issued    int
	dead      bool // all was revoked
	live      map[string]time.Time
	delivered map[string]bool // successors that a run was given

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
		delivered: map[string]bool{}, state: refresh.State{Name: "a", Exists: true, Owned: true}}
}

// A process is one run of the function; once it is killed nothing of it has an effect.
type process struct {
	*stage
	killed atomic.Bool
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
			p.killed.Store(true)
			return errStruck
		}
		p.mu.Lock()
		if s.arrives || s.kind == killedAfter {
			act()
		}
		if s.kind == killedAfter {
			p.killed.Store(true)
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
		p.killed.Store(true)
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
		p.killed.Store(true)
		return refresh.Grant{}, errStruck
	case struck:
		if s.kind == silence {
			time.Sleep(attemptTime)
		}
		return refresh.Grant{}, lost
	case !ok:
		return refresh.Grant{}, &refresh.Error{Class: refresh.NeedsPerson, Code: "invalid_grant", Detail: "refused", Suspect: true}
	}
	p.mu.Lock()
	p.delivered[next] = true
	p.mu.Unlock()
	l.Rotate(refresh.Successor{Token: secret.New(next)})
	return refresh.Grant{AccessToken: secret.New(token), TokenType: "Bearer", AskedAt: asked, Lifetime: tokenLives}, nil
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
	p := &process{stage: s}
	ctx, stop := context.WithTimeout(context.Background(), runTime)
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

// An outcome is what came of a play.
type outcome struct {
	lost, unavoidable, noted  bool
	withoutToken              time.Duration
	sentReplaced, revokedLive int
}

// perform gives a play: a first login, then the one that is struck, and the hours after it.
func perform(p play) (o outcome, s *stage) {
	strikes := p.strikes
	p.strikes = nil
	s = newStage(p)
	s.run()
	v, _ := s.state.Current.Parse()
	due := refresh.Schedule{Tick: enumTick, CacheAge: 5 * time.Minute, Distance: 16 * time.Minute}.
		For(refresh.Provider{Rotates: true}).DueAt("a", v)
	time.Sleep(time.Until(due))
	s.strikes = strikes
	end := time.Now().Add(150 * time.Minute)
	for time.Now().Before(end) {
		var wg sync.WaitGroup
		tick := time.Now()
		for range s.runs {
			wg.Go(s.run)
		}
		wg.Wait()
		time.Sleep(time.Until(tick.Add(enumTick)))
		if v, ok := s.state.Current.Parse(); !ok || !time.Now().Before(v.ExpiresAt()) {
			o.withoutToken += enumTick
		}
		if len(s.struck) == len(strikes) && s.settled() {
			break
		}
		if s.over() {
			v, _ := s.state.Current.Parse()
			o.withoutToken += end.Sub(latest(time.Now(), v.ExpiresAt()))
			break
		}
	}
	o.sentReplaced, o.revokedLive = s.sentReplaced, s.revokedLive
	o.lost = s.dead || s.valid != s.current.token && s.valid != s.next.token
	for _, code := range s.events {
		o.noted = o.noted || code == refresh.CodeRefreshTokenLost || code == "invalid_grant" || code == refresh.CodeRefreshTokenUnsure
	}
	o.unavoidable = s.unavoidable(strikes)
	return o, s
}

// settled reports whether a good token is kept, and nothing is left to come.
func (s *stage) settled() bool {
	v, ok := s.state.Current.Parse()
	return ok && time.Until(v.ExpiresAt()) > 50*time.Minute && s.state.Note.Class == "" && s.valid == s.current.token
}

// over reports whether a person is called, and nothing more will be tried.
func (s *stage) over() bool {
	for i, k := range s.strikes {
		if since, ok := s.struck[i]; ok && time.Since(since) <= k.lasts {
			return false
		}
	}
	return s.state.Note.Class == refresh.NeedsPerson
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// unavoidable reports whether a loss could have been prevented by no one: the process was
// killed, or no put arrived in the time of a run, once the provider had spent the ticket; or
// the answer was lost for longer than the provider repeats it.
func (s *stage) unavoidable(strikes []strike) bool {
	for _, k := range strikes {
		kills := k.kind == killedBefore || k.kind == killedAfter
		switch {
		case k.call == atPut && (kills || k.lasts >= runTime-2*time.Second || k.kind == refused && k.lasts >= 45*time.Second):
			return true
		case k.call == atPut && len(strikes) > 1:
			return true // the time for storing was spent elsewhere as well
		case k.call == atGrant && (k.arrives || k.kind == killedAfter) && s.reuse != samePair && s.reuse != anotherPair:
			// One early repeat: it must arrive within the grace.
			repeatAt := time.Duration(0)
			if k.kind == silence {
				repeatAt = attemptTime
			}
			if kills || s.grace == 0 || k.lasts >= repeatAt || len(strikes) > 1 {
				return true
			}
		}
	}
	return false
}

// TestEveryFaultOfARotatingLogin prints how many cases there are and what came of them.
func TestEveryFaultOfARotatingLogin(t *testing.T) {
	var singles []strike
	for _, call := range []string{atClaim, atGrant, atPut, atMove, atRecord, atNote} {
		for _, kind := range []string{refused, throttled, failing, reset, silence, killedBefore, killedAfter} {
			for _, lasts := range []time.Duration{time.Second, 3 * time.Second, 10 * time.Second, 45 * time.Second, 2 * enumTick} {
				singles = append(singles, strike{call, kind, lasts, false})
				if kind == failing || kind == reset || kind == silence {
					singles = append(singles, strike{call, kind, lasts, true})
				}
			}
		}
	}
	var settings []play
	for _, grace := range []time.Duration{0, 30 * time.Second, 30 * time.Minute} {
		for _, reuse := range []string{samePair, anotherPair, justRefused, revoked} {
			for _, runs := range []int{1, 3} {
				settings = append(settings, play{nil, grace, reuse, runs})
			}
		}
	}
	var cases []play
	with := func(setting play, strikes ...strike) play {
		setting.strikes = strikes
		return setting
	}
	for _, setting := range settings {
		for _, k := range singles {
			cases = append(cases, with(setting, k))
		}
	}
	random := rand.New(rand.NewPCG(20261125, 10))
	drawn := *pairs
	if drawn == 0 { // beside all other tests, under the race detector
		drawn = 200
		random.Shuffle(len(cases), func(i, j int) { cases[i], cases[j] = cases[j], cases[i] })
		cases = cases[:len(cases)/20]
	}
	if *pairs < 0 {
		for _, setting := range settings {
			for i := range singles {
				for j := range i {
					cases = append(cases, with(setting, singles[j], singles[i]))
				}
			}
		}
	}
	for range drawn {
		cases = append(cases, with(settings[random.IntN(len(settings))], singles[random.IntN(len(singles))], singles[random.IntN(len(singles))]))
	}
	var mu sync.Mutex
	lost, unavoidable, violations := 0, 0, 0
	var without time.Duration
	judge := func(p play) {
		var o outcome
		var s *stage
		synctest.Test(t, func(*testing.T) { o, s = perform(p) })
		mu.Lock()
		defer mu.Unlock()
		without += o.withoutToken
		if o.lost {
			lost++
		}
		if o.lost && o.unavoidable {
			unavoidable++
		}
		if o.lost && !o.unavoidable || o.sentReplaced > 0 || o.revokedLive > 0 || o.lost && !o.noted {
			if violations++; violations <= 10 {
				t.Errorf("%+v:\n%+v\nfailures %v, note %s", p, o, s.events, s.state.Note)
			}
		}
	}
	work := make(chan play)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for p := range work {
				judge(p)
			}
		})
	}
	for _, p := range cases {
		work <- p
	}
	close(work)
	wg.Wait()
	t.Logf("%d cases, %d violations; %d consents were lost, all but %d of which no write could have kept; %.0f minutes without a live token",
		len(cases), violations, lost, lost-unavoidable, without.Minutes())
}
