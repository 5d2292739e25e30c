package refresh

import (
	"context"
	"errors"
	"fmt"
)

// maxWrites is how many versions of 24 hours leave room for planned refreshes.
const maxWrites = 95

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

// ask logs in, once, and keeps what that gives.
func (r *run) ask(asking, storing context.Context, t task, d Decision) Result {
	if !r.planned(t, d) {
		if e := r.budget(asking, t); e != nil {
			return r.fail(storing, t, d, "", e)
		}
	}
	cred, e := r.credential(asking, t)
	tried := r.tried(asking, t, cred.Version)
	var ticket Ticket
	if e == nil && t.Rotates {
		ticket, e = r.claim(asking, t)
		cred = cred.With("refresh_token", ticket.Token)
	}
	switch {
	case e != nil && cut(asking):
		return r.skip(t)
	case e != nil && e.Code == CodeClaimed:
		return r.await(asking, storing, t, d, tried, e)
	case e != nil:
		return r.fail(storing, t, d, tried, e)
	}

	login := Login{Credential: cred}
	if t.Rotates {
		login.Rotate = func(s Successor) {
			cred = cred.With("next refresh_token", s.Token)
			if e = r.rotate(storing, t, ticket, s); e == nil {
				tried = r.tried(storing, t, cred.Version)
			}
		}
	}
	grant, err := t.Endpoint.Grant(asking, login)
	if err != nil && cut(asking) && !t.Rotates {
		return r.skip(t)
	}
	switch {
	case err != nil && e == nil:
		e := asError(err, CodeInternal, "logging in")
		e.Ours = asking.Err() != nil && context.Cause(asking) != context.DeadlineExceeded
		if e.Class == NeedsPerson && t.Rotates && r.overtaken(storing, t, ticket) {
			e = &Error{Class: Transient, Code: CodeClaimed, Detail: "another run has spent the refresh token", Err: err}
		}
		return r.fail(storing, t, d, tried, e)
	case err != nil:
		return r.fail(storing, t, d, tried, e)
	}
	res := r.keep(storing, t, d, cred, tried, grant)
	if e != nil && res.Outcome != Failed {
		// The token is good to its end, but nothing will come after it.
		t.state = res.State
		res = r.fail(storing, t, d, tried, e)
	}
	res.Warnings = append(r.told.news(t.Name, grant.Warnings), res.Warnings...)
	return res
}

// budget says why there is no room for a write that is not planned, or returns nil.
func (r *run) budget(ctx context.Context, t task) *Error {
	n, err := r.Store.Writes(ctx, t.Name)
	switch {
	case err != nil:
		return asError(err, CodeStoreFailed, "counting the versions of the last 24 hours")
	case n >= maxWrites:
		return &Error{Class: Transient, Code: CodeWriteBudget,
			Detail: fmt.Sprintf("%d versions were written in the last 24 hours; the store takes 100, and the rest is kept for planned refreshes", n),
			Remedy: "find what edits the config, or forces a refresh, again and again"}
	}
	return nil
}

// credential reads what t is logged in to with. The version is set wherever one was
// found, also beside an error.
func (r *run) credential(ctx context.Context, t task) (Credential, *Error) {
	doc, err := r.Source.Credential(ctx, t.Credential)
	found := Credential{Version: doc.Version}
	switch {
	case errors.Is(err, ErrNotFound):
		return found, &Error{Class: Misconfigured, Code: CodeNoCredential,
			Detail: fmt.Sprintf("there is no credential %q", t.Credential),
			Remedy: "put it in with 'tokenkeeper credential put " + t.Credential + "'", Err: err}
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
	if c.ApprovedOnly && !t.Approved {
		return found, &Error{Class: Misconfigured, Code: CodeNotApproved,
			Detail: fmt.Sprintf("credential %q is for approved configs only, and no approved copy of %s is in effect", c.Name, t.Where),
			Remedy: "the owner of the credential looks at it and runs 'tokenkeeper approve " + t.Name + "'"}
	}
	return c, nil
}
