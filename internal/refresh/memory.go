package refresh

import (
	"slices"
	"time"
)

// A memory is what a process keeps from one run to the next, so that a run can begin before it
// has listed anything. All of it is a hint, and nothing in it can ask a provider: a config is
// read again, and only then understood, before each login.
type memory struct {
	// tasks are the providers, without what asks them: see task.hint. Where whole is not set,
	// not even what the secrets say is among them.
	tasks map[string]task
	whole bool
	// listed is when the last listing of all configs began that came to its end; zero: none did.
	listed time.Time
	// listing is the one under way, which may take several runs.
	listing listing
}

// A listing is how far configs are listed.
type listing struct {
	began time.Time
	from  string // where the next page begins
	// copies are the approved ones, by provider, and documents is how many of all there are.
	copies    map[string][]Document
	documents int
	// seen has the providers that were found.
	seen map[string]bool
}

// lagTime is how old a list of secrets may be (Secrets Manager API reference, ListSecrets).
const lagTime = 5 * time.Minute

// hint returns t as it is kept: without what asks the provider, and what belongs to one run.
func (t task) hint() task {
	t.Endpoint, t.Probe, t.Encode = nil, nil, nil
	t.slot, t.named, t.doubted, t.looked, t.read = nil, false, false, nil, Reading{}
	return t
}

// seed returns the hint that a secret is: its token was asked for with the config that the
// provider has still, as far as is known. Of one without such a token ok is false.
func seed(s State) (_ task, ok bool) {
	v, ok := s.current()
	return task{Provider: Provider{Name: s.Name, Credential: s.Name, Config: v.Config}, state: s}, ok && s.Owned
}

// found returns t with the state that a list of secrets shows. Where that is older than what a
// run of this process has seen, and not for longer than lists may lag, t stays as it is, and is
// doubted.
func (t task) found(s State, now time.Time) task {
	known, ok := t.state.current()
	v, listed := s.current()
	t.doubted = now.Sub(t.seen) < lagTime && ok && (s.Current == "" || listed && v.IssuedAt.Before(known.IssuedAt))
	if !t.doubted {
		t.state = s
		t.state.Name = t.Name
	}
	return t
}

// mostFailed bounds how many providers an edited credential has looked at beside what is named:
// their configs are read one after the other, and the next tick finds the rest.
const mostFailed = 100

// failedWith returns the providers whose last login failed, and which use one of the credentials.
func (m *memory) failedWith(credentials []string) (names []string) {
	for name, t := range m.tasks {
		if len(names) < mostFailed && slices.Contains(credentials, t.Credential) && t.state.LiveNote(t.Config).Class.Failing() {
			names = append(names, name)
		}
	}
	return names
}
