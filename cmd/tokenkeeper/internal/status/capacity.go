package status

import (
	"fmt"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/refresh"
)

// A Capacity is how much of what a place has room for its providers take. What else uses the
// account's quotas it does not see.
type Capacity struct {
	// Load is in percent of what runs can store, Due how many tokens are due in a tick as planned,
	// and Storable how many a run has time for.
	Load     float64 `json:"load_percent"`
	Due      float64 `json:"due_per_tick"`
	Storable float64 `json:"storable_per_tick"`
	// Survived is the shortest outage survived at this load, and Ends the load in percent at
	// which none is; zero: no token survives one at any load.
	Survived int64   `json:"survives_seconds"`
	Ends     float64 `json:"survives_none_at_percent,omitempty"`
	// Overdue is for how long the token that is overdue longest has been due.
	Overdue int64 `json:"oldest_overdue_seconds"`
	// Documents are configs, approved copies and credentials; there is room for Most.
	Documents int `json:"documents"`
	Most      int `json:"documents_at_most,omitempty"`
	// Wrong says what is wrong; a Warning is not yet a failure.
	Wrong   string `json:"wrong,omitempty"`
	Warning string `json:"warning,omitempty"`
}

// Failing reports whether a person must act.
func (c *Capacity) Failing() bool { return c != nil && c.Wrong != "" }

// JudgeCapacity compares tokens and documents with what there is room for; nil: nothing limits
// them there.
func JudgeCapacity(room place.Room, s refresh.Schedule, tokens []Kept, documents int) *Capacity {
	if room.Saves == 0 {
		return nil
	}
	load := LoadOf(s, room.Limits, room.RunTime, tokens)
	c := &Capacity{Load: load.Percent(), Due: load.Need, Storable: load.Can, Survived: int64(load.Survived / time.Second),
		Ends: load.Ends, Documents: documents, Most: room.Documents}
	remedy := "Move providers to a stack in another region or account."
	if 2*room.Saves < awscall.MostWrites {
		remedy = fmt.Sprintf("Raise WritesPerSecond (%.0f; at most %d), or move providers to a stack in another region or account.", 2*room.Saves, awscall.MostWrites)
	}
	switch {
	case load.Ends > 0 && load.Survived < LeastSurvived(s):
		c.Wrong = fmt.Sprintf("More is due than can be stored: the planned load is %.0f %%, and an outage of %s leaves applications with tokens that have expired. %s",
			c.Load, terminal.Span(LeastSurvived(s)), remedy)
	case c.Load > 100:
		c.Warning = fmt.Sprintf("More is due than can be stored: tokens are replaced later than planned, and at a load of %.0f %% no outage is survived. %s", c.Ends, remedy)
	case c.Most > 0 && documents > c.Most*9/10:
		c.Warning = fmt.Sprintf("%d of the %d standard parameters that an account and region has are taken: put more as advanced parameters, or in another region or account.", documents, c.Most)
	}
	return c
}

// String says it to people, in one line.
func (c *Capacity) String() string {
	text := fmt.Sprintf("load %.0f %%", c.Load)
	if c.Ends > 0 {
		text += ", outage survived " + terminal.Span(time.Duration(c.Survived)*time.Second)
	}
	if c.Overdue > 0 {
		text += ", oldest overdue " + terminal.Span(time.Duration(c.Overdue)*time.Second)
	}
	if c.Most > 0 {
		text += fmt.Sprintf(", %d of %d parameters", c.Documents, c.Most)
	}
	return text
}

// Limits says where that ends, and what is not seen.
func (c *Capacity) Limits() string {
	text := fmt.Sprintf("The load is the tokens due in a tick, as planned (%.1f), of those that a run has time to store (%.0f).", c.Due, c.Storable)
	if c.Ends > 0 {
		text += fmt.Sprintf(" Above 100 %% tokens are replaced later, and at %.0f %% no outage is survived.", c.Ends)
	}
	if c.Most > 0 {
		text += fmt.Sprintf(" An account and region has %d standard parameters, which are put at 3 a second.", c.Most)
	}
	return text + " What else uses the account's quotas is not seen."
}
