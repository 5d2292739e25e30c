package refresh

import (
	"context"
	"sync"
	"time"
)

// The names of what decides on mostWanted logins, and those of mostVersions credentials, fit into
// a call of Parameter Store, which takes ten.
const (
	mostWanted   = 3
	mostVersions = 10
)

// A batch makes one call for several logins, since reading takes from the quota of the lists.
type batch struct {
	// call returns one reading for each.
	call func(context.Context, []Wanted) []Reading
	ctx  context.Context // of the run
	// patience is how long a call waits for others.
	patience time.Duration

	mu   sync.Mutex
	more bool   // logins are to come
	next *group // that the next is in; nil: a new one
	wg   sync.WaitGroup
}

// A group is what one call reads.
type group struct {
	wanted   []Wanted
	end      time.Time     // when the last of those that wait gives up
	whole    chan struct{} // closed once no other comes
	read     chan struct{} // closed once it was read
	readings []Reading
	panicked any
}

// ask returns what was read for wanted, or the error of ctx where that ends before.
func (b *batch) ask(ctx context.Context, wanted Wanted) (Reading, error) {
	end, ok := ctx.Deadline()
	if !ok {
		end = time.Now().Add(providerTime)
	}
	b.mu.Lock()
	g := b.next
	if g == nil {
		g = &group{whole: make(chan struct{}), read: make(chan struct{})}
		b.next = g
		b.wg.Go(func() { b.serve(g) })
	}
	i := len(g.wanted)
	g.wanted, g.end = append(g.wanted, wanted), later(g.end, end)
	if len(g.wanted) == mostWanted || !b.more {
		b.close(g)
	}
	b.mu.Unlock()
	select {
	case <-g.read:
	case <-ctx.Done():
		return Reading{}, ctx.Err()
	}
	if g.panicked != nil {
		panic(g.panicked)
	}
	return g.readings[i], nil
}

// expect says whether logins are to come. If not, no call waits for them.
func (b *batch) expect(more bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.more = more; !more {
		b.close(b.next)
	}
}

// close begins a new group for the next login, if that is in g now.
func (b *batch) close(g *group) {
	if g != nil && b.next == g {
		close(g.whole)
		b.next = nil
	}
}

// serve makes the call of g. A panic in it is that of each that waits for it.
func (b *batch) serve(g *group) {
	select {
	case <-g.whole:
	case <-time.After(b.patience):
		b.mu.Lock()
		b.close(g)
		b.mu.Unlock()
	}
	defer func() {
		g.panicked = recover()
		close(g.read)
	}()
	ctx, cancel := context.WithDeadline(b.ctx, g.end)
	defer cancel()
	g.readings = b.call(ctx, g.wanted)
}
