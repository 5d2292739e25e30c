package refresh

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// A task is one provider of a run.
type task struct {
	Provider
	revision string             // of its config, as listed: a hint
	edited   time.Time          // when its config was; zero: not known
	state    State              // as listed: a hint
	bad      *Error             // what is wrong with its config
	slot     *slot              // its turn to log in; nil: it has not come
	named    bool               // the job names it, and nothing of its secret was listed
	listed   bool               // a config of it was seen
	seen     time.Time          // when its secret was last opened; zero: the state is as listed
	looked   *CredentialVersion // of its credential, where that was looked at
	doubted  bool               // a list shows another state, which may lag
	read     Reading            // of config and credential; see visit.latest
}

// newTask understands d. A config that is wrong gives a task that is bad.
func newTask(parser Parser, d Document, state State) task {
	state.Name = d.Name
	t := task{state: state, revision: d.Version, edited: d.Edited}
	var err error
	if t.Provider, err = Understand(parser, d); err == nil {
		return t
	}
	ps, ok := errors.AsType[Problems](err)
	if !ok {
		ps = Problems{{Where: d.Where, Detail: err.Error()}}
	}
	// So that an edit of a bad config is distinguished from the same one met again.
	t.Provider = Provider{Name: d.Name, Where: d.Where, Config: NewFingerprint([]byte(d.Data.Reveal()))}
	t.bad = &Error{Class: Misconfigured, Code: CodeBadConfig, Detail: ps.Error(), Err: ps}
	return t
}

// Understand understands a config as a run does, unless it could not be read, its name is not
// allowed, or it is a copy that uses another credential than its approver's. A panic over one config
// stops no other, and its value is not printed. The error may be [Problems].
func Understand(parser Parser, d Document) (p Provider, err error) {
	if err := cmp.Or(d.Err, CheckName(d.Name)); err != nil {
		return Provider{}, err
	}
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("a panic of type %T while reading it: this is a bug in tokenkeeper", v)
		}
	}()
	p, err = parser.Provider(d)
	p.Approved = d.Approver != ""
	if err == nil && p.Approved && p.Credential != d.Approver {
		err = Problems{{Where: d.Where, Path: "credential", Value: fmt.Sprintf("%q", p.Credential),
			Detail: fmt.Sprintf("is another credential than %q, whose owner approved this copy", d.Approver),
			Remedy: "remove this copy, and have the owner of the credential that is meant run 'tokenkeeper approve " + d.Name + "'"}}
	}
	return p, err
}

// blocked returns why a secret must not be touched, or nil.
func (t task) blocked(d Decision) *Error {
	if e := t.state.Blocked; e != nil && d.Reason == Reason(e.Code) {
		return e
	}
	if d.Reason == NotOurs {
		return &Error{Class: Misconfigured, Code: string(NotOurs),
			Detail: "a secret of that name exists without the tag tokenkeeper:owner of this deployment, so it is not touched",
			Remedy: "if it may be replaced, run 'tokenkeeper adopt NAME'; else rename the provider"}
	}
	return nil
}

// result returns what is known of t once d was decided and o came of it.
func (t task) result(o Outcome, d Decision) Result {
	return Result{Provider: t.Name, Outcome: o, Reason: d.Reason, Next: d.Next, State: t.state, Note: t.state.LiveNote(t.Config)}
}

// leastTime returns how long a login of t is given at least.
func (t task) leastTime() time.Duration {
	switch {
	case t.Rotates:
		return claimTime + 2*t.Timeout
	case t.Supersedes:
		return onceTime
	}
	return loginTime
}

// idle reports whether nothing needs to be looked at for one that is not due.
func (d Decision) idle(st State) bool {
	return d.Reason == Paused || d.Reason == Fresh && st.Note.Class == ""
}

// dueSince returns since when t has been due: since its token was to be replaced, its config was
// edited, or the last failure was to be tried again; for a tick, where nothing says since when.
func (s Schedule) dueSince(t task, now time.Time) time.Time {
	since := t.edited
	if v, ok := t.state.current(); ok && v.Config == t.Config {
		since = s.For(t.Provider).DueAt(t.Name, v)
	} else if since.IsZero() {
		since = now.Add(-s.Tick)
	}
	return earlier(later(since, t.state.LiveNote(t.Config).Next), now)
}

// A memory is what a process keeps from one run to the next, so that a run can begin before it has
// listed anything. All of it is a hint: a config is read again before each login.
type memory struct {
	tasks map[string]task // the providers: see task.hint
	whole bool            // among them those of all secrets
	// listed is when the last complete listing of all configs began; zero: there was none.
	listed  time.Time
	listing listing // the one under way, which may take several runs
}

// A listing is how far configs are listed.
type listing struct {
	began     time.Time
	from      string                // where the next page begins
	copies    map[string][]Document // the approved ones, by provider
	documents int                   // how many of all there are
	seen      map[string]bool       // the providers that were found
}

// hint returns t as it is kept: without what asks the provider, and what belongs to one run.
func (t task) hint() task {
	t.Endpoint, t.Probe, t.Encode = nil, nil, nil
	t.slot, t.named, t.doubted, t.looked, t.read = nil, false, false, nil, Reading{}
	return t
}

// mostFailed bounds how many providers an edited credential has looked at, whose configs are read
// one after the other. The next tick finds the rest.
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
