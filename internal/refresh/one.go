package refresh

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// A visit is what a run does for one provider, and what it knows of it by now.
type visit struct {
	*run
	task
	// due is the last decision, and tried the version of what a login is made with: see
	// run.tried.
	due   Decision
	tried string
	// version is that of the credential.
	version string
	// ticket is what is known of the refresh token, where one is sent.
	ticket ticketState
	// rotation stores the next refresh token; nil: none came. It was forewarned of its
	// failure where that is noted already.
	rotation   *rotation
	forewarned bool
}

// one deals with one provider, from the hint to a stored token or a noted failure. A
// panic ends there, and is a failure like any other.
func (r *run) one(ctx context.Context, t task) (res Result) {
	v := &visit{run: r, task: t}
	asking, storing, stop := v.times(ctx)
	defer stop()
	defer func() {
		if p := recover(); p != nil {
			res = v.panicked(storing, p, string(debug.Stack()))
		}
	}()

	defer func() { v.slot.end() }()

	if v.bad != nil {
		return v.badConfig(storing)
	}
	v.decide(asking)
	if v.blocked(v.due) != nil || v.due.Reason == CoolingDown {
		return v.wait(storing, false)
	}
	asked, _ := asking.Deadline()
	if ctx.Err() != nil || time.Until(asked) < v.leastTime() || v.due.Due && v.slot == nil && !r.begin(ctx, &v.task) {
		return r.skip(v.task)
	}

	// The hint is old: somebody else may have done it.
	wasDue := v.due.Due && !v.named
	st, err := r.Store.Open(asking, v.Name)
	if err != nil && cut(asking) {
		return r.skip(v.task)
	}
	if err != nil {
		res := v.result(Failed, Decision{Reason: v.due.Reason})
		res.Err = asError(err, CodeStoreFailed, "opening the secret")
		res.Notice = true // there is no place to remember that it was told
		return res
	}
	v.state = st
	v.decide(asking)
	if v.due.Due && v.due.Reason != Unfinished {
		rotates := v.Rotates
		switch gone, e := v.latest(asking); {
		case e != nil && cut(asking):
			return r.skip(v.task)
		case e != nil:
			v.tried = v.triedWith(storing, "")
			return v.fail(storing, e)
		case gone:
			return v.result(Waiting, Decision{Reason: Gone})
		case v.bad != nil:
			return v.badConfig(storing)
		case v.Rotates != rotates:
			return r.skip(v.task) // the next run gives it the time that it takes
		}
	}
	switch {
	case !v.due.Due:
		return v.wait(storing, wasDue)
	case v.due.Reason == Unfinished:
		// Nobody is asked, so a failure that stands is still that of the same credential.
		v.tried = st.Note.Credential
		res, e := v.save(storing, Change{Provider: v.Name, From: st.Current, To: st.Next})
		return v.settle(storing, res, e)
	}
	if v.slot == nil && !r.begin(ctx, &v.task) { // by the hint it was not due
		return r.skip(v.task)
	}
	res = v.ask(asking, storing)
	if st.Caution != "" {
		res.Warnings = append(res.Warnings, st.Caution)
	}
	return res
}

// times returns the contexts in which the provider is asked, and in which what it answers is
// stored, also where ctx ends before. One with a refresh token is given the time for two
// attempts, and to the end of the run to store the next one.
func (v *visit) times(ctx context.Context) (asking, storing context.Context, stop func()) {
	asked, cause := time.Now().Add(providerTime-writeTime), context.DeadlineExceeded
	stored := asked.Add(writeTime)
	if v.Rotates {
		asked = time.Now().Add(claimTime + v.leastTime())
		stored = asked.Add(keepTime)
	}
	if end, ok := ctx.Deadline(); ok {
		stored = earlier(stored, end)
		if end = end.Add(-reserve); end.Before(asked) {
			asked, cause = end, errRunEnds
		}
	}
	asking, stopAsking := context.WithDeadlineCause(ctx, asked, cause)
	storing, stopStoring := context.WithDeadline(context.WithoutCancel(ctx), stored)
	return asking, storing, func() { stopAsking(); stopStoring() }
}

// panicked notes a panic. Its value is not printed, since anything may be in it.
func (v *visit) panicked(ctx context.Context, value any, stack string) (res Result) {
	e := &Error{Class: Transient, Code: CodeInternal,
		Detail: fmt.Sprintf("a panic of type %T while refreshing %s", value, v.Name),
		Remedy: "this is a bug in tokenkeeper: report it with the stack, which is logged"}
	defer func() {
		if recover() != nil {
			res = v.result(Failed, v.due)
			res.Err, res.Notice = e, true
		}
		res.Stack = stack
	}()
	if !v.notable() {
		res = v.result(Failed, v.due)
		res.Err, res.Notice = e, true
		return res
	}
	return v.fail(ctx, worse(v.rotated(ctx), e))
}

// notable reports whether a note can be left beside the secret.
func (t task) notable() bool {
	return t.state.Exists && t.state.Owned && !t.state.Deleting && t.state.Blocked == nil
}

// decide decides on the present state. A failure that waits for an edit is forgotten once
// the credential, or the refresh token, has another version than the one that failed, or the
// config was approved.
func (v *visit) decide(ctx context.Context) {
	v.due = v.Schedule.decide(v.Provider, v.state, v.now, v.job.Force)
	if v.due.Reason != CoolingDown {
		return
	}
	n := v.state.Standing(v.Config)
	if !n.Class.waitsForEdit() && n.Unsure == "" {
		return
	}
	// An approval may leave the config's fingerprint as it was.
	if n.Code != CodeNotApproved || !v.Approved {
		version, err := v.Source.CredentialVersion(ctx, v.Credential)
		if err != nil && !errors.Is(err, ErrNotFound) || v.triedWith(ctx, version) == n.Credential {
			return
		}
	}
	st := v.state
	st.Note = Note{}
	v.due = v.Schedule.decide(v.Provider, st, v.now, v.job.Force)
}

// wait returns the result for a provider that is not asked; wasDue says that by the hint
// it would have been.
func (v *visit) wait(ctx context.Context, wasDue bool) Result {
	res := v.result(Waiting, v.due)
	if err := v.blocked(v.due); err != nil {
		// No note can be left in a secret that is not ours to touch: it is told every time.
		res.Outcome, res.Err, res.Notice = Failed, err, true
		return res
	}
	if v.due.Reason != Fresh {
		return res
	}
	if wasDue {
		res.Outcome = Adopted
	}
	// Whatever failed need not be done any more: it was asked for by hand, or another run has
	// done it.
	v.clearNote(ctx, &res)
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
