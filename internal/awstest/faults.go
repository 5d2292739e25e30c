package awstest

import (
	"context"
	"net/http"
	"time"
)

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

// Throttle refuses n calls with the error of an exceeded rate.
func Throttle(n int) Fault {
	return Fault{Times: n, Error: throttled()}
}

// ServerError fails n calls with status 500, in the way that is common to all
// services.
func ServerError(n int) Fault {
	return Fault{Times: n, Error: &Error{http.StatusInternalServerError, "InternalFailure", "Something is wrong on the server's side."}}
}

// Deny refuses every call for want of permission.
func Deny() Fault {
	return Fault{Error: refuse("AccessDeniedException", "The caller is not authorized to perform this action.")}
}

// ExpireCredentials refuses every call because the caller's session is over.
func ExpireCredentials() Fault {
	return Fault{Error: refuse("ExpiredTokenException", "The security token included in the request is expired")}
}

// LoseRequest loses n calls on the way there: nothing happens.
func LoseRequest(n int) Fault { return Fault{Times: n, Lose: BeforeEffect} }

// LoseAnswer loses n calls on the way back: what they ask for has happened.
func LoseAnswer(n int) Fault { return Fault{Times: n, Lose: AfterEffect} }

// CrashBefore ends the client's world when its k-th call arrives, counted from 1.
// The call has no effect.
func CrashBefore(k int) Fault {
	return Fault{Skip: k - 1, Times: 1, Lose: BeforeEffect, Crash: true}
}

// CrashAfter ends the client's world when its k-th call has had its effect.
func CrashAfter(k int) Fault {
	return Fault{Skip: k - 1, Times: 1, Lose: AfterEffect, Crash: true}
}

// Latency holds every call back for d.
func Latency(d time.Duration) Fault { return Fault{Delay: d} }

// A fault is a Fault in place.
type fault struct {
	Fault
	action string
	seen   int                // calls that matched
	then   map[string]*secret // the state that a stale answer comes from
}

// Fail lays a fault in the way of the calls whose action matches, such as
// "secretsmanager:PutSecretValue", "ssm:*" or "*". Faults that strike the same
// call combine; of several errors the one laid first is the answer.
func (a *AWS) Fail(action string, f Fault) {
	a.mu.Lock()
	defer a.mu.Unlock()
	laid := &fault{Fault: f, action: action}
	if f.Stale {
		laid.then = map[string]*secret{}
		for name, s := range a.secrets {
			laid.then[name] = s.clone()
		}
	}
	a.faults = append(a.faults, laid)
}

// Heal takes away every fault and lets calls arrive again after a crash. Calls
// that are held by one already are not released.
func (a *AWS) Heal() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.faults = nil
	a.down = false
}

// strike picks the faults that a call runs into and counts them down.
func (a *AWS) strike(c Call) []*fault {
	var struck []*fault
	for _, f := range a.faults {
		if !matchesAction(f.action, c.Action) || f.Match != nil && !f.Match(c) {
			continue
		}
		f.seen++
		if f.seen > f.Skip && (f.Times == 0 || f.seen <= f.Skip+f.Times) {
			struck = append(struck, f)
		}
	}
	return struck
}

// hold keeps a call for as long as the faults that strike it say.
func (a *AWS) hold(ctx context.Context, strikes []*fault, c Call) {
	for _, s := range strikes {
		if s.Before != nil {
			s.Before(c)
		}
		if s.Hang {
			<-ctx.Done()
		} else if s.Delay > 0 {
			a.options.Wait(ctx, s.Delay)
		}
	}
}

// obstacle is the error that a call is answered with before anybody looks at it.
func (a *AWS) obstacle(r *request, strikes []*fault) error {
	for _, s := range strikes {
		if s.Error != nil {
			return s.Error
		}
	}
	return a.spend(r.call.Action, r.now)
}

// lose tells whether the call is lost at that moment, and everything else with it.
func (a *AWS) lose(strikes []*fault, m Moment) bool {
	lost := false
	for _, s := range strikes {
		if s.Lose == m {
			lost = true
			a.down = a.down || s.Crash
		}
	}
	return lost
}
