package refresh

import (
	"slices"
	"sync"
	"time"
)

// A reportedOnce remembers what was reported and no note remembers, such as the failure of a secret
// that cannot be opened, takes no write, or is not ours. It lasts as long as the process.
type reportedOnce struct {
	mu        sync.Mutex
	failures  map[string]unnoted  // by provider
	warnings  map[string][]string // of the last login, by provider
	proposals map[string]string   // their versions, by provider
}

// An unnoted is a failure that is remembered here alone.
type unnoted struct {
	Note
	text string // distinguishes it from others
}

// newWarnings returns the warnings of a login that the one before did not have.
func (t *reportedOnce) newWarnings(provider string, warnings []string) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := t.warnings[provider]
	if t.warnings == nil {
		t.warnings = map[string][]string{}
	}
	t.warnings[provider] = warnings
	return slices.DeleteFunc(slices.Clone(warnings), func(w string) bool { return slices.Contains(before, w) })
}

// newEdits returns the proposals of configs that were not reported in this version yet.
func (t *reportedOnce) newEdits(configs []Config) (list []Edit) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.proposals == nil {
		t.proposals = map[string]string{}
	}
	for _, c := range configs {
		if p := c.Proposal; p != nil {
			if version, ok := t.proposals[c.Name]; !ok || version != p.Version {
				t.proposals[c.Name] = p.Version
				list = append(list, Edit{Provider: c.Name, Where: p.Where, Approved: c.Where})
			}
		}
	}
	return list
}

// failure has the first run that meets a failure report it as new, and the first that does not its
// end. Later runs fail again, unless nothing can be tried before the secret is edited: then the
// failure counts as one that waits for an edit.
func (t *reportedOnce) failure(res *Result, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before, known := t.failures[res.Provider]
	switch {
	case res.Outcome == Skipped || res.Reason == Paused:
	case res.Err == nil || res.noted:
		delete(t.failures, res.Provider)
		if known && res.Err != nil && res.Err.Code == before.Code {
			res.Notice = false // it was reported before it could be noted
		}
		if known && !res.Recovered && !res.Note.Class.Failing() && res.Reason != Gone {
			res.Recovered, res.Was = true, before.Note
		}
	case res.Notice:
		now = now.Truncate(time.Second)
		f := unnoted{Note: Note{Class: res.Err.Class, Code: res.Err.Code, Since: now, Last: now}, text: res.Err.Code}
		if f.Class == Misconfigured {
			f.text = res.Err.Error()
		}
		if known && before.text == f.text {
			res.Notice = false
			if f.Class == Misconfigured && !res.State.notable() {
				res.Outcome = Waiting
			}
			return
		}
		if t.failures == nil {
			t.failures = map[string]unnoted{}
		}
		t.failures[res.Provider] = f
	}
}
