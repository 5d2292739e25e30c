package localstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// A LastRun is what the runs of a directory leave of themselves, for the people who look at
// it. No decision depends on it. Times are in UTC; those that are not known are zero.
type LastRun struct {
	// Completed is when the last run began that was completed.
	Completed time.Time `json:"completed_at,omitzero"`
	// By says what ran, and Version its release.
	By      string `json:"by"`
	Version string `json:"version"`
	// Tick and CacheAge are those of its schedule, in seconds.
	Tick     int64 `json:"tick_seconds"`
	CacheAge int64 `json:"cache_age_seconds"`
	// Failed is when a later run could not begin, and Code, Error and Remedy say why.
	Failed time.Time `json:"failed_at,omitzero"`
	Code   string    `json:"code,omitempty"`
	Error  string    `json:"error,omitempty"`
	Remedy string    `json:"remedy,omitempty"`
}

// runs is the folder of what runs leave of themselves; no application reads it.
const (
	runs        = "state"
	lastRunFile = runs + "/last-run.json"
)

// LastRun returns what the last run left. The zero LastRun: none has left anything.
func (d *Dir) LastRun() (LastRun, error) {
	data, err := d.disk.Read(lastRunFile)
	if errors.Is(err, fs.ErrNotExist) {
		return LastRun{}, nil
	}
	if err != nil {
		return LastRun{}, fmt.Errorf("reading %s: %w", d.path(lastRunFile), err)
	}
	var r LastRun
	if err := json.Unmarshal(data, &r); err != nil {
		return LastRun{}, fmt.Errorf("reading %s: it is not what a run writes; the next run replaces it", d.path(lastRunFile))
	}
	return r, nil
}

// SetLastRun replaces it. The caller holds the lock.
func (d *Dir) SetLastRun(r LastRun) error {
	data, err := json.Marshal(r)
	if err == nil {
		err = d.makeFolder(runs)
	}
	if err == nil {
		err = d.replace(lastRunFile, append(data, '\n'))
	}
	return d.explain("writing "+d.path(lastRunFile), err)
}
