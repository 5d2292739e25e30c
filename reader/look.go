package reader

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// patience is how long a caller that could have the live token at hand waits for
// a look to bring a newer one. A store that hangs must not slow an application
// down that could do without it.
const patience = time.Second

// A look is one call of the source, shared by all who wait for it.
type look struct {
	wanted bool          // something new is wanted: no live token, or a 401
	done   chan struct{} // closed when its result is in the Reader
	late   chan struct{} // closed when it takes longer than patience
}

// start begins a look; r.mu is held. The look keeps ctx's values, for tracing,
// but not its end: others wait for the same look, and what it finds serves
// the next caller.
func (r *Reader) start(ctx context.Context, wanted bool) {
	l := &look{wanted: wanted, done: make(chan struct{}), late: make(chan struct{})}
	r.current = l
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.timeout)
	impatient := time.AfterFunc(patience, func() { close(l.late) })
	go func() {
		// Deferred, so that a source that ends the goroutine leaves no caller waiting.
		token, err := Token{}, errors.New("reading the record: the source did not return")
		defer func() {
			cancel()
			impatient.Stop()
			r.finish(l, token, err)
		}()
		token, err = r.read(ctx)
	}()
}

func (r *Reader) read(ctx context.Context) (Token, error) {
	data, err := r.source.Record(ctx)
	if err != nil && ctx.Err() != nil {
		return Token{}, fmt.Errorf("reading the record: no answer within %v: %w", r.timeout, err)
	}
	if err != nil {
		return Token{}, fmt.Errorf("reading the record: %w", err)
	}
	token, err := decode(data)
	if err != nil {
		return Token{}, fmt.Errorf("decoding the record: %w", err)
	}
	return token, nil
}

// finish puts the result of a look in place and lets the waiting go on.
func (r *Reader) finish(l *look, token Token, err error) {
	r.mu.Lock()
	now := r.now()
	r.current, r.looked, r.err = nil, now, err
	changed := false
	if err == nil {
		r.found = now
		// What the source says counts, except that a live token is not given up
		// for a dead one: a replica that lags may answer so.
		if token.live(now) || !r.token.live(now) {
			changed = token.AccessToken() != r.token.AccessToken()
			r.token = token
		}
	}
	switch {
	case changed:
		r.misses = 0
	case l.wanted:
		r.misses++
	}
	tell := err != nil && r.token.live(now) && r.onError != nil
	r.mu.Unlock()

	if tell {
		r.onError(err)
	}
	close(l.done)
}

// wait returns when the look is done or ctx ends and, if there is a fallback,
// when the look is late.
func (l *look) wait(ctx context.Context, fallback bool) error {
	late := l.late
	if !fallback {
		late = nil
	}
	select {
	case <-l.done:
		return nil
	case <-late:
		return nil
	case <-ctx.Done():
		return gaveUp(ctx)
	}
}

func gaveUp(ctx context.Context) error {
	return fmt.Errorf("waiting for the record: %w", context.Cause(ctx))
}
