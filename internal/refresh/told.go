package refresh

import (
	"slices"
	"sync"
)

// A told remembers which failures were reported that no note can remember: the secret is
// missing, takes no write, or is not ours. It lasts as long as the process, so that one that
// is replaced reports them again.
type told struct {
	mu       sync.Mutex
	texts    map[string]string   // of failures, by provider
	warnings map[string][]string // of the last login, by provider
}

// news returns the warnings of a login that the one before did not have: an answer has them
// each time.
func (t *told) news(provider string, warnings []string) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := t.warnings[provider]
	if t.warnings == nil {
		t.warnings = map[string][]string{}
	}
	t.warnings[provider] = warnings
	return slices.DeleteFunc(slices.Clone(warnings), func(w string) bool { return slices.Contains(before, w) })
}

// once has a failure be reported by the first run that meets it: later it persists, and is
// counted, as one does that waits for an edit.
func (t *told) once(res *Result) {
	t.mu.Lock()
	defer t.mu.Unlock()
	st := res.State
	switch {
	case res.Outcome == Skipped:
	case res.Err == nil || res.Err.Class != Misconfigured || st.Exists && st.Owned && !st.Deleting && st.Blocked == nil:
		delete(t.texts, res.Provider)
	case t.texts[res.Provider] == res.Err.Error():
		res.Outcome, res.Notice = Waiting, false
	default:
		if t.texts == nil {
			t.texts = map[string]string{}
		}
		t.texts[res.Provider] = res.Err.Error()
	}
}
