package refresh

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// all deals with every task and returns the results by name. Logins are begun in the order
// of the [queue], at the [pace] of the store; what needs none is looked at beside them, so
// that neither waits for the other.
func (r *run) all(ctx context.Context) []Result {
	var (
		results          []Result
		due, rest, edits []task
	)
	for _, t := range r.tasks {
		switch d := r.hint(t); {
		case d.Due:
			due = append(due, t)
		case d.idle(t.state):
			results = append(results, t.result(Waiting, d))
		case d.Reason == CoolingDown && t.state.Note.Class.waitsForEdit():
			edits = append(edits, t)
		default:
			rest = append(rest, t)
		}
	}

	for i, t := range edits {
		if !r.looksAt(i, len(edits)) {
			results = append(results, t.result(Waiting, r.hint(t)))
			continue
		}
		rest = append(rest, t)
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
		if !r.begin(ctx, &t) {
			keep(r.skip(t))
			continue
		}
		logins <- t
	}
	close(logins)
	wg.Wait()
	r.excuse(ctx, results)

	slices.SortFunc(results, func(a, b Result) int { return cmp.Compare(a.Provider, b.Provider) })
	return results
}

// mostEdits is how many credentials a run looks at for an edit.
const mostEdits = 100

// looksAt reports whether this run looks for an edit of the ith of n credentials whose
// providers wait for one. Where they are many each is looked at in its turn, and not at every
// tick: each costs a call of the quota that logins read their credentials by.
func (r *run) looksAt(i, n int) bool {
	turns := int64((n + mostEdits - 1) / mostEdits)
	return len(r.job.Only) > 0 || int64(i)%turns == r.now.Unix()/int64(max(r.Schedule.Tick/time.Second, 1))%turns
}

// excuse notes again what failed for want of a connection, where the whole run tells
// otherwise than what was seen of it by then whether that is our network.
func (r *run) excuse(ctx context.Context, results []Result) {
	down := r.network.down()
	for i, res := range results {
		if res.Err == nil || res.Err.Unconnected == "" || res.Err.Ours == down || res.Note.Unsure != "" {
			continue
		}
		n := res.Note
		if down {
			n.Ours++
		} else {
			n.Ours--
		}
		results[i].Note = n
		if err := r.Store.Note(ctx, res.Provider, n); err != nil {
			results[i].Warnings = append(res.Warnings, fmt.Sprintf("noting the outcome beside the secret: %v", err))
		}
	}
}

// queue returns the queue for so many tasks.
func (r *run) queue(ctx context.Context, due int) queue {
	q := queue{now: r.now, margin: r.Schedule.Margin(), starts: due, id: r.job.ID}
	if end, ok := ctx.Deadline(); ok {
		q.starts = r.pace.within(time.Until(end)-reserve-loginTime, due)
	}
	return q
}

// begin waits until it is the turn of t to log in; false: the run ends before, or would
// before the login can be stored.
func (r *run) begin(ctx context.Context, t *task) bool {
	if end, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, end.Add(-reserve-t.leastTime()))
		defer cancel()
	}
	var err error
	t.slot, err = r.pace.start(ctx, t.saves())
	return err == nil
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
	res.DueSince = r.Schedule.dueSince(t, r.now)
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
