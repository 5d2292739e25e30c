package refresh_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

func proposed(name, text string) refresh.Document {
	return refresh.Document{Name: name, Where: "providers/" + name, Version: "p-" + text, Data: secret.New(text)}
}

func copied(credential, name, text string) refresh.Document {
	return refresh.Document{Name: name, Approver: credential, Where: "approved/" + credential + "/" + name, Data: secret.New(text)}
}

func unreadable(d refresh.Document) refresh.Document {
	d.Err = errors.New("it is encrypted")
	return d
}

// Which document is in effect, what is proposed beside it, and which copies have no effect.
func TestEffective(t *testing.T) {
	const own, shared, other = `{}`, `{"credential": "shared"}`, `{"credential": "other"}`
	for _, row := range []struct {
		name     string
		docs     []refresh.Document
		config   string // of a, by place
		proposal string
		idle     []string
	}{
		{"nothing is approved", []refresh.Document{proposed("a", own)}, "providers/a", "", nil},
		{"the same bytes are approved", []refresh.Document{proposed("a", own), copied("a", "a", own)}, "approved/a/a", "", nil},
		{"another text is proposed", []refresh.Document{proposed("a", own), copied("a", "a", `{ }`)}, "approved/a/a", "providers/a", nil},
		{"the proposal was deleted", []refresh.Document{copied("a", "a", own)}, "approved/a/a", "", nil},
		{"the proposal names another credential", []refresh.Document{proposed("a", other), copied("a", "a", own)}, "approved/a/a", "providers/a", nil},
		{"the proposal is no JSON", []refresh.Document{proposed("a", `{`), copied("a", "a", own)}, "approved/a/a", "providers/a", nil},
		{"the proposal cannot be read", []refresh.Document{unreadable(proposed("a", own)), copied("a", "a", own)}, "approved/a/a", "providers/a", nil},
		{"the copy cannot be read", []refresh.Document{proposed("a", own), unreadable(copied("a", "a", own))}, "approved/a/a", "", nil},
		{"the copy cannot be read, and differs", []refresh.Document{proposed("a", other), unreadable(copied("a", "a", own))}, "approved/a/a", "providers/a", nil},

		{"the credential of another name", []refresh.Document{proposed("a", shared), copied("shared", "a", shared)}, "approved/shared/a", "", nil},
		{"the same, edited otherwise", []refresh.Document{proposed("a", `{"credential": "shared", "scope": "all", "scoop": 1}`), copied("shared", "a", shared)}, "approved/shared/a", "providers/a", nil},
		{"the proposal turned to another credential", []refresh.Document{proposed("a", other), copied("shared", "a", shared)}, "providers/a", "", []string{"approved/shared/a"}},
		{"the proposal turned to its own", []refresh.Document{proposed("a", own), copied("shared", "a", shared)}, "providers/a", "", []string{"approved/shared/a"}},
		{"the proposal became unreadable", []refresh.Document{proposed("a", `{`), copied("shared", "a", shared)}, "providers/a", "", []string{"approved/shared/a"}},
		{"the proposal became encrypted", []refresh.Document{unreadable(proposed("a", shared)), copied("shared", "a", shared)}, "providers/a", "", []string{"approved/shared/a"}},
		{"the proposal was deleted, and the credential has another name", []refresh.Document{copied("shared", "a", shared)}, "", "", []string{"approved/shared/a"}},
		{"a squatter", []refresh.Document{proposed("a", own), copied("mallory", "a", `{"credential": "mallory"}`)}, "providers/a", "", []string{"approved/mallory/a"}},
		{"a squatter beside the owner", []refresh.Document{proposed("a", `{"credential": "mallory"}`), copied("a", "a", own), copied("mallory", "a", `{"credential": "mallory"}`)},
			"approved/a/a", "providers/a", []string{"approved/mallory/a"}},
		{"a squatter without any config", []refresh.Document{copied("mallory", "a", `{"credential": "mallory"}`)}, "", "", []string{"approved/mallory/a"}},
		{"two owners, and the config names one", []refresh.Document{proposed("a", other), copied("other", "a", other), copied("shared", "a", shared)},
			"approved/other/a", "", []string{"approved/shared/a"}},
		{"a copy of another provider", []refresh.Document{proposed("a", own), copied("a", "b", own)}, "providers/a", "", []string{"approved/a/b"}},
	} {
		for _, docs := range [][]refresh.Document{row.docs, backwards(row.docs)} {
			configs, idle := refresh.Effective(docs)
			config, proposal := "", ""
			for _, c := range configs {
				if c.Name != "a" {
					t.Errorf("%s: there is a config of %q", row.name, c.Name)
				}
				config = c.Where
				if c.Proposal != nil {
					proposal = c.Proposal.Where
				}
			}
			var without []string
			for _, d := range idle {
				without = append(without, d.Where)
			}
			slices.Sort(without)
			if diff := cmp.Diff([]any{row.config, row.proposal, row.idle}, []any{config, proposal, without}); diff != "" {
				t.Errorf("%s: config, proposal, without effect (-want +got):\n%s", row.name, diff)
			}
		}
	}
}

