package awscall

import (
	"sync/atomic"

	"github.com/aws/smithy-go/middleware"
)

// A Meter counts calls to AWS, each attempt of one for itself. Its Attach is one of the
// APIOptions of an aws.Config. The zero Meter is ready; it may be used at any time.
type Meter struct {
	calls, throttles atomic.Int64
}

// A Usage is what a [Meter] has counted.
type Usage struct {
	// Calls is how many requests were sent, and Throttles how many of them were refused
	// for being too many.
	Calls, Throttles int64
}

// Take returns what was counted since the last Take.
func (m *Meter) Take() Usage {
	return Usage{Calls: m.calls.Swap(0), Throttles: m.throttles.Swap(0)}
}

// Attach puts m where it sees every attempt of a call, and the error that its answer is.
func (m *Meter) Attach(stack *middleware.Stack) error {
	return afterAttempts("tokenkeeper.Meter", func(err error) {
		m.calls.Add(1)
		if throttled(err) {
			m.throttles.Add(1)
		}
	})(stack)
}
