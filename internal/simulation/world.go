package simulation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
)

// tick is the time between runs, and cacheAge how long consumers may keep a record.
const (
	tick     = time.Minute
	cacheAge = 5 * time.Minute
	runTime  = 57 * time.Second
)

// Figures are what a world has been through.
type Figures struct {
	Days                                float64 // of providers
	Runs, Killed, Missed, Doubled, Late int
	Logins, Tokens                      int
	Outages, AWSOutages, Edits, Breaks  int
	Excused                             int // tokens that died within an outage longer than is survived
	Violations                          []string
}

// Add adds the figures of another world.
func (f *Figures) Add(g Figures) {
	f.Days += g.Days
	f.Runs += g.Runs
	f.Killed += g.Killed
	f.Missed += g.Missed
	f.Doubled += g.Doubled
	f.Late += g.Late
	f.Logins += g.Logins
	f.Tokens += g.Tokens
	f.Outages += g.Outages
	f.AWSOutages += g.AWSOutages
	f.Edits += g.Edits
	f.Breaks += g.Breaks
	f.Excused += g.Excused
	f.Violations = append(f.Violations, g.Violations...)
}

func (f Figures) String() string {
	return fmt.Sprintf("%.0f provider-days: %d runs (%d killed, %d missed, %d doubled, %d late), %d logins, %d tokens, %d outages of providers, %d of AWS, %d edits, %d broken logins; %d tokens died in outages too long to survive; %d violations",
		f.Days, f.Runs, f.Killed, f.Missed, f.Doubled, f.Late, f.Logins, f.Tokens, f.Outages, f.AWSOutages, f.Edits, f.Breaks, f.Excused, len(f.Violations))
}

// Options say how much goes wrong. The zero Options are a world in which nothing does.
type Options struct {
	Providers int
	Days      int
	// Trouble is how many things go wrong in a day, of each sort, for each ten providers.
	Trouble float64
	// Wires has the real store, with the SDK, over a fake of AWS; else the store is a model in
	// memory.
	Wires bool
}

// A World is one deployment and everything around it.
type World struct {
	Figures Figures

	seed    uint64
	rng     *rand.Rand // of what happens; drawn between runs only
	options Options
	began   time.Time

	mu        sync.Mutex
	providers []*provider
	byName    map[string]*provider
	secrets   map[string]*stored
	aws       []span
	missed    []span // when no run took place, for whatever reason
	lags      bool
	schedule  refresh.Schedule
	events    []event

	account      *awstest.AWS // nil in memory
	environments [2]*environment
}

// An event is something that happens at a time.
type event struct {
	at   time.Time
	what func(*World)
}

// New returns the world of a seed. It must be run in a bubble of testing/synctest.
func New(seed uint64, o Options) *World {
	w := &World{seed: seed, rng: rand.New(rand.NewPCG(seed, 1)), options: o, began: time.Now(),
		byName: map[string]*provider{}, secrets: map[string]*stored{},
		schedule: refresh.Schedule{Tick: tick, CacheAge: cacheAge, Distance: distance}}
	for i := range o.Providers {
		p := &provider{name: fmt.Sprintf("p%03d", i), kind: newKind(w.rng), world: w}
		w.providers = append(w.providers, p)
		w.byName[p.name] = p
	}
	if o.Wires {
		w.wire()
	}
	w.draw()
	return w
}

func (w *World) provider(name string) *provider { return w.byName[name] }

func (w *World) secret(name string) *stored {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.secrets[name]
}

func (w *World) awsDown(t time.Time) bool {
	return slices.ContainsFunc(w.aws, func(s span) bool { return s.holds(t) })
}

// quiet is how long before the end nothing goes wrong any more.
const quiet = 12 * time.Hour

// draw decides what will happen and when.
func (w *World) draw() {
	length := time.Duration(w.options.Days)*24*time.Hour - quiet
	some := func(perDay float64) int { return int(perDay * w.options.Trouble * float64(w.options.Days)) }
	at := func() time.Time { return w.began.Add(time.Duration(w.rng.Int64N(int64(max(length, time.Hour))))) }
	lasting := func() time.Duration {
		longest := []time.Duration{20 * time.Second, 3 * time.Minute, 12 * time.Minute, time.Hour, 4 * time.Hour}
		return time.Duration(1 + w.rng.Int64N(int64(longest[w.rng.IntN(len(longest))])))
	}
	tens := float64(len(w.providers)) / 10
	for range some(tens) {
		p, from := w.any(), at()
		p.down = append(p.down, span{from, from.Add(lasting())})
		w.Figures.Outages++
	}
	for range some(0.3) {
		from := at()
		w.aws = append(w.aws, span{from, from.Add(lasting())})
		w.Figures.AWSOutages++
	}
	for range some(tens / 4) {
		p := w.any()
		w.add(at(), func(w *World) { p.config++; w.Figures.Edits++ })
	}
	for range some(tens / 4) {
		p, from := w.any(), at()
		w.add(from, func(w *World) { p.broken = true; w.Figures.Breaks++ })
		w.add(from.Add(lasting()), func(*World) { p.broken = false; p.secret++ })
	}
	for range some(0.2) {
		from := at()
		w.add(from, func(w *World) { w.lags = true })
		w.add(from.Add(lasting()), func(w *World) { w.lags = false })
	}
	slices.SortStableFunc(w.events, func(a, b event) int { return a.at.Compare(b.at) })
}

