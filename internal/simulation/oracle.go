package simulation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// An oracle judges by what the providers did. What is kept, and what runs report, it compares
// with that.
type oracle struct {
	began     time.Time
	watched   map[string]*watch
	schedule  refresh.Schedule
	figures   Figures
	violation *Violation  // the first
	bad       []span      // when no run could do its work, for a reason that is not ours
	off       span        // when a clock was off last
	upset     []time.Time // when a run was killed or doubled, or AWS did not answer: something may have to be done once more
}

// A watch is one provider, with what is kept of its tokens, and what the oracle knows of it.
type watch struct {
	*provider
	records, tickets *stored // in memory
	sight            sight
	current          *token      // that consumers read
	bad              []span      // when it could not be logged in to
	upset            []time.Time // when people acted, or an answer was lost
	doubles          []time.Time // when two runs at once logged in
	lost             time.Time   // when an answer with a refresh token did not arrive, or none could be stored
	rests            time.Time   // when that was last so, or may have been
	called           bool        // a person, to consent anew
	reported         failure     // the last one, until its end is
	doubt            int         // for how many runs more that may be wrong: see doubtful
	failing          bool        // as the last run said
}

// A sight is what consumers, and later runs, find of a provider.
type sight struct {
	record           string
	stored           time.Time // the record
	note             refresh.Note
	ticket           string      // the refresh token that the next run will send
	records, tickets []time.Time // when versions were written
}

func (s sight) String() string {
	return fmt.Sprintf("record %s, note %q, refresh token %q, %d and %d versions", s.record, s.note, s.ticket, len(s.records), len(s.tickets))
}

// A failure is one as it is reported; the zero failure is none.
type failure struct {
	class refresh.Class
	code  string
}

// A span is a time in which something was wrong.
type span struct{ begin, end time.Time }

// A fact is what happened, and broken returns the promise that it breaks; "": none. Its exported
// fields are printed with a violation.
type fact interface{ broken(*oracle) string }

// A Violation is a promise that was broken.
type Violation struct {
	After time.Duration // the beginning of the world
	Text  string
}

// judge holds what happened to a provider against the promises.
func (o *oracle) judge(p *watch, f fact) {
	if promise := f.broken(o); promise != "" {
		o.violated("%s, with %v: %s: %+v", p.name, p.kind, promise, f)
	}
}

// violated records the first promise that was broken.
func (o *oracle) violated(format string, args ...any) {
	if o.violation == nil {
		o.violation = &Violation{time.Since(o.began), fmt.Sprintf(format, args...)}
	}
}

// Figures are what worlds have been through: what befell them, and what they did.
type Figures map[What]int

// What is counted beside events.
const (
	worlds       What = "worlds"
	days         What = "provider-days"
	runs         What = "runs"
	logins       What = "logins"
	doubleLogins What = "logins of two runs at once"
	issued       What = "tokens issued"
	excused      What = "tokens that expired in an outage too long to survive"
	lost         What = "refresh tokens lost that nothing could keep"
)

func (f Figures) String() string {
	var list []string
	for _, what := range slices.Sorted(maps.Keys(f)) {
		list = append(list, fmt.Sprintf("%d %s", f[what], what))
	}
	return strings.Join(list, ", ")
}

// calm reports whether nothing has upset p, or all, since then.
func (o *oracle) calm(p *watch, since time.Time) bool { return o.upsets(p, since) == 0 }

// upsets returns how often something has.
func (o *oracle) upsets(p *watch, since time.Time) int {
	return after(o.upset, since) + after(p.upset, since)
}

// trouble returns the longest time in a stretch in which the provider or AWS were down, or no run
// could work. What follows one another closely counts as one: a provider that was down is asked
// again at most five ticks later.
func (o *oracle) trouble(p *watch, from, to time.Time) (longest time.Duration) {
	apart := 6 * o.schedule.Tick
	if p.rotates { // its refresh token may have been claimed so often that there is a rest before each
		apart = max(apart, o.schedule.Claims.Rest+2*o.schedule.Tick)
	}
	spans := slices.Concat(p.bad, o.bad)
	slices.SortFunc(spans, func(a, b span) int { return a.begin.Compare(b.begin) })
	var begin, end time.Time
	for _, s := range spans {
		if s.end.Before(from.Add(-apart)) || s.begin.After(to) {
			continue
		}
		if s.begin.After(end.Add(apart)) {
			begin = latest(s.begin, from)
		}
		end = latest(end, s.end)
		longest = max(longest, end.Sub(begin))
	}
	return longest
}

