package refresh

import (
	"context"
	"errors"
	"time"
)

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

// dueSince returns since when t has been due: since its token was to be replaced, or its
// config was edited, and since the last failure was to be tried again. Of what nothing says
// since when, a tick has passed.
func (s Schedule) dueSince(t task, now time.Time) time.Time {
	since := t.edited
	if v, ok := t.state.current(); ok && v.Config == t.Config {
		since = s.For(t.Provider).DueAt(t.Name, v)
	} else if since.IsZero() {
		since = now.Add(-s.Tick)
	}
	return earlier(later(since, t.state.LiveNote(t.Config).Next), now)
}

// queueFor returns the queue for so many tasks.
func (r *run) queueFor(ctx context.Context, due int) queue {
	q := queue{now: r.now, margin: r.Schedule.Margin(), apart: 5 * r.Schedule.Tick, starts: due, id: r.job.ID}
	if end, ok := ctx.Deadline(); ok {
		q.starts = r.pace.within(time.Until(end)-reserve-loginTime, due)
	}
	return q
}
