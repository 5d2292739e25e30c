package refresh

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// latest reads again what decides on the login, just before it: what was approved or edited since
// the listing must hold already. It updates the task and the decision; gone says that there is no
// config any more.
func (v *visit) latest(ctx context.Context) (gone bool, e *Error) {
	for range 2 {
		named := v.Credential
		read, err := v.readings.ask(ctx, Wanted{v.Name, named})
		if err = cmp.Or(err, read.Err); err != nil && !errors.Is(err, ErrNotFound) {
			return false, asError(err, CodeSourceFailed, fmt.Sprintf("reading config and credential of %q", v.Name))
		}
		configs, _ := Effective(read.Configs)
		i := slices.IndexFunc(configs, func(c Config) bool { return c.Name == v.Name })
		if i < 0 {
			return true, nil
		}
		t := newTask(v.Parser, configs[i].Document, v.state)
		t.slot, t.named, t.listed, t.seen, t.read = v.slot, v.named, v.listed, v.seen, read
		t.looked = &CredentialVersion{read.Credential.Version, read.Err}
		v.task = t
		if v.bad != nil {
			return false, nil
		}
		v.decide(ctx)
		if v.Credential == named {
			return false, nil
		}
		// Another credential: its owner may have approved a config as well.
	}
	return false, &Error{Class: Transient, Code: CodeSourceFailed, Ours: true,
		Detail: fmt.Sprintf("the config of %q was edited while it was read, and names another credential each time", v.Name)}
}

// load reads the configs of the named providers, and lists nothing: of their secrets nothing is
// known until each is opened. A name that no provider has is an error before any provider is
// asked, unless the job passes over it.
func (r *run) load(ctx context.Context) (map[string]task, error) {
	names := slices.Clone(r.job.Only)
	if r.job.Edited {
		names = append(names, r.kept.failedWith(names)...)
	}
	slices.Sort(names)
	tasks := map[string]task{}
	var unknown []error
	for _, name := range slices.Compact(names) {
		v := &visit{run: r, task: task{Provider: Provider{Name: name, Credential: name}, state: State{Name: name}}}
		gone := CheckName(name) != nil
		if !gone {
			var e *Error
			if gone, e = v.latest(ctx); e != nil {
				return nil, fmt.Errorf("loading provider configs: %w", e)
			}
		}
		if gone && !r.job.Edited {
			unknown = append(unknown, fmt.Errorf("%w is called %.80q", ErrNoProvider, name))
		}
		if !gone {
			v.task.named, v.listed = true, true
			tasks[name] = v.task
		}
	}
	return tasks, errors.Join(unknown...)
}

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
