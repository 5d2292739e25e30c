package refresh

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// one deals with one provider, from the hint to a stored token or a noted failure. A
// panic ends there: its value is not printed, since anything may be in it.
func (r *run) one(ctx context.Context, t task) (res Result) {
	defer func() {
		if v := recover(); v != nil {
			res = t.result(Failed, Decision{})
			res.Notice = true
			res.Stack = string(debug.Stack())
			res.Err = &Error{Class: Transient, Code: CodeInternal,
				Detail: fmt.Sprintf("a panic of type %T while refreshing %s", v, t.Name),
				Remedy: "this is a bug in tokenkeeper: report it with the stack, which is logged"}
		}
	}()

	// What the login gave is still stored when ctx ends, in the time kept for that.
	deadline := time.Now().Add(providerTime)
	asked, cause := deadline.Add(-writeTime), context.DeadlineExceeded
	if end, ok := ctx.Deadline(); ok {
		deadline = earlier(deadline, end)
		if end = end.Add(-reserve); end.Before(asked) {
			asked, cause = end, errRunEnds
		}
	}
	asking, cancel := context.WithDeadlineCause(ctx, asked, cause)
	defer cancel()
	storing, cancel := context.WithDeadline(context.WithoutCancel(ctx), deadline)
	defer cancel()

	if t.bad != nil {
		return r.badConfig(storing, t)
	}
	d := r.decide(asking, t)
	if t.blocked(d) != nil || d.Reason == CoolingDown {
		return r.wait(storing, t, d, false)
	}
	if ctx.Err() != nil || time.Until(asked) < t.leastTime() || d.Due && !t.turn && !r.turn(ctx, t) {
		return r.skip(t)
	}

	// The hint is old: somebody else may have done it.
	wasDue := d.Due
	st, err := r.Store.Open(asking, t.Name)
	if err != nil && cut(asking) {
		return r.skip(t)
	}
	if err != nil {
		res := t.result(Failed, Decision{Reason: d.Reason})
		res.Err = asError(err, CodeStoreFailed, "opening the secret")
		res.Notice = true // there is no place to remember that it was told
		return res
	}
	t.state = st
	if d = r.decide(asking, t); !d.Due {
		return r.wait(storing, t, d, wasDue)
	}
	if d.Reason == Unfinished {
		// Nobody is asked, so a failure that stands is still that of the same credential.
		return r.save(storing, t, d, Change{Provider: t.Name, From: st.Current, To: st.Next}, st.Note.Credential)
	}
	res = r.ask(asking, storing, t, d)
	if st.Caution != "" {
		res.Warnings = append(res.Warnings, st.Caution)
	}
	return res
}

// decide decides on the state of t. A failure that waits for an edit is forgotten once
// the credential has another version than the one that failed, or the config was approved.
func (r *run) decide(ctx context.Context, t task) Decision {
	d := r.Schedule.decide(t.Provider, t.state, r.now, r.job.Force)
	if d.Reason != CoolingDown {
		return d
	}
	n := t.state.Standing(t.Config)
	if n.Class != Misconfigured && n.Class != NeedsPerson {
		return d
	}
	// An approval may leave the config's fingerprint as it was.
	if n.Code != CodeNotApproved || !t.Approved {
		version, err := r.Source.CredentialVersion(ctx, t.Credential)
		if err != nil && !errors.Is(err, ErrNotFound) || r.tried(ctx, t, version) == n.Credential {
			return d
		}
	}
	st := t.state
	st.Note = Note{}
	return r.Schedule.decide(t.Provider, st, r.now, r.job.Force)
}

// wait returns the result for a provider that is not asked; wasDue says that by the hint
// it would have been.
func (r *run) wait(ctx context.Context, t task, d Decision, wasDue bool) Result {
	res := t.result(Waiting, d)
	if err := t.blocked(d); err != nil {
		// No note can be left in a secret that is not ours to touch: it is told every time.
		res.Outcome, res.Err, res.Notice = Failed, err, true
		return res
	}
	if d.Reason != Fresh {
		return res
	}
	if wasDue {
		res.Outcome = Adopted
	}
	// Whatever failed need not be done any more: it was asked for by hand, or another run has
	// done it.
	r.clearNote(ctx, &res)
	return res
}

// blocked returns why a secret must not be touched, or nil.
func (t task) blocked(d Decision) *Error {
	if e := t.state.Blocked; e != nil && d.Reason == Reason(e.Code) {
		return e
	}
	switch d.Reason {
	case NotOurs:
		return &Error{Class: Misconfigured, Code: string(NotOurs),
			Detail: "a secret of that name exists without the tag tokenkeeper:owner of this deployment, so it is not touched",
			Remedy: "if it may be replaced, run 'tokenkeeper adopt'; else rename the provider"}
	case Deleting:
		return &Error{Class: Misconfigured, Code: string(Deleting),
			Detail: "the secret is scheduled for deletion, so nothing can be stored in it",
			Remedy: "restore it, or remove the provider's config"}
	}
	return nil
}

// result returns what is known of t once d was decided and o came of it.
func (t task) result(o Outcome, d Decision) Result {
	return Result{Provider: t.Name, Outcome: o, Reason: d.Reason, Next: d.Next, State: t.state, Note: t.state.Standing(t.Config)}
}
