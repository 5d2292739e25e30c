package status_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
	"example.com/tokenkeeper/internal/refresh"
)

var (
	now      = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	schedule = refresh.Schedule{Tick: time.Minute, CacheAge: 5 * time.Minute}
)

// guide leads to one place of short names.
var guide = place.Guide{
	Config: "providers/" + place.Name, Credential: "credentials/" + place.Name, EditsCredential: true,
	Remove: "rm " + place.Name, Restore: "restore " + place.Name, Runs: "See that this is running:", Runner: "run", Log: "the log",
}

const config refresh.Fingerprint = 0xc0ffee

// subject is a provider whose token has that much of its hour left.
func subject(left time.Duration) status.Subject {
	v := refresh.Version{IssuedAt: now.Add(left - time.Hour), Lifetime: time.Hour, Config: config, Digest: 1}
	return status.Subject{
		Name:     "acme",
		Provider: &refresh.Provider{Name: "acme", Where: "providers/acme", Credential: "acme", Config: config},
		State:    refresh.State{Name: "acme", Exists: true, Owned: true, Current: v.ID()},
	}
}

// with changes a subject.
func with(s status.Subject, changes ...func(*status.Subject)) status.Subject {
	for _, change := range changes {
		change(&s)
	}
	return s
}

func noted(class refresh.Class, code string, next time.Duration) func(*status.Subject) {
	return func(s *status.Subject) {
		s.State.Note = refresh.Note{Class: class, Code: code, Since: now.Add(-2 * time.Minute), Last: now.Add(-time.Minute),
			Tries: 2, Next: now.Add(next), Config: config, Credential: "v1"}
	}
}

func noToken(s *status.Subject)        { s.State.Current = "" }
func noSecret(s *status.Subject)       { s.State = refresh.State{} }
func paused(s *status.Subject)         { s.State.Paused = true }
func pausedByConfig(s *status.Subject) { s.Provider.Paused = true }
func rotates(s *status.Subject)        { s.Provider.Rotates = true }

// givenUp has a noted failure be tried again only after an edit.
func givenUp(s *status.Subject) { s.State.Note.Next = time.Time{} }

