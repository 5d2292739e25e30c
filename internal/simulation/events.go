package simulation

import (
	"slices"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// plan has an event begin and end at its time.
func (w *World) plan(e Event) {
	if w.lines != nil && (e.What == NotOurs || e.What == ByHand) {
		return
	}
	begins := w.began.Add(e.At)
	w.moments = append(w.moments, moment{e, begins, true})
	if habits[e.What].lasts != nil {
		w.moments = append(w.moments, moment{e, begins.Add(e.Lasts), false})
	}
	slices.SortStableFunc(w.moments, func(a, b moment) int { return a.at.Compare(b.at) })
}

// later has people do something to p after a time.
func (w *World) later(d time.Duration, what What, p *watch) {
	w.plan(Event{At: time.Since(w.began) + d, What: what, Provider: p.number - 1})
}

// happen has an event begin or end.
func (w *World) happen(m moment) {
	h, p, now := habits[m.What], w.providers[m.Provider], time.Now()
	is, bad := w.is, &w.oracle.bad
	if h.ofOne {
		is, bad = p.is, &p.bad
	}
	is[m.What] = m.begins && h.lasts != nil
	if h.acts {
		p.upset = append(p.upset, now)
	}
	if h.bad && m.begins {
		*bad = append(*bad, span{now, w.began.Add(m.At + m.Lasts + h.after + w.tick)})
	}
	if m.begins && m.What != Killed { // see die
		w.oracle.figures[m.What]++
	}
	switch m.What {
	case WrongSecret, NoCredential, BadCredential:
		if !m.begins || m.What == BadCredential {
			p.secret++
			p.renew()
		}
	case NotOurs:
		p.records.open()
		p.records.state.Owned = !m.begins
	case Edited:
		w.jobs = append(w.jobs, refresh.Job{Only: []string{p.name, "none", "a-backup"}, Edited: true}) // beside other things
		if p.config++; p.approvedOnly {
			w.later(approving, Approved, p)
		}
	case Approved:
		p.approved = p.config
	case Forced:
		w.jobs = append(w.jobs, refresh.Job{Only: []string{p.name}, Force: true})
	case ByHand:
		if p.records.state.Exists {
			_ = p.records.replace("by hand", refresh.Claim{})
		}
	case Consented:
		p.called = false
		p.renew()
		w.consent(p)
	case Missed, Late, Doubled:
		if m.begins {
			w.armed[m.What] = m.Event
		}
	case Killed:
		w.killAt, w.killAfter = m.Call, m.After
	case ClockOff:
		w.oracle.off = span{now, now.Add(m.Lasts)}
		if w.processes[0].off = 0; m.begins {
			w.processes[0].off = m.Off
		}
	case Throttled:
		if w.lines != nil {
			w.lines.throttle(m.begins)
		}
	case Cut:
		if w.lines != nil {
			w.lines.account.Cut(m.After)
		}
	}
}

// renew notes that p has another credential, or refresh token: with that a failure is another, though it
// looks the same.
func (w *watch) renew() {
	if w.reported != (failure{}) {
		w.reported = failure{code: "of the former credential"}
	}
}

// call has a person consent anew, unless one is about to.
func (w *World) call(p *watch, now time.Time) {
	if !p.called {
		p.called = true
		p.bad = append(p.bad, span{now, now.Add(mending + w.tick)})
		w.later(mending, Consented, p)
	}
}

// consent puts in a new refresh token.
func (w *World) consent(p *watch) {
	ticket := p.newTicket(time.Now())
	p.lost = time.Time{}
	if w.lines != nil {
		w.lines.put(p.name, ticket)
		return
	}
	stored := refresh.StoredRefreshToken{Token: secret.New(ticket)}
	if err := p.tickets.replace(stored.Encode().Reveal(), refresh.Claim{}); err != nil {
		panic(err) // a fault of the simulation
	}
}
