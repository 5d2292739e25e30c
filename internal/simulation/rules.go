package simulation

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// A login is one as its provider sees it.
type login struct {
	p               *watch
	At              time.Time
	Nth             int           // of its run, at this provider
	Config          string        // by which it is made
	Before          streak        // of answers, until then
	Left            time.Duration // of the life of the token that consumers read
	Since429        time.Duration // a refusal for the number of logins
	Early           bool          // the provider asked to be left alone for longer, and nothing has happened since
	Issued, Revoked bool          // what came of it
}

func (l login) broken(o *oracle) string {
	p, tick := l.p, o.schedule.Tick
	good := l.Left > o.margin()+2*tick // consumers have a token that need not be replaced yet
	switch {
	case l.Nth > 1:
		return "a run logs in once"
	case p.is[Paused] || p.is[Removed] || p.is[NoCredential] || p.is[BadCredential] || p.is[NotOurs]:
		return "what is paused, removed, not ours, or has no good credential is left alone"
	case l.Config != p.inEffect() || p.is[BadConfig] && !p.approvedOnly:
		return "a login is by the config in effect"
	case l.Early && (p.last() == nil || good || l.Left+l.Since429 < -tick): // what is at its end is tried at each tick
		return "Retry-After is kept to"
	case after(p.logins, l.At.Add(-time.Hour))-o.upsets(p, l.At.Add(-time.Hour-tick)) > 40:
		return "there are at most 40 logins in an hour"
	case l.Revoked && p.lost.IsZero():
		return "no refresh token is sent twice"
	case l.Revoked && good && o.calm(p, l.At.Add(-tick)):
		return "a refresh token that may have been spent is not sent while there is a good token"
	case l.Before.answer == "" || !o.calm(p, l.Before.at[0].Add(-2*tick)):
		return "" // the distance says something where nothing else has happened since the provider began to answer so
	}
	last := l.Before.at[len(l.Before.at)-1]
	gap := l.At.Sub(last)
	switch least, longest := o.distances(p, l.Before, l.Left+gap); {
	case gap < least-o.jitter():
		return fmt.Sprintf("the next login comes %v after the last, not after %v or more", gap, least)
	case gap > longest+2*tick+o.jitter() && !p.rotates && !o.hindered(p, last, l.At):
		return fmt.Sprintf("the next login comes %v after the last, not after %v at most", gap, longest)
	}
	return ""
}

// login judges a login.
func (o *oracle) login(l login) {
	o.figures[logins]++
	if l.Issued {
		o.figures[issued]++
	}
	if l.p.current != nil {
		l.Left = l.p.current.asked.Add(l.p.lifetime).Sub(l.At) // as its record says
	}
	o.judge(l.p, l)
}

// lostAnswer notes that an answer of p did not arrive.
func (o *oracle) lostAnswer(p *watch, now time.Time) {
	if p.upset = append(p.upset, now); p.rotates {
		p.lost, p.rests = now, now
	}
}

// A swap is a token that becomes current in the place of another.
type swap struct {
	p           *watch
	At          time.Time
	Former, Now *token
	Text        string // as consumers read it
}

