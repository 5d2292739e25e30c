package simulation

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secretstore"
)

// mending is how long a person takes to consent anew.
const mending = 3 * time.Hour

// Options say how large a world is, and how much goes wrong. The zero Trouble is a world in which
// nothing does.
type Options struct {
	Providers, Days int
	// Trouble is how much goes wrong; see frequencies.
	Trouble float64
	// Wires has the real store and vault, with the SDK, over a fake of AWS; else they are models
	// in memory.
	Wires bool
	// Keep are the events of the history that happen, by number, until a promise is broken; nil:
	// all, to the end.
	Keep []int
	// Stop ends the world after that time; zero: it lives through all days.
	Stop time.Duration
	// Trace is called with what each run did, and when; nil: it is not wanted.
	Trace func(at time.Duration, report *refresh.Report, err error)
}

// A World is one deployment and everything around it.
type World struct {
	History History
	Figures Figures

	scene
	options   Options
	schedule  refresh.Schedule
	processes [3]*process // of the tick, its double, and people
	lines     *lines      // nil in memory
	moments   []moment
	armed     []Event // what befalls the next run
	forced    []string
}

// A moment is the beginning or the end of an event. At one that wakes there is a run.
type moment struct {
	at    time.Time
	wakes bool
	what  func()
}

// New returns the world of a seed. It must be made and run in a bubble of testing/synctest.
func New(seed uint64, o Options) *World {
	r := rand.New(rand.NewPCG(seed, 2))
	w := &World{options: o, scene: scene{byName: map[string]*provider{}, records: map[string]*record{}, shelves: map[string]*shelf{}, is: map[What]bool{}}}
	w.tick = []time.Duration{time.Minute, time.Minute, 5 * time.Minute}[r.IntN(3)]
	w.schedule = refresh.Schedule{Tick: w.tick, CacheAge: []time.Duration{0, time.Minute, 5 * time.Minute}[r.IntN(3)],
		Distance: secretstore.Distance, Claims: secretstore.Claims(w.tick)}
	for i := range o.Providers {
		p := &provider{name: name(i), number: i + 1, kind: newKind(r), is: map[What]bool{}}
		w.providers = append(w.providers, p)
		w.byName[p.name], w.shelves[p.name] = p, &shelf{}
	}
	w.oracle = newOracle(seed, &w.Figures, w.schedule, w.providers)
	w.History = draw(r, o.Providers, time.Duration(o.Days)*day-quiet, o.Trouble)
	if o.Wires {
		w.lines = newLines(r.IntN(2) == 0)
	}
	for i := range w.processes {
		w.processes[i] = w.newProcess(i)
	}
	for i, e := range w.History {
		if o.Keep == nil || slices.Contains(o.Keep, i) {
			w.script(e)
		}
	}
	w.Figures.Worlds, w.Figures.Days = 1, float64(o.Days*o.Providers)
	return w
}

func (w *World) newProcess(number int) *process {
	p := newProcess(&w.scene, number, w.schedule)
	if w.lines != nil {
		w.lines.connect(p)
	}
	return p
}

// Run lives through all days of the world, and judges them.
func (w *World) Run() Figures {
	for _, p := range w.providers {
		if p.rotates {
			w.consent(p)
		}
	}
	end := w.oracle.began.Add(cmp.Or(w.options.Stop, time.Duration(w.options.Days)*day))
	for now := time.Now(); now.Before(end) && (w.options.Keep == nil || len(w.Figures.Violations) == 0); now = time.Now() {
		for len(w.moments) > 0 && !w.moments[0].at.After(now) {
			w.moments[0].what()
			w.moments = w.moments[1:]
		}
		time.Sleep(time.Until(w.sleepUntil(now, w.ticks(now))))
	}
	if w.options.Stop == 0 && len(w.Figures.Violations) == 0 {
		for _, p := range w.providers {
			current, note, _ := w.seen(p)
			w.oracle.end(p, current, note, time.Now())
		}
	}
	if w.lines != nil {
		w.lines.account.Close()
	}
	return w.Figures
}

// sleepUntil returns the tick at or after the time at which something may be due, or at which
// something happens.
func (w *World) sleepUntil(now, due time.Time) time.Time {
	for _, m := range w.moments {
		if !m.at.Before(due) {
			break
		}
		if m.wakes {
			due = m.at
			break
		}
	}
	n := max(1, (due.Sub(now)+w.tick-1)/w.tick)
	return now.Add(n * w.tick)
}

// ticks has the runs of one tick, and returns when the next is that may have something to do.
func (w *World) ticks(now time.Time) time.Time {
	var starts []start
	tick := start{process: w.processes[0]}
	missed := false
	for _, e := range w.armed {
		switch e.What {
		case Missed:
			missed = true
		case Late:
			tick.delay = e.Lasts
		case Doubled:
			if len(starts) > 0 {
				continue
			}
			starts = append(starts, start{process: w.processes[1], delay: e.Lasts})
			w.oracle.upset = append(w.oracle.upset, now)
		}
		w.oracle.count(e.What, 1)
	}
	w.armed = nil
	if missed {
		w.oracle.bad = append(w.oracle.bad, span{now, now.Add(w.tick)})
		return now
	}
	starts = append(starts, tick)
	if len(w.forced) > 0 {
		starts = append(starts, start{w.processes[2], 10 * time.Second, refresh.Job{Only: w.forced, Force: true}})
		w.forced = nil
	}
	return w.runs(now, starts)
}

