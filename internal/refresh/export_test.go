package refresh

import "time"

// Failed and Unchanged show tests the notes that attempts leave.
func (s Schedule) Failed(p Provider, st State, credential string, now time.Time, err *Error) Note {
	return s.failed(attempt{state: st, config: p.Config, credential: credential, now: now}, err)
}

func (s Schedule) Unchanged(p Provider, st State, credential string, now time.Time) Note {
	return s.unchanged(attempt{state: st, config: p.Config, credential: credential, now: now})
}

// DecideForced decides as for somebody who insists.
func (s Schedule) DecideForced(p Provider, st State, now time.Time) Decision {
	return s.decide(p, st, now, true)
}
