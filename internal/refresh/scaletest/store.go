package scaletest

import (
	"context"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// Limits implements [refresh.Store].
func (a *Account) Limits() refresh.Limits { return refresh.Limits{Saves: float64(a.o.Writes) / 2} }

// List implements [refresh.Store]: a hundred a page.
func (a *Account) List(ctx context.Context, from string) (states []refresh.State, next string, _ error) {
	begin, end, next := pageOf(from, len(a.docs), 100)
	if err := a.call(ctx, nil, &a.figures.Lists); err != nil {
		return nil, "", err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, d := range a.docs[begin:end] {
		if st := a.providers[d.Name].state; st.Exists {
			states = append(states, st)
		}
	}
	return states, next, nil
}

// Open implements [refresh.Store].
func (a *Account) Open(ctx context.Context, name string) (refresh.State, error) {
	if err := a.call(ctx, nil); err != nil {
		return refresh.State{}, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.providers[name]
	p.state.Name, p.state.Exists, p.state.Owned = name, true, true
	return p.state, nil
}

// Writes implements [refresh.Store].
func (a *Account) Writes(ctx context.Context, _ string) ([]time.Time, error) {
	return nil, a.call(ctx, nil)
}

// Save implements [refresh.Store]: two writes.
func (a *Account) Save(ctx context.Context, c refresh.Change) (refresh.State, error) {
	for range 2 {
		if err := a.call(ctx, a.writes); err != nil {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.figures.Lost++
			return refresh.State{}, err
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.providers[c.Provider]
	if p.state.Current == c.From && c.Replaces(c.From) {
		a.figures.judge(p)
		p.state.Current = c.To
		a.figures.Stored++
	}
	return p.state, nil
}

// Note implements [refresh.Store].
func (a *Account) Note(ctx context.Context, name string, n refresh.Note) error {
	if err := a.call(ctx, a.tags); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.providers[name].state.Note = n
	return nil
}

// Without returns how many providers have no token yet.
func (a *Account) Without() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for _, p := range a.providers {
		if p.state.Current == "" {
			n++
		}
	}
	return n
}

// Overdue returns how many tokens of providers that answer should have been replaced by now.
func (a *Account) Overdue() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n, s := 0, a.Runner().Schedule
	for _, p := range a.providers {
		if v, ok := p.state.Current.Parse(); p.answer == nil && (!ok || s.DueAt(p.name, v).Before(time.Now())) {
			n++
		}
	}
	return n
}
