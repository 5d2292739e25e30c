package refresh

import "time"

// A State is what the store's metadata says of one provider's secret. Nothing in it
// was decrypted.
type State struct {
	// Name is the provider's.
	Name string
	// Exists is false where there is no secret yet; then nothing else is set.
	Exists bool
	// Owned reports whether the secret carries this deployment's owner tag. One that
	// does not is never touched.
	Owned bool
	// Deleting reports whether the secret is scheduled for deletion.
	Deleting bool
	// Blocked is why the store would refuse every write to the secret, as its metadata says;
	// nil: it takes them. Its code is the [Reason] of the decision.
	Blocked *Error
	// Caution is what an operator should know before the next write; empty: nothing.
	Caution string
	// Paused reports whether an operator has paused it.
	Paused bool
	// Current is the version that consumers read; empty: none yet.
	Current VersionID
	// Next is a version that a run has stored and not made current: either that run is
	// still at it, or it died there. Empty, or the same as Current: none.
	Next VersionID
	// Note says how the last attempt failed; zero: it did not.
	Note Note
}

// current returns what the id of the current version says; ok is false where there is
// none, or it is not ours. The note has the end of the refresh token.
func (s State) current() (Version, bool) {
	v, ok := s.Current.Parse()
	v.Renewable = s.Note.RefreshTokenEnds
	return v, ok
}

// ExpiresAt returns when the token that consumers read ends; zero where that is not
// known, as there is no token or it was not written by us.
func (s State) ExpiresAt() time.Time {
	v, ok := s.current()
	if !ok {
		return time.Time{}
	}
	return v.ExpiresAt()
}

// notable reports whether a note can be left beside the secret.
func (s State) notable() bool { return s.Exists && s.Owned && !s.Deleting && s.Blocked == nil }

// LiveNote returns the note, unless something that it did not know of has happened since:
// its config was edited, a token was stored, or the token that the provider repeats is gone. The
// second is what a run leaves that dies between storing a token and removing the note. What a
// failure waits for may be the end of the token that was there: if that is gone, it waits no longer
// than any failure without one.
func (s State) LiveNote(config Fingerprint) Note {
	n := s.Note
	v, ok := s.current()
	if n.Class == "" || n.Config != config || ok && !v.IssuedAt.Before(n.Last) || !ok && n.Class == Unchanged {
		return Note{}
	}
	if !ok && !n.Next.IsZero() {
		n.Next = earlier(n.Next, n.Last.Add(maxLockOut))
	}
	return n
}
