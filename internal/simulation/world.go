package simulation

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/secretstore"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

const (
	// mending is how long a person takes to consent anew, and approving how long an owner takes
	// to look at an edit.
	mending, approving = 3 * time.Hour, 10 * time.Minute
	// quiet is how long before the end of a world nothing goes wrong any more.
	quiet = 12 * time.Hour
)

// Options say how large a world is, and how much goes wrong. The zero Trouble is a world in which
// nothing does.
type Options struct {
	Providers, Days int
	// Trouble is how much goes wrong; see habits.
	Trouble float64
	// Wires has the real store and vault, with the SDK, over a fake of AWS; else they are models
	// in memory.
	Wires bool
	// Keep are the events of the history that happen, by number; nil: all.
	Keep []int
	// Stop ends the world after that time; zero: it lives through all days.
	Stop time.Duration
	// Trace is called with what each run did, and when; nil: it is not wanted.
	Trace func(at time.Duration, report *refresh.Report, err error)
}

// A World is one deployment and everything around it.
type World struct {
	History History

	scene
	options   Options
	schedule  refresh.Schedule
	processes [3]*process // of the tick, its double, and people
	lines     *lines      // nil in memory
	began     time.Time
	moments   []moment       // to come
	armed     map[What]Event // what befalls the next run
	jobs      []refresh.Job  // what people ask for, or have edited
}

// A moment is the beginning or the end of an event.
type moment struct {
	Event
	at     time.Time
	begins bool
}

// New returns the world of a seed. It must be made and run in a bubble of testing/synctest.
func New(seed uint64, o Options) *World {
	r := rand.New(rand.NewPCG(seed, 2))
	w := &World{options: o, began: time.Now(), armed: map[What]Event{}, scene: scene{watched: map[string]*watch{}, is: map[What]bool{},
		credentials: tokenendpoint.New(tokenendpoint.Options{})}}
	w.tick = []time.Duration{time.Minute, time.Minute, 5 * time.Minute}[r.IntN(3)]
	w.schedule = refresh.Schedule{Tick: w.tick, CacheAge: []time.Duration{0, time.Minute, 5 * time.Minute}[r.IntN(3)],
		Distance: secretstore.Distance, Claims: secretstore.Claims(w.tick)}
	if w.quota = 20; o.Providers > manyProviders {
		w.quota = 4
	}
	for i := range o.Providers {
		p := &provider{name: name(i), number: i + 1, kind: newKind(r), is: map[What]bool{}, byText: map[string]*token{}}
		w.watched[p.name] = &watch{provider: p, records: newStored(p.name), tickets: newStored(p.name)}
		w.providers = append(w.providers, w.watched[p.name])
	}
	w.oracle = &oracle{began: w.began, watched: w.watched, schedule: w.schedule, figures: Figures{worlds: 1, days: o.Days * o.Providers}}
	w.History = draw(r, o.Providers, time.Duration(o.Days)*day-quiet, o.Trouble)
	if o.Wires {
		w.lines = newLines(r.IntN(2) == 0)
	}
	for i := range w.processes {
		w.processes[i] = w.newProcess(i)
	}
	for i, e := range w.History {
		if o.Keep == nil || slices.Contains(o.Keep, i) {
			w.plan(e)
		}
	}
	return w
}

func (w *World) newProcess(number int) *process {
	p := &process{scene: &w.scene, number: number, mine: map[string]string{}}
	p.runner = refresh.Runner{Source: p, Parser: parser{p}, Store: p, Vault: p, Schedule: w.schedule, Now: p.now, Flags: flags}
	if w.lines != nil {
		w.lines.connect(p)
	}
	return p
}

// Run lives through all days of the world, or until a promise is broken.
func (w *World) Run() (Figures, *Violation) {
	for _, p := range w.providers {
		if p.rotates {
			w.consent(p)
		}
	}
	last := w.began.Add(cmp.Or(w.options.Stop, time.Duration(w.options.Days)*day))
	for now := time.Now(); now.Before(last) && w.oracle.violation == nil; now = time.Now() {
		for len(w.moments) > 0 && !w.moments[0].at.After(now) {
			w.happen(w.moments[0])
			w.moments = w.moments[1:]
		}
		time.Sleep(time.Until(w.sleepUntil(now, w.ticks(now))))
	}
	if w.options.Stop == 0 && w.oracle.violation == nil {
		for _, p := range w.providers {
			w.oracle.judge(p, look{p: p, At: time.Now(), Sight: p.sight, Current: p.named(p.sight.record), Last: true})
		}
	}
	if w.lines != nil {
		w.lines.account.Close()
	}
	return w.oracle.figures, w.oracle.violation
}

