package refresh

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	// workers bounds how many providers are dealt with at a time, and so the memory of a run.
	workers = 256
	// lookers is how many that need no login are looked at beside them.
	lookers = 4
)

// Run deals with every provider that is due, and with all of them before it returns.
// The report is never nil. The error is what an operator must hear of: that the run
// could not begin, a [*ListingError], or which of the providers that it asked failed.
func (r *Runner) Run(ctx context.Context, job Job) (*Report, error) {
	now := time.Now
	if r.Now != nil {
		now = r.Now
	}
	reading, stop := context.WithCancel(ctx)
	run := &run{Runner: r, job: job, now: now().UTC(), began: time.Now(), pace: newPace(ctx, r.Store.Limits().Saves)}
	// It is forgotten meanwhile: a run that goes on beside this one has a memory of its own.
	if run.kept = r.memory.Swap(nil); run.kept == nil {
		run.kept = &memory{tasks: map[string]task{}}
	}
	run.readings = batch{ctx: reading, call: r.Source.Latest, patience: mostWanted * run.pace.apart}
	defer func() {
		stop()
		run.readings.wg.Wait()
	}()

	report := &Report{At: run.now, remedies: remedies(r.Flags)}
	err := run.do(ctx, report)
	r.memory.Store(run.kept)
	report.Took = time.Since(run.began)
	return report, err
}

func (r *run) do(ctx context.Context, report *Report) error {
	if err := r.Schedule.Check(); err != nil {
		return err
	}
	tasks := r.kept.tasks
	if len(r.job.Only) > 0 {
		var err error
		if tasks, err = r.load(ctx); err != nil {
			return err
		}
	}
	err := r.all(ctx, tasks, report)
	report.completeRemedies()
	return errors.Join(err, report.Err())
}

// all deals with every one of the tasks that is due, and reports what came of it, while a tick
// lists beside it what there is. The error is that of a listing; where that comes before
// anything was found, no provider is asked.
func (r *run) all(ctx context.Context, tasks map[string]task, report *Report) error {
	listing, stop := context.WithCancel(ctx)
	if end, ok := ctx.Deadline(); ok {
		listing, stop = context.WithDeadline(ctx, later(end.Add(-reserve), time.Now().Add(time.Until(end)/2)))
	}
	defer stop()
	tick := len(r.job.Only) == 0
	a := &agenda{run: r, tasks: tasks, begun: map[string]bool{}, states: map[string]State{}, changed: map[string]bool{}}
	for name := range a.tasks {
		a.changed[name] = true
	}
	cold, configs := !r.kept.whole, tick && r.full()
	pages := r.list(listing, tick, configs)
	ready := func() bool { return a.anyStates && (a.allStates || !cold) && (a.anyConfigs || !configs) }
	for tick && !ready() && a.failed == nil {
		p, ok := <-pages
		if !ok {
			a.failed = fmt.Errorf("listing configs and tokens: %w", context.DeadlineExceeded)
			break
		}
		a.take(p, report)
	}
	if tick && cold && a.failed == nil {
		a.sow()
		r.kept.whole = true
	}
	if a.failed == nil {
		report.Results = r.serve(ctx, a, report, pages, stop)
	}
	stop()
	for p := range pages {
		if p.panic != nil {
			panic(p.panic)
		}
	}
	report.Orphans, report.Listed = a.orphans(), r.kept.listed
	if a.failed != nil {
		return &ListingError{a.failed}
	}
	return nil
}

