package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// An ignoredAnswer says why an event was not acted on.
type ignoredAnswer struct {
	Ignored string `json:"ignored"`
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
