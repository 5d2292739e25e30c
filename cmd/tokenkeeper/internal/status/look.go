package status

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/strictjson"
)

// A Lookout finds out the state of a place, without a login and without reading a token.
type Lookout struct {
	Place    place.Place
	Parser   refresh.Parser
	Schedule refresh.Schedule
	Now      time.Time
	// Runs has the last run looked for too.
	Runs bool
}

// Look returns the judgement on the named providers, or on all.
func (l Lookout) Look(ctx context.Context, only []string) (Report, error) {
	keeper := l.keeper(ctx)
	documents, err := place.Documents(ctx, l.Place)
	if err != nil {
		return Report{}, err
	}
	states, err := l.Place.States(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("listing tokens: %w", err)
	}
	configs, _ := refresh.Effective(documents)
	subjects := l.subjects(configs, states)
	var capacity *Capacity
	if l.Runs && len(only) == 0 {
		capacity = l.capacity(subjects, len(documents))
	}
	if subjects, err = named(subjects, only); err != nil {
		return Report{}, err
	}
	l.bind(ctx, subjects)
	runs := <-keeper
	if len(subjects) == 0 && runs != nil && runs.never {
		runs = nil // there is nothing to run for yet
	}
	report := l.judge(subjects, runs).with(capacity)

	// What was listed may be old. That is no matter where all is well.
	doubtful := slices.Clone(only)
	if len(only) == 0 {
		for _, line := range report.Lines {
			if line.State != OK {
				doubtful = append(doubtful, line.Provider)
			}
		}
	}
	if len(doubtful) == 0 {
		return report, nil
	}
	states, err = l.Place.Describe(ctx, doubtful)
	if err != nil {
		return Report{}, fmt.Errorf("looking at tokens: %w", err)
	}
	for i, sub := range subjects {
		if at := slices.IndexFunc(states, func(st refresh.State) bool { return st.Name == sub.Name }); at >= 0 {
			subjects[i].State = states[at]
		}
		subjects[i].Credential = l.credential(ctx, subjects[i])
	}
	return l.judge(subjects, report.Keeper).with(capacity), nil
}

// bind notes which refresh tokens are for another credential than the config names.
func (l Lookout) bind(ctx context.Context, subjects []Subject) {
	var list []refresh.Provider
	for _, sub := range subjects {
		if sub.Provider != nil {
			list = append(list, *sub.Provider)
		}
	}
	misbound := Misbound(ctx, l.Place, list)
	for i, sub := range subjects {
		subjects[i].Bound = misbound[sub.Name]
	}
}

func (l Lookout) judge(subjects []Subject, keeper *Keeper) Report {
	return Judge(subjects, keeper, l.Schedule, l.Place.Guide(), l.Now)
}

// keeper looks for the last run while the rest is listed.
func (l Lookout) keeper(ctx context.Context) <-chan *Keeper {
	found := make(chan *Keeper, 1)
	if !l.Runs {
		found <- nil
		return found
	}
	go func() {
		last, err := l.Place.LastRun(ctx)
		k := JudgeKeeper(last, err, l.Schedule, l.Place.Guide(), l.Now)
		found <- &k
	}()
	return found
}

// capacity judges all subjects. Each credential counts once, where it is a document beside the
// configs.
func (l Lookout) capacity(subjects []Subject, documents int) *Capacity {
	room := l.Place.Room()
	var tokens []Kept
	credentials := map[string]bool{}
	overdue := time.Duration(0)
	for _, sub := range subjects {
		if sub.Provider == nil {
			continue
		}
		credentials[sub.Provider.Credential] = true
		v, ok := sub.State.Current.Parse()
		if !ok {
			continue
		}
		tokens = append(tokens, Kept{Provider: *sub.Provider, Lifetime: v.Lifetime})
		if d := l.Schedule.Decide(*sub.Provider, sub.State, l.Now); d.Due && d.Reason == refresh.NearExpiry {
			overdue = max(overdue, l.Now.Sub(l.Schedule.For(*sub.Provider).DueAt(sub.Name, v)))
		}
	}
	c := JudgeCapacity(room, l.Schedule, tokens, documents+room.CredentialDocuments(len(credentials)))
	if c != nil {
		c.Overdue = int64(overdue / time.Second)
	}
	return c
}

// subjects pairs configs with states. Secrets that are not ours and have no config are
// not ours to judge.
func (l Lookout) subjects(configs []refresh.Config, states []refresh.State) []Subject {
	byName := make(map[string]refresh.State, len(states))
	for _, st := range states {
		byName[st.Name] = st
	}
	var subjects []Subject
	for _, d := range configs {
		sub := Subject{Name: d.Name, State: byName[d.Name]}
		if d.Proposal != nil {
			sub.Proposal, sub.Approved = d.Proposal.Where, d.Where
		}
		delete(byName, d.Name)
		if p, err := refresh.Understand(l.Parser, d.Document); err != nil {
			sub.Problems = Problems(d.Where, err)
		} else {
			sub.Provider = &p
		}
		subjects = append(subjects, sub)
	}
	for _, st := range byName {
		if st.Owned && !st.Deleting {
			subjects = append(subjects, Subject{Name: st.Name, State: st})
		}
	}
	return subjects
}

// credential returns the version of the credential where something waits for its edit, or
// "" where that cannot be seen: who looks at tokens need not have the right to look there,
// and all that is missed is a hint.
func (l Lookout) credential(ctx context.Context, sub Subject) string {
	class := sub.State.Note.Class
	// With refresh tokens, the note has the version of both.
	if sub.Provider == nil || sub.Provider.Rotates || class != refresh.Misconfigured && class != refresh.NeedsPerson {
		return ""
	}
	version, err := l.Place.CredentialVersion(ctx, sub.Provider.Credential)
	if err != nil {
		return ""
	}
	return version
}

// Problems returns what is wrong with one document, as err has it.
func Problems(where string, err error) refresh.Problems {
	var ps refresh.Problems
	if errors.As(err, &ps) && len(ps) > 0 {
		return ps
	}
	var e *refresh.Error
	if errors.As(err, &e) {
		return refresh.Problems{{Where: where, Detail: strings.TrimPrefix(e.Detail, where+": "), Remedy: e.Remedy}}
	}
	return refresh.Problems{{Where: where, Detail: err.Error()}}
}

// named returns the subjects of those names, or all if there are none.
func named(subjects []Subject, only []string) ([]Subject, error) {
	if len(only) == 0 {
		return subjects, nil
	}
	known := make([]string, len(subjects))
	for i, sub := range subjects {
		known[i] = sub.Name
	}
	for _, name := range only {
		if !slices.Contains(known, name) {
			return nil, &UnknownError{Name: name, Near: strictjson.Nearest(name, known)}
		}
	}
	return slices.DeleteFunc(subjects, func(s Subject) bool { return !slices.Contains(only, s.Name) }), nil
}

// Find says whether there is a config or a token of that name; the error is an
// [*UnknownError] where there is neither.
func (l Lookout) Find(ctx context.Context, name string) error {
	configs, err := place.Configs(ctx, l.Place)
	if err != nil {
		return err
	}
	states, err := l.Place.States(ctx)
	if err != nil {
		return fmt.Errorf("listing tokens: %w", err)
	}
	_, err = named(l.subjects(configs, states), []string{name})
	return err
}

// An UnknownError says that there is neither a config nor a token of that name.
type UnknownError struct {
	Name string
	// Near is the name that was probably meant, or empty.
	Near string
}

func (e *UnknownError) Error() string { return fmt.Sprintf("no provider is called %.80q", e.Name) }
