package refresh

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// all deals with every task and returns the results by name. Logins are begun in the order
// of the [queue], at the [pace] of the store; what needs none is looked at beside them, so
// that neither waits for the other.
func (r *run) all(ctx context.Context) []Result {
	var (
		results   []Result
		due, rest []task
	)
	for _, t := range r.tasks {
		switch d := r.hint(t); {
		case d.Due:
			due = append(due, t)
		case d.idle(t.state):
			results = append(results, t.result(Waiting, d))
		default:
			rest = append(rest, t)
		}
	}

	var mu sync.Mutex
	var wg sync.WaitGroup
	keep := func(res Result) {
		r.told.once(&res)
		mu.Lock()
		defer mu.Unlock()
		results = append(results, res)
	}
	serve := func(most int, work <-chan task) {
		for range most {
			wg.Go(func() {
				for t := range work {
					keep(r.one(ctx, t))
				}
			})
		}
	}
	logins, looks := make(chan task), make(chan task)
	serve(min(workers, len(due)), logins)
	serve(min(lookers, len(rest)), looks)
	wg.Go(func() {
		defer close(looks)
		for _, t := range rest {
			looks <- t
		}
	})
	for _, t := range r.queue(ctx, len(due)).order(due) {
		if t.turn = r.turn(ctx, t); !t.turn {
			keep(r.skip(t))
			continue
		}
		logins <- t
	}
	close(logins)
	wg.Wait()

	slices.SortFunc(results, func(a, b Result) int { return cmp.Compare(a.Provider, b.Provider) })
	return results
}

// queue returns the queue for so many tasks.
func (r *run) queue(ctx context.Context, due int) queue {
	q := queue{now: r.now, margin: r.Schedule.margin(), starts: due, id: r.job.ID}
	if end, ok := ctx.Deadline(); ok {
		q.starts = r.pace.within(time.Until(end)-reserve-loginTime, due)
	}
	return q
}

// turn waits until it is the turn of t to log in; false: the run ends before, or would
// before the login can be stored.
func (r *run) turn(ctx context.Context, t task) bool {
	if end, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, end.Add(-reserve-t.leastTime()))
		defer cancel()
	}
	return r.pace.wait(ctx, t.saves()) == nil
}

// leastTime returns how long a login of t is given at least.
func (t task) leastTime() time.Duration {
	switch {
	case t.Rotates:
		return claimTime + 2*t.Timeout
	case t.Supersedes:
		return onceTime
	}
	return loginTime
}

// saves returns how many saves a login of t takes the store's time of. A refresh token is
// claimed and replaced beside the record, by three more writes.
func (t task) saves() int {
	if t.Rotates {
		return 3
	}
	return 1
}

// errRunEnds is the cause of a context that ends because the run does.
var errRunEnds = errors.New("the run ends")

// cut reports whether something failed because the run ended, and not for what it met.
func cut(ctx context.Context) bool { return errors.Is(context.Cause(ctx), errRunEnds) }

// skip returns the result for a provider that the run has no time for.
func (r *run) skip(t task) Result {
	d := r.hint(t)
	if !d.Due {
		return t.result(Waiting, d)
	}
	res := t.result(Skipped, Decision{Reason: d.Reason})
	res.DueSince = r.Schedule.dueSince(t.Provider, t.state, r.now)
	return res
}

// hint decides on t by what was listed. A config that is wrong makes nothing due.
func (r *run) hint(t task) Decision {
	if t.bad == nil {
		return r.Schedule.decide(t.Provider, t.state, r.now, r.job.Force)
	}
	d := Decision{Next: r.now.Add(r.Schedule.Tick)}
	if t.state.Paused && t.state.Owned && !t.state.Deleting {
		d.Reason = Paused
	}
	return d
}

// idle reports whether nothing needs to be looked at for one that is not due.
func (d Decision) idle(st State) bool {
	return d.Reason == Paused || d.Reason == Fresh && st.Note.Class == ""
}
