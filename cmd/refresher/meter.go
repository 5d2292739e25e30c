package main

import (
	"sync/atomic"

	"example.com/tokenkeeper/internal/awscall"
)

// A meter counts calls to AWS, each attempt of one for itself. The zero meter is ready; it may be used at any time.
type meter struct {
	calls, throttles atomic.Int64
}

// A usage is what a meter has counted.
type usage struct {
	// calls is how many requests were sent, and throttles how many of them were refused
	// for being too many.
	calls, throttles int64
}

// take returns what was counted since the last take.
func (m *meter) take() usage {
	return usage{calls: m.calls.Swap(0), throttles: m.throttles.Swap(0)}
}

// count counts an attempt that ended with err.
func (m *meter) count(err error) {
	m.calls.Add(1)
	if awscall.Throttled(err) {
		m.throttles.Add(1)
	}
}
