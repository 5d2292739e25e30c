package refresh

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// An Outcome says what a run did for one provider.
type Outcome string

const (
	// Refreshed: one login, one new token.
	Refreshed Outcome = "refreshed"
	// Adopted: another run was ahead, and its token is the one to use.
	Adopted Outcome = "adopted"
	// Finished: a token that another run had stored was made current.
	Finished Outcome = "finished"
	// Same: the provider answered the token that is stored.
	Same Outcome = "unchanged"
	// Failed: nothing was stored.
	Failed Outcome = "failed"
	// Waiting: nothing was to be done.
	Waiting Outcome = "waiting"
	// Skipped: the run had no time left for it.
	Skipped Outcome = "skipped"
)

// A Result is what a run did for one provider.
type Result struct {
	Provider string
	Outcome  Outcome
	// Reason is why it was due, or not; empty where that was not decided.
	Reason Reason
	// Next is when it is decided again at the latest; zero where that is not known.
	Next time.Time
	// DueSince is since when one that was skipped has been due; else zero.
	DueSince time.Time
	// State is the last that was seen of its secret, before the note.
	State State
	// Note is the current one.
	Note Note
	// Err is what failed.
	Err *Error
	// Notice marks a failure that has not been reported to an operator, and Recovered the end
	// of one, which Was describes.
	Notice, Recovered bool
	Was               Note
	Warnings          []string
	// Stack is that of a panic.
	Stack string

	noted bool // a note remembers the outcome
}

// Class returns the class of failure that the provider is in, asked in this run or
// not; empty: it does not fail.
func (r Result) Class() Class {
	switch {
	case r.Note.Class.Failing():
		return r.Note.Class
	case r.Err != nil:
		return r.Err.Class
	}
	return ""
}

// A Report is what a run did.
type Report struct {
	// At is the time that all decisions of the run were taken at, and Took how long it lasted.
	At   time.Time
	Took time.Duration
	// Results has one element for each config, by name.
	Results []Result
	// Orphans are our secrets without a config, by name. They are left alone.
	Orphans []string
	// Listed is when the last complete listing of all configs began; zero: this process has none.
	Listed time.Time
	// Edits are proposals that are not approved, each once in a version for each [Runner].
	Edits []Edit

	remedies remedies
}

// count returns how many results are so.
func (r *Report) count(so func(Result) bool) (n int) {
	for _, res := range r.Results {
		if so(res) {
			n++
		}
	}
	return n
}

// Count returns how many results have one of the outcomes.
func (r *Report) Count(outcomes ...Outcome) int {
	return r.count(func(res Result) bool { return slices.Contains(outcomes, res.Outcome) })
}

// CountClass returns how many providers are in the class. One that is paused is in none.
func (r *Report) CountClass(c Class) int {
	return r.count(func(res Result) bool { return res.Class() == c && res.Reason != Paused })
}

// Foreign returns how many secrets had a value that another program had written.
func (r *Report) Foreign() int {
	return r.count(func(res Result) bool { return res.Reason == ForeignVersion && res.Outcome != Skipped })
}

// Failing returns how many providers fail. A token that repeats is no failure.
func (r *Report) Failing() int {
	return r.CountClass(Transient) + r.CountClass(Misconfigured) + r.CountClass(NeedsPerson)
}

// Lateness returns for how long the longest due of the skipped providers has been due; zero: none was
// skipped.
func (r *Report) Lateness() time.Duration {
	if res, ok := r.latest(); ok && !res.DueSince.IsZero() {
		return max(0, r.At.Sub(res.DueSince))
	}
	return 0
}

// latest returns the result of that provider.
func (r *Report) latest() (latest Result, ok bool) {
	for _, res := range r.Results {
		if res.Outcome == Skipped && (!ok || res.DueSince.Before(latest.DueSince)) {
			latest, ok = res, true
		}
	}
	return latest, ok
}

// Overloaded reports whether providers were due, and the run had time for none of them: nothing was
// stored or answered, or is cooling down from an earlier answer.
func (r *Report) Overloaded() bool {
	if r.Count(Skipped) == 0 || r.Count(Refreshed, Adopted, Finished, Same, Failed) > 0 {
		return false
	}
	return !slices.ContainsFunc(r.Results, func(res Result) bool { return res.Reason == CoolingDown })
}

// Err returns the failures of the run, joined: by provider, class and code. It may end up where
// anybody reads it, so nothing foreign is in it; details are in the report.
func (r *Report) Err() error {
	var errs []error
	if r.Overloaded() {
		errs = append(errs, fmt.Errorf("%d providers are due, and the run had the time for none: see provider_skipped in the log", r.Count(Skipped)))
	}
	for _, res := range r.Results {
		if res.Outcome == Failed {
			errs = append(errs, &ProviderError{Provider: res.Provider, Class: res.Class(), Code: res.Err.Code})
		}
	}
	return errors.Join(errs...)
}

// A ProviderError says in three of our own words that a provider failed.
type ProviderError struct {
	Provider string
	Class    Class
	Code     string
}

func (e *ProviderError) Error() string {
	return fmt.Sprintf("refreshing %q: %s (%s)", e.Provider, e.Code, e.Class)
}

// ownCommand is one of our command lines, as remedies quote it.
var (
	ownCommand  = regexp.MustCompile(`'tokenkeeper [^']+'`)
	placeholder = regexp.MustCompile(`\bNAME\b`)
)

// A remedies completes remedies by the flags that lead a command to the place of a run, so that it
// can be pasted as it is.
type remedies string

// complete returns a remedy for a provider. What does not know the provider writes NAME.
func (r remedies) complete(provider, remedy string) string {
	return ownCommand.ReplaceAllStringFunc(remedy, func(quoted string) string {
		command := placeholder.ReplaceAllLiteralString(quoted[1:len(quoted)-1], provider)
		if r != "" {
			command += " " + string(r)
		}
		return "'" + command + "'"
	})
}

// completeRemedies completes the remedies in warnings, and in copies of errors: others may hold them too.
func (r *Report) completeRemedies() {
	for i, res := range r.Results {
		if res.Err != nil {
			e := *res.Err
			e.Remedy = r.remedies.complete(res.Provider, e.Remedy)
			if ps := slices.Clone(e.problems()); ps != nil {
				for j := range ps {
					ps[j].Remedy = r.remedies.complete(res.Provider, ps[j].Remedy)
				}
				e.Err = ps
			}
			r.Results[i].Err = &e
		}
		for j, w := range res.Warnings {
			res.Warnings[j] = r.remedies.complete(res.Provider, w)
		}
	}
}
