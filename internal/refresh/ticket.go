package refresh

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// spend logs in with a refresh token, and keeps what that gives.
func (v *visit) spend(asking, storing context.Context, cred Credential) Result {
	if e := v.held(); e != nil {
		return v.fail(storing, e)
	}
	asked, _ := asking.Deadline()
	claiming, stop := context.WithDeadline(asking, asked.Add(-2*v.Timeout))
	defer stop()
	t, e := v.claim(claiming)
	switch {
	case e != nil && cut(asking):
		return v.skip(v.task)
	case e != nil && e.Code == CodeClaimed:
		return v.await(asking, storing, e)
	case e != nil:
		return v.fail(storing, e)
	}
	defer v.Vault.Release(v.Name, t)
	v.at(t.ID)
	v.ticket.claim, v.ticket.ends = digest(t.Claim.ID), v.state.Note.RefreshTokenEnds
	if !v.answered(t.Before) {
		v.ticket.unsure, v.ticket.until = v.ticket.version, t.Before.At.Add(v.Grace)
	}
	switch e := v.held(); {
	case e != nil:
		return v.fail(storing, e)
	case cmp.Or(t.Credential, v.Name) != v.Credential:
		return v.fail(storing, &Error{Class: Misconfigured, Code: CodeNotForCredential,
			Detail: fmt.Sprintf("the refresh token was put in for the credential %q, and the config names %q, so it is not sent", cmp.Or(t.Credential, v.Name), v.Credential),
			Remedy: fmt.Sprintf("if it was obtained with that credential, its owner runs 'tokenkeeper refresh-token bind %s --credential %s'", v.Name, v.Credential)})
	case time.Until(asked) < 2*v.Timeout:
		return v.fail(storing, &Error{Class: Transient, Code: CodeStoreFailed, Ours: true,
			Detail: "claiming the refresh token took so long that there was no time left to log in with it"})
	}
	return v.login(asking, storing, cred, t)
}

// claim takes the refresh token for this run.
func (v *visit) claim(ctx context.Context) (Ticket, *Error) {
	if v.Vault == nil {
		return Ticket{}, &Error{Class: Misconfigured, Code: CodeNoRefreshToken, Detail: "refresh tokens cannot be kept here"}
	}
	ticket, err := v.Vault.Claim(ctx, v.Name)
	switch {
	case errors.Is(err, ErrNotFound):
		return Ticket{}, &Error{Class: NeedsPerson, Code: CodeNoRefreshToken, Detail: "there is no refresh token yet",
			Remedy: "put the first one in with 'tokenkeeper refresh-token put " + v.Name + "'", Err: err}
	case errors.Is(err, ErrClaimed):
		return Ticket{}, &Error{Class: Transient, Code: CodeClaimed,
			Detail: "another run has the refresh token, or died with it", Err: err}
	case err != nil:
		return Ticket{}, asError(err, CodeStoreFailed, "claiming the refresh token")
	}
	return ticket, nil
}

// login sends the refresh token. That it may have been spent is assumed until it is known.
func (v *visit) login(asking, storing context.Context, cred Credential, t Ticket) Result {
	before := v.ticket.unsure
	v.ticket.unsure = v.ticket.version
	sent, screened := cred.With("refresh_token", t.Token), cred
	if !v.RenewsItself {
		screened = sent
	}
	grant, err := v.grant(asking, Login{Credential: sent, Rotate: func(s Successor) {
		if !v.RenewsItself {
			screened = screened.With("next refresh_token", s.Token)
		}
		v.rotate(storing, t, s)
	}})
	if err == nil {
		v.ticket.unsure = ""
		return v.conclude(storing, screened, v.renewed(grant))
	}
	e := v.refusal(asking, err)
	switch {
	case e.Unsure:
		e = unsure(e)
		if before != v.ticket.version { // else it may have been spent long ago
			v.ticket.until = v.now.Add(time.Since(v.began) + v.Grace)
		}
	case e.Class == NeedsPerson && v.rotation == nil && v.overtaken(storing, t):
		v.ticket.unsure = ""
		e = &Error{Class: Transient, Code: CodeClaimed, Detail: "another run has spent the refresh token", Err: err}
	case e.Class == NeedsPerson && e.Suspect && v.harmless(before) && v.attempt().previous().Code != e.Code:
		e, v.ticket.unsure = secondLook(e), before
	case e.Class == NeedsPerson:
		v.ticket.unsure = ""
	default:
		v.ticket.unsure = before
	}
	return v.settle(storing, Result{}, e)
}

