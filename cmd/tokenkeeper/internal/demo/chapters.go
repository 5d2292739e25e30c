package demo

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/simulator"
	"example.com/tokenkeeper/reader"
)

// broken is the provider that fails in the story, and sample the one whose tokens are
// looked at more closely.
const (
	broken = simulator.EduCloud
	sample = simulator.Meitner
)

// firstTick: four logins, four records, and an application that gets in.
func (w *world) firstTick(ctx context.Context, s *story) error {
	s.Title = "The first tick: no provider has a token yet."
	if _, err := w.tick(ctx); err != nil {
		return err
	}
	for _, name := range simulator.Names() {
		res := w.done[name]
		w.expiry[name] = res.State.ExpiresAt()
		s.fact(res.Outcome == refresh.Refreshed && w.sim.Logins(name) == 1,
			fmt.Sprintf("%s: one login; its token lives until %s.", name, terminal.Clock(res.State.ExpiresAt())))
		token, err := reader.New(reader.File(w.tokenFile(name)), reader.Options{Now: w.clock.now}).Token(ctx)
		if err != nil {
			return err
		}
		w.first[name] = token.Authorization()
	}
	status, err := w.call(ctx, sample)
	if err != nil {
		return err
	}
	s.fact(status == http.StatusOK, fmt.Sprintf("An application reads the record of %s and calls its API: %d.", sample, status))
	if status, err = w.callWith(ctx, sample, w.first[sample]); err != nil {
		return err
	}
	s.fact(status == http.StatusOK, fmt.Sprintf("An application keeps that token, and calls the API with it: %d.", status))
	return nil
}

// quietTick: nothing is due, and no provider is asked.
func (w *world) quietTick(ctx context.Context, s *story) error {
	s.Title = "The second tick: nothing is due."
	before := w.logins()
	files, err := w.tokenFiles()
	if err != nil {
		return err
	}
	report, err := w.nextTick(ctx)
	if err != nil {
		return err
	}
	left, err := w.tokenFiles()
	if err != nil {
		return err
	}
	s.At = w.clock.now()
	s.fact(w.logins() == before && report.Count(refresh.Waiting) == len(simulator.Names()), "No provider is asked.")
	s.fact(maps.Equal(files, left), "Nothing is written: every file of tokens/ is as it was, its time too.")
	return nil
}

// refused: one provider refuses the login. The others do not notice, and its old token
// goes on working.
func (w *world) refused(ctx context.Context, s *story) error {
	w.clock.set(w.clock.now().Add(4 * time.Minute))
	s.At = w.clock.now()
	s.Title = broken + " changes our client secret without notice."
	w.sim.SetSecret(broken, "the secret that we were not given")
	before, err := w.record(broken)
	if err != nil {
		return err
	}
	failed, err := w.until(ctx, func(r *refresh.Report) bool { return w.done[broken].Outcome == refresh.Failed })
	if err != nil {
		return err
	}
	res := w.done[broken]
	fact := s.fact(res.Err != nil && res.Err.Code == "invalid_client" && w.sim.Logins(broken) == 2,
		fmt.Sprintf("%s is due. One login is tried, and refused.", broken))
	if res.Err != nil {
		fact.Quote = res.Err.Error()
	}
	after, err := w.record(broken)
	if err != nil {
		return err
	}
	answer, err := w.call(ctx, broken)
	if err != nil {
		return err
	}
	s.fact(before == after && answer == http.StatusOK,
		fmt.Sprintf("Its old token is still there, byte for byte, and good for another %s: the API says %d.",
			terminal.Span(w.expiry[broken].Sub(w.clock.now())), answer))
	s.fact(failed.Count(refresh.Failed) == 1, "The other three do not notice.")
	stands, err := w.status(ctx)
	if err != nil {
		return err
	}
	named := slices.ContainsFunc(stands.Lines, func(l status.Line) bool {
		return l.Provider == broken && l.Failing && l.Code == "invalid_client" && l.Remedy != ""
	})
	s.fact(stands.Failing && named, "'tokenkeeper status' names the failure, and what to do:")
	s.Status = &stands
	return nil
}

// renewed: tokens near their end, and are replaced before.
func (w *world) renewed(ctx context.Context, s *story) error {
	s.Title = "The others near their end. A tick a minute goes on."
	ticks := 0
	_, err := w.until(ctx, func(*refresh.Report) bool {
		ticks++
		for _, name := range simulator.Names() {
			if name != broken && !w.done[name].State.ExpiresAt().After(w.expiry[name]) {
				return false
			}
		}
		return true
	})
	if err != nil {
		return err
	}
	for _, name := range simulator.Names() {
		if name == broken {
			continue
		}
		version, _ := w.done[name].State.Current.Parse()
		early := w.expiry[name].Sub(version.IssuedAt)
		s.fact(early > CacheAge+Tick && w.sim.Logins(name) == 2,
			fmt.Sprintf("%s is renewed, %s before its end.", name, terminal.Span(early))).At = version.IssuedAt
	}
	slices.SortFunc(s.Facts, func(a, b Fact) int { return a.At.Compare(b.At) })
	s.fact(w.sim.Logins(broken) == 2, fmt.Sprintf("%s is not asked again at each tick, so that its account is not locked.", broken))
	return nil
}

// corrected: an operator edits the credential, and the next tick does the rest.
func (w *world) corrected(ctx context.Context, s *story) error {
	s.Title = "An operator writes the new secret into the credential of " + broken + "."
	if err := w.editCredential(broken); err != nil {
		return err
	}
	if _, err := w.nextTick(ctx); err != nil {
		return err
	}
	res := w.done[broken]
	left := w.expiry[broken].Sub(w.clock.now())
	s.fact(res.Outcome == refresh.Refreshed && res.Recovered && left > CacheAge,
		fmt.Sprintf("The next tick renews it, %s before the end of its old token.", terminal.Span(left)))
	return nil
}

// firstTokensExpired: a consumer that kept a token is refused; one that reads the record is not.
func (w *world) firstTokensExpired(ctx context.Context, s *story) error {
	s.Title = "The first tokens have expired."
	var last time.Time
	for _, end := range w.expiry {
		if end.After(last) {
			last = end
		}
	}
	_, err := w.until(ctx, func(*refresh.Report) bool { return !w.clock.now().Before(last) })
	if err != nil {
		return err
	}
	s.At = w.clock.now()
	status, err := w.callWith(ctx, sample, w.first[sample])
	if err != nil {
		return err
	}
	s.fact(status == http.StatusUnauthorized, fmt.Sprintf("An application that kept the first token of %s calls its API: %d.", sample, status))
	var answers []string
	for _, name := range simulator.Names() {
		status, err := w.call(ctx, name)
		if err != nil {
			return err
		}
		answers = append(answers, fmt.Sprint(status))
	}
	s.fact(!slices.ContainsFunc(answers, func(a string) bool { return a != "200" }),
		fmt.Sprintf("Applications that read the records call all four: %s.", strings.Join(answers, ", ")))
	stands, err := w.status(ctx)
	if err != nil {
		return err
	}
	s.fact(!stands.Failing, "All is well:")
	s.Status = &stands
	return nil
}

// longest is how long the story waits for something: the life of the tokens.
const longest = time.Hour

// until runs tick after tick until one has brought what was waited for, at most for
// longest, and returns the report of the last.
func (w *world) until(ctx context.Context, happened func(*refresh.Report) bool) (*refresh.Report, error) {
	for end := w.clock.now().Add(longest); ; {
		report, err := w.nextTick(ctx)
		if err != nil || happened(report) || !w.clock.now().Before(end) {
			return report, err
		}
	}
}
