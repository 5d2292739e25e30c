package refresh

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	// workers is how many providers are dealt with at a time. It bounds memory; how fast
	// they are begun with is for the [pace].
	workers = 256
	// lookers is how many providers are looked at beside them that need no login.
	lookers = 4
	// providerTime is what one provider may take, writeTime the part of it that is kept
	// for storing what the login gave, and noteTime the part of that which is kept for
	// saying that it could not be stored.
	providerTime = 20 * time.Second
	writeTime    = 5 * time.Second
	noteTime     = 1500 * time.Millisecond
	// reserve is kept for storing at the end of a run. Logins are begun at the pace of
	// writes, so that few are waiting then.
	reserve = 4 * time.Second
	// loginTime is the least that a login is given: near the end of a run most that have
	// less would be sent in vain. One that cannot be repeated is given onceTime.
	loginTime = 500 * time.Millisecond
	onceTime  = 10 * time.Second
)

// A Runner does the job of one tick. All fields must be set, but for Vault and Now.
type Runner struct {
	Source   Source
	Parser   Parser
	Store    Store
	Schedule Schedule
	// Vault keeps refresh tokens; nil: providers that need one fail.
	Vault Vault
	// Now is the clock; nil means time.Now. It is read once a run.
	Now func() time.Time

	reported reportedEdits
	told     told
}

// A Job says what a run is to do. The zero Job is a tick: whatever is due.
type Job struct {
	// Only names the providers to look at; empty: all.
	Only []string
	// IfThere passes over names that no provider has, which are an error otherwise.
	IfThere bool
	// Force asks each of them for a new token, due or not.
	Force bool
	// ID tells this run from another of the same tick, such as a duplicate of its event:
	// what is equally urgent they take in different orders. Empty: by expiry alone.
	ID string
}

// ErrNoProvider is returned by [Runner.Run] for a [Job] that names a provider which has no
// config.
var ErrNoProvider = errors.New("no provider")

// Run deals with every provider that is due, and with all of them before it returns.
// The report is never nil. The error is what an operator must hear of: that the run
// could not begin, or which of the providers that it asked failed.
func (r *Runner) Run(ctx context.Context, job Job) (*Report, error) {
	now := time.Now
	if r.Now != nil {
		now = r.Now
	}
	run := &run{Runner: r, job: job, now: now().UTC(), began: time.Now(),
		pace: newPace(ctx, r.Store.Limits().Saves)}
	report := &Report{At: run.now}
	err := r.Schedule.Check()
	if err == nil {
		err = run.load(ctx, report)
	}
	if err == nil {
		report.Results = run.all(ctx)
		err = report.err()
	}
	report.Took = time.Since(run.began)
	return report, err
}

// A run is one run, with the one time that all its decisions are taken at.
type run struct {
	*Runner
	job   Job
	now   time.Time
	began time.Time // the same, for durations
	tasks []task
	pace  *pace // of logins

	network network
}

// A task is one provider of a run.
type task struct {
	Provider
	revision string    // of its config, as listed: a hint
	edited   time.Time // when its config was; zero: not known
	state    State     // as listed: a hint
	bad      *Error    // what is wrong with its config
	slot     *slot     // its turn to log in; nil: it has not come
	named    bool      // the job names it, and nothing of its secret was listed
	read     reading   // of its credential; see visit.latest
}

// load reads the configs and the states, and notes in the report what belongs to no
// provider. It asks nobody.
func (r *run) load(ctx context.Context, report *Report) error {
	if len(r.job.Only) > 0 {
		return r.loadNamed(ctx)
	}
	configs, _, err := Configs(ctx, r.Source)
	if err != nil {
		return err
	}
	states, err := r.Store.List(ctx)
	if err != nil {
		return fmt.Errorf("listing tokens: %w", err)
	}
	known := make(map[string]State, len(states))
	for _, s := range states {
		known[s.Name] = s
	}
	for _, c := range configs {
		r.tasks = append(r.tasks, r.task(c.Document, known[c.Name]))
		delete(known, c.Name)
	}
	report.Edits = r.reported.news(configs)
	for _, s := range known {
		if s.Owned && !s.Deleting {
			report.Orphans = append(report.Orphans, s.Name)
		}
	}
	slices.Sort(report.Orphans)
	return nil
}

func (r *run) task(d Document, state State) task {
	state.Name = d.Name
	t := task{state: state, revision: d.Version, edited: d.Edited}
	var err error
	if t.Provider, err = Understand(r.Parser, d); err == nil {
		return t
	}
	var ps Problems
	if !errors.As(err, &ps) {
		ps = Problems{{Where: d.Where, Detail: err.Error()}}
	}
	// So that an edit of a bad config is told from the same one met again.
	t.Provider = Provider{Name: d.Name, Where: d.Where, Config: NewFingerprint([]byte(d.Data.Reveal()))}
	t.bad = &Error{Class: Misconfigured, Code: CodeBadConfig, Detail: ps.Error(), Err: ps}
	return t
}

// Understand has a config understood, as a run does: one that could not be read, or whose
// name is none, is not looked at; and a panic over one of them stops no other, and its value
// is not printed. The error may be [Problems].
func Understand(parser Parser, d Document) (p Provider, err error) {
	if err := cmp.Or(d.Err, CheckName(d.Name)); err != nil {
		return Provider{}, err
	}
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("a panic of type %T while reading it: this is a bug in tokenkeeper", v)
		}
	}()
	p, err = parser.Provider(d)
	p.Approved = d.Approver != ""
	if err == nil {
		err = d.checkApprover(p)
	}
	return p, err
}
