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
	maxVersions             = 100
	eagerClaims             = 8
	eagerTime, restOfClaims = 3 * time.Hour, 20 * time.Minute
)

var errLimit = errors.New("LimitExceededException")

// A stored is one secret, in memory: the records of a provider, or its refresh tokens.
type stored struct {
	state   refresh.State
	values  map[refresh.VersionID]string
	written []time.Time     // its versions
	claims  []refresh.Claim // on the current one
	rotated refresh.Claim   // under which that was stored, and when; zero: a person has put it in
}

func newStored(name string) *stored {
	return &stored{state: refresh.State{Name: name}, values: map[refresh.VersionID]string{}}
}

// open returns the state of a secret, which is made where it is missing.
func (s *stored) open() refresh.State {
	if !s.state.Exists {
		s.state.Exists, s.state.Owned = true, true
	}
	return s.state
}

// put stores a version.
func (s *stored) put(id refresh.VersionID, value string) error {
	if _, there := s.values[id]; there {
		return nil
	}
	now := time.Now()
	if after(s.written, now.Add(-day)) >= maxVersions {
		return errLimit
	}
	s.written = append(s.written, now)
	s.values[id], s.state.Next = value, id
	return nil
}

// replace stores a value, and makes it current. It is a person who does that without a claim.
func (s *stored) replace(value string, claim refresh.Claim) error {
	id := refresh.VersionID(fmt.Sprintf("version-%d", len(s.written)))
	if err := s.put(id, value); err != nil {
		return err
	}
	s.state.Current, s.claims, s.rotated = id, nil, claim
	return nil
}

// claim gives the refresh token to a run, unless another has it that may be at work still; mine
// is the last claim that the process of this run had and released.
func (s *stored) claim(mine string, now time.Time, hold time.Duration) (refresh.Ticket, error) {
	var last refresh.Claim
	if len(s.claims) > 0 {
		last = s.claims[len(s.claims)-1]
	}
	others := func(c refresh.Claim) bool { return c.ID != "" && c.ID != mine && now.Sub(c.At) < hold }
	eager := 0
	for _, c := range s.claims {
		if now.Sub(c.At) < eagerTime {
			eager++
		}
	}
	switch {
	case s.state.Current == "":
		return refresh.Ticket{}, refresh.ErrNotFound
	case others(last), last.ID == "" && others(s.rotated):
		return refresh.Ticket{}, refresh.ErrClaimed
	case eager >= eagerClaims && now.Sub(last.At) < restOfClaims, after(s.written, now.Add(-day)) > maxVersions-3:
		return refresh.Ticket{}, &refresh.Error{Class: refresh.Transient, Code: refresh.CodeWriteBudget, RetryAfter: restOfClaims, Detail: "no room for a claim"}
	}
	c := refresh.Claim{ID: fmt.Sprintf("claim-%d", len(s.written)), At: time.Now()}
	if err := s.put(refresh.VersionID(c.ID), ""); err != nil {
		return refresh.Ticket{}, err
	}
	s.claims = append(s.claims, c)
	t, err := refresh.DecodeRefreshToken(s.state.Name, "secret", secret.New(s.values[s.state.Current]))
	if last.ID != "" {
		last.At = last.At.Add(-clockError)
	}
	return refresh.Ticket{ID: s.state.Current, Token: t.Token, Before: last, Claim: c}, err
}
