// Package doctor looks at everything that a deployment needs beside its providers: who asks,
// what runs, who hears of it, and the limits of the account. It changes nothing, reads no
// token and no credential, and goes on where it may not look.
package doctor

import (
	"errors"

	"example.com/tokenkeeper/internal/refresh"
)

// A Word says what came of one look.
type Word string

// The words, the worst first.
const (
	NotServed Word = "not_served" // applications cannot use a token
	NotLooked Word = "not_looked"
	Bad       Word = "bad"       // it keeps tokens from being replaced, or news from being heard
	Attention Word = "attention" // it will, or may
	Well      Word = "well"
)

// A Finding is what one look has found.
type Finding struct {
	// Of says what was looked at.
	Of    string `json:"of"`
	State Word   `json:"state"`
	// Detail says what is so, Remedy what to do about it, and Command how.
	Detail  string `json:"detail"`
	Remedy  string `json:"remedy,omitempty"`
	Command string `json:"command,omitempty"`
}

func well(of, detail string) Finding { return Finding{Of: of, State: Well, Detail: detail} }

// notLooked says why something could not be seen.
func notLooked(of string, err error) Finding {
	f := Finding{Of: of, State: NotLooked, Detail: err.Error()}
	if e, ok := errors.AsType[*refresh.Error](err); ok {
		f.Detail, f.Remedy = e.Detail, e.Remedy
	}
	return f
}

// Worst returns the worst word of all.
func Worst(findings []Finding) Word {
	worst := Well
	for _, f := range findings {
		if rank[f.State] < rank[worst] {
			worst = f.State
		}
	}
	return worst
}

var rank = map[Word]int{NotServed: 0, NotLooked: 1, Bad: 2, Attention: 3, Well: 4}
