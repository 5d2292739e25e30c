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
	next    string // where the next page begins; empty: this is the last
	err     error
	panic   any
}

// list lists secrets and configs, each in its own chain of calls, until ctx ends. What it
// finds comes over the channel, which is closed when both are at their end.
func (r *run) list(ctx context.Context, states, configs bool) <-chan page {
	found := make(chan page, 16) // a login that waits for its turn does not hold the lists up
	give := func(p page) (more bool) {
		if p.err != nil && ctx.Err() != nil {
			return false // it was given up
		}
		select {
		case found <- p:
			return p.err == nil && p.next != ""
		case <-ctx.Done():
			return false
		}
	}
	var wg sync.WaitGroup
	chain := func(from string, list func(from string) page) {
		wg.Go(func() {
			defer func() {
				if v := recover(); v != nil {
					give(page{panic: v})
				}
			}()
			p := list(from)
			for give(p) {
				p = list(p.next)
			}
		})
	}
	if states {
		chain("", func(from string) page {
			states, next, err := r.Store.List(ctx, from)
			if err != nil {
				err = fmt.Errorf("listing tokens: %w", err)
			}
			return page{states: states, next: next, err: err}
		})
	}
	if configs {
		resumed := r.kept.listing.from
		chain(resumed, func(from string) page {
			docs, next, err := r.Source.Configs(ctx, from)
			if err != nil && from != "" && from == resumed { // the place of a page may be good for some minutes only
				docs, next, err = r.Source.Configs(ctx, "")
			}
			if err != nil {
				err = fmt.Errorf("loading provider configs: %w", err)
			}
			return page{configs: true, docs: docs, next: next, err: err}
		})
	}
	go func() {
		wg.Wait()
		close(found)
	}()
	return found
}
