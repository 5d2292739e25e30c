package refresh

import (
	"context"
	"fmt"
	"time"

	"example.com/tokenkeeper/internal/secret"
)

// A rotation is the storing of the next refresh token, which may go on while the rest of an
// answer is judged and stored.
type rotation struct {
	done chan *Error
	kept bool // before the rest was judged
}

// rotate begins to store what an answer has in the place of the ticket, before anything else, and
// gives that a while before it returns. It goes on to the last second of the run, when a failure
// must be noted.
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

// forewarn notes that the refresh token was spent, where the next one is not stored yet: a stored
// token shows later runs that its login was answered (see answered), and they would take the
// refresh token for a good one.
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
	next := s.Token
	if s.Unstorable != "" {
		next = secret.Text{}
	}
	failed := v.Vault.Rotate(ctx, v.Name, spent, next)
	for pause := 250 * time.Millisecond; failed != nil && sleep(ctx, pause) == nil; pause = min(2*pause, 4*time.Second) {
		err := v.Vault.Rotate(ctx, v.Name, spent, next)
		if err == nil || ctx.Err() == nil { // that the time has run out says nothing of why
			failed = err
		}
	}
	switch {
	case s.Unstorable != "":
		return lostRefreshToken(v.Name, s.Unstorable)
	case failed == nil:
		return nil
	}
	e = lostRefreshToken(v.Name, "the provider has replaced the refresh token, and the new one could not be stored: "+asError(failed, CodeStoreFailed, "storing").Detail)
	e.Remedy, e.Err = "repair the store, "+e.Remedy, failed
	return e
}

// rotated waits until the next refresh token is stored, if one came, or returns why not.
func (v *visit) rotated(ctx context.Context) *Error {
	if v.rotation == nil {
		return nil
	}
	e := <-v.rotation.done
	v.rotation = nil
	if e == nil {
		v.after = v.triedWith(ctx, v.read.Credential.Version)
		v.ticket.spent = ""
	} else {
		v.ticket.spent = v.ticket.version
	}
	v.ticket.unsure = ""
	return e
}
