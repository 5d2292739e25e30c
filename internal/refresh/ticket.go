package refresh

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"example.com/tokenkeeper/internal/secret"
)

// claimTime is kept for claiming a refresh token, and keepTime the longest that the next one
// is tried to be stored, after the time for asking: what cannot be had again is worth it.
const (
	claimTime = 5 * time.Second
	keepTime  = 120 * time.Second
)

// A ticketState is what a run knows of a refresh token. Versions and claims are told in
// digests: see digest.
type ticketState struct {
	// version is the token at hand, and claim the hold of this run on it; empty: not yet.
	version, claim string
	// spent is a token that was replaced and must never be sent again, and unsure one that
	// may have been.
	spent, unsure string
	// until is when the provider ceases to repeat an answer that was lost, as far as known.
	until time.Time
}

// digest returns eight hexadecimal digits for a version or a claim, in which any character
// may be.
func digest[T ~string](id T) string {
	if id == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:4])
}

// triedWith returns the version of all that a login is made with: of its credential, and of
// the refresh token where it takes one. A failure that waits for an edit is over when this
// changes.
func (v *visit) triedWith(ctx context.Context, credential string) string {
	if !v.Rotates || v.Vault == nil {
		return credential
	}
	v.version = credential
	id, err := v.Vault.Version(ctx, v.Name)
	if err != nil {
		id = "" // as where there is none: at worst one login too many
	}
	v.at(id)
	return digest(credential + "\x00" + string(id))
}

// at notes which refresh token there is, and what was known of it before.
func (v *visit) at(id VersionID) {
	v.ticket.version = digest(id)
	v.ticket.spent, v.ticket.unsure = v.state.Note.Spent, v.state.Note.Unsure
}

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
	v.ticket.claim = digest(t.Claim.ID)
	if !v.answered(t.Before) {
		v.ticket.unsure, v.ticket.until = v.ticket.version, t.Before.At.Add(v.Grace)
	}
	switch e := v.held(); {
	case e != nil:
		return v.fail(storing, e)
	case !v.bound(t):
		return v.fail(storing, v.notForCredential(t))
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
		return v.keep(storing, screened, grant)
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
	case e.Class == NeedsPerson:
		v.ticket.unsure = ""
	default:
		v.ticket.unsure = before
	}
	return v.settle(storing, Result{}, e)
}

// unsure is the failure of a login after which nobody knows whether the refresh token was
// spent.
func unsure(e *Error) *Error {
	if e.Class != Transient {
		return e // somebody must act anyway, and it is noted beside that
	}
	copied := *e
	copied.Code, copied.Suspect = CodeRefreshTokenUnsure, false
	copied.Detail += "; the refresh token was sent, and may have been spent"
	copied.Remedy = "nothing yet: it rests while there is a good token, and is then tried again; if it is refused, obtain a new one"
	return &copied
}

// held says why the refresh token at hand is not sent now, or returns nil. One that was
// replaced is never sent again, whoever insists. One that may have been spent rests while
// there is a good token, which its reuse might end as well, until the last useful moment; but
// not while the provider repeats its answer.
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

// rest returns the last moment at which a refresh token that may have been spent is of use
// for replacing the present token in time; zero: there is none.
func (v *visit) rest() time.Time {
	expires := v.state.ExpiresAt()
	if !v.now.Before(expires) {
		return time.Time{}
	}
	return later(expires.Add(-v.Schedule.Margin()), v.ticket.until)
}

// answered reports whether it is known what became of a claim: that is noted, or a token has
// been stored since.
func (v *visit) answered(c Claim) bool {
	if c.ID == "" || v.state.Note.Claim == digest(c.ID) {
		return true
	}
	current, ok := v.state.current()
	return ok && !current.IssuedAt.Before(c.At)
}

// bound reports whether a refresh token is for the credential that the config names.
func (v *visit) bound(t Ticket) bool {
	if t.Credential == "" {
		return v.Credential == v.Name
	}
	return v.Credential == t.Credential
}

func (v *visit) notForCredential(t Ticket) *Error {
	for_ := t.Credential
	if for_ == "" {
		for_ = v.Name
	}
	return &Error{Class: Misconfigured, Code: CodeNotForCredential,
		Detail: fmt.Sprintf("the refresh token was put in for the credential %q, and the config names %q, so it is not sent", for_, v.Credential),
		Remedy: fmt.Sprintf("if it was obtained with that credential, its owner runs 'tokenkeeper refresh-token bind %s --credential %s'", v.Name, v.Credential)}
}