func (w *World) any() *provider { return w.providers[w.rng.IntN(len(w.providers))] }

func (w *World) add(at time.Time, what func(*World)) { w.events = append(w.events, event{at, what}) }

// Run lives through all days of the world, and judges them.
func (w *World) Run() Figures {
	end := w.began.Add(time.Duration(w.options.Days) * 24 * time.Hour)
	last := w.began
	for now := w.began; now.Before(end); now = time.Now() {
		w.happen(now)
		next := w.ticks(now)
		if now.Sub(last) > 2*tick {
			w.missed = append(w.missed, span{last, now})
		}
		last = time.Now()
		w.passUntil(next)
	}
	if w.account != nil {
		w.account.Close()
	}
	w.Figures.Days = float64(w.options.Days * len(w.providers))
	w.judgeEnd()
	return w.Figures
}

// passUntil lets time pass to a tick.
func (w *World) passUntil(t time.Time) {
	if d := time.Until(t); d > 0 {
		time.Sleep(d)
	}
}

func (w *World) happen(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.events) > 0 && !w.events[0].at.After(now) {
		w.events[0].what(w)
		w.events = w.events[1:]
	}
}

// ticks has the runs of one tick, and returns when the next is that may have something to do.
func (w *World) ticks(now time.Time) time.Time {
	troubled := w.options.Trouble > 0 && now.Before(w.began.Add(time.Duration(w.options.Days)*24*time.Hour-quiet))
	draw := func(n int) bool { return troubled && w.rng.IntN(n) == 0 }
	if draw(200) { // the tick never came
		w.Figures.Missed++
		return now.Add(tick)
	}
	if draw(50) {
		w.Figures.Late++
		time.Sleep(time.Duration(w.rng.Int64N(int64(20 * time.Second))))
	}
	first := w.newRun(draw(60))
	if !draw(40) {
		due := w.do(0, first)
		w.judgeTick(first)
		return w.sleepUntil(now, due)
	}
	w.Figures.Doubled++
	second := w.newRun(draw(10))
	var wg sync.WaitGroup
	var a, b time.Time
	wg.Go(func() { a = w.do(0, first) })
	lag := time.Duration(w.rng.Int64N(int64(5 * time.Second)))
	wg.Go(func() {
		time.Sleep(lag)
		b = w.do(1, second)
	})
	wg.Wait()
	w.judgeTick(first, second)
	if b.Before(a) {
		a = b
	}
	return w.sleepUntil(now, a)
}

// sleepUntil returns the tick at or after the time at which something may be due, or at which
// something happens, but at most ten minutes later, so that "late" stays true of a run.
func (w *World) sleepUntil(now, due time.Time) time.Time {
	if len(w.events) > 0 && w.events[0].at.Before(due) {
		due = w.events[0].at
	}
	n := max(1, int64((due.Sub(now)-tick/2)/tick))
	return now.Add(time.Duration(n) * tick)
}

func (w *World) newRun(killed bool) *run {
	r := &run{w: w, killAt: -1, began: time.Now()}
	if killed {
		w.Figures.Killed++
		r.killAt, r.after = 1+w.rng.IntN(30), w.rng.IntN(2) == 0
	}
	if w.options.Trouble > 0 && w.rng.IntN(100) == 0 {
		r.offset = time.Duration(w.rng.Int64N(int64(20*time.Second))) - 10*time.Second
	}
	return r
}

// do has one run, in one of two environments, and returns when something is due again.
func (w *World) do(environment int, r *run) time.Time {
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), runTime)
	defer cancel()
	var store refresh.Store = r
	if w.account != nil {
		w.environments[environment].run = r
		store = w.environments[environment].store
	}
	runner := &refresh.Runner{Source: r, Parser: parser{r}, Store: store, Schedule: w.schedule,
		Now: func() time.Time { return time.Now().Add(r.offset) }}
	report, err := runner.Run(ctx, refresh.Job{ID: fmt.Sprint(environment, began.UnixNano())})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Figures.Runs++
	w.observe()
	if r.dead || len(report.Results) == 0 {
		return began.Add(tick)
	}
	w.judgeRun(r, report, err)
	next := began.Add(24 * time.Hour)
	for _, res := range report.Results {
		if res.Next.IsZero() {
			next = began.Add(tick)
		} else if res.Next.Before(next) {
			next = res.Next
		}
	}
	return next
}
