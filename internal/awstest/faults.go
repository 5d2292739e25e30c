package awstest

import (
	"context"
	"net/http"
	"time"
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

// ExpireCredentials refuses every call because the caller's session has expired.
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

// obstacle is the error that a call is answered with before any state is looked at.
func (a *AWS) obstacle(r *request, strikes []*fault) error {
	for _, s := range strikes {
		if s.Error != nil {
			return s.Error
		}
	}
	return a.spend(r.call.Action, r.now)
}

// Cut breaks every connection that is open now, under way or idle in a client's pool, as a
// network does that fails over: with a reset, or silently, so that nothing arrives any more
// and neither end is notified. Connections made later work.
func (a *AWS) Cut(silently bool) { a.network.cut(silently) }

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

// lose reports whether the call is lost at that moment, and everything else with it.
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