// hindered reports whether no login of p was possible at some time.
func (o *oracle) hindered(p *watch, from, to time.Time) bool {
	return slices.ContainsFunc(o.bad, func(s span) bool { return s.begin.Before(to) && s.end.After(from.Add(-o.schedule.Tick)) }) ||
		slices.ContainsFunc(p.bad, func(s span) bool { return s.begin.Before(to) && s.begin.After(from) })
}

// margin is what may pass between a new token and the last use of the one before.
func (o *oracle) margin() time.Duration { return 2*o.schedule.Tick + o.schedule.CacheAge }

// jitter is by how much runs may come early or late, with the time that answers take.
func (o *oracle) jitter() time.Duration { return o.schedule.Tick/2 + 30*time.Second + clockError }

// slack is how much a time that was taken at t may be off.
func (o *oracle) slack(t time.Time) time.Duration {
	if t.Before(o.off.begin) || t.After(o.off.end) {
		return 0
	}
	return clockError
}

// ages returns at what ages a token of p is replaced at the earliest and at the latest, whatever
// its name spreads: see docs/design.md, "The moment of a refresh".
func (o *oracle) ages(p *watch, life time.Duration) (earliest, latest time.Duration) {
	distance := o.schedule.Distance
	if p.rotates {
		distance *= 2
	}
	lead, spread := max(life/3, o.margin()), life/6
	if p.supersedes {
		lead, spread = o.margin(), 0
	}
	return max(life-lead-spread, life/3, distance), max(life-lead, life/3, distance)
}

// surviving reports whether the outage that tokens of p survive, as check prints it, follows from that.
func (o *oracle) surviving(p *watch) bool {
	s, rest := o.schedule.For(p.made()), p.lifetime-o.margin()
	earliest, latest := o.ages(p, p.lifetime)
	survives := s.Survives(p.name, p.lifetime)
	return s.ShortLived(p.lifetime) == (p.lifetime < max(3*o.margin()/2, s.Distance+o.margin())) &&
		(p.rotates || survives >= rest-latest && survives <= rest-earliest+time.Second)
}

// distances returns the least and the longest time between the last login of p and the next, after
// what it has answered until then; see docs/design.md, "After failures". left is what the token
// that consumers read had of its life.
func (o *oracle) distances(p *watch, before streak, left time.Duration) (least, longest time.Duration) {
	tick, n := o.schedule.Tick, len(before.at)
	doubled := func(d, most time.Duration, n int) time.Duration { return max(min(d<<min(n-1, 12), most), d) }
	failing := doubled(tick, 5*tick, n)
	if left > -clockError { // a run may have begun before the token's end; it can still be saved
		failing = max(min(failing, left-o.margin()), tick)
	}
	switch {
	case before.answer == aToken:
		least, longest = o.ages(p, p.lifetime)
		if p.repeats { // it may have been issued to a login before
			least = 0
		}
		return least, longest
	case before.answer == sameToken:
		return left / 2, max(left/2, tick)
	case rejects(before.answer):
		return doubled(30*time.Minute, 4*time.Hour, n), 4 * time.Hour
	case before.answer == "no_access_token" && n > 2: // it is no chance
		return doubled(30*time.Minute, 4*time.Hour, n-2), 4 * time.Hour
	case before.answer == "no_access_token" && (n == 2 || rejects(before.former)): // nor if it is the third failure
		return failing, 4 * time.Hour
	case before.answer == "http_429" && p.retryAfter: // which is kept to while the token can be saved later
		return failing, time.Hour
	case before.answer == "http_429":
		return doubled(tick, time.Hour, n), time.Hour
	}
	return failing, 5 * tick
}

// rejects reports whether an answer asks for an edit.
func rejects(answer string) bool {
	return slices.Contains([]string{"invalid_client", refresh.CodeSecretInRecord, refresh.CodeTokenOver}, answer)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
