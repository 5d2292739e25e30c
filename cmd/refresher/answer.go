package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// An answer is what a synchronous invocation returns: the report, in words of ours.
type answer struct {
	At        time.Time        `json:"at"`
	Providers []providerAnswer `json:"providers"`
	Orphans   []string         `json:"orphans,omitempty"`
}

type providerAnswer struct {
	Provider  string          `json:"provider"`
	Outcome   refresh.Outcome `json:"outcome"`
	Reason    refresh.Reason  `json:"reason,omitempty"`
	Class     refresh.Class   `json:"class,omitempty"`
	Code      string          `json:"code,omitempty"`
	Next      time.Time       `json:"next,omitzero"`
	ExpiresAt time.Time       `json:"expires_at,omitzero"`
}

// An ignoredAnswer says why an event was not acted on.
type ignoredAnswer struct {
	Ignored string `json:"ignored"`
}

func newAnswer(r *refresh.Report) answer {
	a := answer{At: r.At.Truncate(time.Second), Providers: make([]providerAnswer, len(r.Results)), Orphans: r.Orphans}
	for i, res := range r.Results {
		a.Providers[i] = providerAnswer{
			Provider:  res.Provider,
			Outcome:   res.Outcome,
			Reason:    res.Reason,
			Class:     res.Class(),
			Code:      res.Note.Code,
			Next:      res.Next,
			ExpiresAt: res.State.ExpiresAt(),
		}
		if res.Err != nil {
			a.Providers[i].Code = res.Err.Code
		}
	}
	return a
}

func marshal(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encoding the answer: %w", err)
	}
	return data, nil
}

// RefreshFailed is the error of an invocation. Lambda shows the name of the type beside
// the text.
type RefreshFailed struct{ err error }

// maxFailures is how many providers an error names: who reads more reads the log.
const maxFailures = 20

func (e *RefreshFailed) Error() string {
	lines := strings.Split(e.err.Error(), "\n")
	if more := len(lines) - maxFailures; more > 0 {
		lines = append(lines[:maxFailures], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(lines, "\n")
}

func (e *RefreshFailed) Unwrap() error { return e.err }

var errNoMetrics = errors.New("writing the line of metrics failed")