func backwards(docs []refresh.Document) []refresh.Document {
	docs = slices.Clone(docs)
	slices.Reverse(docs)
	return docs
}

// Whatever is listed: a provider has at most one config; a copy under the name of the
// provider is it; and no document of an owner that neither the name nor providers/ names is.
func TestEffectiveHoldsToItsRule(t *testing.T) {
	names := []string{"a", "b", "c"}
	rapid.Check(t, func(t *rapid.T) {
		open := map[string]string{}
		own := map[string]bool{}
		var docs []refresh.Document
		text := rapid.SampledFrom([]string{`{}`, `{"credential": "a"}`, `{"credential": "b"}`, `{"credential": 1}`, `{`})
		for _, name := range names {
			if rapid.Bool().Draw(t, "open") {
				d := proposed(name, text.Draw(t, "text"))
				open[name], _ = d.CredentialName()
				docs = append(docs, d)
			}
			for _, credential := range names {
				if rapid.Bool().Draw(t, "copied") {
					docs = append(docs, copied(credential, name, text.Draw(t, "copy")))
					own[name] = own[name] || credential == name
				}
			}
		}
		configs, idle := refresh.Effective(rapid.Permutation(docs).Draw(t, "order"))
		seen, proposals := map[string]bool{}, 0
		for _, c := range configs {
			if seen[c.Name] {
				t.Fatalf("%s has two configs", c.Name)
			}
			seen[c.Name] = true
			if own[c.Name] && c.Approver != c.Name {
				t.Fatalf("%s runs %s beside its own copy", c.Name, c.Where)
			}
			if named, ok := open[c.Name]; c.Approver != "" && c.Approver != c.Name && (!ok || named != c.Approver) {
				t.Fatalf("%s runs %s, and providers/ names %q", c.Name, c.Where, named)
			}
			if c.Proposal != nil {
				proposals++
				if c.Approver == "" || c.Proposal.Approver != "" || c.Proposal.Data.Reveal() == c.Data.Reveal() {
					t.Fatalf("%s has the proposal %s", c.Where, c.Proposal.Where)
				}
			}
		}
		for _, name := range names {
			if _, ok := open[name]; (ok || own[name]) && !seen[name] {
				t.Fatalf("%s has no config", name)
			}
		}
		for _, d := range idle {
			if d.Approver == "" {
				t.Fatalf("%s has no effect", d.Where)
			}
		}
	})
}

