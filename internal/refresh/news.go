package refresh

import (
	"errors"
	"fmt"
	"strings"
)

// The words of [Changes.News].
const (
	NewsFailing   = "failing"
	NewsRecovered = "recovered"
)

// maxNews is how many providers of a kind are named: an answer of an invocation that is handed
// on may have 256 KB.
const maxNews = 100

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

// changes returns what is new. Of an error it has the remedy, in which nothing is foreign, and
// not the detail.
func changes(results []Result) (c Changes) {
	var lines []string
	failing, recovered := 0, 0
	for _, res := range results {
		switch {
		case res.Outcome == Failed && res.Notice:
			if failing++; failing > maxNews {
				continue
			}
			n := FailureNews{res.Provider, res.Class(), res.Err.Code, remedyOf(res.Err)}
			c.Failing = append(c.Failing, n)
			line := fmt.Sprintf("%s fails: %s (%s).", n.Provider, n.Code, n.Class)
			if n.Remedy != "" {
				line += " What to do: " + n.Remedy
			}
			lines = append(lines, line)
		case res.Recovered:
			if recovered++; recovered > maxNews {
				continue
			}
			n := RecoveryNews{res.Provider, res.Was.Code}
			c.Recovered = append(c.Recovered, n)
			lines = append(lines, fmt.Sprintf("%s has recovered from %s.", n.Provider, n.Was))
		}
	}
	if failing > 0 {
		c.News = append(c.News, NewsFailing)
	}
	if recovered > 0 {
		c.News = append(c.News, NewsRecovered)
	}
	if more := max(0, failing-maxNews) + max(0, recovered-maxNews); more > 0 {
		lines = append(lines, fmt.Sprintf("And %d more.", more))
	}
	c.Text = strings.Join(lines, "\n")
	return c
}

// remedyOf returns the remedy of e, or that of the first problem of a document.
func remedyOf(e *Error) string {
	var ps Problems
	if e.Remedy == "" && errors.As(e.Err, &ps) && len(ps) > 0 {
		return ps[0].Remedy
	}
	return e.Remedy
}