// await leaves the login to the run that has the ticket, and adopts what that stores. If
// nothing comes of it in the time that a login may take, that is reported, and not noted:
// the other run has the say.
func (v *visit) await(asking, storing context.Context, e *Error) Result {
	before := v.state
	given_up := time.After(providerTime - writeTime)
	failed := func() Result {
		res := v.result(Failed, v.due)
		res.Err, res.Notice = e, true
		return res
	}
	for {
		select {
		case <-time.After(time.Second):
		case <-given_up:
			return failed()
		case <-asking.Done():
			return failed()
		}
		st, err := v.Store.Open(asking, v.Name)
		if err != nil || st.Current == before.Current && st.Note == before.Note {
			continue
		}
		v.state, v.ticket = st, ticketState{} // what is known of it stands in the note
		if v.due = v.Schedule.Decide(v.Provider, st, v.now); !v.due.Due {
			return v.wait(storing, true)
		}
	}
}

// overtaken reports whether the ticket that was refused has been replaced meanwhile: then
// the refusal says nothing of the one that is there.
func (v *visit) overtaken(ctx context.Context, refused Ticket) bool {
	id, err := v.Vault.Version(ctx, v.Name)
	return err == nil && id != refused.ID
}

// A rotation is the storing of the next refresh token, which may go on while the rest of an
// answer is judged and stored.
type rotation struct {
	done chan *Error
	// kept is set where it was stored before the rest of the answer was judged.
	kept bool
}

// rotate begins to store what an answer has in the place of the ticket, before anything
// else, and gives that a while before it returns. It goes on to the last second of the run,
// in which there must be the time to note a failure.
func (v *visit) rotate(ctx context.Context, spent Ticket, s Successor) {
	end := time.Now().Add(keepTime)
	if deadline, ok := ctx.Deadline(); ok {
		end = earlier(end, deadline.Add(-noteTime))
	}
	rot := &rotation{done: make(chan *Error, 1)}
	v.rotation = rot
	go func() {
		ctx, stop := context.WithDeadline(ctx, end)
		defer stop()
		rot.done <- v.storeSuccessor(ctx, spent, s)
	}()
	select {
	case e := <-rot.done:
		rot.kept = e == nil
		rot.done <- e
	case <-time.After(writeTime):
	}
}

// forewarn notes that the refresh token was spent, where the next one is not stored yet. A
// token that is stored tells later runs that its login was answered (see answered), and must
// not while they could take the refresh token for a good one.
func (v *visit) forewarn(ctx context.Context) *Error {
	if v.rotation == nil || v.rotation.kept {
		return nil
	}
	n := v.remember(v.Schedule.failed(v.attempt(), lostRefreshToken(v.Name, "")))
	n.Spent, n.Unsure = v.ticket.version, ""
	if err := v.Store.Note(ctx, v.Name, n); err != nil {
		return asError(err, CodeStoreFailed, "noting that the refresh token was spent")
	}
	v.forewarned = true
	return nil
}

// storeSuccessor stores the next refresh token, time and again until ctx ends.
func (v *visit) storeSuccessor(ctx context.Context, spent Ticket, s Successor) (e *Error) {
	defer func() {
		if p := recover(); p != nil {
			e = lostRefreshToken(v.Name, fmt.Sprintf("a panic of type %T while storing the next refresh token", p))
		}
	}()
	var failed error
	for pause := 250 * time.Millisecond; ; pause = min(2*pause, 4*time.Second) {
		next := s.Token
		if s.Unstorable != "" {
			next = secret.Text{}
		}
		err := v.Vault.Rotate(ctx, v.Name, spent, next)
		if err == nil && s.Unstorable == "" {
			return nil
		}
		if err == nil {
			break
		}
		if failed == nil || ctx.Err() == nil {
			failed = err // that the time is over says nothing of why
		}
		select {
		case <-time.After(pause):
			continue
		case <-ctx.Done():
		}
		break
	}
	if s.Unstorable != "" {
		return lostRefreshToken(v.Name, s.Unstorable)
	}
	e = lostRefreshToken(v.Name, "the provider has replaced the refresh token, and the new one could not be stored: "+asError(failed, CodeStoreFailed, "storing").Detail)
	e.Remedy, e.Err = "mend the store, "+e.Remedy, failed
	return e
}

// rotated waits until the next refresh token is stored, where one came, and returns why it
// could not be.
func (v *visit) rotated(ctx context.Context) *Error {
	if v.rotation == nil {
		return nil
	}
	e := <-v.rotation.done
	v.rotation = nil
	if e == nil {
		v.tried = v.triedWith(ctx, v.version)
		v.ticket.spent = ""
	} else {
		v.ticket.spent = v.ticket.version
	}
	v.ticket.unsure = ""
	return e
}
