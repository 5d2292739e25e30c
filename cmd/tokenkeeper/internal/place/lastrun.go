package place

import (
	"errors"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/localstore"
	"example.com/tokenkeeper/internal/refresh"
)

// A LastRun is what the runs of a place leave of themselves.
type LastRun struct {
	// At is when the last run began that was completed; zero: there was none since Since,
	// or, where that is zero too, none at all.
	At, Since time.Time
	// Listed is when the last listing of all configs began that was complete; zero: not known.
	Listed time.Time
	// By says what ran, and Version its release; empty: not known.
	By, Version string
	// Failure is why a run after At could not begin, and Failed when that was; nil: each
	// could.
	Failure *refresh.Error
	Failed  time.Time
}

// Began notes that a run began at that time and was completed, and NotBegun that it could
// not begin. The caller holds the lock of the folder.
func (f Folder) Began(at time.Time, by, version string, s refresh.Schedule) error {
	left := leave(by, version, s)
	left.Completed = at.UTC()
	return f.SetLastRun(left)
}

// NotBegun keeps what is known of the run before.
func (f Folder) NotBegun(at time.Time, by, version string, s refresh.Schedule, why error) error {
	before, _ := f.Dir.LastRun() // one that cannot be read is replaced
	left := leave(by, version, s)
	left.Completed, left.Failed, left.Error = before.Completed, at.UTC(), why.Error()
	if e, ok := errors.AsType[*refresh.Error](why); ok {
		left.Code, left.Error, left.Remedy = e.Code, e.Detail, e.Remedy
	}
	return f.SetLastRun(left)
}

func leave(by, version string, s refresh.Schedule) localstore.LastRun {
	return localstore.LastRun{By: by, Version: version, Tick: int64(s.Tick / time.Second), CacheAge: int64(s.CacheAge / time.Second)}
}
