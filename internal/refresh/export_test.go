package refresh

import (
	"context"
	"time"
)

// Failed and Unchanged show tests the notes that attempts leave.
func (s Schedule) Failed(p Provider, st State, credential string, now time.Time, err *Error) Note {
	return s.failed(attempt{state: st, config: p.Config, credential: credential, now: now}, err)
}

func (s Schedule) Unchanged(p Provider, st State, credential string, now time.Time) Note {
	return s.unchanged(attempt{state: st, config: p.Config, credential: credential, now: now})
}

func (s Schedule) DueSince(p Provider, st State, edited, now time.Time) time.Time {
	return s.dueSince(task{Provider: p, state: st, edited: edited}, now)
}

// DecideForced decides as for an operator who insists.
func (s Schedule) DecideForced(p Provider, st State, now time.Time) Decision {
	return s.decide(p, st, now, true)
}

// Order shows tests in which order a run with that id begins with providers, all of them
// with the config 1, if it has the time for so many.
func (s Schedule) Order(states []State, now time.Time, starts int, id string) []string {
	tasks := make([]task, len(states))
	for i, st := range states {
		tasks[i] = task{Provider: Provider{Name: st.Name, Config: 1}, state: st}
	}
	var names []string
	r := &run{Runner: &Runner{Schedule: s}, now: now, job: Job{ID: id}}
	for _, t := range r.queueFor(context.Background(), starts).order(tasks) {
		names = append(names, t.Name)
	}
	return names
}

// Starts is how many of so many providers a run that ends with ctx has the time to begin with, at a pace
// of so many saves a second.
func Starts(ctx context.Context, perSecond float64, due int) int {
	r := &run{Runner: &Runner{}, pace: newPace(ctx, perSecond)}
	return r.queueFor(ctx, due).starts
}

// A Pace keeps starts apart; its turns end with a token that came, or without.
type (
	Pace = pace
	Slot = slot
)

var NewPace = newPace

func (p *pace) Start(ctx context.Context, saves int) (*slot, error) { return p.start(ctx, saves) }
func (s *slot) Came()                                               { s.came() }
func (s *slot) End()                                                { s.end() }

// Turns returns when so many that come at once have their turns, at a pace of so many saves
// a second, and each takes so many saves.
func Turns(perSecond float64, n, saves int) []time.Duration {
	p, now := newPace(context.Background(), perSecond), time.Unix(1e9, 0)
	turns := make([]time.Duration, n)
	for i := range turns {
		turns[i], _ = p.turn(context.Background(), now, saves)
	}
	return turns
}

// ReportedOnce remembers what was reported.
type ReportedOnce struct{ once reportedOnce }

// NewWarnings returns the warnings that are new.
func (t *ReportedOnce) NewWarnings(provider string, warnings []string) []string {
	return t.once.newWarnings(provider, warnings)
}

// Failure says of a result whether it is new; noted says that a note remembers it.
func (t *ReportedOnce) Failure(res Result, noted bool, now time.Time) Result {
	res.noted = noted
	t.once.failure(&res, now)
	return res
}

// Room is how a run decides whether an unplanned write leaves room for those that are planned.
func (s Schedule) Room(provider string, lifetime time.Duration, writes []time.Time, now time.Time, most int) bool {
	return s.room(provider, lifetime, writes, now, most)
}

// CompleteRemedy is what a run makes of a remedy.
func CompleteRemedy(flags, provider, remedy string) string {
	return remedies(flags).complete(provider, remedy)
}