func (s swap) broken(o *oracle) string {
	var r struct {
		Version         int
		Provider, Scope string
		TokenType       string    `json:"token_type"`
		IssuedAt        time.Time `json:"issued_at"`
		RefreshAfter    time.Time `json:"refresh_after"`
		ExpiresAt       time.Time `json:"expires_at"`
		ExpiresAtUnix   int64     `json:"expires_at_unix"`
	}
	err := json.Unmarshal([]byte(s.Text), &r)
	if s.Now == nil {
		return "consumers read what was issued"
	}
	p := s.p
	late := r.ExpiresAt.Sub(s.Now.asked.Add(p.lifetime))
	lag := r.IssuedAt.Sub(p.order(s.Now))
	slack := o.slack(s.Now.asked)
	age := r.RefreshAfter.Sub(r.IssuedAt)
	earliest, latest := o.ages(p, r.ExpiresAt.Sub(r.IssuedAt)) // an answer that is repeated has less
	switch {
	case strings.Contains(s.Text, clientSecret):
		return "consumers never read a client secret"
	case !s.Now.expires.After(s.At.Add(-o.schedule.Tick)) && !p.supersedes && !p.revokes:
		// It was good when the run decided on it; AWS may have been slow since. Of those that are ended see look.
		return "no token becomes current that has expired"
	case s.Former != nil && p.order(s.Former).After(p.order(s.Now).Add(time.Second+slack+o.slack(s.Former.asked))):
		return "the current token never goes back in issue order"
	case err != nil || r.Version != 1 || r.Provider != p.name || r.Scope != "read" || r.TokenType != "Bearer" || r.ExpiresAtUnix != r.ExpiresAt.Unix():
		return "consumers can read a record"
	case !p.repeats && (age < earliest-10*time.Second || age > latest+time.Second):
		return fmt.Sprintf("a token is replaced after %v to %v", earliest, latest)
	case !p.repeats && (late > slack || late < -3*time.Second-slack):
		return "a record says when its token expires"
	case !p.repeats && (lag > 2*time.Second+slack+p.grace || lag < -time.Second-slack): // an answer may be repeated
		return "a record says when its token was asked for, or what has ended the former was issued"
	case s.Former != nil && s.Former != s.Now && o.expired(p, s.Former, s.At):
		return "no consumer holds a token that has expired"
	}
	return ""
}

// swap judges a token that becomes current.
func (o *oracle) swap(p *watch, text string, at time.Time) {
	s := swap{p, at, p.current, p.named(text), text}
	p.current = s.Now
	o.judge(p, s)
}

// expired reports whether a consumer that read t at the last moment, and kept it for the cache age,
// used it when it had expired. What the provider and AWS had to do with it counts: promised is only
// the outage that check prints.
func (o *oracle) expired(p *watch, t *token, until time.Time) bool {
	s := o.schedule.For(p.made())
	switch {
	case !until.Add(o.schedule.CacheAge).After(t.expires), p.repeats, s.ShortLived(p.lifetime):
		return false
	case p.supersedes && p.last() != t:
		return false // it ends with the next login, and consumers look again on a 401
	}
	due := s.DueAt(p.name, refresh.Version{IssuedAt: t.issued, Lifetime: p.lifetime})
	survived := max(0, s.Survives(p.name, p.lifetime)-3*time.Second-clockError)
	// A refresh token that may have been spent rests while there is a good token, and a person is
	// called at its end.
	if p.rests.After(t.issued) || p.last429.After(due) || o.trouble(p, due, until) > survived {
		o.figures[excused]++
		return false
	}
	return true
}

// A look is at what the runs of one tick have left of one provider.
type look struct {
	p       *watch
	At      time.Time
	Sight   sight
	Current *token // of that
	Last    bool   // after quiet hours
	round
}

// A round is what the runs of one tick did.
type round struct {
	Began   time.Time
	Logins  map[string]int    // how many runs logged in, by provider
	Answers map[string]string // what they were answered
	// Undisturbed says that no run was killed, and that AWS answered; Alone that there was one run besides; and
	// Broken that a run was killed, or no write of it went through.
	Undisturbed, Alone, Broken bool
}

