package refresh

import (
	"context"
	"fmt"
	"time"
)

// fail notes a failure beside the secret.
func (r *run) fail(ctx context.Context, t task, d Decision, tried string, e *Error) Result {
	n := r.Schedule.failed(attempt{state: t.state, config: t.Config, credential: tried, now: r.now, took: time.Since(r.began)}, e)
	res := t.result(Failed, Decision{Reason: d.Reason, Next: n.Next})
	res.Err, res.Notice = e, n.Tries == 1 // else it was told when it began
	r.note(ctx, &res, n)
	return res
}

// badConfig reports a config that cannot be used. It is noted where there is a secret
// to note it in; none is made for a name that may be a slip.
func (r *run) badConfig(ctx context.Context, t task) Result {
	d := Decision{Next: r.now.Add(r.Schedule.Tick)}
	if n := t.state.Standing(t.Config); n.Class == Misconfigured && n.Code == CodeBadConfig {
		res := t.result(Waiting, Decision{Reason: CoolingDown, Next: d.Next})
		res.Err = t.bad
		return res
	}
	if t.state.Exists && t.state.Owned && !t.state.Deleting && t.state.Blocked == nil {
		return r.fail(ctx, t, d, "", t.bad)
	}
	res := t.result(Failed, d)
	res.Err, res.Notice = t.bad, true
	return res
}

// note leaves n beside the secret.
func (r *run) note(ctx context.Context, res *Result, n Note) {
	res.Note = n
	if err := r.Store.Note(ctx, res.Provider, n); err != nil {
		res.Warnings = append(res.Warnings, fmt.Sprintf("noting the outcome beside the secret: %v", err))
	}
}

// clearNote removes a note that is no longer true, and tells of the recovery.
func (r *run) clearNote(ctx context.Context, res *Result) {
	before := res.State.Note
	if before == (Note{}) {
		return
	}
	res.Recovered = before.Class.Failing()
	r.note(ctx, res, Note{})
}
