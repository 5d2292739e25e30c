package refresh

import (
	"context"
	"sync"
	"time"
)

const (
	// burst is how many starts may follow each other at once after a pause.
	burst = 5
	// mostUnsaved is how much storing may lag behind: the next start waits while storing the tokens
	// that have come would take longer.
	mostUnsaved = reserve / 2
	// refundTime is how long before its end a run starts no more in the place of those that
	// failed: tokens of all workers, come at once, take that long to be stored.
	refundTime = 20 * time.Second
)

// A pace keeps starts of logins apart, so that no more tokens come than can be stored: one that
// waits to be written when the run ends is lost.
type pace struct {
	apart   time.Duration // zero: no limit
	refunds time.Time     // until when there are; zero: always

	mu      sync.Mutex
	next    time.Time // of the next turn
	unsaved int       // tokens that have come, and are not stored
}

// newPace returns the pace of so many saves a second (zero: any number), for a run that ends with
// ctx.
func newPace(ctx context.Context, perSecond float64) *pace {
	p := &pace{}
	if perSecond > 0 {
		p.apart = time.Duration(float64(time.Second) / perSecond)
	}
	if end, ok := ctx.Deadline(); ok {
		p.refunds = end.Add(-refundTime)
	}
	return p
}

// A slot is one turn to log in; nil: it has not come.
type slot struct {
	pace  *pace
	saves int
	token bool // one has come
}

// start returns when it is the caller's turn, which takes as long as so many saves, or an error if
// ctx ends before.
func (p *pace) start(ctx context.Context, saves int) (*slot, error) {
	d, err := p.turn(ctx, time.Now(), saves)
	if err != nil {
		return nil, err
	}
	s := &slot{pace: p, saves: saves}
	if d > 0 {
		err = sleep(ctx, d)
	}
	if err != nil {
		s.end()
		return nil, err
	}
	return s, nil
}

// turn takes the next turn, and returns how long it is until then.
func (p *pace) turn(ctx context.Context, now time.Time, saves int) (time.Duration, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := later(p.next, now.Add(-(burst-1)*p.apart))
	if waiting := time.Duration(p.unsaved) * p.apart; waiting > mostUnsaved {
		at = later(at, now.Add(waiting-mostUnsaved))
	}
	if end, ok := ctx.Deadline(); ok && at.After(end) {
		return 0, context.DeadlineExceeded
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	p.next = at.Add(time.Duration(saves) * p.apart)
	return max(at.Sub(now), 0), nil
}

// came says that a token has come, and is to be stored.
func (s *slot) came() {
	s.pace.mu.Lock()
	defer s.pace.mu.Unlock()
	s.pace.unsaved++
	s.token = true
}

// end says that nothing is to be stored any more. If no token has come, its time is for another.
func (s *slot) end() {
	if s == nil {
		return
	}
	p := s.pace
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.token {
		p.unsaved--
	} else if p.refunds.IsZero() || time.Now().Before(p.refunds) {
		p.next = p.next.Add(-time.Duration(s.saves) * p.apart)
	}
}

// within returns how many starts fit into d, up to most; zero or less: none.
func (p *pace) within(d time.Duration, most int) int {
	if p.apart <= 0 {
		return most
	}
	return min(int(d/p.apart)+burst, most)
}
