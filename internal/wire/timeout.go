package wire

import (
	"context"
	"sync"
	"time"
)

// WithTimeout returns a context that ends after d, not counting the time for which answers wait
// for their turn to be read and looked at: that is no fault of those who sent them.
func WithTimeout(parent context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	p := &patience{Context: ctx, end: time.Now().Add(d)}
	p.timer = time.AfterFunc(d, func() { cancel(context.DeadlineExceeded) })
	return p, func() {
		p.timer.Stop()
		cancel(context.Canceled)
	}
}

// A patience is a context whose end is moved back while something else is waited for.
type patience struct {
	context.Context
	timer *time.Timer

	mu  sync.Mutex
	end time.Time
}

// Deadline returns when the context ends as it is now, by which dialers apportion their
// time.
func (p *patience) Deadline() (time.Time, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if outer, ok := p.Context.Deadline(); ok && outer.Before(p.end) {
		return outer, true
	}
	return p.end, true
}

type patienceKey struct{}

// Value also leads from contexts that are made of p to p.
func (p *patience) Value(key any) any {
	if key == (patienceKey{}) {
		return p
	}
	return p.Context.Value(key)
}

// wait calls f, and does not count the time that f takes in the timeout of ctx, unless that has passed.
func wait(ctx context.Context, f func()) {
	p, ok := ctx.Value(patienceKey{}).(*patience)
	if !ok || !p.timer.Stop() {
		f()
		return
	}
	began := time.Now()
	f()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end = p.end.Add(time.Since(began))
	p.timer.Reset(time.Until(p.end))
}
