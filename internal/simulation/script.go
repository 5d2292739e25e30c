package simulation

import (
	"fmt"
	"slices"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// approving is how long an owner takes to look at an edit.
const approving = 10 * time.Minute

// script has an event happen at its time.
func (w *World) script(e Event) {
	begin := w.oracle.began.Add(e.At)
	p := w.providers[e.Provider]
	watched := w.oracle.watched[p.name]
	once := func(wakes bool, what func()) {
		w.at(begin, wakes, func() { w.oracle.count(e.What, 1); what() })
	}
	acts := func() { watched.upset = append(watched.upset, time.Now()) }
	switch e.What {
	case Edited:
		once(true, func() { p.config++; acts() })
		w.at(begin.Add(approving), p.approvedOnly, func() { p.approved = p.config; acts() })
	case Forced:
		once(true, func() { w.forced = append(w.forced, p.name); acts() })
	case ByHand:
		if w.lines == nil {
			once(true, func() { w.byHand(p); acts() })
		}
	case Cut:
		once(false, func() {
			if w.lines != nil {
				w.lines.account.Cut(e.At%2 == 0)
			}
		})
	case Killed:
		w.at(begin, false, func() { w.killAt, w.killAfter = e.Call, e.After })
	case Missed, Late, Doubled:
		w.at(begin, false, func() { w.armed = append(w.armed, e) })
	case ClockOff:
		lasts := span{begin, begin.Add(e.Lasts + w.tick)}
		w.oracle.off = append(w.oracle.off, lasts)
		if e.Off > time.Minute {
			w.oracle.ahead = append(w.oracle.ahead, ahead{lasts, e.Off})
		}
		w.during(e, true, e.Off.Abs() > time.Minute, func(is bool) {
			if w.processes[0].off = 0; is {
				w.processes[0].off = e.Off
			}
			w.oracle.upset = append(w.oracle.upset, time.Now())
		})
	case WrongSecret, NoCredential:
		// Once it is mended, it is tried at the next tick.
		w.during(e, true, true, func(is bool) {
			if p.is[e.What] = is; !is {
				p.secret++
				watched.mended = time.Now()
			}
			acts()
		})
	case BadConfig, Removed, Paused, NotOurs:
		if e.What == NotOurs && w.lines != nil {
			return
		}
		w.during(e, true, true, func(is bool) {
			if p.is[e.What] = is; e.What == NotOurs && w.records[p.name] != nil {
				w.records[p.name].state.Owned = !is
			}
			acts()
		})
	case Nonsense, Echoes:
		w.during(e, false, true, func(is bool) {
			if p.is[e.What] = is; is { // a login that made no sense is left alone as one that was rejected
				watched.bad = append(watched.bad, span{time.Now(), begin.Add(e.Lasts + 4*time.Hour)})
			}
		})
	case Down, Hangs, LostAnswers, Panics:
		w.during(e, false, true, func(is bool) { p.is[e.What] = is })
	case Outage, Throttled, Lagging, Offline:
		w.during(e, false, e.What != Lagging, func(is bool) {
			if w.is[e.What] = is; e.What == Throttled && w.lines != nil {
				w.lines.throttle(is)
			}
		})
	}
}

// byHand has a person write a value that is no record, where there is a secret.
func (w *World) byHand(p *provider) {
	if r := w.records[p.name]; r != nil {
		id := refresh.VersionID(fmt.Sprintf("by-hand-%d", len(r.written)))
		r.versions[id], r.state.Current = "by hand", id
		r.written = append(r.written, time.Now())
	}
}

// during has something be so while an event lasts. Where it is bad, the provider, or all, are excused
// for it.
func (w *World) during(e Event, wakes, isBad bool, set func(bool)) {
	begin := w.oracle.began.Add(e.At)
	bad := &w.oracle.bad
	if habits[e.What].ofOne {
		bad = &w.oracle.watched[name(e.Provider)].bad
	}
	w.at(begin, wakes, func() {
		w.oracle.count(e.What, 1)
		if set(true); isBad {
			*bad = append(*bad, span{time.Now(), begin.Add(e.Lasts).Add(w.tick)})
		}
	})
	w.at(begin.Add(e.Lasts), wakes, func() { set(false) })
}

// at has something happen at a time.
func (w *World) at(t time.Time, wakes bool, what func()) {
	i, _ := slices.BinarySearchFunc(w.moments, t, func(m moment, t time.Time) int {
		if m.at.After(t) {
			return 1
		}
		return -1 // behind those of the same time
	})
	w.moments = slices.Insert(w.moments, i, moment{t, wakes, what})
}

// call has a person consent anew, unless one is about to.
func (w *World) call(name string, now time.Time) {
	watched := w.oracle.watched[name]
	if watched.called {
		return
	}
	watched.called = true
	watched.bad = append(watched.bad, span{now, now.Add(mending + w.tick)})
	w.at(now.Add(mending), true, func() {
		watched.called = false
		w.oracle.upset = append(w.oracle.upset, time.Now())
		w.consent(w.byName[name])
	})
}
