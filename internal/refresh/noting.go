package refresh

import (
	"context"
	"fmt"
	"time"
)

// fail notes a failure beside the secret.
func (v *visit) fail(ctx context.Context, e *Error) Result {
	n := v.remember(v.Schedule.failed(v.attempt(), e))
	res := v.result(Failed, Decision{Reason: v.due.Reason, Next: n.Next})
	res.Err, res.Notice = e, n.Tries == 1 // else it was reported when it began
	v.note(ctx, &res, n)
	return res
}

// unnoted returns the result of a failure that no note remembers: see [reportedOnce].
func (v *visit) unnoted(d Decision, e *Error) Result {
	res := v.result(Failed, d)
	res.Err, res.Notice = e, true
	return res
}

// attempt returns what is known of this attempt.
func (v *visit) attempt() attempt {
	return attempt{state: v.state, config: v.Config, credential: v.tried, after: v.after, now: v.now, took: time.Since(v.began),
		rest: v.rest()}
}

// remember returns n with what is known of the refresh token, or was known before.
func (v *visit) remember(n Note) Note {
	before := v.state.Note
	n.Claim, n.Spent, n.Unsure, n.RefreshTokenEnds = before.Claim, before.Spent, before.Unsure, before.RefreshTokenEnds
	if v.ticket.version != "" {
		n.Spent, n.Unsure = v.ticket.spent, v.ticket.unsure
	}
	if v.ticket.claim != "" {
		n.Claim, n.RefreshTokenEnds = v.ticket.claim, v.ticket.ends
	}
	return n
}

// badConfig reports a config that cannot be used, and notes it where there is a secret: none is
// created for a name that may be a typo.
func (v *visit) badConfig(ctx context.Context) Result {
	v.due = Decision{Next: v.now.Add(v.Schedule.Tick)}
	noted := func() bool { return v.state.LiveNote(v.Config).Code == CodeBadConfig }
	if !noted() && v.state.notable() {
		// What was listed may be older than the note of another run.
		if st, err := v.Store.Open(ctx, v.Name); err == nil {
			v.state, v.seen = st, v.now
		}
	}
	if noted() {
		res := v.result(Waiting, Decision{Reason: CoolingDown, Next: v.due.Next})
		res.Err = v.bad
		return res
	}
	if v.state.notable() {
		return v.fail(ctx, v.bad)
	}
	return v.unnoted(v.due, v.bad)
}

// note leaves n beside the secret. Another run that may have the refresh token knows more: what it
// has noted meanwhile stays.
func (v *visit) note(ctx context.Context, res *Result, n Note) {
	if v.Rotates && v.ticket.claim == "" {
		if st, err := v.Store.Open(ctx, v.Name); err == nil && st.Note != v.state.Note {
			res.Note, res.noted = n, true
			return
		}
	}
	v.leave(ctx, res, n)
}

// leave replaces the note beside a secret.
func (r *run) leave(ctx context.Context, res *Result, n Note) {
	res.Note = n
	if err := r.Store.Note(ctx, res.Provider, n); err != nil {
		res.Warnings = append(res.Warnings, fmt.Sprintf("noting the outcome beside the secret: %v", err))
		return
	}
	res.noted = true
}

// clearNote removes a note that is no longer true, but for what is known of the refresh token.
func (v *visit) clearNote(ctx context.Context, res *Result) {
	before := res.State.Note
	n := v.remember(Note{})
	if v.ticket.claim != "" {
		n.Claim = "" // the token that is stored is its outcome
	}
	if before == n && !v.forewarned {
		return
	}
	v.mend(ctx, res, n)
}

// mend leaves n in the place of a note that is no longer true, and reports the recovery, or leaves
// that to the next run.
func (v *visit) mend(ctx context.Context, res *Result, n Note) {
	v.note(ctx, res, n)
	if !res.noted {
		res.Note = v.state.LiveNote(v.Config)
		return
	}
	if before := v.state.Note; before.Class.Failing() {
		res.Recovered, res.Was = true, before
	}
}

// wait returns the result for a provider that is not asked, and was due by the hint or not.
func (v *visit) wait(ctx context.Context, wasDue bool) Result {
	if err := v.blocked(v.due); err != nil {
		return v.unnoted(v.due, err) // the secret is not ours to touch
	}
	res := v.result(Waiting, v.due)
	if v.due.Reason != Fresh {
		return res
	}
	if wasDue {
		res.Outcome = Adopted
	}
	// Whatever failed was asked for by hand, or another run has done it.
	v.clearNote(ctx, &res)
	return res
}
