package simulation

import (
	"errors"
	"fmt"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// The limits that AWS documents, and the vault keeps to: versions of 24 hours, and claims.
const (
	maxVersions              = 100
	eagerClaims              = 8
	eagerTime, restOfClaims  = 3 * time.Hour, 20 * time.Minute
	day                      = 24 * time.Hour
	clockError, lagOfListing = 10 * time.Second, 5 * time.Minute
)

var errLimit = errors.New("LimitExceededException")

// A record is one secret with a provider's tokens, in memory.
type record struct {
	state    refresh.State
	before   refresh.State // what a listing that lags still shows
	changed  time.Time
	versions map[refresh.VersionID]string // the token of each
	written  []time.Time
}

func newRecord(name string) *record {
	return &record{state: refresh.State{Name: name, Exists: true, Owned: true}, changed: time.Now(), versions: map[refresh.VersionID]string{}}
}

// listed returns what a listing shows.
func (r *record) listed(lags bool) refresh.State {
	if lags && time.Since(r.changed) < lagOfListing {
		return r.before
	}
	return r.state
}

// touch keeps what a listing that lags will show.
func (r *record) touch() { r.before, r.changed = r.state, time.Now() }

// put stores a version.
func (r *record) put(id refresh.VersionID, token string) error {
	if _, there := r.versions[id]; there {
		return nil
	}
	now := time.Now()
	if after(r.written, now.Add(-day)) >= maxVersions {
		return errLimit
	}
	r.touch()
	r.written = append(r.written, now)
	r.versions[id], r.state.Next = token, id
	return nil
}

// A shelf is where one refresh token is kept, in memory.
type shelf struct {
	id      refresh.VersionID
	token   string // empty: it is lost
	rotated time.Time
	by      string // the claim that it was stored under
	claims  []refresh.Claim
	written []time.Time
}

// put has a person put in a refresh token.
func (s *shelf) put(token string) {
	*s = shelf{id: s.next(), token: token, written: append(s.written, time.Now())}
}

func (s *shelf) next() refresh.VersionID {
	return refresh.VersionID(fmt.Sprintf("ticket-%d", len(s.written)))
}

// claim gives the refresh token to a run, unless another has it that may be at work still; mine
// is the last claim that the process of this run had and released.
func (s *shelf) claim(name, mine string, now time.Time, hold time.Duration) (refresh.Ticket, error) {
	var last refresh.Claim
	if len(s.claims) > 0 {
		last = s.claims[len(s.claims)-1]
	}
	recent := func(t time.Time) bool { return now.Sub(t) < hold }
	switch {
	case s.id == "":
		return refresh.Ticket{}, refresh.ErrNotFound
	case last.ID != "" && last.ID != mine && recent(last.At), last.ID == "" && s.by != "" && s.by != mine && recent(s.rotated):
		return refresh.Ticket{}, refresh.ErrClaimed
	}
	eager := 0
	for _, c := range s.claims {
		if now.Sub(c.At) < eagerTime {
			eager++
		}
	}
	if eager >= eagerClaims && now.Sub(last.At) < restOfClaims || after(s.written, now.Add(-day)) > maxVersions-2 {
		return refresh.Ticket{}, &refresh.Error{Class: refresh.Transient, Code: refresh.CodeWriteBudget, RetryAfter: restOfClaims, Detail: "no room for a claim"}
	}
	s.written = append(s.written, time.Now())
	t := refresh.Ticket{ID: s.id, Token: secret.New(s.token), Before: last,
		Claim: refresh.Claim{ID: fmt.Sprintf("claim-%d", len(s.written)), At: time.Now()}}
	if t.Before.ID != "" {
		t.Before.At = t.Before.At.Add(-clockError)
	}
	s.claims = append(s.claims, t.Claim)
	var err error
	if s.token == "" {
		_, err = refresh.DecodeRefreshToken(name, "secret", refresh.StoredRefreshToken{}.Encode())
	}
	return t, err
}

// rotate replaces a refresh token that was spent.
func (s *shelf) rotate(spent refresh.Ticket, next string) error {
	switch {
	case s.id != spent.ID:
		return nil // it was done before, or a person has put in another
	case after(s.written, time.Now().Add(-day)) >= maxVersions:
		return errLimit
	}
	*s = shelf{id: s.next(), token: next, rotated: time.Now(), by: spent.Claim.ID, written: append(s.written, time.Now())}
	return nil
}
