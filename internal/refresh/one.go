package refresh

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"
	"time"
)

// one deals with one provider, from the hint to a stored token or a noted failure, and also
// returns what is known of it then.
func (r *run) one(ctx context.Context, t task) (Result, task) {
	v := &visit{run: r, task: t}
	res := v.visit(ctx)
	v.slot.end()
	return res, v.task
}

// visit does the work of one. A panic ends here, and is a failure like any other.
func (v *visit) visit(ctx context.Context) (res Result) {
	asking, storing, stop := v.times(ctx)
	defer stop()
	defer func() {
		if p := recover(); p != nil {
			res = v.panicked(storing, p, string(debug.Stack()))
		}
	}()
	if v.bad != nil {
		return v.badConfig(storing)
	}
	v.decide(asking)
	if v.blocked(v.due) != nil || v.due.Reason == CoolingDown {
		return v.wait(storing, false)
	}
	asked, _ := asking.Deadline()
	if ctx.Err() != nil || time.Until(asked) < v.leastTime() || v.due.Due && v.slot == nil && !v.begin(ctx, &v.task) {
		return v.skip(v.task)
	}

	// The hint is old: another run may have done it.
	wasDue := v.due.Due && !v.named
	st, err := v.Store.Open(asking, v.Name)
	if err != nil && cut(asking) {
		return v.skip(v.task)
	}
	if err != nil {
		return v.unnoted(Decision{Reason: v.due.Reason}, asError(err, CodeStoreFailed, "opening the secret"))
	}
	v.state, v.seen = st, v.now
	v.decide(asking)
	if v.due.Due {
		rotates := v.Rotates
		switch gone, e := v.latest(asking); {
		case e != nil && cut(asking):
			return v.skip(v.task)
		case e != nil:
			v.tried = v.triedWith(storing, "")
			return v.fail(storing, e)
		case gone:
			return v.result(Waiting, Decision{Reason: Gone})
		case v.bad != nil:
			return v.badConfig(storing)
		case v.Rotates != rotates && !v.again: // it takes more time, or less
			v.again = true
			v.slot.end()
			v.slot = nil
			return v.visit(ctx)
		}
		wasDue = false // where it is not due any more, it was not by the config that it has
	}
	switch {
	case !v.due.Due:
		return v.wait(storing, wasDue)
	case v.due.Reason == Unfinished:
		// No provider is asked, so a failure on record is still that of the same credential.
		v.tried = st.Note.Credential
		res, e := v.save(storing, Change{Provider: v.Name, From: st.Current, To: st.Next})
		return v.settle(storing, res, e)
	}
	if v.slot == nil && !v.begin(ctx, &v.task) { // by the hint it was not due
		return v.skip(v.task)
	}
	res = v.ask(asking, storing)
	if _, ours := st.Current.Parse(); v.due.Reason == ForeignVersion && !ours {
		res.Warnings = append(res.Warnings, "another program has written the secret, and each run replaces that: find what writes it, or pause the provider")
	}
	if st.Caution != "" {
		res.Warnings = append(res.Warnings, st.Caution)
	}
	return res
}

// panicked notes a panic. Its value is not printed, since anything may be in it.
func (v *visit) panicked(ctx context.Context, value any, stack string) (res Result) {
	e := &Error{Class: Transient, Code: CodeInternal,
		Detail: fmt.Sprintf("a panic of type %T while refreshing %s", value, v.Name),
		Remedy: "this is a bug in tokenkeeper: report it with the stack, which is logged"}
	defer func() {
		if recover() != nil {
			res = v.unnoted(v.due, e)
		}
		res.Stack = stack
	}()
	if !v.state.notable() {
		return v.unnoted(v.due, e)
	}
	return v.fail(ctx, cmp.Or(v.rotated(ctx), e))
}

// ask logs in, once, and keeps what that gives.
func (v *visit) ask(asking, storing context.Context) Result {
	if !v.planned() {
		if e := v.budget(asking); e != nil {
			return v.fail(storing, e)
		}
	}
	cred, e := v.credential()
	v.tried = v.triedWith(asking, cred.Version)
	switch {
	case e != nil:
		return v.fail(storing, e)
	case v.Rotates:
		return v.spend(asking, storing, cred)
	}
	grant, err := v.grant(asking, Login{Credential: cred})
	if err != nil && cut(asking) {
		return v.skip(v.task)
	}
	if err != nil {
		return v.fail(storing, v.refusal(asking, err))
	}
	return v.conclude(storing, cred, grant)
}
