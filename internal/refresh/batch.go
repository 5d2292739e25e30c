package refresh

import (
	"context"
	"sync"
	"time"
)

const (
	// mostWanted is for how many logins the names of what decides on them fit into a call of
	// Parameter Store, which takes ten, and mostVersions how many credentials do. For logins
	// there are at most so many calls at a time.
	mostWanted   = 3
	mostVersions = 10
	mostCalls    = 2
)

// A batch makes one call for all that come while others are under way: calls are few where
// quotas hold them back, and those that wait anyway are answered together.
type batch struct {
	// call returns one reading for each, in the time that the last of those who wait has.
	call func(context.Context, []Wanted) []Reading
	ctx  context.Context // of the run

	mu       sync.Mutex
	waiting  []*asked
	underWay int
	wg       sync.WaitGroup
}

type asked struct {
	ctx      context.Context
	wanted   Wanted
	reading  Reading
	panicked any
	done     chan struct{}
}

// ask returns what was read for wanted, or the error of ctx where that ends before.
func (b *batch) ask(ctx context.Context, wanted Wanted) (Reading, error) {
	w := &asked{ctx: ctx, wanted: wanted, done: make(chan struct{})}
	b.mu.Lock()
	b.waiting = append(b.waiting, w)
	if b.underWay < mostCalls {
		b.underWay++
		b.wg.Go(b.serve)
	}
	b.mu.Unlock()
	select {
	case <-w.done:
	case <-ctx.Done():
		return Reading{}, ctx.Err()
	}
	if w.panicked != nil {
		panic(w.panicked)
	}
	return w.reading, nil
}

// serve makes calls until none waits.
func (b *batch) serve() {
	for {
		b.mu.Lock()
		n := min(len(b.waiting), mostWanted)
		if n == 0 {
			b.underWay--
			b.mu.Unlock()
			return
		}
		taken := b.waiting[:n:n]
		b.waiting = b.waiting[n:]
		b.mu.Unlock()
		b.answer(taken)
	}
}

// answer makes one call. A panic in it is that of each that waits for it.
func (b *batch) answer(taken []*asked) {
	defer func() {
		v := recover()
		for _, w := range taken {
			w.panicked = v
			close(w.done)
		}
	}()
	wanted := make([]Wanted, len(taken))
	var last time.Time
	for i, w := range taken {
		wanted[i] = w.wanted
		end, ok := w.ctx.Deadline()
		if last = later(last, end); !ok {
			last = time.Now().Add(providerTime)
		}
	}
	ctx, cancel := context.WithDeadline(b.ctx, last)
	defer cancel()
	for i, reading := range b.call(ctx, wanted) {
		taken[i].reading = reading
	}
}
