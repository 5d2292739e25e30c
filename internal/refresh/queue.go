package refresh

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"
)

const (
	// failingTries is how many attempts in a row a provider fails before it comes last.
	failingTries = 3
	// failingShare is how many starts there are to one of a provider that comes last.
	failingShare = 10
)

// A queue puts the providers that are due in the order in which a run begins with them.
// It is a value: two runs that are given the same, begin in the same order.
type queue struct {
	now    time.Time
	margin time.Duration // a token with less life than that is replaced first: see [Schedule.Margin]
	apart  time.Duration // the longest between attempts at one that fails, in a run with time for all
	starts int           // how many providers the run has the time to begin with
	id     string        // distinguishes the run from others; empty: it is the only one
}

// queueFor returns the queue for so many tasks.
func (r *run) queueFor(ctx context.Context, due int) queue {
	q := queue{now: r.now, margin: r.Schedule.Margin(), apart: 5 * r.Schedule.Tick, starts: due, id: r.job.ID}
	if end, ok := ctx.Deadline(); ok {
		q.starts = r.pace.within(time.Until(end)-reserve-loginTime, due)
	}
	return q
}

// order puts the tasks in their order, which it returns.
//
// Providers whose last three attempts failed come last, whatever life their tokens have left: many
// of them, at hosts that hang, would take the time of a run from those that can be saved. One start
// in ten is theirs, so that one that answers again is found out, the one that was asked longest ago
// first. Of those that were asked within five ticks, as in a run with time for all, those whose
// tokens expire first come first: after an outage of thousands each can still be saved.
//
// All others go by the expiry of their tokens, those without a live one first. Of the latter none
// is more urgent than another, and neither is any whose token is in no danger while the run gets to
// it. Each run takes either in an order of its own: what killed one run is not the first in the next
// as well, and the duplicate of a run finds half of them done, and the other half open.
func (q queue) order(tasks []task) []task {
	own := make(map[string]uint64, len(tasks))
	for _, t := range tasks {
		own[t.Name] = q.own(t.Name)
	}
	byOwn := func(a, b task) int { return cmp.Compare(own[a.Name], own[b.Name]) }
	byExpiry := func(a, b task) int {
		return later(a.state.ExpiresAt(), q.now).Compare(later(b.state.ExpiresAt(), q.now))
	}
	slices.SortFunc(tasks, byOwn)

	var failing, others []task
	for _, t := range tasks {
		if t.state.LiveNote(t.Config).failing() {
			failing = append(failing, t)
		} else {
			others = append(others, t)
		}
	}
	slices.SortStableFunc(failing, byExpiry)
	slices.SortStableFunc(failing, q.byAttempt)
	slices.SortStableFunc(others, byExpiry)

	danger := q.now.Add(q.margin)
	safe, _ := slices.BinarySearchFunc(others, danger, func(t task, danger time.Time) int {
		return t.state.ExpiresAt().Compare(danger)
	})
	starts := min(max(q.starts-min(q.starts/failingShare, len(failing)), safe), len(others))
	if q.id != "" {
		slices.SortFunc(others[safe:starts], byOwn)
	}
	return share(others, failing)
}

// byAttempt compares providers that fail: those not asked for long, the longest first; then those
// with a live token; then the others, by the last attempt.
func (q queue) byAttempt(a, b task) int {
	rank := func(t task) int {
		switch {
		case q.now.Sub(t.state.Note.Last) > q.apart:
			return 0
		case q.now.Before(t.state.ExpiresAt()):
			return 1
		}
		return 2
	}
	if by := cmp.Compare(rank(a), rank(b)); by != 0 || rank(a) == 1 {
		return by
	}
	return a.state.Note.Last.Compare(b.state.Note.Last)
}

// own places a provider in the order of this run alone.
func (q queue) own(provider string) uint64 {
	sum := sha256.Sum256([]byte(q.id + "\x00" + provider))
	return binary.BigEndian.Uint64(sum[:])
}

// share puts one of the last after every nine of the first, and the rest behind.
func share(first, last []task) []task {
	all := make([]task, 0, len(first)+len(last))
	for i, t := range first {
		all = append(all, t)
		if (i+1)%(failingShare-1) == 0 && len(last) > 0 {
			all, last = append(all, last[0]), last[1:]
		}
	}
	return append(all, last...)
}

// failing reports whether the provider's last attempts failed, without those that failed here.
func (n Note) failing() bool { return n.Class.Failing() && n.Tries-n.Ours >= failingTries }
