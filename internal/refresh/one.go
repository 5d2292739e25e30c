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
			res = t.result()
			res.Outcome, res.Notice = Failed, true
			res.Stack = string(debug.Stack())
			res.Err = &Error{Class: Transient, Code: CodeInternal,
				Detail: fmt.Sprintf("a panic of type %T while refreshing %s", v, t.Name),
				Remedy: "this is a bug in tokenkeeper: report it with the stack, which is logged"}
		}
	}()

	// What the login gave is still stored when ctx ends, in the time kept for that.
	deadline := time.Now().Add(providerTime)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	if ctx.Err() != nil || time.Until(deadline) < 2*writeTime {
		return t.skipped()
	}
	asking, cancel := context.WithDeadline(ctx, deadline.Add(-writeTime))
	defer cancel()
	storing, cancel := context.WithDeadline(context.WithoutCancel(ctx), deadline)
	defer cancel()

	if t.bad != nil {
		return r.badConfig(storing, t)
	}
	d := r.decide(asking, t)
	if d.blocked() != nil || d.Reason == CoolingDown {
		return r.wait(storing, t, d, false)
	}

	// The hint is old: somebody else may have done it.
	wasDue := d.Due
	st, err := r.Store.Open(asking, t.Name, !r.planned(t, d))
	if err != nil {
		res := t.result()
		res.Outcome, res.Reason = Failed, d.Reason
		res.Err = asError(err, CodeStoreFailed, "opening the secret")
		res.Notice = true // there is no place to remember that it was told
		return res
	}
	st.Name = t.Name
	t.state = st
	if d = r.decide(asking, t); !d.Due {
		return r.wait(storing, t, d, wasDue)
	}
	if d.Reason == Unfinished {
		// Nobody is asked, so a failure that stands is still that of the same credential.
		return r.save(storing, t, d, Change{Provider: t.Name, From: st.Current, To: st.Next}, st.Note.Credential)
	}
	return r.ask(asking, storing, t, d)
}

// decide decides on the state of t. A failure that waits for an edit is forgotten once
// the credential has another version than the one that failed.
func (r *run) decide(ctx context.Context, t task) Decision {
	d := r.Schedule.decide(t.Provider, t.state, r.now, r.job.Force)
	if d.Reason != CoolingDown {
		return d
	}
	n := t.state.Standing(t.Config)
	if n.Class != Misconfigured && n.Class != NeedsPerson {
		return d
	}
	version, err := r.Source.CredentialVersion(ctx, t.Credential)
	if err != nil && !errors.Is(err, ErrNotFound) || r.tried(ctx, t, version) == n.Credential {
		return d
	}
	st := t.state
	st.Note = Note{}
	return r.Schedule.decide(t.Provider, st, r.now, r.job.Force)
}