// What an operator does with documents, with and without the word of the credential's owner:
// whose bytes are sent, or which code says why none are.
func TestWhoseBytesAreSent(t *testing.T) {
	const refused, wrong, none, foreign = refresh.CodeNotApproved, refresh.CodeBadConfig, "no config", refresh.CodeNotForProvider
	named := func(credential, text string) string {
		return fmt.Sprintf(`{"credential": %q, "scope": %q}`, credential, text)
	}
	for _, row := range []struct {
		name string
		do   func(w *world)
		of   string // provider; p where empty
		open string // the bytes sent, or the code
		only string // the same with approved_only
	}{
		// The credential has the provider's name.
		{"nothing is approved", func(w *world) { delete(w.approved, "p/p") }, "", named("p", "one"), refused},
		{"approved as it is", func(*world) {}, "", named("p", "one"), named("p", "one")},
		{"the proposal is edited", func(w *world) { w.configs["p"] = named("p", "evil") }, "", named("p", "one"), named("p", "one")},
		{"the proposal is broken", func(w *world) { w.configs["p"] = "bad" }, "", named("p", "one"), named("p", "one")},
		{"the proposal is deleted", func(w *world) { delete(w.configs, "p") }, "", named("p", "one"), named("p", "one")},
		{"the proposal is encrypted", func(w *world) { w.configs["p"] = "" }, "", named("p", "one"), named("p", "one")},
		{"the proposal names another credential", func(w *world) { w.configs["p"] = named("other", "evil") }, "", named("p", "one"), named("p", "one")},
		{"the copy is deleted", func(w *world) { delete(w.approved, "p/p"); w.configs["p"] = named("p", "evil") }, "", named("p", "evil"), refused},
		{"both are deleted", func(w *world) { delete(w.approved, "p/p"); delete(w.configs, "p") }, "", none, none},
		{"the copy is broken", func(w *world) { w.approved["p/p"] = "bad" }, "", wrong, wrong},
		{"the copy names another credential", func(w *world) { w.approved["p/p"] = named("other", "one") }, "", wrong, wrong},
		{"an older version is restored as a proposal", func(w *world) { w.approved["p/p"] = named("p", "two") }, "", named("p", "two"), named("p", "two")},
		{"an older version is restored as the copy", func(w *world) { w.approved["p/p"] = named("p", "zero") }, "", named("p", "zero"), named("p", "zero")},
		{"renamed", func(w *world) { w.configs["q"] = named("p", "one"); delete(w.configs, "p") }, "q", named("p", "one"), refused},
		{"renamed: the old name", func(w *world) { w.configs["q"] = named("p", "one"); delete(w.configs, "p") }, "p", named("p", "one"), named("p", "one")},
		{"a second provider", func(w *world) { w.configs["q"] = named("p", "evil") }, "q", named("p", "evil"), refused},
		{"a second provider that it does not list", func(w *world) { w.configs["r"] = named("p", "evil") }, "r", foreign, foreign},
		{"a second provider, approved", func(w *world) { w.configs["q"] = named("p", "evil"); w.approved["p/q"] = named("p", "good") }, "q", named("p", "good"), named("p", "good")},
		{"a second provider, approved by another", func(w *world) { w.configs["q"] = named("p", "evil"); w.approved["other/q"] = named("other", "good") }, "q", named("p", "evil"), refused},
		{"the owner of another credential squats", func(w *world) { w.approved["other/p"] = named("other", "evil") }, "", named("p", "one"), named("p", "one")},
		{"and nothing is approved", func(w *world) { delete(w.approved, "p/p"); w.approved["other/p"] = named("other", "evil") }, "", named("p", "one"), refused},
		{"a copy without effect in another's name, that uses p", func(w *world) { delete(w.approved, "p/p"); w.approved["other/p"] = named("p", "evil") }, "", named("p", "one"), refused},

		// The credential has another name.
		{"shared, approved as it is", func(*world) {}, "s", named("p", "one"), named("p", "one")},
		{"shared, edited", func(w *world) { w.configs["s"] = named("p", "evil") }, "s", named("p", "one"), named("p", "one")},
		{"shared, the proposal is deleted", func(w *world) { delete(w.configs, "s") }, "s", none, none},
		{"shared, the copy is deleted", func(w *world) { delete(w.approved, "p/s"); w.configs["s"] = named("p", "evil") }, "s", named("p", "evil"), refused},
		{"shared, turned to another credential", func(w *world) { w.configs["s"] = named("other", "two") }, "s", named("other", "two"), named("other", "two")},
		{"shared, and the provider's own credential appears", func(w *world) { w.credentials["s"] = credential{version: "c1"}; w.approved["s/s"] = named("s", "own") }, "s", named("s", "own"), named("s", "own")},
	} {
		for _, only := range []bool{false, true} {
			w := newWorld("p")
			w.configs["p"] = named("p", "one")
			w.configs["s"] = named("p", "one")
			w.credentials["p"] = credential{version: "c1", providers: []string{"q", "s"}, approvedOnly: only}
			w.credentials["other"] = credential{version: "c1", providers: []string{"p", "s", "q"}}
			w.approved = map[string]string{"p/p": named("p", "one"), "p/s": named("p", "one")}
			row.do(w)
			name, want := row.of, row.open
			if name == "" {
				name = "p"
			}
			if only {
				want = row.only
			}
			results, _, _ := w.run(refresh.Job{})
			got := none
			if res, ok := results[name]; ok {
				got = codeOf(res.Err)
				if res.Outcome == refresh.Refreshed {
					got = w.sent[name]
				}
			}
			if got != want {
				t.Errorf("%s, approved_only %v: got %s, want %s", row.name, only, got, want)
			}
			if got == refused && w.logins[name] != 0 {
				t.Errorf("%s: %s was logged in to", row.name, name)
			}
		}
	}
}

