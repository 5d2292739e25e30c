package refresh_test

import (
	"testing"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// What was approved, edited or removed after a run had listed it holds for the login of that
// run: nothing is sent that is not in effect by then.
func TestWhatChangesBeforeALoginHolds(t *testing.T) {
	const other = `{"credential": "other"}`
	for _, row := range []struct {
		name   string
		change func(w *world)
		sent   string // the config that the login is by; empty: there is none
		reason refresh.Reason
		code   string
	}{
		{"nothing", func(*world) {}, "v1", refresh.NoToken, ""},
		{"it is edited", func(w *world) { w.configs["p"] = "v2" }, "v2", refresh.NoToken, ""},
		{"another text is approved", func(w *world) { w.approved["p/p"] = "v0" }, "v0", refresh.NoToken, ""},
		{"it is approved as it is", func(w *world) { w.approved["p/p"] = "v1" }, "v1", refresh.NoToken, ""},
		{"it is removed", func(w *world) { delete(w.configs, "p") }, "", refresh.Gone, ""},
		{"it is removed, and was approved", func(w *world) { delete(w.configs, "p"); w.approved["p/p"] = "v0" }, "v0", refresh.NoToken, ""},
		{"it becomes wrong", func(w *world) { w.configs["p"] = "bad" }, "", "", refresh.CodeBadConfig},
		{"it becomes unreadable", func(w *world) { w.configs["p"] = "" }, "", "", refresh.CodeBadConfig},
		{"its credential is removed", func(w *world) { delete(w.credentials, "p") }, "", refresh.NoToken, refresh.CodeNoCredential},
		{"its credential is closed", func(w *world) { w.credentials["p"] = credential{version: "c2", approvedOnly: true} }, "", refresh.NoToken, refresh.CodeNotApproved},
		{"its credential is closed, and it is approved", func(w *world) {
			w.credentials["p"] = credential{version: "c2", approvedOnly: true}
			w.approved["p/p"] = "v1"
		}, "v1", refresh.NoToken, ""},
		{"it names another credential", func(w *world) { w.configs["p"] = other }, other, refresh.NoToken, ""},
		{"it names another credential, whose owner has approved", func(w *world) {
			w.configs["p"] = `{"credential": "other", "evil": true}`
			w.approved["other/p"] = other
		}, other, refresh.NoToken, ""},
		{"it names another credential, that is not for it", func(w *world) {
			w.configs["p"] = other
			w.credentials["other"] = credential{version: "c1"}
		}, "", refresh.NoToken, refresh.CodeNotForProvider},
	} {
		w := newWorld("p")
		w.approved = map[string]string{}
		w.credentials["other"] = credential{version: "c1", providers: []string{"p"}}
		changed := false
		w.beforeLatest = func(string) {
			if !changed {
				row.change(w)
			}
			changed = true
		}
		results, _, _ := w.run(refresh.Job{})
		res := results["p"]
		if w.sent["p"] != row.sent || res.Reason != row.reason || codeOf(res.Err) != row.code {
			t.Errorf("%s: sent %q, reason %q, %v", row.name, w.sent["p"], res.Reason, res.Err)
		}
	}
}

// A config that names another credential at each look is left to the next run.
func TestAConfigThatTurnsIsLeft(t *testing.T) {
	w := newWorld("p")
	w.approved = map[string]string{}
	looks := 0
	w.beforeLatest = func(string) {
		looks++
		w.configs["p"] = []string{`{"credential": "a"}`, `{"credential": "b"}`}[looks%2]
	}
	results, _, _ := w.run(refresh.Job{})
	if res := results["p"]; codeOf(res.Err) != refresh.CodeSourceFailed || res.Class() != refresh.Transient || w.logins["p"] != 0 || looks > 2 {
		t.Errorf("%+v after %d looks", res, looks)
	}
}

// Nothing is read for those that are not due.
func TestWhatIsNotDueIsNotReadAgain(t *testing.T) {
	w := newWorld("p")
	w.run(refresh.Job{})
	w.now = w.now.Add(time.Minute)
	w.beforeLatest = func(name string) { t.Errorf("%s is read", name) }
	w.run(refresh.Job{})
}

// What is not due by the config that it has was not taken over from another run.
func TestAnEditThatIsTakenBack(t *testing.T) {
	w := newWorld("p")
	w.run(refresh.Job{})
	w.now = w.now.Add(time.Minute)
	w.configs["p"] = "v2"
	w.beforeLatest = func(string) { w.configs["p"] = "v1" }
	if res, _, err := w.run(refresh.Job{}); err != nil || res["p"].Outcome != refresh.Waiting || res["p"].Reason != refresh.Fresh || w.logins["p"] != 1 {
		t.Errorf("%+v, %v", res["p"], err)
	}
}
