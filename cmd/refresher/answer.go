package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/refresh"
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
// the text, and hands both on, and nothing else of an invocation that fails.
type RefreshFailed struct{ err error }

// RefreshFailedWithNews is a RefreshFailed in which a provider began to fail, or recovered: its
// text says so to people first. The template's rule for failures knows it by its name.
type RefreshFailedWithNews struct {
	RefreshFailed
	news refresh.Summary
}

// failed returns the error of an invocation that came to err and had that to report.
func failed(err error, s refresh.Summary) error {
	if len(s.News) == 0 {
		return &RefreshFailed{err}
	}
	return &RefreshFailedWithNews{RefreshFailed{err}, s}
}

// maxFailures is how many providers an error names beside the news: readers of more read the
// log.
const maxFailures = 20

func (e *RefreshFailed) Error() string { return shortened(strings.Split(e.err.Error(), "\n")) }

func (e *RefreshFailed) Unwrap() error { return e.err }

// Error has a line for each piece of news, and then what failed before already.
func (e *RefreshFailedWithNews) Error() string {
	lines := strings.Split(e.err.Error(), "\n")
	for _, n := range e.news.Failing {
		said := (&refresh.ProviderError{Provider: n.Provider, Class: n.Class, Code: n.Code}).Error()
		lines = slices.DeleteFunc(lines, func(line string) bool { return line == said })
	}
	if len(lines) == 0 {
		return e.news.Text
	}
	return e.news.Text + "\n" + shortened(lines)
}

func shortened(lines []string) string {
	if more := len(lines) - maxFailures; more > 0 {
		lines = append(lines[:maxFailures], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(lines, "\n")
}

var errNoMetrics = errors.New("writing the line of metrics failed")