// An approval takes effect in the next run, and does not wait for the note of the refusal.
func TestAnApprovalClosesTheCircuit(t *testing.T) {
	w := newWorld("p")
	w.credentials["p"] = credential{version: "c1", approvedOnly: true}
	if res, _, _ := w.run(refresh.Job{}); codeOf(res["p"].Err) != refresh.CodeNotApproved {
		t.Fatalf("%+v", res["p"])
	}
	w.now = w.now.Add(time.Minute)
	if res, _, _ := w.run(refresh.Job{}); res["p"].Outcome != refresh.Waiting || w.logins["p"] != 0 {
		t.Fatalf("it is not cooling down: %+v", res["p"])
	}
	w.approved = map[string]string{"p/p": w.configs["p"]}
	w.now = w.now.Add(time.Minute)
	if res, _, _ := w.run(refresh.Job{}); res["p"].Outcome != refresh.Refreshed || !res["p"].Recovered {
		t.Errorf("%+v", res["p"])
	}
}

// Approving the very bytes that run changes nothing: no provider is asked.
func TestApprovingWhatRunsAsksNobody(t *testing.T) {
	w := newWorld("p")
	w.run(refresh.Job{})
	w.approved = map[string]string{"p/p": w.configs["p"]}
	w.now = w.now.Add(time.Minute)
	if res, report, err := w.run(refresh.Job{}); res["p"].Outcome != refresh.Waiting || w.logins["p"] != 1 || err != nil || len(report.Edits) != 0 {
		t.Errorf("%+v, %v, %+v", res["p"], err, report.Edits)
	}
}

// A proposal is reported once in a version while a Runner lives, stops nothing, and is
// reported again after a cold start.
func TestAProposalIsReportedOnce(t *testing.T) {
	w := newWorld("p", "q")
	w.approved = map[string]string{"p/p": "v1"}
	warm := w.runner()
	warnings := func(r *refresh.Runner, job refresh.Job) []string {
		t.Helper()
		var out bytes.Buffer
		report, err := r.Run(context.Background(), job)
		if err != nil {
			t.Errorf("a proposal fails the run: %v", err)
		}
		report.Log(context.Background(), slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelWarn})))
		var lines []string
		for line := range strings.Lines(out.String()) {
			var l struct{ Event, Provider, Where, Approved, Remedy string }
			if err := json.Unmarshal([]byte(line), &l); err != nil {
				t.Fatal(err)
			}
			lines = append(lines, l.Event+" "+l.Provider+" "+l.Where+" "+l.Approved)
			if !strings.Contains(l.Remedy, "tokenkeeper approve p") {
				t.Errorf("the remedy is %q", l.Remedy)
			}
		}
		return lines
	}
	const warning = "edit_not_approved p /providers/p /approved/p/p"
	for i, step := range []struct {
		runner *refresh.Runner
		job    refresh.Job
		config string
		want   []string
	}{
		{warm, refresh.Job{}, "v1", nil},
		{warm, refresh.Job{Only: []string{"q"}}, "v2", nil},
		{warm, refresh.Job{}, "v2", []string{warning}},
		{warm, refresh.Job{}, "v2", nil},
		{warm, refresh.Job{}, "v3", []string{warning}},
		{warm, refresh.Job{}, "bad", []string{warning}},
		{w.runner(), refresh.Job{}, "bad", []string{warning}},
		{warm, refresh.Job{}, "bad", nil},
	} {
		w.configs["p"] = step.config
		if diff := cmp.Diff(step.want, warnings(step.runner, step.job)); diff != "" {
			t.Errorf("step %d (-want +got):\n%s", i, diff)
		}
	}
}

// Which credential a config names, whatever else is wrong with it.
func TestCredentialName(t *testing.T) {
	for text, want := range map[string]string{`{}`: "a true", `{"credential": "erp"}`: "erp true", `{"credential": ""}`: " true", `{"credential": null}`: "a true",
		`{"credential": 1}`: "a false", `{`: "a false", `{"scoop": 1, "credential": "erp"}`: "erp true"} {
		name, ok := proposed("a", text).CredentialName()
		if got := fmt.Sprint(name, " ", ok); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	if name, ok := unreadable(proposed("a", `{"credential": "erp"}`)).CredentialName(); name != "a" || ok {
		t.Errorf("unreadable: %s, %t", name, ok)
	}
}