// lastDays is how long before the end of a consent it is reported.
const lastDays = 14 * 24 * time.Hour

// renewed returns a grant with the end of the refresh token that logs in next, where it is known,
// and a warning where that is near and a login does not put it off.
func (v *visit) renewed(g Grant) Grant {
	before := v.ticket.ends
	switch ends := g.RefreshTokenEnds.UTC().Truncate(time.Second); {
	case g.RefreshTokenEnds.IsZero() && v.rotation != nil:
		v.ticket.ends = time.Time{} // nothing is known of the new one
	case !g.RefreshTokenEnds.IsZero() && ends.Sub(before).Abs() >= time.Minute:
		v.ticket.ends = ends
	}
	g.RefreshTokenEnds = v.ticket.ends
	if !before.IsZero() && before.Equal(g.RefreshTokenEnds) && before.Sub(v.now) < lastDays {
		g.Warnings = append(g.Warnings, fmt.Sprintf("the refresh token expires at %s, and a login does not put that off; obtain a new one before, and put it in with 'tokenkeeper refresh-token put %s'",
			before.Format(time.RFC3339), v.Name))
	}
	return g
}

// unsure is the failure of a login that may have spent the refresh token.
func unsure(e *Error) *Error {
	if e.Class != Transient {
		return e // a person must act anyway, and it is noted beside that
	}
	copied := *e
	copied.Code, copied.Suspect = CodeRefreshTokenUnsure, false
	copied.Detail += "; the refresh token was sent, and may have been spent"
	copied.Remedy = "nothing yet: it rests while there is a good token, and is then tried again; if it is refused, obtain a new one"
	return &copied
}

// harmless reports whether the rejected refresh token can be sent again, given which one may have been
// spent before. One that may have been would look stolen, and a provider would revoke the good token;
// without a good token there is nothing left to revoke.
func (v *visit) harmless(unsure string) bool {
	return unsure != v.ticket.version || !v.now.Before(v.state.ExpiresAt())
}

// secondLook is the failure of a login that is tried once more before a person is called: busy
// providers, and those being deployed, reject refresh tokens in error.
func secondLook(e *Error) *Error {
	copied := *e
	copied.Class, copied.Suspect = Transient, false
	copied.Remedy = "nothing yet: providers say so in error as well, so that it is tried once more; if it is rejected again, obtain a new refresh token"
	return &copied
}

// held says why the refresh token at hand is not sent now, or returns nil. One that was replaced is
// never sent again, even by force. One that may have been spent rests until the last useful moment,
// since its reuse might end a good token; but not while the provider repeats its answer, nor by force.
func (v *visit) held() *Error {
	t := v.ticket
	switch {
	case t.version == "":
		return nil
	case t.spent == t.version:
		return lostRefreshToken(v.Name, "the refresh token was spent, and the next one could not be stored")
	case t.unsure != t.version, v.job.Force, v.now.Before(t.until), !v.now.Before(v.rest().Add(-v.Schedule.slack(Transient))):
		return nil
	}
	return unsure(&Error{Class: Transient, Detail: "a login was not answered"})
}

// answered reports whether it is known what became of a claim: a note says so, or a later token.
func (v *visit) answered(c Claim) bool {
	if c.ID == "" || v.state.Note.Claim == digest(c.ID) {
		return true
	}
	current, ok := v.state.current()
	return ok && !current.IssuedAt.Before(c.At)
}

// await leaves the login to the run that has the ticket, and adopts what that stores. That nothing
// comes of it in the time of a login is reported, and not noted: the other run has the say.
func (v *visit) await(asking, storing context.Context, e *Error) Result {
	before := v.state
	givenUp := time.After(providerTime - writeTime)
	for {
		select {
		case <-time.After(time.Second):
		case <-givenUp:
			return v.unnoted(v.due, e)
		case <-asking.Done():
			return v.unnoted(v.due, e)
		}
		st, err := v.Store.Open(asking, v.Name)
		if err != nil || st.Current == before.Current && st.Note == before.Note {
			continue
		}
		v.state, v.ticket = st, ticketState{} // what is known of it is in the note
		if v.due = v.Schedule.Decide(v.Provider, st, v.now); !v.due.Due {
			return v.wait(storing, true)
		}
	}
}

// overtaken reports whether the refused ticket has been replaced: then the refusal says nothing of
// the one that is there.
func (v *visit) overtaken(ctx context.Context, refused Ticket) bool {
	id, err := v.Vault.Version(ctx, v.Name)
	return err == nil && id != refused.ID
}
