package refresh

import (
	"context"
	"fmt"
	"sync"
)

// A page is what a listing finds at a time: secrets, or configs.
type page struct {
	states  []State
	configs bool
	docs    []Document
	next    string // where the next page of configs begins
	last    bool
	err     error
	panic   any
}

// list lists secrets and configs, each in its own chain of calls, until ctx ends. What it
// finds comes over the channel, which is closed when both are at their end.
func (r *run) list(ctx context.Context, states, configs bool) <-chan page {
	found := make(chan page, 16) // a login that waits for its turn does not hold the lists up
	give := func(p page) bool {
		if p.err != nil && ctx.Err() != nil {
			return false // it was given up
		}
		select {
		case found <- p:
			return p.err == nil && !p.last
		case <-ctx.Done():
			return false
		}
	}
	var wg sync.WaitGroup
	chain := func(list func(func(page) bool)) {
		wg.Go(func() {
			defer func() {
				if v := recover(); v != nil {
					give(page{panic: v})
				}
			}()
			list(give)
		})
	}
	if states {
		chain(func(give func(page) bool) { r.listStates(ctx, give) })
	}
	if configs {
		from := r.kept.listing.from
		chain(func(give func(page) bool) { r.listConfigs(ctx, from, give) })
	}
	go func() {
		wg.Wait()
		close(found)
	}()
	return found
}

func (r *run) listStates(ctx context.Context, give func(page) bool) {
	for from := ""; ; {
		states, next, err := r.Store.List(ctx, from)
		if err != nil {
			err = fmt.Errorf("listing tokens: %w", err)
		}
		if !give(page{states: states, last: next == "", err: err}) {
			return
		}
		from = next
	}
}

func (r *run) listConfigs(ctx context.Context, from string, give func(page) bool) {
	for resumed := from != ""; ; resumed = false {
		docs, next, err := r.Source.Configs(ctx, from)
		if err != nil && resumed { // the place of a page may be good for some minutes only
			docs, next, err = r.Source.Configs(ctx, "")
		}
		if err != nil {
			err = fmt.Errorf("loading provider configs: %w", err)
		}
		if !give(page{configs: true, docs: docs, next: next, last: next == "", err: err}) {
			return
		}
		from = next
	}
}