// wait returns the result for a provider that is not asked; wasDue says that by the hint
// it would have been.
func (r *run) wait(ctx context.Context, t task, d Decision, wasDue bool) Result {
	res := t.result()
	res.Outcome, res.Reason, res.Next = Waiting, d.Reason, d.Next
	if err := d.blocked(); err != nil {
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
	if t.staleNote() {
		r.clearNote(ctx, &res)
	}
	return res
}

// staleNote reports whether there is a note, and something has happened since that it
// did not know of.
func (t task) staleNote() bool {
	return t.state.Note != Note{} && t.state.Standing(t.Config) == Note{}
}

// planned reports whether the schedule itself keeps the distance between this write and
// the last. What happens outside the plan could use up the versions that the store
// keeps, and then a token that ends could not be replaced.
func (r *run) planned(t task, d Decision) bool {
	switch d.Reason {
	case ConfigChanged, Forced:
		v, ok := t.state.current()
		return ok && !r.now.Before(r.Schedule.For(t.Provider).DueAt(t.Name, v))
	case ForeignVersion:
		return false
	}
	return true
}

// blocked returns why a secret must not be touched, or nil.
func (d Decision) blocked() *Error {
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

// ask logs in, once, and keeps what that gives.
func (r *run) ask(asking, storing context.Context, t task, d Decision) Result {
	if !r.planned(t, d) && t.state.Writes >= maxWrites {
		return r.fail(storing, t, d, "", &Error{Class: Transient, Code: CodeWriteBudget,
			Detail: fmt.Sprintf("%d versions were written in the last 24 hours; the store takes 100, and the rest is kept for planned refreshes", t.state.Writes),
			Remedy: "find what edits the config, or forces a refresh, again and again"})
	}
	cred, e := r.credential(asking, t)
	tried := r.tried(asking, t, cred.Version)
	var ticket Ticket
	if e == nil && t.Rotates {
		ticket, e = r.claim(asking, t)
		cred = cred.with("refresh_token", ticket.Token)
	}
	switch {
	case e != nil && e.Code == CodeClaimed:
		return r.await(asking, storing, t, d, tried, e)
	case e != nil:
		return r.fail(storing, t, d, tried, e)
	}

	grant, err := t.Endpoint.Grant(asking, cred)
	if err != nil {
		e := asError(err, CodeInternal, "logging in")
		if e.Class == NeedsPerson && t.Rotates && r.overtaken(storing, t, ticket) {
			e = &Error{Class: Transient, Code: CodeClaimed, Detail: "another run has spent the refresh token", Err: err}
		}
		return r.fail(storing, t, d, tried, e)
	}
	if t.Rotates {
		if e = r.rotate(storing, t, ticket, grant); e == nil {
			tried = r.tried(storing, t, cred.Version)
		}
	}
	res := r.keep(storing, t, d, cred, tried, grant)
	if e != nil && res.Outcome != Failed {
		// The token is good to its end, but nothing will come after it.
		t.state = res.State
		res = r.fail(storing, t, d, tried, e)
	}
	res.Warnings = append(grant.Warnings, res.Warnings...)
	return res
}

// keep stores a grant, unless it is the token that is stored already or must not be.
func (r *run) keep(ctx context.Context, t task, d Decision, cred Credential, tried string, grant Grant) Result {
	v, record := grant.version(t.Provider, r.Schedule)
	if cur, ok := t.state.current(); ok && cur.Digest == v.Digest && cur.Config == v.Config && r.now.Before(cur.ExpiresAt()) {
		// What the answer says of the lifetime is not believed: a cached answer often
		// repeats the first one's.
		return r.same(ctx, t, d, tried)
	}
	value, e := t.storable(cred, v, record, r.now)
	if e != nil {
		return r.fail(ctx, t, d, tried, e)
	}
	c := Change{Provider: t.Name, From: t.state.Current, To: v.ID(), Record: value}
	if t.Probe != nil {
		c.Probe = func(ctx context.Context) error { return t.Probe(ctx, grant.AccessToken) }
	}
	res := r.save(ctx, t, d, c, tried)
	if r.Schedule.For(t.Provider).ShortLived(v.Lifetime) {
		res.Warnings = append(res.Warnings, fmt.Sprintf("the token lives %v: too short to be kept without a gap at a tick of %v", v.Lifetime, r.Schedule.Tick))
	}
	return res
}

// maxWrites is how many versions of 24 hours leave room for planned refreshes.
const maxWrites = 95

// maxRecord is the size of the largest value that Secrets Manager takes, in bytes.
const maxRecord = 65536

// credential reads what t is logged in to with. The version is set wherever one was
// found, also beside an error.
func (r *run) credential(ctx context.Context, t task) (Credential, *Error) {
	doc, err := r.Source.Credential(ctx, t.Credential)
	found := Credential{Version: doc.Version}
	switch {
	case errors.Is(err, ErrNotFound):
		return found, &Error{Class: Misconfigured, Code: CodeNoCredential,
			Detail: fmt.Sprintf("there is no credential %q", t.Credential),
			Remedy: "put it in with 'tokenkeeper credential put'", Err: err}
	case err != nil:
		return found, asError(err, CodeSourceFailed, fmt.Sprintf("reading credential %q", t.Credential))
	case doc.Err != nil:
		return found, asError(doc.Err, CodeBadCredential, fmt.Sprintf("reading credential %q", t.Credential))
	}
	c, err := r.Parser.Credential(doc)
	if err != nil {
		return found, &Error{Class: Misconfigured, Code: CodeBadCredential, Detail: err.Error(), Err: err}
	}
	if !c.Serves(t.Name) {
		return found, &Error{Class: Misconfigured, Code: CodeNotForProvider,
			Detail: fmt.Sprintf("credential %q is not for provider %q", c.Name, t.Name),
			Remedy: fmt.Sprintf(`if it may be used there, its owner adds "providers": [%q] to it`, t.Name)}
	}
	return c, nil
}

// storable returns the record as consumers will read it, unless it must not be stored.
func (t task) storable(c Credential, v Version, record Record, now time.Time) (Secret, *Error) {
	refuse := func(code, detail, remedy string) (Secret, *Error) {
		return Secret{}, &Error{Class: Misconfigured, Code: code, Detail: detail, Remedy: remedy}
	}
	if !now.Before(v.ExpiresAt()) {
		return refuse(CodeTokenOver, "the token that was answered is already over: it ended at "+v.ExpiresAt().Format(time.RFC3339),
			"look at the clock of the provider, and at the lifetime's unit")
	}
	encode := Record.Encode
	if t.Encode != nil {
		encode = t.Encode
	}
	value, err := encode(record)
	if err != nil {
		return refuse(CodeInternal, "encoding the record: "+c.Redact(err.Error()), "")
	}
	if value.Len() > maxRecord {
		return refuse(CodeTokenTooLarge, fmt.Sprintf("the record would have %d bytes; a secret holds %d", value.Len(), maxRecord),
			"ask for fewer scopes, or for fewer extra fields")
	}
	if name := c.FoundIn(value.Reveal()); name != "" {
		return refuse(CodeSecretInRecord, fmt.Sprintf("the record would contain the credential's %s, so it is not stored", name),
			"look at the paths under response: one of them leads to what was sent")
	}
	return value, nil
}

// save makes a version current.
func (r *run) save(ctx context.Context, t task, d Decision, c Change, tried string) Result {
	deadline, _ := ctx.Deadline()
	saving, cancel := context.WithDeadline(ctx, deadline.Add(-noteTime))
	defer cancel()
	after, err := r.Store.Save(saving, c)
	if err != nil {
		return r.fail(ctx, t, d, tried, asError(err, CodeStoreFailed, "storing the token"))
	}
	after.Name, after.Note = t.Name, t.state.Note
	t.state = after
	res := t.result()
	res.Reason, res.Outcome = d.Reason, Refreshed
	switch {
	case after.Current != c.To:
		res.Outcome = Adopted
	case d.Reason == Unfinished:
		res.Outcome = Finished
	}
	if v, ok := after.current(); ok {
		res.Next = r.Schedule.For(t.Provider).DueAt(t.Name, v)
	}
	r.clearNote(ctx, &res)
	return res
}

// same notes that the provider answered the token that is stored.
func (r *run) same(ctx context.Context, t task, d Decision, tried string) Result {
	n := r.Schedule.unchanged(attempt{state: t.state, config: t.Config, credential: tried, now: r.now})
	res := t.result()
	res.Outcome, res.Reason, res.Next = Same, d.Reason, n.Next
	res.Recovered = t.state.Note.Class.Failing()
	r.note(ctx, &res, n)
	return res
}

// fail notes a failure beside the secret.
func (r *run) fail(ctx context.Context, t task, d Decision, tried string, e *Error) Result {
	n := r.Schedule.failed(attempt{state: t.state, config: t.Config, credential: tried, now: r.now}, e)
	res := t.result()
	res.Outcome, res.Reason, res.Next, res.Err = Failed, d.Reason, n.Next, e
	res.Notice = n.Tries == 1 // else it was told when it began
	r.note(ctx, &res, n)
	return res
}

// badConfig reports a config that cannot be used. It is noted where there is a secret
// to note it in; none is made for a name that may be a slip.
func (r *run) badConfig(ctx context.Context, t task) Result {
	d := Decision{Next: r.now.Add(r.Schedule.Tick)}
	if n := t.state.Standing(t.Config); n.Class == Misconfigured && n.Code == CodeBadConfig {
		res := t.result()
		res.Outcome, res.Reason, res.Next, res.Err = Waiting, CoolingDown, d.Next, t.bad
		return res
	}
	if t.state.Exists && t.state.Owned && !t.state.Deleting {
		return r.fail(ctx, t, d, "", t.bad)
	}
	res := t.result()
	res.Outcome, res.Reason, res.Next, res.Err, res.Notice = Failed, d.Reason, d.Next, t.bad, true
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

func (t task) result() Result {
	return Result{Provider: t.Name, State: t.state, Note: t.state.Standing(t.Config)}
}

// skipped is for a provider for which the run has no time left.
func (t task) skipped() Result {
	res := t.result()
	res.Outcome = Skipped
	return res
}
