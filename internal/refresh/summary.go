package refresh

import (
	"fmt"
	"strings"
	"time"
)

// A Summary is a report for programs: what an invocation answers, and a run prints as JSON. All its
// words are ours, but for a member of an answer that a remedy names, escaped and redacted. Fields
// may be added.
type Summary struct {
	At time.Time `json:"at"`
	// Counts is how many providers had which outcome, where they are not all named.
	Counts map[Outcome]int `json:"counts,omitempty"`
	// Providers has every provider if there are at most 100; of more, the first 100 that failed.
	Providers []ProviderSummary `json:"providers"`
	// Orphans has at most 100 names.
	Orphans []string `json:"orphans,omitempty"`

	Changes
}

// mostNames is how many providers of a kind a [Summary] names: the answer of an invocation may have
// 256 KB.
const mostNames = 100

// A ProviderSummary is one [Result] of a [Summary]. Class and Code are empty where nothing
// fails; times that are not known are left out.
type ProviderSummary struct {
	Provider  string    `json:"provider"`
	Outcome   Outcome   `json:"outcome"`
	Reason    Reason    `json:"reason,omitempty"`
	Class     Class     `json:"class,omitempty"`
	Code      string    `json:"code,omitempty"`
	Next      time.Time `json:"next,omitzero"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// Summary returns r for programs.
func (r *Report) Summary() Summary {
	s := Summary{
		At:        r.At.Truncate(time.Second),
		Providers: []ProviderSummary{},
		Orphans:   r.Orphans[:min(len(r.Orphans), mostNames)],
		Changes:   changes(r.Results),
	}
	if len(r.Results) > mostNames {
		s.Counts = make(map[Outcome]int)
	}
	for _, res := range r.Results {
		if s.Counts != nil {
			s.Counts[res.Outcome]++
			if res.Outcome != Failed || len(s.Providers) == mostNames {
				continue
			}
		}
		s.Providers = append(s.Providers, res.summary())
	}
	return s
}

func (r Result) summary() ProviderSummary {
	s := ProviderSummary{
		Provider:  r.Provider,
		Outcome:   r.Outcome,
		Reason:    r.Reason,
		Class:     r.Class(),
		Code:      r.Note.Code,
		Next:      r.Next,
		ExpiresAt: r.State.ExpiresAt(),
	}
	if r.Err != nil {
		s.Code = r.Err.Code
	}
	return s
}

// The words of [Changes.News].
const (
	NewsFailing   = "failing"
	NewsRecovered = "recovered"
)

// A FailureNews is a failure that no run has reported before.
type FailureNews struct {
	Provider string `json:"provider"`
	Class    Class  `json:"class"`
	Code     string `json:"code"`
	Remedy   string `json:"remedy,omitempty"`
}

// A RecoveryNews is the end of a failure.
type RecoveryNews struct {
	Provider string `json:"provider"`
	Was      string `json:"was"` // its code
}

// A Changes is what a run reports that no run has reported before.
type Changes struct {
	// News has [NewsFailing] where a provider fails that did not before, and [NewsRecovered]
	// where one no longer does; without either nothing is new.
	News []string `json:"news,omitempty"`
	// Failing and Recovered name the providers, at most 100 each, and Text says it to people,
	// a line for each.
	Failing   []FailureNews  `json:"failing,omitempty"`
	Recovered []RecoveryNews `json:"recovered,omitempty"`
	Text      string         `json:"text,omitempty"`
}

// changes returns what is new. Of an error it has the remedy, in which nothing is foreign.
func changes(results []Result) (c Changes) {
	var lines []string
	more := 0
	for _, res := range results {
		switch {
		case res.Outcome == Failed && res.Notice && len(c.Failing) < mostNames:
			n := FailureNews{res.Provider, res.Class(), res.Err.Code, remedyOf(res.Err)}
			c.Failing = append(c.Failing, n)
			line := fmt.Sprintf("%s fails: %s (%s).", n.Provider, n.Code, n.Class)
			if n.Remedy != "" {
				line += " What to do: " + n.Remedy
			}
			lines = append(lines, line)
		case res.Recovered && len(c.Recovered) < mostNames:
			n := RecoveryNews{res.Provider, res.Was.Code}
			c.Recovered = append(c.Recovered, n)
			lines = append(lines, fmt.Sprintf("%s has recovered from %s.", n.Provider, n.Was))
		case res.Outcome == Failed && res.Notice || res.Recovered:
			more++
		}
	}
	if len(c.Failing) > 0 {
		c.News = append(c.News, NewsFailing)
	}
	if len(c.Recovered) > 0 {
		c.News = append(c.News, NewsRecovered)
	}
	if more > 0 {
		lines = append(lines, fmt.Sprintf("And %d more.", more))
	}
	c.Text = strings.Join(lines, "\n")
	return c
}

// remedyOf returns the remedy of e, or that of the first problem of a document.
func remedyOf(e *Error) string {
	if ps := e.problems(); e.Remedy == "" && len(ps) > 0 {
		return ps[0].Remedy
	}
	return e.Remedy
}