// A start is one run of a tick.
type start struct {
	*process
	delay time.Duration
	job   refresh.Job
}

// runs has the runs of a tick, judges them, and returns when something is due again.
func (w *World) runs(now time.Time, starts []start) time.Time {
	next := now.Add(day)
	reports := make([]*refresh.Report, len(starts))
	errs := make([]error, len(starts))
	slow := w.is[Throttled]
	var wg sync.WaitGroup
	for i, s := range starts {
		wg.Go(func() {
			time.Sleep(s.delay)
			ctx, cancel := context.WithTimeout(context.Background(), min(w.tick, 4*time.Minute)-3*time.Second-s.delay)
			defer cancel()
			s.end, s.asked, s.answers, s.failed = cancel, map[string]int{}, map[string]string{}, false
			job := s.job
			job.ID = fmt.Sprint(i, now.Unix())
			reports[i], errs[i] = s.runner.Run(ctx, job)
		})
	}
	wg.Wait()
	slow = w.lines != nil && (slow || w.is[Throttled]) // over wires the store alone knows which calls failed
	var said []func()
	certain, killed := len(starts) == 1 && starts[0].off == 0, false
	for _, s := range starts {
		s.failed = s.failed || slow
		certain = certain && !s.dead && !s.failed
		killed = killed || s.dead
		if s.dead || s.failed {
			w.oracle.upset = append(w.oracle.upset, now)
		}
		if s.dead {
			w.oracle.killed()
			w.oracle.bad = append(w.oracle.bad, span{now, now.Add(w.tick)})
		}
	}
	for i, s := range starts {
		w.oracle.count(runs, 1)
		if reports[i] == nil || s.dead {
			next = now
			continue
		}
		w.oracle.ran(reports[i], errs[i], certain, time.Now())
		said = append(said, func() { w.oracle.said(reports[i], s.answers, certain) })
		if w.options.Trace != nil {
			w.options.Trace(now.Sub(w.oracle.began), reports[i], errs[i])
		}
		if len(reports[i].Results) == 0 {
			next = now
		}
		for _, res := range reports[i].Results {
			if res.Next.Before(next) {
				next = latest(res.Next.Add(-s.off), now)
			}
			if res.Class() == refresh.NeedsPerson && w.byName[res.Provider].rotates {
				w.call(res.Provider, now)
			}
		}
	}
	for _, p := range w.providers {
		w.look(p, now, starts, killed, certain)
	}
	for _, judge := range said { // over wires what is current was seen just now
		judge()
	}
	for i, p := range w.processes {
		if p.dead {
			w.processes[i] = w.newProcess(i)
		}
	}
	return next
}

// look judges what a tick has left of one provider.
func (w *World) look(p *provider, began time.Time, starts []start, killed, certain bool) {
	double := -1
	for _, s := range starts {
		if s.asked[p.name] > 0 {
			double++
		}
	}
	if double > 0 {
		w.oracle.count(doubleLogins, double)
		watched := w.oracle.watched[p.name]
		watched.double = append(watched.double, began)
		if p.rotates && w.oracle.clockAhead(began) == 0 {
			w.oracle.violated(p.name, "two runs at once logged in with a refresh token")
		}
	}
	current, note, ticket := w.seen(p)
	if !slices.ContainsFunc(starts, func(s start) bool { return s.dead || s.failed || s.off != 0 }) && !note.Class.Failing() {
		w.oracle.tickDone(p, current, began)
	}
	w.oracle.noted(p, note, certain, time.Now())
	if p.rotates {
		// A clock that is ahead takes versions for a day old that are not, and finds room where there is none.
		w.oracle.kept(p, ticket == p.valid, killed || w.is[Outage] || w.oracle.clockAhead(began) > 0, time.Now())
	}
}

// seen returns the token that consumers of p read, what is noted, and the refresh token that the
// next run will send.
func (w *World) seen(p *provider) (current string, note refresh.Note, ticket string) {
	if w.lines != nil {
		return w.lines.seen(p, w.oracle)
	}
	ticket = w.shelves[p.name].token
	w.oracle.versions(p, "refresh token", w.shelves[p.name].written, time.Now())
	if r := w.records[p.name]; r != nil {
		current, note = r.versions[r.state.Current], r.state.Note
		w.oracle.versions(p, "record", r.written, time.Now())
	}
	return current, note, ticket
}

// consent puts in a new refresh token.
func (w *World) consent(p *provider) {
	ticket := p.newTicket(time.Now())
	w.oracle.watched[p.name].lost = time.Time{}
	if w.lines != nil {
		w.lines.put(p.name, ticket)
		return
	}
	w.shelves[p.name].put(ticket)
}
