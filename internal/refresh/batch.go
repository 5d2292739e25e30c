package refresh

import (
	"context"
	"sync"
	"time"
)

// For mostWanted logins the names of what decides on them fit into a call of Parameter Store,
// which takes ten, and for mostVersions those of credentials.
const (
	mostWanted   = 3
	mostVersions = 10
)

// A batch makes one call for several logins that follow each other, since reading takes from the
// quota that the lists are read by.
type batch struct {
	// call returns one reading for each, in the time that the last of those who wait has.
	call func(context.Context, []Wanted) []Reading
	ctx  context.Context // of the run
	// patience is how long a call waits for others.
	patience time.Duration

	mu   sync.Mutex
	more bool   // logins are to come
	next *group // that the next is in; nil: a new one
	wg   sync.WaitGroup
}

// A group is those of one call.
type group struct {
	asked []*asked
	whole chan struct{} // closed once no other comes
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
	if b.next == nil {
		g := &group{whole: make(chan struct{})}
		b.next = g
		b.wg.Go(func() { b.serve(g) })
	}
	b.next.asked = append(b.next.asked, w)
	if len(b.next.asked) == mostWanted || !b.more {
		b.close()
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

// expect says whether logins are to come. If not, no call waits for them.
func (b *batch) expect(more bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.more = more
	if !more && b.next != nil {
		b.close()
	}
}

// close has the next one begin a new group.
func (b *batch) close() {
	close(b.next.whole)
	b.next = nil
}

func (b *batch) serve(g *group) {
	select {
	case <-g.whole:
	case <-time.After(b.patience):
		b.mu.Lock()
		if b.next == g {
			b.close()
		}
		b.mu.Unlock()
	}
	b.answer(g.asked)
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
