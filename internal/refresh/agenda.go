package refresh

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// An agenda is what a run has to do. It begins with what is remembered, and changes with each
// page of a listing, until both lists are at their end.
type agenda struct {
	*run
	tasks   map[string]task // the providers: all of them, or those that the job names
	begun   map[string]bool // those begun with: what is found of them later is for the next run
	due     []task          // those to begin with, in order
	changed map[string]bool // those that changed since the order was made

	states                           map[string]State // the secrets that were listed in this run
	anyStates, allStates, anyConfigs bool             // whether they were listed
	failed                           error            // of a listing
}

// set notes what is known of a provider by now.
func (a *agenda) set(t task) {
	a.tasks[t.Name] = t
	a.changed[t.Name] = true
}

// lagTime is how old a list of secrets may be (Secrets Manager API reference, ListSecrets).
const lagTime = 5 * time.Minute

// found notes the state that a list of secrets shows. Where that is older than what this process has
// seen, for no longer than lists may lag, the known one stays, and is doubted.
func (a *agenda) found(t task, s State) {
	before := t.state
	known, ok := before.current()
	v, listed := s.current()
	t.doubted = a.now.Sub(t.seen) < lagTime && ok && (s.Current == "" || listed && v.IssuedAt.Before(known.IssuedAt))
	if !t.doubted {
		t.state = s
		t.state.Name = t.Name
	}
	if t.state != before || t.doubted {
		a.set(t)
	}
}

// any reports whether there is a provider to begin with. What has changed is put in order once it
// is a tenth of all, or there is nothing else to do: to sort thousands for each page of a list would
// take longer than to serve them.
func (a *agenda) any(ctx context.Context) bool {
	for len(a.due) > 0 && len(a.changed) <= len(a.tasks)/10 {
		name := a.due[0].Name
		if t, ok := a.tasks[name]; ok && a.hint(t).Due {
			return true
		}
		a.due = a.due[1:]
	}
	if len(a.changed) == 0 {
		return false
	}
	for _, t := range a.due {
		a.changed[t.Name] = true
	}
	a.due = nil
	for name := range a.changed {
		if t, ok := a.tasks[name]; ok && !a.begun[name] && a.hint(t).Due {
			a.due = append(a.due, t)
		}
	}
	clear(a.changed)
	a.due = a.queueFor(ctx, len(a.due)).order(a.due)
	return len(a.due) > 0
}

// next takes the one to begin with, where there is any.
func (a *agenda) next() task {
	t := a.tasks[a.due[0].Name]
	a.due = a.due[1:]
	a.begun[t.Name] = true
	return t
}

// looks takes those that this run looks at without a login, and apart from them those that wait
// for an edit.
func (a *agenda) looks() (rest, edits []task) {
	var waiting []task
	for _, name := range slices.Sorted(maps.Keys(a.tasks)) {
		t := a.tasks[name]
		switch d := a.hint(t); {
		case a.begun[name] || d.Due || !t.listed || d.idle(t.state) && !t.doubted: // nothing is to be seen
		case d.Reason == CoolingDown && t.state.Note.Class.waitsForEdit():
			waiting = append(waiting, t)
		default:
			rest = append(rest, t)
		}
	}
	// Many take turns: they take from the quota that logins read their credentials by.
	turns := int64((len(waiting) + mostEdits - 1) / mostEdits)
	tick := a.now.Unix() / int64(a.Schedule.Tick/time.Second)
	for i, t := range waiting {
		if len(a.job.Only) > 0 || int64(i)%turns == tick%turns {
			edits = append(edits, t)
		}
	}
	return rest, edits
}

// mostEdits is how many credentials a run looks at for an edit.
const mostEdits = 100

