package refresh_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// counting counts how often the version of each credential is asked for, and in how many calls.
type counting struct {
	source
	mu    sync.Mutex
	asked map[string]int
	calls int
	most  int // in a call
}

func (c *counting) CredentialVersions(ctx context.Context, names []string) []refresh.CredentialVersion {
	c.mu.Lock()
	for _, name := range names {
		c.asked[name]++
	}
	c.calls++
	c.most = max(c.most, len(names))
	c.mu.Unlock()
	return c.source.CredentialVersions(ctx, names)
}

// Providers that wait for an edit cost a look at a hundred credentials a tick at most, ten in a call, and an edit of each is
// seen within as many ticks as there are hundreds of them.
func TestManyThatWaitForAnEdit(t *testing.T) {
	for _, n := range []int{100, 350} {
		w := newWorld()
		for i := range n {
			name := fmt.Sprintf("p%03d", i)
			w.configs[name], w.credentials[name] = "v1", credential{version: "c"}
			w.answer(name, refuse)
		}
		w.run(refresh.Job{})
		from := &counting{source: source{w}, asked: map[string]int{}}
		turns := (n + 99) / 100
		for tick := range turns {
			before, calls := len(from.asked), from.calls
			w.now = w.now.Add(time.Minute)
			r := w.runner()
			r.Source = from
			report, _ := r.Run(context.Background(), refresh.Job{})
			if asked := len(from.asked) - before; asked > 100 || asked == 0 {
				t.Errorf("%d wait: %d were looked at in tick %d", n, asked, tick)
			}
			if made := from.calls - calls; made > 10 {
				t.Errorf("%d wait: they were looked at in %d calls", n, made)
			}
			if report.CountClass(refresh.Misconfigured) != n {
				t.Errorf("%d wait, and %d count as failing", n, report.CountClass(refresh.Misconfigured))
			}
		}
		if from.most != 10 {
			t.Errorf("%d wait: up to %d were looked at in a call", n, from.most)
		}
		if len(from.asked) != n {
			t.Errorf("%d wait: %d were looked at in %d ticks", n, len(from.asked), turns)
		}
		// A run that names one need not wait.
		last := fmt.Sprintf("p%03d", n-1)
		w.credentials[last] = credential{version: "edited"}
		w.answer(last, nil)
		if res, _, err := w.run(refresh.Job{Only: []string{last}}); err != nil || res[last].Outcome != refresh.Refreshed {
			t.Errorf("%d wait: named, %s is %s: %v", n, last, res[last].Outcome, err)
		}
	}
}

func TestAnEditedCredentialIsTriedAtOnce(t *testing.T) {
	w := newWorld("a")
	w.answer("a", refuse)
	w.run(refresh.Job{})
	w.now = w.now.Add(time.Minute)
	w.answer("a", nil)
	if res, _, _ := w.run(refresh.Job{}); res["a"].Outcome != refresh.Waiting {
		t.Fatalf("asked again without an edit: %+v", res["a"])
	}
	w.credentials["a"] = credential{version: "c2"}
	res, _, err := w.run(refresh.Job{})
	if err != nil || res["a"].Outcome != refresh.Refreshed || !res["a"].Recovered || w.secrets["a"].state.Note != (refresh.Note{}) {
		t.Errorf("%+v, %v", res["a"], err)
	}
}

// To remove a credential whose login was rejected is to edit it: what is wrong now is another thing.
func TestARemovedCredentialIsReported(t *testing.T) {
	w := newWorld("a")
	w.answer("a", refuse)
	w.run(refresh.Job{})
	delete(w.credentials, "a")
	w.now = w.now.Add(time.Minute)
	if res, _, _ := w.run(refresh.Job{}); codeOf(res["a"].Err) != refresh.CodeNoCredential || w.logins["a"] != 1 {
		t.Errorf("%+v, after %d logins", res["a"], w.logins["a"])
	}
}

func TestAMissingCredentialIsTriedWhenItIsThere(t *testing.T) {
	w := newWorld("a")
	delete(w.credentials, "a")
	res, _, err := w.run(refresh.Job{})
	if err == nil || res["a"].Err.Code != refresh.CodeNoCredential || w.logins["a"] != 0 {
		t.Fatalf("%+v, %v", res["a"], err)
	}
	w.credentials["a"] = credential{version: "c1"}
	w.now = w.now.Add(time.Minute)
	if res, _, _ := w.run(refresh.Job{}); res["a"].Outcome != refresh.Refreshed || !res["a"].Recovered {
		t.Errorf("%+v", res["a"])
	}
}

func TestAnEditedConfigIsTriedAtOnce(t *testing.T) {
	w := newWorld("a")
	w.run(refresh.Job{})
	w.now = w.now.Add(time.Minute)
	w.configs["a"] = "v2"
	w.answer("a", refuse)
	res, _, _ := w.run(refresh.Job{})
	if res["a"].Reason != refresh.ConfigChanged || res["a"].Outcome != refresh.Failed {
		t.Fatalf("%+v", res["a"])
	}
	// Put back, the token that is there is good, and the failure has ended.
	w.configs["a"] = "v1"
	w.now = w.now.Add(time.Minute)
	res, report, err := w.run(refresh.Job{})
	if err != nil || res["a"].Reason != refresh.Fresh || !res["a"].Recovered || report.CountClass(refresh.Misconfigured) != 0 || w.logins["a"] != 2 {
		t.Errorf("%+v, %v, %d logins", res["a"], err, w.logins["a"])
	}
}
