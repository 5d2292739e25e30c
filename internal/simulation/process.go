package simulation

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// A scene is what all processes find: providers, what is kept, and the state that AWS is in.
type scene struct {
	mu        sync.Mutex
	tick      time.Duration
	providers []*watch
	watched   map[string]*watch // the same, by name
	oracle    *oracle
	is        map[What]bool // what befalls AWS or the network

	credentials refresh.Parser

	quota    float64         // of saves a second
	saves    []time.Time     // the last ones
	listing  []refresh.State // in memory, the last that did not lag
	listedAt time.Time
	// killAt counts calls down to the one at which a run dies, before or after its effect.
	killAt    int
	killAfter bool
}

// A process is one warm process of the function, which has one run after the other. A run that
// was killed changes nothing any more. It is the Source, the Store and the Vault of its
// runner, in memory; over wires its Store and Vault are real.
type process struct {
	*scene
	number int
	runner refresh.Runner
	off    time.Duration     // by which its clock is wrong
	mine   map[string]string // the last claim of each provider that was released

	// Of its run:
	end     context.CancelFunc
	dead    bool
	failed  bool // AWS did not answer one of its calls
	asked   map[string]int
	answers map[string]string // the last of each provider
}

var (
	errKilled      = errors.New("killed")
	errUnreachable = errors.New("connection refused")
)

// flags are those that every command in a remedy has.
const flags = "--dir d"

func (p *process) now() time.Time { return time.Now().Add(p.off) }

// begin counts a call that is about to be made, and says why it does not arrive.
func (p *process) begin() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.killAt--
	switch {
	case p.dead:
		return errKilled
	case p.killAt == 0 && !p.killAfter:
		p.die()
		return errKilled
	case p.is[Outage]:
		p.failed = true
		return errUnreachable
	}
	return nil
}

// arrived says why the answer to a call does not arrive.
func (p *process) arrived() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killAt == 0 && p.killAfter {
		p.die()
	}
	if p.dead {
		return errKilled
	}
	return nil
}

func (p *process) die() {
	p.dead, p.killAt = true, 0
	p.oracle.figures[Killed]++
	p.end()
}

// call does one call to AWS about a provider, again and again while it does not arrive, and returns
// what it gives.
func call[T any](ctx context.Context, p *process, about string, effect func() (T, error)) (T, error) {
	var none T
	for {
		pause := 20*time.Millisecond + p.apart(about)
		if p.is[Throttled] {
			pause += 3 * time.Second
		}
		if err := sleep(ctx, pause); err != nil {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.failed = p.failed || p.is[Throttled]
			return none, err
		}
		err := p.begin()
		if errors.Is(err, errUnreachable) && sleep(ctx, time.Second) == nil {
			continue
		}
		if err != nil {
			return none, err
		}
		p.mu.Lock()
		answer, failed := effect()
		p.mu.Unlock()
		return answer, cmp.Or(p.arrived(), failed)
	}
}

// do is a call that gives nothing.
func do(ctx context.Context, p *process, about string, effect func() error) error {
	_, err := call(ctx, p, about, func() (struct{}, error) { return struct{}{}, effect() })
	return err
}

// apart is a little time that differs from provider to provider, and from process to process: so
// that no two calls are made at one instant, and the same seed gives the same order.
func (p *process) apart(about string) time.Duration {
	n := p.number * 104729
	if of := p.watched[about]; of != nil {
		n += of.number * 7919
	}
	return time.Duration(n%99991) * 7 // below a millisecond, and no multiple of another
}

// sleep lets virtual time pass.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
