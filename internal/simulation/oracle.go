package simulation

import (
	"fmt"
	"slices"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// quiet is how long before the end of a world nothing goes wrong any more.
const quiet = 12 * time.Hour

// An oracle judges by what the providers did. What is kept, and what runs report, it compares
// with that.
type oracle struct {
	*Figures
	seed     uint64
	began    time.Time
	tick     time.Duration
	schedule refresh.Schedule
	bad      []span // when no run could do its work, for a reason that is not ours
	ahead    []ahead
	off      []span // when a clock was off, by however little
	// upset is when something happened after which a login, or a report, may have to be done
	// once more: a run was killed or doubled, AWS did not answer, people acted.
	upset   []time.Time
	watched map[string]*watch
}

// A watch is what the oracle knows of one provider.
type watch struct {
	bad      []span      // when it could not be logged in to
	reported failure     // the last one, until its end is
	noticed  time.Time   // when
	mended   time.Time   // when its credential was: with another one a failure is another
	doubt    int         // for how many runs more reported may be wrong: see doubtful
	failed   time.Time   // when a run said last that it fails
	lost     time.Time   // when an answer with a refresh token did not arrive, or none could be stored
	called   bool        // a person, to consent anew
	rests    time.Time   // when that was last so, or may have been
	current  *token      // that consumers read
	double   []time.Time // when two runs at once logged in
}

// doubles returns how often two runs at once logged in within a day.
func (w *watch) doubles(now time.Time) int { return after(w.double, now.Add(-day)) }

// A failure is one as it is reported; the zero failure is none.
type failure struct {
	class refresh.Class
	code  string
}

// A span is a time in which something was wrong.
type span struct{ begin, end time.Time }

func (s span) has(t time.Time) bool { return !t.Before(s.begin) && !t.After(s.end) }

// An ahead is a time in which a clock was ahead, by more than clocks may differ.
type ahead struct {
	span
	by time.Duration
}

func newOracle(seed uint64, f *Figures, schedule refresh.Schedule, providers []*provider) *oracle {
	o := &oracle{Figures: f, seed: seed, began: time.Now(), tick: schedule.Tick, schedule: schedule, watched: map[string]*watch{}}
	for _, p := range providers {
		o.watched[p.name] = &watch{}
	}
	return o
}

// violated records that a promise was broken.
func (o *oracle) violated(about, format string, args ...any) {
	if len(o.Violations) == 0 {
		o.First = time.Since(o.began)
	}
	o.Violations = append(o.Violations, fmt.Sprintf("seed %d, %v, %s: %s", o.seed, time.Since(o.began).Truncate(time.Second), about, fmt.Sprintf(format, args...)))
}

// upsets reports how often something went wrong, or people acted, after t.
func (o *oracle) upsets(t time.Time) int { return after(o.upset, t) }

// swap judges a token that becomes current in the place of another.
func (o *oracle) swap(p *provider, former, text string, now time.Time) {
	old, t := p.named(former), p.named(text)
	o.watched[p.name].current = t
	switch {
	case t == nil:
		o.violated(p.name, "%q becomes current, which was never issued", text)
	case !t.expires.After(now.Add(-o.tick)) && !p.supersedes && !p.revokes: // of those see tickDone
		// It was good when the run decided on it; AWS may have been slow since.
		o.violated(p.name, "a token that expired at %v becomes current at %v", t.expires, now)
	case old != nil && !old.before(t, p.supersedes) && !slices.ContainsFunc(o.off, func(s span) bool { return s.has(t.issued) }):
		o.violated(p.name, "the current token goes back in issue order, from %s to %s", old.text, t.text)
	}
	if old != nil && old != t {
		o.life(p, old, now)
	}
}

// clockAhead returns by how much a clock was ahead at a time; zero: none was.
func (o *oracle) clockAhead(t time.Time) (by time.Duration) {
	for _, a := range o.ahead {
		if a.has(t) {
			by = max(by, a.by)
		}
	}
	return by
}

// life judges a token that was current until now: a consumer that reads it at the last moment, and
// keeps it for the cache age, must not have used it when it was dead. What the provider and AWS
// had to do with it counts: promised is only the outage that check prints.
func (o *oracle) life(p *provider, t *token, until time.Time) {
	dead := until.Add(o.schedule.CacheAge).Sub(t.expires)
	if p.supersedes && p.last() != t {
		return // it ends with the next login, and consumers look again on a 401
	}
	if dead <= 0 || p.repeats || o.schedule.For(p.made()).ShortLived(p.lifetime) {
		return
	}
	s := o.schedule.For(p.made())
	due := s.DueAt(p.name, refresh.Version{IssuedAt: t.issued, Lifetime: p.lifetime})
	survives := s.Survives(p.name, p.lifetime)
	early := o.clockAhead(t.issued) // the token is believed for so long too long
	// A refresh token that may have been spent rests while there is a good token, and a person is
	// called at its end.
	resting := o.watched[p.name].rests.After(t.issued)
	if trouble := o.trouble(p, due, until); trouble > max(0, survives-early-3*time.Second) || early > max(0, survives) || resting || p.last429.After(due) {
		o.count(excused, 1)
	} else {
		o.violated(p.name, "a token of %v (%v) was current until %v past its last safe moment; the longest trouble was %v, and %v is survived",
			p.lifetime, p.kind, dead.Truncate(time.Second), trouble.Truncate(time.Second), survives)
	}
}

// trouble returns the longest time in a stretch in which the provider or AWS were down, or no run
// could work. What follows one another closely counts as one: a provider that was down is asked
// again at most five ticks later.
func (o *oracle) trouble(p *provider, from, to time.Time) time.Duration {
	calm := 6 * o.tick
	if p.rotates { // its refresh token may have been claimed so often that there is a rest before each
		calm = max(calm, o.schedule.Claims.Rest+2*o.tick)
	}
	var spans []span
	for _, s := range slices.Concat(o.watched[p.name].bad, o.bad) {
		if s.end.After(from.Add(-calm)) && s.begin.Before(to) {
			spans = append(spans, s)
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return a.begin.Compare(b.begin) })
	var longest time.Duration
	for i := 0; i < len(spans); {
		begin, end := spans[i].begin, spans[i].end
		for i++; i < len(spans) && !spans[i].begin.After(end.Add(calm)); i++ {
			end = latest(end, spans[i].end)
		}
		longest = max(longest, end.Sub(latest(begin, from)))
	}
	return longest
}

// An attempt is a login as its provider sees it.
type attempt struct {
	nth             int           // of its run, at this provider
	early           bool          // the provider asked to be left alone for longer
	left            time.Duration // of the life of the token that consumers read
	issued, revoked bool          // what came of it
}

// login judges a login.
func (o *oracle) login(p *provider, a attempt, now time.Time) {
	o.count(logins, 1)
	w := o.watched[p.name]
	last := func(d time.Duration) int { return p.since(now.Add(-d)) - o.upsets(now.Add(-d-o.tick)) }
	long := func(since time.Time, d time.Duration) bool { return !since.IsZero() && now.Sub(since) > d }
	if a.issued {
		o.count(issued, 1)
	}
	if a.nth > 2 || a.nth > 1 && !p.rotates {
		o.violated(p.name, "%d logins of one run", a.nth)
	}
	if p.paused {
		o.violated(p.name, "a login while it is paused")
	}
	current, good := p.last(), a.left > o.schedule.Margin()+2*o.tick
	switch {
	case a.early && (current == nil || good) && o.upsets(now.Add(-2*time.Hour)) == 0:
		o.violated(p.name, "a login before the time that Retry-After named")
	case !p.refused.IsZero() && last(min(30*time.Minute, now.Sub(p.refused))) > 1:
		o.violated(p.name, "more than one login in half an hour with a client secret that is known to be wrong")
	case long(p.limited, 3*time.Hour) && last(time.Hour) > 3:
		o.violated(p.name, "%d logins in an hour at a provider that has answered 429 for %v", last(time.Hour), now.Sub(p.limited))
	case current != nil && long(current.expires, 2*time.Hour) && p.limited.IsZero() && p.down && last(time.Hour) > int(time.Hour/(5*o.tick))+2:
		o.violated(p.name, "%d logins in an hour, at a provider that is down, for a token that is dead", last(time.Hour))
	case last(time.Hour) > 40:
		o.violated(p.name, "%d logins in an hour", last(time.Hour))
	}
	switch {
	case o.clockAhead(now) > 0: // to it a claim of another run is an old one
	case a.revoked && w.lost.IsZero():
		o.violated(p.name, "all tokens are revoked, since a refresh token was sent twice (%v)", p.kind)
	case a.revoked && good && o.upsets(now.Add(-o.tick)) == 0:
		o.violated(p.name, "a good token is revoked, since a refresh token that may have been spent was sent again (%v)", p.kind)
	}
}

// lostAnswer notes that an answer of p did not arrive.
func (o *oracle) lostAnswer(p *provider, now time.Time) {
	o.upset = append(o.upset, now)
	if p.rotates {
		o.watched[p.name].miss(now)
	}
}

func (w *watch) miss(now time.Time) { w.lost, w.rests = now, now }

// kept judges what is kept of a refresh token after a tick: the one that is good, unless nothing
// could keep it. excused says that the run was killed, or that no write of it went through.
func (o *oracle) kept(p *provider, has, excused bool, now time.Time) {
	w := o.watched[p.name]
	switch {
	case has:
		w.lost = time.Time{}
	case !w.lost.IsZero() || p.revoked:
	case excused:
		o.count(lost, 1)
		w.miss(now)
	default:
		w.miss(now)
		o.violated(p.name, "the next refresh token is lost (%v)", p.kind)
	}
}

// tickDone judges what two runs at once have left: of a provider that ends the former token with
// each login, the last one that it issued must be current, or consumers hold a dead token until
// the next login.
func (o *oracle) tickDone(p *provider, current string, began time.Time) {
	t := p.named(current)
	if !p.supersedes || p.deaf || t == nil || t == p.last() || !p.last().issued.After(began) {
		return
	}
	// What two runs at once asked for in one second has no order in version ids, and the
	// provider alone knows which came last.
	if p.last().issued.Sub(t.issued) > time.Second {
		o.violated(p.name, "two runs at once left a token current that the provider has ended")
	}
}

// end judges what is left after quiet hours: every token is live, and no failure noted.
func (o *oracle) end(p *provider, current string, note refresh.Note, now time.Time) {
	t := p.named(current)
	switch {
	case p.paused:
	case t == nil:
		o.violated(p.name, "after %v without trouble there is no token (%v)", quiet, p.kind)
	case !t.expires.After(now) && !o.schedule.For(p.made()).ShortLived(p.lifetime) && !p.repeats:
		o.violated(p.name, "after %v without trouble the token is dead: %v, last login %v ago, note %q", quiet, p.kind, now.Sub(p.logins[len(p.logins)-1]), note)
	case note.Class.Failing() && note.Code != refresh.CodeRefreshTokenUnsure: // that rests while the token is good
		o.violated(p.name, "after %v without trouble a failure is noted (%v): %v", quiet, p.kind, note)
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// versions judges how many versions a secret has got in a day: of a record five are left for people,
// and for what runs at once store twice; of a refresh token one, for a clock that was ahead and had it
// claimed early. Secrets Manager takes 100.
func (o *oracle) versions(p *provider, of string, written []time.Time, now time.Time) {
	most := 99
	if slices.ContainsFunc(o.ahead, func(a ahead) bool { return a.begin.Before(now) && a.end.After(now.Add(-day)) }) {
		most = 100
	}
	if of == "record" {
		most = min(most, 95+o.watched[p.name].doubles(now))
	}
	if n := after(written, now.Add(-day)); n > most {
		o.violated(p.name, "%d versions of a %s in a day (%v)", n, of, p.kind)
	}
}
