package simulation

import (
	"slices"
	"time"
)

// script has an event happen at its time.
func (w *World) script(e Event) {
	begin := w.oracle.began.Add(e.At)
	p := w.providers[e.Provider]
	watched := w.oracle.watched[p.name]
	acts := func() { w.oracle.upset = append(w.oracle.upset, time.Now()) }
	// during has something be so while the event lasts, and the provider, or all, excused for it.
	during := func(wakes bool, bad *[]span, set func(bool)) {
		w.at(begin, wakes, func() {
			w.oracle.count(e.What, 1)
			set(true)
			if bad != nil {
				*bad = append(*bad, span{time.Now(), begin.Add(e.Lasts).Add(w.tick)})
			}
		})
		w.at(begin.Add(e.Lasts), wakes, func() { set(false) })
	}
	switch e.What {
	case Down:
		during(false, &watched.bad, func(is bool) { p.down = is })
	case Hangs:
		during(false, &watched.bad, func(is bool) { p.hangs = is })
	case LostAnswers:
		during(false, &watched.bad, func(is bool) { p.deaf = is })
	case WrongSecret:
		// Once it is mended, it is tried at the next tick.
		during(true, &watched.bad, func(is bool) {
			if p.broken = is; !is {
				p.secret++
				watched.mended = time.Now()
				acts()
			}
		})
	case Paused:
		during(true, &watched.bad, func(is bool) { p.paused = is; acts() })
	case Edited:
		w.at(begin, true, func() { w.oracle.count(e.What, 1); p.config++; acts() })
	case Forced:
		w.at(begin, true, func() {
			w.oracle.count(e.What, 1)
			if !slices.Contains(w.forced, p.name) {
				w.forced = append(w.forced, p.name)
			}
		})
	case Outage:
		during(false, &w.oracle.bad, func(is bool) { w.awsDown = is })
	case Throttled:
		during(false, &w.oracle.bad, func(is bool) {
			if w.awsSlow = is; w.lines != nil {
				w.lines.throttle(is)
			}
		})
	case Lagging:
		during(false, nil, func(is bool) { w.lags = is })
	case Cut:
		w.at(begin, false, func() {
			if w.oracle.count(e.What, 1); w.lines != nil {
				w.lines.account.Cut(e.At%2 == 0)
			}
		})
	case Killed:
		w.at(begin, false, func() { w.killAt, w.killAfter = e.Call, e.After })
	case ClockOff:
		bad, lasts := &w.oracle.bad, span{begin, begin.Add(e.Lasts + w.tick)}
		w.oracle.off = append(w.oracle.off, lasts)
		if e.Off.Abs() <= time.Minute {
			bad = nil
		} else if e.Off > 0 {
			w.oracle.ahead = append(w.oracle.ahead, ahead{lasts, e.Off})
		}
		during(true, bad, func(is bool) {
			if w.processes[0].off = 0; is {
				w.processes[0].off = e.Off
			}
			acts()
		})
	case Missed, Late, Doubled:
		w.at(begin, false, func() { w.armed = append(w.armed, e) })
	}
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
