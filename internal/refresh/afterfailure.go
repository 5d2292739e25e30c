package refresh

import (
	"cmp"
	"time"
)

// An attempt is what is known once a login has failed.
type attempt struct {
	state      State // before it
	config     Fingerprint
	credential string        // the version of what was tried; empty: none was found
	after      string        // the same once the next refresh token is stored; empty: none is
	now        time.Time     // of the run
	took       time.Duration // since then
	// rest is until when a refresh token that may have been spent rests; zero: not at all.
	rest time.Time
}

// failed returns the note to leave after err.
func (s Schedule) failed(a attempt, err *Error) Note {
	n := s.follow(a, err.Class, err.Code)
	if err.Class == Transient && err.Suspect {
		prev := a.previous()
		if prev.Class == Misconfigured || prev.Class == Transient && prev.Code == n.Code && n.Tries >= suspectTries {
			n = s.follow(a, Misconfigured, err.Code)
		}
	}
	if err.Ours {
		n.Ours = min(n.Ours+1, n.Tries)
	}
	switch {
	case n.Class == Misconfigured && err.Ours:
		// Such as a permission that is lacking: only another try shows that it is back, and
		// it locks no account.
		n.Next = a.now.Add(s.backOff(a, n.Tries, false) - s.jitter())
	case n.Class == Misconfigured:
		n.Next = a.now.Add(min(lockOut<<min(n.Tries-1, 8), maxLockOut))
	case n.Class == Transient:
		n.Next = a.now.Add(s.backOff(a, n.Tries, err.Limited && err.RetryAfter == 0))
		if n.Code == CodeRefreshTokenUnsure {
			n = s.unsure(a, n)
		}
	}
	if err.RetryAfter > 0 && !n.Next.IsZero() {
		n.Next = later(n.Next, a.now.Add(s.patience(a, err.RetryAfter)))
	}
	return n
}

// patience returns how long to leave a provider alone that asked for it: as long as it said, up
// to a day, and no longer than a new token is of use; an hour where consumers have none.
func (s Schedule) patience(a attempt, asked time.Duration) time.Duration {
	bound := maxRetryAfterWithout
	if left := a.state.ExpiresAt().Sub(a.now); left > 0 {
		bound = min(left-s.Margin(), maxRetryAfter)
	}
	return min(min(asked, bound)+a.took+s.jitter(), bound)
}

// unsure returns the note to leave where a refresh token may have been spent. It rests while a
// good token is left that its reuse could end, until the last moment at which it is of use. Then
// it is tried like a provider that is down, and later like a login that is refused.
func (s Schedule) unsure(a attempt, n Note) Note {
	if prev := a.previous(); prev.Code != n.Code && prev.Unsure == "" {
		n.Since, n.Tries = n.Last, 1 // what failed before was something else
	}
	tick := a.now.Add(s.Tick)
	switch {
	case a.now.Before(a.rest):
		n.Next = later(a.rest, tick).Truncate(time.Second)
	case n.Tries <= unsureTries:
		n.Next = a.now.Add(min(s.Tick<<(n.Tries-1), maxBackOff*s.Tick))
	default:
		n.Next = later(tick, a.now.Add(min(lockOut<<min(n.Tries-unsureTries-1, 8), maxLockOut)))
	}
	return n
}

// unchanged returns the note to leave after the provider answered the token that we have:
// look again after half of the time that it has left, and a tick at least.
func (s Schedule) unchanged(a attempt) Note {
	n := s.follow(a, Unchanged, "same_token")
	left := a.state.ExpiresAt().Sub(a.now)
	n.Next = a.now.Add(max(left/2, s.Tick)).Truncate(time.Second)
	return n
}

const (
	// suspectTries is how many failures in a row show that a senseless answer is not chance.
	suspectTries = 3
	// lockOut is the least time between two refused logins, and doubles up to maxLockOut: many
	// providers lock an account after some five in an hour.
	lockOut    = 30 * time.Minute
	maxLockOut = 4 * time.Hour
	// maxRetryAfter bounds what a provider may ask for, and maxRetryAfterWithout does while
	// there is no live token.
	maxRetryAfter        = 24 * time.Hour
	maxRetryAfterWithout = time.Hour
	// maxLimited is the longest between two attempts at a provider that limits them.
	maxLimited = time.Hour
	// unsureTries is how often a refresh token that may have been spent is tried like a
	// provider that is down.
	unsureTries = 4
	// maxBackOff is in ticks.
	maxBackOff = 5
)

func (a attempt) previous() Note {
	n := a.state.LiveNote(a.config)
	if n.Credential != a.credential {
		return Note{}
	}
	return n
}

// follow returns the note that continues the previous one if that is of the same class.
func (s Schedule) follow(a attempt, class Class, code string) Note {
	now := a.now.UTC().Truncate(time.Second)
	if v, ok := a.state.current(); ok && !v.IssuedAt.Before(now) {
		// Or the note would be void: the token of this very run was stored, and its refresh
		// token lost.
		now = v.IssuedAt.Add(time.Second)
	}
	n := Note{Class: class, Code: fixedWord(code), Since: now, Last: now, Tries: 1,
		Config: a.config, Credential: cmp.Or(a.after, a.credential)}
	if prev := a.previous(); prev.Class == class {
		n.Since, n.Tries, n.Ours = prev.Since, min(prev.Tries+1, maxTries), prev.Ours
	}
	return n
}

// backOff returns how long to wait after that many transient failures: 1, 2, 4 and then 5
// ticks, but never past the moment from which consumers may notice that the token expires. From
// there on the provider is asked every tick, on which [Schedule.Survives] counts, until the token has
// expired and there is nothing to save. A provider that limits how often it is asked has the time
// doubled, up to an hour, whatever becomes of the token.
func (s Schedule) backOff(a attempt, tries int, limited bool) time.Duration {
	wait := s.Tick << min(tries-1, 12)
	if limited {
		return max(min(wait, maxLimited), s.Tick)
	}
	wait = min(wait, maxBackOff*s.Tick)
	if left := a.state.ExpiresAt().Sub(a.now); left > 0 {
		wait = min(wait, left-s.Margin())
	}
	return max(wait, s.Tick)
}

// slack is how much before its time a note of a class may be over: ticks come a little early or
// late. What guards against a lock-out is kept to the second.
func (s Schedule) slack(c Class) time.Duration {
	if c == Transient || c == Unchanged {
		return s.jitter()
	}
	return 0
}

// jitter is how much two ticks may be nearer than planned, at most.
func (s Schedule) jitter() time.Duration { return s.Tick / 2 }
