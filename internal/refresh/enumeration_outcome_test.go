package refresh_test

import (
	"slices"
	"sync"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// An outcome is what came of a play.
type outcome struct {
	lost, unavoidable, noted  bool
	withoutToken              time.Duration
	sentReplaced, revokedLive int
}

// perform gives a play: a first login, then the one that is struck, and the hours after it.
func perform(p play) (o outcome, s *stage) {
	strikes := p.strikes
	p.strikes = nil
	s = newStage(p)
	s.run()
	v, _ := s.state.Current.Parse()
	due := refresh.Schedule{Tick: enumTick, CacheAge: 5 * time.Minute, Distance: 16 * time.Minute}.
		For(refresh.Provider{Rotates: true}).DueAt("a", v)
	time.Sleep(time.Until(due))
	s.strikes = strikes
	end := time.Now().Add(150 * time.Minute)
	for time.Now().Before(end) {
		var wg sync.WaitGroup
		tick := time.Now()
		for range s.runs {
			wg.Go(s.run)
		}
		wg.Wait()
		time.Sleep(time.Until(tick.Add(enumTick)))
		if v, ok := s.state.Current.Parse(); !ok || !time.Now().Before(v.ExpiresAt()) {
			o.withoutToken += enumTick
		}
		if len(s.struck) == len(strikes) && s.settled() {
			break
		}
		if s.over() {
			v, _ := s.state.Current.Parse()
			o.withoutToken += end.Sub(latest(time.Now(), v.ExpiresAt()))
			break
		}
	}
	o.sentReplaced, o.revokedLive = s.sentReplaced, s.revokedLive
	o.lost = s.dead || s.valid != s.current.token && s.valid != s.next.token
	for _, code := range s.events {
		o.noted = o.noted || code == refresh.CodeRefreshTokenLost || code == "invalid_grant" || code == refresh.CodeRefreshTokenUnsure
	}
	o.unavoidable = s.unavoidable()
	return o, s
}

// settled reports whether a good token is kept, and nothing is left to come.
func (s *stage) settled() bool {
	v, ok := s.state.Current.Parse()
	return ok && time.Until(v.ExpiresAt()) > 50*time.Minute && s.state.Note.Class == "" && s.valid == s.current.token
}

// over reports whether a person is called, and nothing more will be tried.
func (s *stage) over() bool {
	for i, k := range s.strikes {
		if since, ok := s.struck[i]; ok && time.Since(since) <= k.lasts {
			return false
		}
	}
	return s.state.Note.Class == refresh.NeedsPerson
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// unavoidable reports whether the ticket that is kept was replaced by one that no write could
// have kept: each time that it arrived, the process was killed or no put could go through to the
// end of its run; or it never arrived, the provider repeats no answer later on, and one early
// repeat was not possible either.
func (s *stage) unavoidable() bool {
	var arrived, lost []answered
	for _, a := range s.answers {
		switch {
		case a.ticket != s.kept():
		case a.arrived:
			arrived = append(arrived, a)
		default:
			lost = append(lost, a)
		}
	}
	if len(arrived) > 0 {
		return !slices.ContainsFunc(arrived, s.couldPut)
	}
	return len(lost) > 0 && s.reuse != samePair && s.reuse != anotherPair && !slices.ContainsFunc(lost, s.couldRepeat)
}

// kept returns the ticket that the vault has.
func (s *stage) kept() string {
	if s.next.token != "" {
		return s.next.token
	}
	return s.current.token
}

// longestPause is the longest between two attempts at a call.
const longestPause = 7 * time.Second

// couldPut reports whether a put of what arrived could go through.
func (s *stage) couldPut(a answered) bool {
	end := a.by.ends.Add(-1500 * time.Millisecond)
	if a.by.killed.Load() {
		end = earliest(end, a.by.killedAt)
	}
	return s.open(atPut, a.at, end, longestPause)
}

// couldRepeat reports whether a login could be sent again within the grace: at once by the same
// run, or by the last one within it.
func (s *stage) couldRepeat(a answered) bool {
	end := s.spentAt[a.ticket].Add(s.graceLeft())
	repeated := slices.ContainsFunc(s.answers, func(b answered) bool { return b.by == a.by && b.ticket == a.ticket && b.asked.Before(a.asked) })
	if !repeated && !a.by.killed.Load() && !a.at.After(end) && s.open(atGrant, a.at, a.at, 0) {
		return true
	}
	const last = 4 * enumTick // in which the last try is made
	return s.open(atGrant, end.Add(-last), end, last) && s.open(atClaim, end.Add(-last), end, last)
}

// open reports whether a call is struck by nothing for so long, between two times.
func (s *stage) open(call string, from, to time.Time, long time.Duration) bool {
	for at := from; !at.Add(long).After(to); at = at.Add(500 * time.Millisecond) {
		free := true
		for i, k := range s.strikes {
			since, met := s.struck[i]
			free = free && (k.call != call || met && (since.After(at.Add(long)) || at.After(since.Add(k.lasts))))
		}
		if free {
			return true
		}
	}
	return false
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
