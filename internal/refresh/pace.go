package refresh

import (
	"context"
	"sync"
	"time"
)

// burst is how many starts may follow each other at once after a pause.
const burst = 4

// A pace keeps starts apart, so that no more tokens come than can be stored: one that
// must wait for its turn to be written when the run ends was asked for in vain. The zero
// pace has no limit.
type pace struct {
	apart time.Duration

	mu   sync.Mutex
	next time.Time // of the next turn
}

// newPace returns the pace at which a store can take that many saves a second; zero: any
// number.
func newPace(perSecond float64) *pace {
	if perSecond <= 0 {
		return &pace{}
	}
	return &pace{apart: time.Duration(float64(time.Second) / perSecond)}
}

// wait returns when it is the caller's turn, which takes as long as so many saves; or an
// error, without taking one, if ctx ends before.
func (p *pace) wait(ctx context.Context, saves int) error {
	d, err := p.turn(ctx, time.Now(), saves)
	if d <= 0 || err != nil {
		return err
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// turn takes the next turn, and returns how long it is until then.
func (p *pace) turn(ctx context.Context, now time.Time, saves int) (time.Duration, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := later(now, p.next)
	if end, ok := ctx.Deadline(); ok && at.After(end) {
		return 0, context.DeadlineExceeded
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	p.next = later(p.next, now.Add(-(burst-1)*p.apart)).Add(time.Duration(saves) * p.apart)
	return at.Sub(now), nil
}

// within returns how many starts there can be in so long; at most.
func (p *pace) within(d time.Duration, most int) int {
	if p.apart <= 0 {
		return most
	}
	return min(int(max(d, 0)/p.apart)+burst, most)
}
