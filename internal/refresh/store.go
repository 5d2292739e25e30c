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

	// Save stores a version and then makes it current, if the current one is still
	// c.From: two steps, so that a retry that comes late cannot undo what another run
	// has done. What c does not replace (see [Change.Replaces]) stays current. The state returned is that after the swap: if
	// its Current is not c.To, another run was ahead, and its token is to be used.
	// Saving again what is already saved does nothing.
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
	// Versions is how many versions of a secret are kept that are younger than 24 hours: then
	// it takes no more.
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

// maxAhead is how far clocks may differ. What was issued further ahead was issued by a
// clock that was wrong.
const maxAhead = time.Minute

// Replaces reports whether c.To may take the place of a version that is current. One of ours
// stays if it is the same, or was issued later or in the same second: another run was ahead.
// But the version that the decision was taken on, which comes before the login, cannot have
// been issued after it, unless by a clock that was wrong, and is replaced then.
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
