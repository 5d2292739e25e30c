package refresh

import (
	"context"
	"time"

	"example.com/tokenkeeper/internal/secret"
)

// A Store keeps one secret a provider: its record, in versions, and a note.
//
// Methods retry what may be retried, in the time that their context leaves; the caller
// does not. When one returns nil, what it did is durable. An error may be an [*Error],
// where a person must act; any other counts as transient. None contains a value.
type Store interface {
	// Limits returns what the store can take.
	Limits() Limits

	// List returns one page of the states of all secrets in the store's name space, ours or not,
	// and where the next page begins: empty begins, and is returned with the last page. It is a
	// hint and may be some minutes old: what depends on it is opened first.
	List(ctx context.Context, from string) (states []State, next string, _ error)

	// Open returns the present state of one secret, creating it, empty and owned,
	// where it is missing, so that a note has a place before the first login.
	Open(ctx context.Context, provider string) (State, error)

	// Writes returns when the versions of the secret that are younger than 24 hours were
	// written; none where there may be any number of them.
	Writes(ctx context.Context, provider string) ([]time.Time, error)

	// Save stores a version and then makes it current, if the current one is still c.From: two
	// steps, so that a late retry cannot undo what another run has done. What c does not replace
	// (see [Change.Replaces]) stays current. The state returned is that after the swap: if its
	// Current is not c.To, another run was ahead, and its token is to be used. Saving again what is
	// already saved does nothing.
	Save(ctx context.Context, c Change) (State, error)

	// Note replaces the note; the zero Note removes it.
	Note(ctx context.Context, provider string, n Note) error
}

// Limits are those of a [Store]. Zero: no limit.
type Limits struct {
	// Saves is how many tokens can be stored in a second.
	Saves float64
	// Record is how many bytes a record may have.
	Record int
	// Versions is how many versions younger than 24 hours a secret takes.
	Versions int
}

// In returns how many saves a run of that length has the time for.
func (l Limits) In(run time.Duration) float64 {
	return l.Saves * max(run-reserve-loginTime, 0).Seconds()
}

// A Change is one write to a store.
type Change struct {
	Provider string
	// From is the version that the decision was taken on; empty: there was none.
	From VersionID
	// To is the version to make current.
	To VersionID
	// Record is what consumers will read; zero: To is stored already.
	Record secret.Text
	// Probe is called once the version is stored, before it is made current; if it fails,
	// that does not happen, and Save returns its error. Nil: it is not probed.
	Probe func(ctx context.Context) error
}

// maxAhead is how far clocks may differ. A version from further ahead is that of a wrong clock.
const maxAhead = time.Minute

// Replaces reports whether c.To may take the place of a version that is current. One of ours stays
// if it is the same, or was issued later or in the same second: another run was ahead. But the
// version that the decision was taken on cannot have been issued after the login, unless by a clock
// that was wrong, and is replaced then.
func (c Change) Replaces(current VersionID) bool {
	v, ours := current.Parse()
	to, _ := c.To.Parse()
	switch {
	case current == c.To:
		return false
	case current == c.From && v.IssuedAt.After(to.IssuedAt.Add(maxAhead)):
		return true
	}
	return !ours || to.IssuedAt.After(v.IssuedAt)
}

// A State is what the store's metadata says of one provider's secret. Nothing in it was decrypted.
type State struct {
	// Name is the provider's.
	Name string
	// Exists is false where there is no secret yet; then nothing else is set.
	Exists bool
	// Owned reports whether the secret carries this deployment's owner tag. One that
	// does not is never touched.
	Owned bool
	// Deleting reports whether the secret is scheduled for deletion. Blocked says so too.
	Deleting bool
	// Blocked is why the store would refuse every write; nil: it takes them. Its code is the
	// [Reason] of the decision.
	Blocked *Error
	// Caution is what an operator should know before the next write; empty: nothing.
	Caution string
	// Paused reports whether an operator has paused it.
	Paused bool
	// Current is the version that consumers read; empty: none yet.
	Current VersionID
	// Next is a version that a run has stored and not made current: the run is still at it, or has
	// died. Empty, or the same as Current: none.
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
