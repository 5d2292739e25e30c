package refresh

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// A Runner does the job of one tick. All fields must be set, but for Vault, Now and Flags.
type Runner struct {
	Source   Source
	Parser   Parser
	Store    Store
	Schedule Schedule
	// Vault keeps refresh tokens; nil: providers that need one fail.
	Vault Vault
	// Now is the clock; nil means time.Now. It is read once a run.
	Now func() time.Time
	// Flags lead our commands to the place of this run, such as "--dir d". Remedies have them.
	Flags string

	// FreeDocuments is how many configs, approved copies and credentials the source may have before
	// listing them costs; then it is done hourly, and [Job.Only] reports changes. Zero: any number.
	FreeDocuments int

	memory atomic.Pointer[memory]
	once   reportedOnce
}

// A Job says what a run is to do. The zero Job is a tick: whatever is due.
type Job struct {
	// Only names the providers to look at; empty: all.
	Only []string
	// Edited says that the names are those of edited configs and credentials: one that no provider
	// has is passed over, which is an error otherwise, and providers that the process remembers to
	// have failed with such a credential are looked at as well.
	Edited bool
	// Force asks each of them for a new token, due or not.
	Force bool
	// ID distinguishes this run from another of the same tick, such as a duplicate of its event:
	// they take what is equally urgent in different orders. Empty: by expiry alone.
	ID string
}

// ErrNoProvider is returned by [Runner.Run] for a [Job] that names a provider without a config.
var ErrNoProvider = errors.New("no provider")

// A run is one run, with the one time that all its decisions are taken at.
type run struct {
	*Runner
	job   Job
	now   time.Time
	began time.Time // the same, for durations
	kept  *memory   // by the process, of its last run
	pace  *pace     // of logins

	readings batch
	network  network
}

// begin waits until it is the turn of t to log in; false: the run ends before, or would
// before the login can be stored.
func (r *run) begin(ctx context.Context, t *task) bool {
	if end, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, end.Add(-reserve-t.leastTime()))
		defer cancel()
	}
	var err error
	t.slot, err = r.pace.start(ctx, t.Saves())
	return err == nil
}

// skip returns the result for a provider that the run has no time for.
func (r *run) skip(t task) Result {
	d := r.hint(t)
	if !d.Due {
		return t.result(Waiting, d)
	}
	res := t.result(Skipped, Decision{Reason: d.Reason})
	res.DueSince = r.Schedule.dueSince(t, r.now)
	return res
}

// hint decides on t by what was listed. A config that is wrong makes nothing due.
func (r *run) hint(t task) Decision {
	if t.bad == nil {
		return r.Schedule.decide(t.Provider, t.state, r.now, r.job.Force)
	}
	d := Decision{Next: r.now.Add(r.Schedule.Tick)}
	if t.state.Paused && t.state.Owned && !t.state.Deleting {
		d.Reason = Paused
	}
	return d
}