// take takes in one page of a listing.
func (a *agenda) take(p page, report *Report) {
	switch {
	case p.panic != nil:
		panic(p.panic)
	case p.err != nil:
		if a.failed == nil {
			a.failed = p.err
		}
		if p.configs {
			a.kept.listing = listing{} // the next one begins anew
		}
	case p.configs:
		a.takeConfigs(p, report)
	default:
		a.takeStates(p)
	}
}

func (a *agenda) takeStates(p page) {
	a.anyStates, a.allStates = true, p.next == ""
	for _, s := range p.states {
		a.states[s.Name] = s
		if t, ok := a.tasks[s.Name]; ok {
			a.found(t, s)
		}
	}
	if p.next != "" {
		return
	}
	for name, t := range a.tasks {
		if _, listed := a.states[name]; !listed && t.state.Exists {
			a.found(t, State{})
		}
	}
}

func (a *agenda) takeConfigs(p page, report *Report) {
	a.anyConfigs = true
	l := &a.kept.listing
	if l.seen == nil {
		*l = listing{began: a.now, copies: map[string][]Document{}, seen: map[string]bool{}}
	}
	l.from = p.next
	l.documents += len(p.docs)
	var docs []Document
	for _, d := range p.docs {
		if d.Approver != "" {
			l.copies[d.Name] = append(l.copies[d.Name], d)
		}
	}
	for _, d := range p.docs {
		if d.Approver == "" {
			docs = append(append(docs, d), l.copies[d.Name]...)
			delete(l.copies, d.Name)
		}
	}
	if p.next == "" {
		for _, name := range slices.Sorted(maps.Keys(l.copies)) {
			docs = append(docs, l.copies[name]...)
		}
	}
	configs, _ := Effective(docs)
	report.Edits = append(report.Edits, a.once.newEdits(configs)...)
	for _, c := range configs {
		l.seen[c.Name] = true
		a.config(c.Document)
	}
	if p.next != "" {
		return
	}
	for name := range a.tasks {
		if !l.seen[name] {
			delete(a.tasks, name)
		}
	}
	a.kept.listed = l.began
	a.kept.listing = listing{documents: l.documents}
}

// config takes in the config of a provider. It is understood if it is another than before.
func (a *agenda) config(d Document) {
	t, known := a.tasks[d.Name]
	if t.Where == d.Where && t.revision == d.Version {
		return
	}
	if !known {
		t.state = a.states[d.Name]
	}
	seen := t.seen
	t = newTask(a.Parser, d, t.state).hint()
	t.seen, t.listed = seen, true
	a.set(t)
}

// sow has a run without a memory begin with what the secrets say, as if each token's config were
// still that of its provider.
func (a *agenda) sow() {
	for _, s := range a.states {
		v, ours := s.current()
		if _, known := a.tasks[s.Name]; ours && s.Owned && !known {
			a.set(task{Provider: Provider{Name: s.Name, Credential: s.Name, Config: v.Config}, state: s})
		}
	}
}

// orphans returns the secrets of ours without a config, once all configs and all secrets were
// listed.
func (a *agenda) orphans() []string {
	if !a.allStates || a.kept.listed.IsZero() {
		return nil
	}
	var names []string
	for name, s := range a.states {
		if _, ok := a.tasks[name]; !ok && s.Owned && !s.Deleting {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// full reports whether this run lists all configs, or what is left of them: hourly where they are
// so many that each costs something, and events report changes.
func (r *run) full() bool {
	l, m := r.kept.listing, r.kept
	costs := r.FreeDocuments != 0 && l.documents+len(m.tasks) > r.FreeDocuments
	return l.from != "" || m.listed.IsZero() || !costs || r.now.Sub(m.listed) >= time.Hour
}

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
		resumed := r.kept.listing.from != ""
		chain(r.kept.listing.from, func(from string) page {
			docs, next, err := r.Source.Configs(ctx, from)
			if err != nil && resumed { // the place of a page may be good for some minutes only
				docs, next, err = r.Source.Configs(ctx, "")
			}
			resumed = false
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
