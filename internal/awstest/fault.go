package awstest

import "time"

// A Fault is trouble that strikes calls. Its fields combine; the zero Fault
// strikes every call and does nothing.
type Fault struct {
	// Match narrows the calls down further than the action given to Fail. Nil
	// matches all of them. It is called with the fake locked: it must not call
	// the fake.
	Match func(Call) bool

	// Skip is how many matching calls pass before the first is struck, Times how
	// many are struck then. Zero Times strikes until Heal.
	Skip, Times int

	// Before is called when a call has arrived and nothing has happened yet,
	// After when it has had its effect and the answer is about to leave.
	Before, After func(Call)

	// Delay holds the call back before its effect; Hang holds it back until the
	// client gives up or the fake is closed. A call whose client has given up in
	// the meantime has no effect any more.
	Delay time.Duration
	Hang  bool

	// Error is the answer instead of any effect.
	Error *Error

	// Lose closes the connection without an answer.
	Lose Moment

	// Crash, together with Lose, keeps every later call from arriving, until Heal.
	Crash bool

	// Rewrite edits a good answer as it leaves; state is not touched.
	Rewrite func(answer map[string]any)

	// Stale answers from Secrets Manager's state as it was when the fault was
	// laid: "All Secrets Manager operations are eventually consistent". For
	// DescribeSecret and GetSecretValue; an operation that writes would be lost.
	Stale bool
}

// A Moment is when something happens to a call, seen from its effect.
type Moment int

const (
	Never Moment = iota
	BeforeEffect
	AfterEffect
)

// A fault is a Fault in place.
type fault struct {
	Fault
	action string
	seen   int                // calls that matched
	then   map[string]*secret // the state that a stale answer comes from
}
