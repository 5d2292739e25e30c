package refresh

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	// workers is how many providers are dealt with at a time. It bounds memory; how fast
	// they are begun with is for the [pace].
	workers = 256
	// lookers is how many providers are looked at beside them that need no login.
	lookers = 4
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
	for _, t := range r.queueFor(ctx, len(due)).order(due) {
		if !r.begin(ctx, &t) {
			keep(r.skip(t))
			continue
		}
		logins <- t
	}
	close(logins)
	wg.Wait()
	r.excuse(ctx, results)
	for i := range results {
		r.told.once(&results[i], r.now)
	}

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

// excuse notes again what failed for want of a connection, where the whole run shows
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

// queueFor returns the queue for so many tasks.
func (r *run) queueFor(ctx context.Context, due int) queue {
	q := queue{now: r.now, margin: r.Schedule.Margin(), starts: due, id: r.job.ID}
	if end, ok := ctx.Deadline(); ok {
		q.starts = r.pace.within(time.Until(end)-reserve-loginTime, due)
	}
	return q
}

// idle reports whether nothing needs to be looked at for one that is not due.
func (d Decision) idle(st State) bool {
	return d.Reason == Paused || d.Reason == Fresh && st.Note.Class == ""
}
