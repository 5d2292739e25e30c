package refresh

import "time"

// A Reason says why a provider is due, or why it is not.
type Reason string

// Why a provider is due.
const (
	// NoToken: its secret is missing or empty.
	NoToken Reason = "no_token"
	// ConfigChanged: the token was asked for with another config.
	ConfigChanged Reason = "config_changed"
	// ForeignVersion: the current version is not one that we wrote, or was issued in the future,
	// by a clock that was wrong.
	ForeignVersion Reason = "foreign_version"
	// NearExpiry: the token ends within its lead.
	NearExpiry Reason = "near_expiry"
	// Forced: an operator asked for it.
	Forced Reason = "forced"
	// Unfinished: a run that died has stored a token and not made it current. No login is needed.
	Unfinished Reason = "unfinished"
)

// Why a provider is not due.
const (
	// Gone: its config was removed after the run had listed it.
	Gone Reason = "config_gone"
	// Fresh: the token is good for longer than its lead.
	Fresh Reason = "fresh"
	// CoolingDown: the last attempt stored nothing, and it is too soon for another.
	CoolingDown Reason = "cooling_down"
	// Paused: an operator or its config asked to leave it alone.
	Paused Reason = "paused"
	// NotOurs: the secret of that name does not carry our owner tag.
	NotOurs Reason = "secret_not_ours"
	// Deleting: the secret is scheduled for deletion.
	Deleting Reason = "secret_being_deleted"
)

// A Decision is what to do about one provider, and when to ask again.
type Decision struct {
	Due    bool
	Reason Reason
	// Next is when the decision is to be taken again, if nothing is edited until then;
	// for one that is due, now. [Schedule.Decide] never leaves it zero.
	Next time.Time
}

// Decide says whether p must be asked for a new token now. It depends on its arguments alone.
func (s Schedule) Decide(p Provider, st State, now time.Time) Decision {
	return s.decide(p, st, now, false)
}

// decide does the same; force passes over the note of the last failure and the distance between
// writes, and never over what people or the store forbid.
func (s Schedule) decide(p Provider, st State, now time.Time, force bool) Decision {
	due := func(r Reason) Decision { return Decision{Due: true, Reason: r, Next: now} }
	wait := func(r Reason, until time.Time) Decision { return Decision{Reason: r, Next: until} }
	tick := now.Add(s.Tick)
	s = s.For(p)

	v, ours := st.current()
	note := st.LiveNote(p.Config)
	switch {
	case st.Deleting:
		return wait(Deleting, tick)
	case st.Exists && !st.Owned:
		return wait(NotOurs, tick)
	case st.Paused || p.Paused:
		return wait(Paused, tick)
	case st.Blocked != nil:
		return wait(Reason(st.Blocked.Code), tick)
	case force:
		return due(Forced)
	case p.Probe == nil && st.unfinished(p.Config, now):
		return due(Unfinished)
	case note.Class != "" && note.Next.IsZero():
		return wait(CoolingDown, tick)
	case note.Class != "" && now.Before(note.Next.Add(-s.slack(note.Class))) && !st.early(note, now):
		return wait(CoolingDown, note.Next)
	case st.Current == "":
		return due(NoToken)
	case !ours || v.IssuedAt.After(now.Add(maxAhead)):
		return due(ForeignVersion)
	case v.Config != p.Config:
		return due(ConfigChanged)
	}
	if at := s.DueAt(p.Name, v); now.Before(at) {
		return wait(Fresh, at)
	}
	return due(NearExpiry)
}

// longestRun is how long a run may last, and so by how much another's note may be later than now.
const longestRun = 5 * time.Minute

// early reports whether a clock that was ahead has noted a failure, which would wait for too long,
// unless it came after a token of such a clock: see follow. A refresh token that may have been spent
// rests all the same.
func (s State) early(n Note, now time.Time) bool {
	v, _ := s.current()
	return n.Last.After(now.Add(longestRun+maxAhead)) && !n.Last.Equal(v.IssuedAt.Add(time.Second)) && n.Unsure == ""
}

// unfinished reports whether Next may become current as it is: it is ours, was asked for with the
// present config and after the current one, and has not expired.
func (s State) unfinished(config Fingerprint, now time.Time) bool {
	next, ok := s.Next.Parse()
	if !ok || next.Config != config || !now.Before(next.ExpiresAt()) || next.IssuedAt.After(now.Add(maxAhead)) {
		return false
	}
	v, ok := s.current()
	return s.Current == "" || ok && next.IssuedAt.After(v.IssuedAt)
}
