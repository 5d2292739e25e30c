package refresh

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// A Schedule is what the moment of a refresh depends on beside the token.
type Schedule struct {
	// Tick is the time between two runs; at least a second.
	Tick time.Duration
	// CacheAge is the longest that a consumer keeps a record without looking again.
	CacheAge time.Duration
	// Distance is the least time between two planned writes of one secret, or zero: Secrets
	// Manager keeps versions for 24 hours, and at most 100, which is a write in 14.4 minutes.
	Distance time.Duration
	// Claims are the limits of the [Vault].
	Claims Claims

	late, claimed bool // see For
}

// Claims are the limits within which a [Vault] gives one refresh token to one run after the
// other, as long as no new one has come of it. The zero value has none.
type Claims struct {
	// Apart is the longest that one claim keeps the next away.
	Apart time.Duration
	// Eager is for how long at least there may be claims at that pace; then there is a
	// Rest before each.
	Eager, Rest time.Duration
}

// For returns the schedule that p is kept by. A refresh token takes two versions a login, so the
// distance is twice as long; a token whose successor ends it is replaced as late as possible.
func (s Schedule) For(p Provider) Schedule {
	if p.Rotates {
		s.Distance *= 2
	}
	s.late, s.claimed = p.Supersedes, p.Rotates && s.Claims != Claims{}
	return s
}

// Check says what is wrong with s.
func (s Schedule) Check() error {
	var errs []error
	if s.Tick < time.Second {
		errs = append(errs, fmt.Errorf("the tick is %v; it must be at least 1s", s.Tick))
	}
	if s.CacheAge < 0 {
		errs = append(errs, fmt.Errorf("the cache age is %v; it must not be negative", s.CacheAge))
	}
	if s.Distance < 0 {
		errs = append(errs, fmt.Errorf("the least distance between writes is %v; it must not be negative", s.Distance))
	}
	return errors.Join(errs...)
}

// Lead returns how long before it expires a token of that lifetime is replaced: a third of its
// life, or what two ticks and the consumers' caches need, if that is more; and something on top that
// spreads providers whose tokens were issued together.
func (s Schedule) Lead(provider string, lifetime time.Duration) time.Duration {
	if s.late {
		return s.Margin()
	}
	return max(lifetime/3, s.Margin()) + spread(provider, lifetime)
}

// Margin is what may pass between a new token and the last use of the old one: the
// tick that was just missed, the one that failed or overran, and a consumer's cache.
func (s Schedule) Margin() time.Duration { return 2*s.Tick + s.CacheAge }

// spread returns a time in [0, lifetime/6), in whole seconds, that depends on the name
// alone: the decision has no randomness in it, so that every run takes the same one.
func spread(provider string, lifetime time.Duration) time.Duration {
	sum := sha256.Sum256([]byte(provider))
	hash := uint64(binary.BigEndian.Uint32(sum[:]))
	seconds := uint64(max(lifetime, 0) / time.Second) // below 2^34: the product stays below 2^66/6
	return time.Duration(seconds/6*hash>>32) * time.Second
}

// DueAt returns when the token of v is to be replaced: its lead before it expires, or the refresh
// token does, but not in the first third of its life, nor within the store's distance of its issue.
func (s Schedule) DueAt(provider string, v Version) time.Time {
	life := v.span()
	age := max(life-s.Lead(provider, life), life/3, s.Distance)
	return v.IssuedAt.Add(age.Truncate(time.Second))
}

// ShortLived reports whether tokens of that lifetime may expire in a consumer's hands, though they
// are replaced as often as the store allows.
func (s Schedule) ShortLived(lifetime time.Duration) bool {
	return lifetime < max(3*s.Margin()/2, s.Distance+s.Margin())
}

// Survives returns the longest outage of the provider, or of the store, in which no consumer is
// left with an expired token, whenever it begins; zero or less: none. Where refresh tokens are
// claimed, a claim must still come in time at its end: while claims are eager, or after a rest.
func (s Schedule) Survives(provider string, lifetime time.Duration) time.Duration {
	v := Version{Lifetime: lifetime}
	survived := lifetime - s.DueAt(provider, v).Sub(v.IssuedAt) - s.Margin()
	if !s.claimed {
		return survived
	}
	eager := min(survived-max(s.Claims.Apart-s.Tick, 0), s.Claims.Eager)
	return max(eager, survived-s.Claims.Rest)
}
