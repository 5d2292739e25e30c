package simulation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
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
	// once more: a run was killed or doubled, or AWS did not answer.
	upset   []time.Time
	watched map[string]*watch
}

// A watch is what the oracle knows of one provider.
type watch struct {
	*provider
	bad      []span      // when it could not be logged in to
	upset    []time.Time // when people acted, or an answer was lost
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
		o.watched[p.name] = &watch{provider: p}
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

// upsets reports how often something went wrong with p, or people acted, after t.
func (o *oracle) upsets(p *provider, t time.Time) int {
	return after(o.upset, t) + after(o.watched[p.name].upset, t)
}

// swap judges a token that becomes current in the place of another.
func (o *oracle) swap(p *provider, former, text string, now time.Time) {
	old, t := p.named(former), p.named(text)
	o.watched[p.name].current = t
	switch {
	case t == nil:
		o.violated(p.name, "%q becomes current, which was never issued", text)
	case strings.Contains(text, clientSecret):
		o.violated(p.name, "consumers read the client secret")
	case !t.expires.After(now.Add(-o.tick)) && !p.supersedes && !p.revokes: // of those see tickDone
		// It was good when the run decided on it; AWS may have been slow since.
		o.violated(p.name, "a token that expired at %v becomes current at %v", t.expires, now)
	case old != nil && !old.before(t, p.supersedes) && !slices.ContainsFunc(o.off, func(s span) bool { return s.has(t.issued) }):
		o.violated(p.name, "the current token goes back in issue order, from %s to %s", old.text, t.text)
	}
	if t != nil {
		o.record(p, t, text)
	}
	if old != nil && old != t {
		o.life(p, old, now)
	}
}

// record judges what consumers read of a token.
func (o *oracle) record(p *provider, t *token, text string) {
	var r struct {
		Version         int
		Provider, Scope string
		TokenType       string    `json:"token_type"`
		IssuedAt        time.Time `json:"issued_at"`
		RefreshAfter    time.Time `json:"refresh_after"`
		ExpiresAt       time.Time `json:"expires_at"`
		ExpiresAtUnix   int64     `json:"expires_at_unix"`
	}
	err := json.Unmarshal([]byte(text), &r)
	end := r.ExpiresAt.Sub(t.asked.Add(p.lifetime))
	earliest, latest := o.ages(p, r.ExpiresAt.Sub(r.IssuedAt)) // an answer that is repeated has less
	switch age := r.RefreshAfter.Sub(r.IssuedAt); {
	case err != nil || r.Version != 1 || r.Provider != p.name || r.Scope != "read" || r.TokenType != "Bearer" || r.ExpiresAtUnix != r.ExpiresAt.Unix():
		o.violated(p.name, "a record that consumers cannot read: %s", text)
	case !p.repeats && (age < earliest-10*time.Second || age > latest+time.Second):
		o.violated(p.name, "a token of %v is to be replaced after %v, not after %v to %v", p.lifetime, age, earliest, latest)
	case !p.repeats && (end > time.Second || end < -12*time.Second) && !slices.ContainsFunc(o.off, func(s span) bool { return s.has(t.asked) || s.has(time.Now()) }): // an answer may be repeated
		o.violated(p.name, "a record says that a token expires %v later than it does", end)
	}
}

// ages returns at what ages a token of p is replaced at the earliest and at the latest, whatever
// its name spreads: see docs/design.md, "The moment of a refresh".
func (o *oracle) ages(p *provider, life time.Duration) (earliest, latest time.Duration) {
	distance := o.schedule.Distance
	margin := 2*o.tick + o.schedule.CacheAge
	if p.rotates {
		distance *= 2
	}
	if p.supersedes {
		latest = max(life-margin, life/3, distance)
		return latest, latest
	}
	lead := max(life/3, margin)
	return max(life-lead-life/6, life/3, distance), max(life-lead, life/3, distance)
}

// distances returns the least and the longest time between the last login of p and the next, after
// what it has answered until then; see docs/design.md, "After failures". left is what the token
// that consumers read had of its life.
func (o *oracle) distances(p *provider, before streak, left time.Duration) (least, longest time.Duration) {
	n := len(before.at)
	doubled := func(d, most time.Duration, n int) time.Duration { return max(min(d<<min(n-1, 12), most), d) }
	failing := doubled(o.tick, 5*o.tick, n)
	if margin := 2*o.tick + o.schedule.CacheAge; left > -clockError { // a run may have begun before the token's end
		failing = max(min(failing, left-margin), o.tick) // it can still be saved
	}
	switch {
	case before.answer == aToken && p.repeats: // it may have been issued to a login before
		_, longest = o.ages(p, p.lifetime)
		return 0, longest
	case before.answer == aToken:
		return o.ages(p, p.lifetime)
	case before.answer == sameToken:
		return left / 2, max(left/2, o.tick)
	case rejects(before.answer):
		return doubled(30*time.Minute, 4*time.Hour, n), 4 * time.Hour
	case before.answer == "no_access_token" && n > 2: // it is no chance
		return doubled(30*time.Minute, 4*time.Hour, n-2), 4 * time.Hour
	case before.answer == "no_access_token" && (n == 2 || rejects(before.former)): // nor if it is the third failure
		return failing, 4 * time.Hour
	case before.answer == "http_429" && p.retryAfter: // which is kept to while the token can be saved later
		return failing, time.Hour
	case before.answer == "http_429":
		return doubled(o.tick, time.Hour, n), time.Hour
	}
	return failing, 5 * o.tick
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

// rejects reports whether an answer asks for an edit.
func rejects(answer string) bool {
	return slices.Contains([]string{"invalid_client", refresh.CodeSecretInRecord, refresh.CodeTokenOver}, answer)
}

// An attempt is a login as its provider sees it.
type attempt struct {
	nth             int    // of its run, at this provider
	early           bool   // the provider asked to be left alone for longer
	config          string // by which it is made
	before          streak // of answers
	issued, revoked bool   // what came of it
}

// login judges a login.
func (o *oracle) login(p *provider, a attempt, now time.Time) {
	o.count(logins, 1)
	w := o.watched[p.name]
	if a.issued {
		o.count(issued, 1)
	}
	if a.nth > 2 || a.nth > 1 && !p.rotates {
		o.violated(p.name, "%d logins of one run", a.nth)
	}
	for _, what := range []What{Paused, Removed, NoCredential, NotOurs} {
		if p.is[what] {
			o.violated(p.name, "a login while it is %s", what)
		}
	}
	if a.config != p.inEffect() || p.is[BadConfig] && !p.approvedOnly {
		o.violated(p.name, "a login by the config %s, where %s is in effect", a.config, p.inEffect())
	}
	left := time.Duration(0)
	if w.current != nil {
		left = w.current.expires.Sub(now)
	}
	current, good := p.last(), left > o.schedule.Margin()+2*o.tick
	lastHour := p.since(now.Add(-time.Hour)) - o.upsets(p, now.Add(-time.Hour-o.tick))
	switch {
	case a.early && (current == nil || good) && o.upsets(p, now.Add(-2*time.Hour)) == 0:
		o.violated(p.name, "a login before the time that Retry-After named")
	case lastHour > 40:
		o.violated(p.name, "%d logins in an hour", lastHour)
	case len(a.before.at) > 0 && a.nth == 1:
		o.apart(p, a.before, left, now)
	}
	switch {
	case o.clockAhead(now) > 0: // to it a claim of another run is an old one
	case a.revoked && w.lost.IsZero():
		o.violated(p.name, "all tokens are revoked, since a refresh token was sent twice (%v)", p.kind)
	case a.revoked && good && o.upsets(p, now.Add(-o.tick)) == 0:
		o.violated(p.name, "a good token is revoked, since a refresh token that may have been spent was sent again (%v)", p.kind)
	}
}

// apart judges how long after the last login of p another comes.
func (o *oracle) apart(p *provider, before streak, left time.Duration, now time.Time) {
	last := before.at[len(before.at)-1]
	gap := now.Sub(last)
	least, longest := o.distances(p, before, left+gap)
	jitter := o.tick/2 + 30*time.Second // runs may come early or late, and answers take their time
	during := func(s span) bool { return s.begin.Before(now) && s.end.After(last.Add(-o.tick)) }
	current := o.watched[p.name].current
	off := slices.ContainsFunc(o.off, func(s span) bool { return during(s) || current != nil && s.has(current.asked) })
	switch {
	case off || o.upsets(p, before.at[0].Add(-2*o.tick)) > 0:
	case gap < least-jitter:
		o.violated(p.name, "a login %v after the last one, the %d. with %q in a row, not after %v (%v)", gap, len(before.at), before.answer, least, p.kind)
	case gap > longest+2*o.tick+jitter && !p.rotates && !slices.ContainsFunc(o.bad, during) &&
		!slices.ContainsFunc(o.watched[p.name].bad, func(s span) bool { return during(s) && s.begin.After(last) }):
		o.violated(p.name, "a login %v after the last one, the %d. with %q in a row, and not after at most %v (%v)", gap, len(before.at), before.answer, longest, p.kind)
	}
}

// lostAnswer notes that an answer of p did not arrive.
func (o *oracle) lostAnswer(p *provider, now time.Time) {
	w := o.watched[p.name]
	w.upset = append(w.upset, now)
	if p.rotates {
		w.miss(now)
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

// tickDone judges what consumers read after a tick. It was asked for with the config that is in effect;
// and of a provider that ends the former token with each login it is the last one that was issued,
// whatever two runs at once have done, or consumers hold a dead token until the next login.
func (o *oracle) tickDone(p *provider, text string, began time.Time) {
	t := p.named(text)
	now := time.Now()
	switch {
	case p.is[LostAnswers] || p.last() == nil || p.last() == t:
	case p.supersedes && t != nil && p.last().issued.After(began) && !p.tied(t):
		o.violated(p.name, "two runs at once left a token current that the provider has ended")
	}
	calm := o.upsets(p, now.Add(-3*o.tick-lagOfListing)) == 0 && o.trouble(p, now.Add(-10*time.Minute), now) == 0
	if calm && text != "" && (t == nil || !p.repeats && t.config != p.inEffect()) {
		o.violated(p.name, "consumers read %q, which was not asked for with the config in effect, %s", text, p.inEffect())
	}
}

// tied reports whether t and the last token were issued within a second to two runs at once. That has no
// order in version ids: the provider alone knows which came last, and may have ended the other.
func (p *provider) tied(t *token) bool {
	return p.supersedes && p.last() != t && p.last().issued.Sub(t.issued).Abs() <= time.Second
}

// end judges what is left after quiet hours: every token is live, and no failure noted.
func (o *oracle) end(p *provider, current string, note refresh.Note, now time.Time) {
	t := p.named(current)
	switch {
	case p.is[Paused]:
	case t == nil:
		o.violated(p.name, "after %v without trouble there is no token (%v)", quiet, p.kind)
	case !t.expires.After(now) && !p.tied(t) && !o.schedule.For(p.made()).ShortLived(p.lifetime) && !p.repeats:
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
