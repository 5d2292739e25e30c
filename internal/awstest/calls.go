package awstest

import (
	"bytes"
	"slices"
)

// Calls lists the calls since the start or the last Reset, in order of arrival.
// One that is still held by a Fault has an empty Code.
func (a *AWS) Calls() []Call {
	a.mu.Lock()
	defer a.mu.Unlock()
	calls := slices.Clone(a.calls)
	copies := make([]Call, len(calls))
	for i, c := range calls {
		copies[i] = *c
		copies[i].Needed = slices.Clone(c.Needed)
	}
	return copies
}

// Count counts the calls since the last Reset whose action matches one of the
// patterns, in which * and ? are wildcards. Without patterns it counts all.
func (a *AWS) Count(actions ...string) int {
	n := 0
	for _, c := range a.Calls() {
		if len(actions) == 0 || slices.ContainsFunc(actions, func(p string) bool { return matchesAction(p, c.Action) }) {
			n++
		}
	}
	return n
}

// Sent lists the calls since the last Reset whose body contains text.
func (a *AWS) Sent(text string) []Call {
	return slices.DeleteFunc(a.Calls(), func(c Call) bool { return !bytes.Contains(c.Body, []byte(text)) })
}

// Reset forgets the calls so far. State, faults and quotas stay.
func (a *AWS) Reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = nil
}

// arrive records a call and picks the faults that strike it. It returns nil
// after a crash, when nothing arrives any more.
func (a *AWS) arrive(action string, in input, body []byte) (*Call, []*fault) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.down {
		return nil, nil
	}
	call := &Call{Action: action, Time: a.options.Now(), Body: body}
	if in != nil {
		if needed := in.needs(a); len(needed) > 0 {
			call.Resource = needed[0].Resource
		}
	}
	a.calls = append(a.calls, call)
	return call, a.strike(*call)
}

func (a *AWS) copyOf(call *Call) Call {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := *call
	c.Needed = slices.Clone(call.Needed)
	return c
}