func (l look) broken(o *oracle) string {
	p, t, last, note := l.p, l.Current, l.p.last(), l.Sight.note
	settled := l.Undisturbed && !note.Class.Failing()
	answer, asked := l.Answers[p.name]
	asked = asked && l.Alone
	switch {
	case after(l.Sight.records, l.At.Add(clockError-day)) > 95+after(p.doubles, l.At.Add(-day)):
		return "a record has at most 95 versions in a day, and one for each time that two runs log in"
	case after(l.Sight.tickets, l.At.Add(clockError-day)) > 99:
		return "a refresh token has at most 99 versions in a day"
	case p.rotates && l.Logins[p.name] > 1:
		return "one run at a time logs in with a refresh token"
	case settled && !p.is[LostAnswers] && p.supersedes && t != nil && t != last && last.issued.After(l.Began) && !p.tied(t):
		return "of two runs at once, the last token is current where the provider ends the others"
	case settled && l.Sight.record != "" && (t == nil || !p.repeats && t.config != p.inEffect()) &&
		o.calm(p, l.At.Add(-3*o.schedule.Tick-lagOfListing)) && o.trouble(p, l.At.Add(-10*time.Minute), l.At) == 0:
		return "what consumers read was asked for with the config in effect"
	case note.Unsure != "" && p.current != nil && o.calm(p, p.current.issued.Add(-2*o.schedule.Tick)) && o.trouble(p, p.current.issued, l.At) == 0:
		return "a refresh token is thought to be spent only where something went wrong after the last login"
	case p.rotates && l.Sight.ticket != p.valid && p.lost.IsZero() && !p.revoked && !l.Broken:
		return "the next refresh token is kept"
	case asked && answer != aToken && answer != sameToken && !l.notes(o, answer):
		return "a failure is noted"
	case asked && answer == aToken && note.RefreshTokenEnds.Sub(p.ends).Abs() > time.Minute:
		return "it is noted when the refresh token expires"
	case p.doubt == 0 && l.ended():
		return "the end of a failure is reported"
	case !l.Last || p.is[Paused]:
		return ""
	case !o.surviving(p):
		return "check prints what follows from the ages at which tokens are replaced"
	case t == nil:
		return "after quiet hours there is a token"
	case !t.expires.After(l.At) && !p.tied(t) && !p.repeats && !o.schedule.For(p.made()).ShortLived(p.lifetime):
		return "after quiet hours the token is live"
	case note.Class.Failing() && note.Code != refresh.CodeRefreshTokenUnsure: // which rests while the token is good
		return "after quiet hours no failure is noted"
	}
	return ""
}

// notes reports whether the note is about a failure of this tick.
func (l look) notes(o *oracle, answer string) bool {
	n, began, streak := l.Sight.note, l.Began.Add(-clockError-time.Second), l.p.streak
	// The first becomes another failure; and one that ends with its run is none that the provider knows of.
	if !l.p.rotates && o.calm(l.p, streak.at[0].Add(-2*o.schedule.Tick)) && streak.former == aToken && answer != "no_access_token" && answer != "timeout" &&
		(n.Tries < len(streak.at) || n.Tries > len(streak.at)+1 || streak.at[0].Sub(n.Since).Abs() > time.Minute) {
		return false
	}
	return l.p.mayBe(answer, n.Code) && n.Last.After(began) && n.Last.Before(l.At.Add(clockError+2*time.Second)) && !n.Since.After(n.Last) &&
		n.Config == refresh.NewFingerprint([]byte(l.p.inEffect()))
}

// ended reports whether a failure that was reported is noted no more. While a provider is paused,
// nothing is reported of it.
func (l look) ended() bool {
	return l.Alone && !l.p.is[Paused] && !l.Sight.note.Class.Failing() && !l.p.failing && l.p.reported != failure{}
}

// look judges what a tick has left of a provider.
func (o *oracle) look(r round, p *watch) {
	now := time.Now()
	if double := r.Logins[p.name] - 1; double > 0 {
		o.figures[doubleLogins] += double
		p.doubles = append(p.doubles, r.Began)
	}
	l := look{p, now, p.sight, p.named(p.sight.record), false, r}
	o.judge(p, l)
	if p.sight.note.Unsure != "" { // it rests, also where the run that claimed it died before it sent it
		p.rests = now
	}
	switch {
	case !p.rotates:
	case p.sight.ticket == p.valid:
		p.lost = time.Time{}
	case p.lost.IsZero() && !p.revoked:
		o.figures[lost]++
		p.lost, p.rests = now, now
	}
	if l.ended() {
		p.reported = failure{}
	}
	if r.Alone { // else it may not have been looked at
		p.doubt = max(p.doubt-1, 0)
	}
}
