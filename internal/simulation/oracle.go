package simulation

import (
	"fmt"
	"slices"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// violated records that a promise was broken.
func (w *World) violated(provider, format string, args ...any) {
	w.Figures.Violations = append(w.Figures.Violations,
		fmt.Sprintf("seed %d, %s, %s: %s", w.seed, time.Since(w.began).Truncate(time.Second), provider, fmt.Sprintf(format, args...)))
}

// judgeSwap judges a version that became current at a time against the one that it replaces.
func (w *World) judgeSwap(name string, s *stored, to refresh.VersionID, now time.Time) {
	old, former := s.versions[s.state.Current], s.state.Current
	token := s.versions[to]
	if !token.expires.After(now) && !w.provider(name).supersedes { // of those see judgeTick
		w.violated(name, "a token that expired at %v was made current at %v", token.expires, now)
	}
	if a, ok := former.Parse(); ok {
		b, _ := to.Parse()
		if b.IssuedAt.Before(a.IssuedAt) && !a.IssuedAt.After(now.Add(time.Minute)) {
			w.violated(name, "the current version goes back in issue order, from %v to %v", a.IssuedAt, b.IssuedAt)
		}
	}
	if old != nil && old != token {
		w.judgeLife(name, old, now)
	}
}

// judgeLife judges a token that was current until now: the consumer that read it at the last moment, and
// keeps it for the cache age, must not have used it when it was dead. What provider and AWS
// had to do with it counts: promised is only the outage that check prints.
func (w *World) judgeLife(name string, t *token, until time.Time) {
	p := w.provider(name)
	expires := t.expires
	if p.supersedes && p.last() != t {
		return // it ends with the next login, and consumers look again on a 401
	}
	if w.schedule.ShortLived(p.lifetime) || p.repeats || !until.Add(cacheAge).After(expires) {
		return
	}
	outage := w.trouble(p, t.issued, until)
	survives := w.schedule.For(refresh.Provider{Name: name, Supersedes: p.supersedes}).Survives(name, p.lifetime)
	if outage > survives-3*time.Second {
		w.Figures.Excused++
		return
	}
	w.violated(name, "a token of %v was current until %v past its last safe moment; the longest trouble was %v, and %v is survived",
		p.lifetime, until.Add(cacheAge).Sub(expires).Truncate(time.Second), outage.Truncate(time.Second), survives)
}

// calm is how long nothing must go wrong between two troubles for them to count as two: a
// provider that was down is asked again at most five ticks later.
const calm = 6 * tick

// trouble returns the longest time in a stretch in which provider or AWS were down, or no run
// took place; troubles that follow one another closely count as one.
func (w *World) trouble(p *provider, from, to time.Time) time.Duration {
	spans := slices.Concat(p.down, w.aws, w.missed)
	if p.broken || p.refused.After(from) {
		return to.Sub(from)
	}
	spans = slices.DeleteFunc(spans, func(s span) bool { return s.end.Before(from) || s.begin.After(to) })
	slices.SortFunc(spans, func(a, b span) int { return a.begin.Compare(b.begin) })
	var longest time.Duration
	for i := 0; i < len(spans); {
		begin, end := spans[i].begin, spans[i].end
		for i++; i < len(spans) && !spans[i].begin.After(end.Add(calm)); i++ {
			if spans[i].end.After(end) {
				end = spans[i].end
			}
		}
		longest = max(longest, end.Sub(begin))
	}
	return longest
}

// judgeLogin judges how often a provider is asked.
func (w *World) judgeLogin(p *provider, now time.Time) {
	n := 0
	for i := len(p.logins) - 1; i >= 0 && now.Sub(p.logins[i]) < time.Hour; i-- {
		n++
	}
	// Twelve ticks of five minutes, the first few and the urgent ones at every tick, by two
	// runs that do not know of each other: more is a nuisance.
	if n > 130 {
		w.violated(p.name, "%d logins in an hour", n)
	}
	if !p.refused.IsZero() && p.broken {
		k := 0
		for i := len(p.logins) - 1; i >= 0 && now.Sub(p.logins[i]) < 30*time.Minute && p.logins[i].After(p.refused); i-- {
			k++
		}
		if k > 3 {
			w.violated(p.name, "%d logins in half an hour with a client secret that is known to be wrong", k)
		}
	}
	if s := w.secrets[p.name]; s != nil {
		if day := s.day(now); day > 99 {
			w.violated(p.name, "%d versions in a day", day)
		}
	}
}

// judgeTick judges what two runs at once have left: of a provider that ends the former token
// with each login, the last one that it issued must be current, or consumers hold a dead token
// until the next login.
func (w *World) judgeTick(runs ...*run) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range runs {
		if r.dead || r.failed {
			return
		}
	}
	for _, p := range w.providers {
		s := w.secrets[p.name]
		if !p.supersedes || s == nil || p.last() == nil || s.state.Note.Class != "" {
			continue
		}
		current := s.versions[s.state.Current]
		if current == nil || current == p.last() || !p.last().issued.After(runs[0].began) {
			continue
		}
		// What two runs at once asked for in one second has no order in version ids; and the
		// provider alone knows which came last.
		if p.last().issued.Sub(current.issued) > time.Second {
			w.violated(p.name, "two runs at once left a token current that the provider has ended")
		}
	}
}

// judgeRun judges what a run says of itself: whatever failed is an error of the run.
func (w *World) judgeRun(_ *run, report *refresh.Report, err error) {
	if failed := report.Count(refresh.Failed); failed > 0 && err == nil {
		w.violated("run", "%d providers failed, and the run says that all is well", failed)
	}
	for _, res := range report.Results {
		if res.Outcome == refresh.Failed && res.Err == nil {
			w.violated(res.Provider, "it failed without an error")
		}
	}
}

// judgeEnd judges what is left after quiet hours: every token is live, and no failure noted.
func (w *World) judgeEnd() {
	now := time.Now()
	for _, p := range w.providers {
		s := w.secrets[p.name]
		if s == nil || s.state.Current == "" {
			w.violated(p.name, "after %v without trouble there is no token", quiet)
			continue
		}
		t := s.versions[s.state.Current]
		if !t.expires.After(now) && !w.schedule.ShortLived(p.lifetime) && !p.repeats {
			w.violated(p.name, "after %v without trouble the token is dead: %v, last login %v ago, note %q", quiet, p.kind, now.Sub(p.logins[len(p.logins)-1]), s.state.Note)
		}
		if s.state.Note.Class.Failing() && !p.broken && p.limit == 0 {
			w.violated(p.name, "after %v without trouble a failure is noted: %v", quiet, s.state.Note)
		}
	}
}