// sleepUntil returns the tick at or after the time at which something may be due, or at which
// people do something.
func (w *World) sleepUntil(now, due time.Time) time.Time {
	i := slices.IndexFunc(w.moments, func(m moment) bool { return habits[m.What].acts })
	if i >= 0 && w.moments[i].at.Before(due) {
		due = w.moments[i].at
	}
	n := max(1, (due.Sub(now)+w.tick-1)/w.tick)
	return now.Add(n * w.tick)
}

// ticks has the runs of one tick, and returns when the next is that may have something to do.
func (w *World) ticks(now time.Time) time.Time {
	starts := []*start{{process: w.processes[0], delay: w.armed[Late].Lasts}}
	if e, doubled := w.armed[Doubled]; doubled {
		starts = append(starts, &start{process: w.processes[1], delay: e.Lasts})
		w.oracle.upset = append(w.oracle.upset, now)
	}
	_, missed := w.armed[Missed]
	if clear(w.armed); missed {
		w.oracle.bad = append(w.oracle.bad, span{now, now.Add(w.tick)})
		return now
	}
	if len(w.jobs) > 0 {
		starts = append(starts, &start{process: w.processes[2], delay: 10 * time.Second, job: w.jobs[0]})
		w.jobs = w.jobs[1:]
	}
	return w.runs(now, starts)
}

// A start is one run of a tick, and what came of it.
type start struct {
	*process
	delay  time.Duration
	job    refresh.Job
	report *refresh.Report
	err    error
}

func (s *start) run() {
	time.Sleep(s.delay)
	ctx, cancel := context.WithTimeout(context.Background(), min(s.tick, 4*time.Minute)-3*time.Second-s.delay)
	defer cancel()
	s.end, s.asked, s.answers, s.failed = cancel, map[string]int{}, map[string]string{}, false
	s.report, s.err = s.runner.Run(ctx, s.job)
}

// runs has the runs of a tick, judges them, and returns when something is due again.
func (w *World) runs(now time.Time, starts []*start) (next time.Time) {
	slow := w.is[Throttled]
	var wg sync.WaitGroup
	for i, s := range starts {
		s.job.ID = fmt.Sprint(i, now.Unix())
		wg.Go(s.run)
	}
	wg.Wait()
	t := round{Began: now, Logins: map[string]int{}, Answers: map[string]string{}, Undisturbed: true, Broken: w.is[Outage]}
	for _, s := range starts {
		w.oracle.figures[runs]++
		for name, n := range s.asked {
			t.Logins[name] += min(n, 1)
		}
		maps.Copy(t.Answers, s.answers)
		if s.failed = s.failed || w.lines != nil && slow; s.dead || s.failed { // over wires the store alone knows which calls failed
			t.Undisturbed = false
			w.oracle.upset = append(w.oracle.upset, now)
		}
		if s.dead {
			t.Broken = true
			w.oracle.bad = append(w.oracle.bad, span{now, now.Add(w.tick)})
			w.processes[s.number] = w.newProcess(s.number)
			for _, p := range w.providers {
				p.doubt = doubtful // what the run noted was not reported
			}
		}
	}
	t.Alone = t.Undisturbed && len(starts) == 1
	for _, p := range w.providers {
		w.see(p)
	}
	if next = now.Add(day); len(w.jobs) > 0 {
		next = now
	}
	for _, s := range starts {
		if s.dead || s.report == nil || len(s.report.Results) == 0 {
			next = now
		}
		if s.dead || s.report == nil {
			continue
		}
		if w.options.Trace != nil {
			w.options.Trace(now.Sub(w.began), s.report, s.err)
		}
		w.oracle.ran(t, s.job, s.report, s.err)
		for _, res := range s.report.Results {
			if res.Next.Before(next) {
				next = latest(res.Next.Add(-s.off), now)
			}
			if p := w.watched[res.Provider]; res.Class() == refresh.NeedsPerson && p.rotates {
				w.call(p, now)
			}
		}
	}
	for _, p := range w.providers {
		w.oracle.look(t, p)
	}
	return next
}

// see looks at what there is of p. In memory it was judged when it became current.
func (w *World) see(p *watch) {
	if former := p.sight.record; w.lines == nil {
		p.sight = sight{record: p.records.values[p.records.state.Current], note: p.records.state.Note, records: p.records.written,
			ticket: p.tickets.values[p.tickets.state.Current], tickets: p.tickets.written}
	} else if p.sight = w.lines.seen(p.provider); p.sight.record != former {
		at := p.sight.stored
		if time.Since(at) > 2*w.tick {
			at = time.Now() // by a run that died
		}
		w.oracle.swap(p, p.sight.record, at)
	}
	if p.rotates && p.sight.ticket != "" {
		t, _ := refresh.DecodeRefreshToken(p.name, "", secret.New(p.sight.ticket))
		p.sight.ticket = t.Token.Reveal()
	}
}