// serve deals with the agenda and returns the results by name. Logins begin in the order of the
// [queue], at the [pace] of the store; what needs none is looked at once the lists end. An idle
// run waits for that up to half of its time, and the first one for longer.
func (r *run) serve(ctx context.Context, a *agenda, report *Report, pages <-chan page, giveUp func()) []Result {
	var mu sync.Mutex
	var wg sync.WaitGroup
	defer wg.Wait() // also where a listing panics: what was obtained is stored first
	results := map[string]Result{}
	var seen []task
	add := func(res Result, t task) {
		mu.Lock()
		defer mu.Unlock()
		results[t.Name] = res
		seen = append(seen, t)
	}
	places := make(chan struct{}, workers)
	begin := func(t task) {
		begun := r.begin(ctx, &t)
		r.readings.expect(len(a.due) > 0)
		if !begun {
			add(r.skip(t), t)
			return
		}
		places <- struct{}{}
		wg.Go(func() {
			add(r.one(ctx, t))
			<-places
		})
	}
	listed := func(p page, more bool) {
		if more {
			a.take(p, report)
			return
		}
		pages = nil
		rest, edits := a.looks()
		r.look(ctx, rest, edits, &wg, add)
	}
	for patience := r.patience(ctx); pages != nil; {
		select {
		case p, more := <-pages:
			listed(p, more)
			continue
		default:
		}
		if a.any(ctx) {
			begin(a.next())
			continue
		}
		select {
		case p, more := <-pages:
			listed(p, more)
		case <-patience:
			giveUp()
		}
	}
	for a.any(ctx) {
		begin(a.next())
	}
	wg.Wait()
	list := a.results(results)
	r.excuse(ctx, list)
	for i := range list {
		r.once.failure(&list[i], r.now)
	}
	a.learn(seen, list)
	return list
}

// look looks at tasks, and asks for the credentials of those that wait for an edit, many at a time.
func (r *run) look(ctx context.Context, rest, edits []task, wg *sync.WaitGroup, add func(Result, task)) {
	looks := make(chan task)
	wg.Go(func() {
		defer close(looks)
		for _, t := range rest {
			looks <- t
		}
		for some := range slices.Chunk(edits, mostVersions) {
			names := make([]string, len(some))
			for i, t := range some {
				names[i] = t.Credential
			}
			for i, v := range r.credentialVersions(ctx, names) {
				some[i].looked = &v
				looks <- some[i]
			}
		}
	})
	for range min(lookers, len(rest)+len(edits)) {
		wg.Go(func() {
			for t := range looks {
				add(r.one(ctx, t))
			}
		})
	}
}

// patience returns when an idle run ceases to wait for a listing; never before the first complete
// one.
func (r *run) patience(ctx context.Context) <-chan time.Time {
	end, ok := ctx.Deadline()
	if !ok || r.kept.listed.IsZero() {
		return nil
	}
	return time.After(time.Until(end) / 2)
}

// results returns the result of each provider, by name.
func (a *agenda) results(of map[string]Result) []Result {
	for name, t := range a.tasks {
		if _, ok := of[name]; !ok && t.listed {
			of[name] = t.result(Waiting, a.hint(t))
		}
	}
	list := make([]Result, 0, len(of))
	for _, name := range slices.Sorted(maps.Keys(of)) { // to move results would take longer
		list = append(list, of[name])
	}
	return list
}

// learn remembers what was seen of providers.
func (a *agenda) learn(seen []task, results []Result) {
	if !a.kept.whole {
		return // this run knows some of them, and the next is to begin with all
	}
	for _, t := range seen {
		i, _ := slices.BinarySearchFunc(results, t.Name, func(r Result, name string) int { return cmp.Compare(r.Provider, name) })
		known, ok := a.kept.tasks[t.Name]
		switch {
		case results[i].Reason == Gone:
			delete(a.kept.tasks, t.Name)
			continue
		case t.Endpoint != nil: // its config was read
			known = t.hint()
			known.listed = true
		case !ok:
			continue
		}
		if t.seen.Equal(a.now) { // its secret was opened
			known.state, known.seen = t.state, t.seen
		}
		if results[i].noted {
			known.state.Note = results[i].Note
		}
		a.kept.tasks[t.Name] = known
		if a.kept.listing.seen != nil {
			a.kept.listing.seen[t.Name] = true
		}
	}
}

// excuse notes again what failed for want of a connection, where only the whole run shows whether
// that is our network.
func (r *run) excuse(ctx context.Context, results []Result) {
	down := r.network.down()
	for i, res := range results {
		if ctx.Err() != nil || res.Err == nil || res.Err.Unconnected == "" || res.Err.Ours == down || res.Note.Unsure != "" {
			continue
		}
		n := res.Note
		if down {
			n.Ours++
		} else {
			n.Ours--
		}
		r.leave(ctx, &results[i], n)
	}
}
