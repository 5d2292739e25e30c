package status

import (
	"errors"
	"fmt"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/refresh"
)

// A KeeperWord says in what state the runs are.
type KeeperWord string

// The words.
const (
	// Running: the last run was completed within three ticks.
	Running KeeperWord = "running"
	// Stale: none was.
	Stale KeeperWord = "stale"
	// NotBegun: the last run could not begin.
	NotBegun KeeperWord = "not_begun"
	// NotLooked: it could not be seen.
	NotLooked KeeperWord = "not_looked"
)

// A Keeper is the judgement on whatever replaces the tokens. Times are zero where they are
// not known.
type Keeper struct {
	State KeeperWord `json:"state"`
	// LastRun is when the last run began that was completed.
	LastRun time.Time `json:"last_run,omitzero"`
	// Listed is when all configs were last listed: edits since are known by their events.
	Listed  time.Time `json:"configs_listed,omitzero"`
	By      string    `json:"by,omitempty"`
	Version string    `json:"version,omitempty"`
	Code    string    `json:"code,omitempty"`
	// Wrong, Remedy and Command are as in [Line].
	Wrong   string `json:"wrong,omitempty"`
	Remedy  string `json:"remedy,omitempty"`
	Command string `json:"command,omitempty"`

	never bool // there has been no run yet
}

// failing reports whether a person must act.
func (k *Keeper) failing() bool { return k != nil && (k.State == Stale || k.State == NotBegun) }

// JudgeKeeper judges what is known of the last run. The error says why nothing could be seen
// of it.
func JudgeKeeper(last place.LastRun, err error, s refresh.Schedule, guide place.Guide, now time.Time) Keeper {
	k := Keeper{LastRun: last.At, Listed: last.Listed, By: last.By, Version: last.Version}
	late := now.Sub(last.At)
	switch {
	case err != nil:
		k.State, k.Wrong = NotLooked, err.Error()
		if e, ok := errors.AsType[*refresh.Error](err); ok {
			k.Code, k.Wrong, k.Remedy = e.Code, e.Detail, e.Remedy
		}
	case last.Failure != nil:
		k.State, k.Code, k.Remedy = NotBegun, last.Failure.Code, last.Failure.Remedy
		k.Wrong = fmt.Sprintf("The last run could not begin, %s ago: %s", terminal.Span(now.Sub(last.Failed)), last.Failure.Detail)
		switch k.Code {
		case place.CodeNoFunction:
			k.Wrong = "Nothing runs: " + last.Failure.Detail
		case place.CodeNoLogGroup:
			k.Wrong = "No run is seen: " + last.Failure.Detail
			do := parted(k.Remedy)
			k.Remedy, k.Command = do.text, do.command
		}
		k.Wrong = sentence(k.Wrong)
	case last.At.IsZero() || late >= overdueTicks*s.Tick:
		k.State, k.Remedy, k.Command = Stale, guide.Runs, guide.Runner
		switch {
		case !last.At.IsZero():
			k.Wrong = fmt.Sprintf("No run was completed for %s.", terminal.Span(late))
		case !last.Since.IsZero():
			k.Wrong = fmt.Sprintf("No run was completed in the last %s.", terminal.Span(now.Sub(last.Since)))
		default:
			k.Wrong, k.never = "No run was ever completed here.", true
		}
	default:
		k.State = Running
	}
	return k
}