// What is said of each state that a provider can be in.
func TestJudge(t *testing.T) {
	for _, row := range []struct {
		name    string
		subject status.Subject
		state   status.Word
		failing bool
		wrong   string
		remedy  string
	}{
		{"a fresh token is ok", subject(50 * time.Minute), status.OK, false, "", ""},
		{"a token near its end is due", subject(24 * time.Minute), status.Due, false, "", ""},
		{"a token that is due for long is nobody's work", subject(15 * time.Minute), status.Due, true,
			"It has been due for 10m, and no run has come.", "See that this is running: run"},
		{"a token that is over is expired", subject(-3 * time.Minute), status.Expired, true,
			"Its token ended 3m ago. It has been due for 28m, and no run has come.", "See that this is running: run"},
		{"before the first run there is no token", with(subject(0), noSecret), status.NoToken, true,
			"No run has asked for one yet.", "See that this is running: run"},
		{"a first login that fails leaves no token", with(subject(0), noToken, noted(refresh.Transient, "http_503", time.Minute)), status.NoToken, true,
			"The provider answers with an error of its own (http_503, for 2m, 2 tries).",
			"It is asked again by itself. If it lasts, ask the provider; more is in the log."},
		{"an answer that makes no sense may be chance", with(subject(20*time.Minute), noted(refresh.Transient, "not_json", time.Minute)), status.Failing, true,
			"The provider's answer is not JSON (not_json, for 2m, 2 tries).",
			"It is asked again by itself. If it stays so, look at providers/acme; more is in the log."},
		{"an answer that goes on making no sense is to be mended", with(subject(20*time.Minute), noted(refresh.Misconfigured, "not_json", time.Hour)), status.Cooling, true,
			"The provider's answer is not JSON (not_json, for 2m, 2 tries).",
			"Mend providers/acme; the next run tries it at once. More is in the log."},
		{"a question has an end of its own", with(subject(50*time.Minute), func(s *status.Subject) {
			s.Provider, s.Problems = nil, refresh.Problems{{Where: "providers/acme", Path: "scop", Detail: "there is no such field", Remedy: "did you mean \"scope\"?"}}
		}), status.Failing, true, "Its config is wrong: providers/acme: scop: there is no such field; did you mean \"scope\"?",
			"Every problem of it: tokenkeeper check acme"},
		{"a refused login cools down", with(subject(20*time.Minute), noted(refresh.Misconfigured, "invalid_client", time.Hour)), status.Cooling, true,
			"The provider refuses the credential (invalid_client, for 2m, 2 tries).",
			"Put what the provider accepts into credentials/acme; the next run tries it at once."},
		{"a refused login that may be tried again is failing", with(subject(20*time.Minute), noted(refresh.Misconfigured, "invalid_client", 0)), status.Failing, true,
			"The provider refuses the credential (invalid_client, for 2m, 2 tries).",
			"Put what the provider accepts into credentials/acme; the next run tries it at once."},
		{"an edited credential is tried at once", with(subject(20*time.Minute), noted(refresh.Misconfigured, "invalid_client", time.Hour),
			func(s *status.Subject) { s.Credential = "v2" }), status.Failing, true,
			"The provider refuses the credential (invalid_client, for 2m, 2 tries).",
			"Its credential was edited since; the next run tries it."},
		{"a credential that was missing and was put is tried at once", with(subject(20*time.Minute), noted(refresh.Misconfigured, "no_credential", time.Hour),
			func(s *status.Subject) { s.Credential, s.State.Note.Credential = "v1", "" }), status.Failing, true,
			"It has no credential (no_credential, for 2m, 2 tries).", "Its credential was edited since; the next run tries it."},
		{"a credential that the function may no longer read was not edited", with(subject(20*time.Minute), noted(refresh.Misconfigured, "aws_access_denied", time.Minute),
			func(s *status.Subject) { s.Credential, s.State.Note.Credential = "v1", "" }), status.Cooling, true,
			"AWS does not allow the function what it must do (aws_access_denied, for 2m, 2 tries).",
			"Allow it, and the next runs try it: the action and the resource are in the log."},
		{"nor was one whose key was taken away", with(subject(20*time.Minute), noted(refresh.Misconfigured, "kms_key_unusable", time.Minute),
			func(s *status.Subject) { s.Credential, s.State.Note.Credential = "v1", "" }), status.Cooling, true,
			"The KMS key cannot be used (kms_key_unusable, for 2m, 2 tries).",
			"Enable it, or let its policy admit the function; more is in the log."},
		{"a note of another config says nothing", with(subject(50*time.Minute), noted(refresh.Misconfigured, "invalid_client", time.Hour),
			func(s *status.Subject) { s.State.Note.Config = 1 }), status.OK, false, "", ""},
		{"a note from before the token says nothing", with(subject(time.Hour), noted(refresh.Misconfigured, "invalid_client", time.Hour)), status.OK, false, "", ""},
		{"a failure that outlasts the token is expired", with(subject(-time.Minute), noted(refresh.Misconfigured, "invalid_scope", time.Hour)), status.Expired, true,
			"Its token ended 1m ago. The provider does not grant the scope that is asked for (invalid_scope, for 2m, 2 tries).",
			"Mend providers/acme; the next run tries it at once. More is in the log."},
		{"a first login that is refused leaves no token", with(subject(0), noToken, noted(refresh.Misconfigured, "invalid_client", time.Hour)), status.NoToken, true,
			"The provider refuses the credential (invalid_client, for 2m, 2 tries).",
			"Put what the provider accepts into credentials/acme; the next run tries it at once."},
		{"a refused refresh token is replaced", with(subject(20*time.Minute), noted(refresh.NeedsPerson, "invalid_grant", 0), rotates, givenUp), status.Cooling, true,
			"The provider refuses the refresh token (invalid_grant, for 2m, 2 tries).",
			"Obtain a refresh token from the provider, and put it in: tokenkeeper refresh-token put acme"},
		{"a refused refresh token is looked at once more", with(subject(20*time.Minute), noted(refresh.Transient, "invalid_grant", time.Minute), rotates), status.Failing, true,
			"The provider refuses what we log in with (invalid_grant, for 2m, 2 tries).",
			"It is asked once more by itself. If its refresh token is rejected again, a person must obtain another."},
		{"a refused password is not a refresh token", with(subject(20*time.Minute), noted(refresh.Misconfigured, "invalid_grant", time.Hour)), status.Cooling, true,
			"The provider refuses what we log in with (invalid_grant, for 2m, 2 tries).",
			"Put what the provider accepts into credentials/acme; the next run tries it at once."},
		{"a code that nobody knows has its class", with(subject(20*time.Minute), noted(refresh.NeedsPerson, "of_a_later_release", 0), givenUp), status.Cooling, true,
			"Its access must be granted anew by a person (of_a_later_release, for 2m, 2 tries).",
			"Put what the provider accepts into credentials/acme; the next run tries it at once."},
		{"with a refresh token it is that which is granted anew", with(subject(20*time.Minute), noted(refresh.NeedsPerson, "of_a_later_release", 0), rotates, givenUp), status.Cooling, true,
			"Its access must be granted anew by a person (of_a_later_release, for 2m, 2 tries).",
			"Obtain a refresh token from the provider, and put it in: tokenkeeper refresh-token put acme"},
		{"the same token again repeats", with(subject(20*time.Minute), noted(refresh.Unchanged, "same_token", 10*time.Minute)), status.Repeats, false,
			"The provider answers the same token until it ends, so it cannot be replaced before.", ""},
		{"a paused provider is paused", with(subject(20*time.Minute), paused), status.Paused, false,
			"It is paused: its token is not replaced.", "When that is done: tokenkeeper resume acme"},
		{"a provider that its config pauses is paused", with(subject(20*time.Minute), pausedByConfig), status.Paused, false,
			"Its config pauses it: its token is not replaced.", `When that is done, remove "paused" from providers/acme.`},
		{"a paused provider whose token is over is expired", with(subject(-time.Minute), paused), status.Expired, true,
			"Its token ended 1m ago. It is paused: its token is not replaced.", "When that is done: tokenkeeper resume acme"},
		{"a token of ten minutes is short_lived", with(subject(0), func(s *status.Subject) {
			s.State.Current = refresh.Version{IssuedAt: now.Add(-time.Minute), Lifetime: 10 * time.Minute, Config: config}.ID()
		}), status.ShortLived, false, "Its token lives 10m: too short to be kept without a gap at a tick of 1m.", ""},
		{"what another program wrote is replaced, and reported", with(subject(0), func(s *status.Subject) { s.State.Current = "terraform-1" }), status.Due, true,
			"Another program has written its secret; the next run replaces that.",
			"If it happens again, find what writes it; to leave what is there: tokenkeeper pause acme"},
		{"a token of another config is due", with(subject(50*time.Minute), func(s *status.Subject) { s.Provider.Config = 1 }), status.Due, false, "", ""},
		{"a wrong config is failing", with(subject(50*time.Minute), func(s *status.Subject) {
			s.Provider, s.Problems = nil, refresh.Problems{{Where: "providers/acme", Path: "token_endpoint", Detail: "is missing"}}
		}), status.Failing, true, "Its config is wrong: providers/acme: token_endpoint: is missing.", "Every problem of it: tokenkeeper check acme"},
		{"a token without a config is an orphan", with(subject(-time.Minute), func(s *status.Subject) { s.Provider = nil }), status.Orphan, false,
			"There is a token but no config of that name; it is left alone.",
			"Put the config back; or, once no application reads it: rm acme"},
		{"a secret of somebody else is not touched", with(subject(0), func(s *status.Subject) { s.State.Owned = false }), status.Expired, true,
			"Its token ended 0s ago. A secret of that name is there without our owner tag, so it is not touched.",
			"Rename the provider; or, if the secret may be replaced: tokenkeeper adopt acme"},
		{"a secret that is being deleted is as bad as none", with(subject(50*time.Minute), func(s *status.Subject) { s.State.Deleting = true }), status.NoToken, true,
			"Its secret is scheduled for deletion: it can be neither read nor written.",
			"Applications are refused until it is restored: restore acme"},
	} {
		t.Run(row.name, func(t *testing.T) {
			line := status.Judge([]status.Subject{row.subject}, nil, schedule, guide, now).Lines[0]
			remedy := line.Remedy
			if line.Command != "" {
				remedy += " " + line.Command
			}
			got := []any{line.State, line.Failing, line.Wrong, remedy}
			if diff := cmp.Diff([]any{row.state, row.failing, row.wrong, row.remedy}, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// A keeper that no longer runs says so, whatever was the matter when the last run came. What is not
// known is not shown as a time that is past.
func TestNobodyRuns(t *testing.T) {
	edited := func(s *status.Subject) { s.Provider.Config, s.State.Note.Config = 1, 1 }
	for _, row := range []struct {
		name    string
		subject status.Subject
		want    status.Line
	}{
		{"a provider that is down", with(subject(20*time.Minute), noted(refresh.Transient, "http_503", -3*time.Minute)),
			status.Line{State: status.Failing, Overdue: true,
				Wrong:  "The provider answers with an error of its own (http_503, for 2m, 2 tries). Its next attempt is overdue by 3m: no run has come.",
				Remedy: "See that this is running:", Command: "run"}},
		{"two ticks are not yet many", with(subject(20*time.Minute), noted(refresh.Transient, "http_503", -2*time.Minute)),
			status.Line{State: status.Failing, Next: now,
				Wrong:  "The provider answers with an error of its own (http_503, for 2m, 2 tries).",
				Remedy: "It is asked again by itself. If it lasts, ask the provider; more is in the log."}},
		{"a refused login", with(subject(20*time.Minute), noted(refresh.Misconfigured, "invalid_scope", -14*time.Minute)),
			status.Line{State: status.Failing, Overdue: true,
				Wrong:  "The provider does not grant the scope that is asked for (invalid_scope, for 2m, 2 tries). Its next attempt is overdue by 5m: no run has come.",
				Remedy: "See that this is running:", Command: "run",
				Then: "Mend providers/acme; the next run tries it at once. More is in the log."}},
		{"a first login", with(subject(0), noToken, noted(refresh.Transient, "timeout", -14*time.Minute)),
			status.Line{State: status.NoToken, Overdue: true,
				Wrong:  "The provider does not answer in time (timeout, for 2m, 2 tries). Its next attempt is overdue by 14m: no run has come.",
				Remedy: "See that this is running:", Command: "run"}},
		{"a config that was edited and failed", with(subject(50*time.Minute), noted(refresh.Transient, "timeout", -14*time.Minute), edited),
			status.Line{State: status.Failing, Overdue: true,
				Wrong:  "The provider does not answer in time (timeout, for 2m, 2 tries). Its next attempt is overdue by 14m: no run has come.",
				Remedy: "See that this is running:", Command: "run"}},
		{"a config that was edited, before the token was due", with(subject(50*time.Minute), edited),
			status.Line{State: status.Due, Next: now}},
		{"a config that was edited, and the token is due for long", with(subject(15*time.Minute), edited),
			status.Line{State: status.Due, Overdue: true, Wrong: "It has been due for 10m, and no run has come.",
				Remedy: "See that this is running:", Command: "run"}},
		{"the same token again, which ended", with(subject(-time.Minute), noted(refresh.Unchanged, "same_token", -10*time.Minute)),
			status.Line{State: status.Expired, Overdue: true, Wrong: "Its token ended 1m ago. It has been due for 10m, and no run has come.",
				Remedy: "See that this is running:", Command: "run"}},
		{"a forced login that failed is tried again when the token is due", with(subject(40*time.Minute), noted(refresh.Transient, "timeout", -14*time.Minute)),
			status.Line{State: status.Failing, Next: now.Add(14*time.Minute + 55*time.Second),
				Wrong:  "The provider does not answer in time (timeout, for 2m, 2 tries).",
				Remedy: "It is asked again by itself. If it lasts, ask the provider; more is in the log."}},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := status.Judge([]status.Subject{row.subject}, nil, schedule, guide, now).Lines[0]
			got = status.Line{State: got.State, Next: got.Next, Overdue: got.Overdue, Wrong: got.Wrong, Remedy: got.Remedy, Command: got.Command,
				Then: got.Then, ThenCommand: got.ThenCommand}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// Those that need a person come first, for what applications have had before what they never had;
// then what ends soonest. Orphans are last.
func TestOrder(t *testing.T) {
	name := func(n string) func(*status.Subject) {
		return func(s *status.Subject) { s.Name, s.State.Name = n, n }
	}
	report := status.Judge([]status.Subject{
		with(subject(50*time.Minute), name("fresh")),
		with(subject(40*time.Minute), name("older"), paused),
		with(subject(-time.Minute), name("orphan"), func(s *status.Subject) { s.Provider = nil }),
		with(subject(30*time.Minute), name("refused"), noted(refresh.Misconfigured, "invalid_client", time.Hour)),
		with(subject(-time.Minute), name("over"), noted(refresh.Transient, "timeout", time.Minute)),
		with(subject(0), name("new"), noSecret),
	}, nil, schedule, guide, now)
	var names []string
	for _, line := range report.Lines {
		names = append(names, line.Provider)
	}
	if diff := cmp.Diff([]string{"over", "new", "refused", "older", "fresh", "orphan"}, names); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	counts := map[status.Word]int{status.OK: 1, status.Paused: 1, status.Orphan: 1, status.Failing: 1, status.Expired: 1, status.NoToken: 1}
	if diff := cmp.Diff(counts, report.Counts); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if !report.Failing {
		t.Error("the report is not failing")
	}
}
