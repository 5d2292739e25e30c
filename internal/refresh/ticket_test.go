package refresh_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// runJob runs with the vault, with refresh tokens that are sent with the credential of that
// name.
func (w *world) runJob(v *vault, job refresh.Job, credential string) refresh.Result {
	r := w.runner()
	r.Vault = v
	r.Parser = rotating{parser{w}, func(p *refresh.Provider) {
		rotates(p)
		p.Credential = credential
	}}
	report, _ := r.Run(context.Background(), job)
	return report.Results[0]
}

// Who may edit a config must not have a refresh token sent with a credential of his own.
func TestARefreshTokenIsForItsCredential(t *testing.T) {
	for _, row := range []struct {
		name, boundTo, config string
		sent                  bool
	}{
		{"the provider's own", "", "a", true},
		{"the provider's own, by name", "a", "a", true},
		{"another", "", "mine", false},
		{"another than that which it was bound to", "erp", "a", false},
		{"the one that it was bound to", "mine", "mine", true},
		{"a third", "mine", "erp", false},
	} {
		w, v := newWorld("a"), &vault{credential: row.boundTo}
		for _, name := range []string{"mine", "erp"} {
			w.credentials[name] = credential{version: "c", providers: []string{"a"}}
		}
		v.put("first")
		res := w.runJob(v, refresh.Job{}, row.config)
		if row.sent != (w.logins["a"] == 1) || row.sent != (res.Err == nil) {
			t.Errorf("%s: %d logins, %v", row.name, w.logins["a"], res.Err)
		}
		if !row.sent && (codeOf(res.Err) != refresh.CodeNotForCredential || res.Class() != refresh.Misconfigured ||
			!strings.Contains(res.Err.Remedy, "refresh-token bind a --credential "+row.config)) {
			t.Errorf("%s: %v", row.name, res.Err)
		}
	}
}

// A refresh token that was spent is not sent again, whether forced or edited.
func TestASpentRefreshTokenIsNeverSentAgain(t *testing.T) {
	for name, insist := range map[string]func(*world) refresh.Job{
		"by force":                   func(*world) refresh.Job { return refresh.Job{Only: []string{"a"}, Force: true} },
		"after an edited config":     func(w *world) refresh.Job { w.configs["a"] = "v2"; return refresh.Job{} },
		"after an edited credential": func(w *world) refresh.Job { w.credentials["a"] = credential{version: "c2"}; return refresh.Job{} },
		"after the end of its token": func(w *world) refresh.Job { w.now = w.now.Add(3 * time.Hour); return refresh.Job{} },
		"an edited config, and back": func(w *world) refresh.Job {
			w.configs["a"] = "v2"
			w.now = w.now.Add(time.Minute)
			return refresh.Job{}
		},
		"a credential that is missing": func(w *world) refresh.Job { delete(w.credentials, "a"); return refresh.Job{} },
	} {
		synctest.Test(t, func(t *testing.T) {
			w, v := newWorld("a"), &vault{err: errors.New("the key is disabled")}
			v.put("first")
			w.rotateTo("a", "second")
			if res := w.runJob(v, refresh.Job{}, "a"); codeOf(res.Err) != refresh.CodeRefreshTokenLost {
				t.Fatalf("%s: %v", name, res.Err)
			}
			for range 3 {
				w.now = w.now.Add(time.Minute)
				if res := w.runJob(v, insist(w), "a"); w.logins["a"] != 1 || v.claims != 1 || res.Outcome == refresh.Refreshed {
					t.Errorf("%s: %d logins, %+v", name, w.logins["a"], res)
				}
				w.configs["a"] = "v1"
			}
		})
	}
}

// A login whose answer cannot be stored replaces the refresh token all the same: that is the same
// failure again and again, which is reported once and left alone for longer and longer.
func TestAFailureWithANewRefreshTokenEachTime(t *testing.T) {
	for code, spoil := range map[string]func(*refresh.Grant){
		refresh.CodeSecretInRecord: func(g *refresh.Grant) { g.Extra = map[string]any{"echo": "another-refresh-token"} },
		refresh.CodeTokenOver:      func(g *refresh.Grant) { g.Lifetime = -time.Minute },
		refresh.CodeTokenTooLarge:  func(g *refresh.Grant) { g.Scope = strings.Repeat("x", 70_000) },
	} {
		w, v := newWorld("a"), &vault{}
		v.put("first")
		for i, wait := range []time.Duration{30 * time.Minute, time.Hour, 2 * time.Hour} {
			w.rotateTo("a", "another-refresh-token")
			w.answer("a", func(context.Context) (refresh.Grant, error) {
				g := w.grant()
				spoil(&g)
				return g, nil
			})
			res := w.runJob(v, refresh.Job{}, "a")
			if codeOf(res.Err) != code || res.Notice != (i == 0) || res.Note.Tries != i+1 || !res.Note.Next.Equal(w.now.Add(wait)) {
				t.Errorf("%s, the %d. time: %v, new %t, noted %s", code, i+1, res.Err, res.Notice, res.Note)
			}
			w.now = w.now.Add(wait)
		}
		// A person's new refresh token is tried at once.
		w.now = w.now.Add(-time.Hour)
		v.put("consented")
		if res := w.runJob(v, refresh.Job{}, "a"); res.Outcome != refresh.Failed || !res.Notice {
			t.Errorf("%s: with another refresh token: %s, new %t", code, res.Outcome, res.Notice)
		}
	}
}

// That a refresh token is lost is noted and reported before any other failure of its login.
func TestALostRefreshTokenBesideAnotherFailure(t *testing.T) {
	for name, second := range map[string]error{
		"transient":     errors.New("throttled"),
		"misconfigured": &refresh.Error{Class: refresh.Misconfigured, Code: "access_denied", Detail: "denied"},
	} {
		synctest.Test(t, func(t *testing.T) {
			w, v := newWorld("a"), &vault{err: errors.New("the key is disabled")}
			v.put("first")
			w.rotateTo("a", "second")
			w.saveErr["a"] = second
			res := w.runJob(v, refresh.Job{}, "a")
			if codeOf(res.Err) != refresh.CodeRefreshTokenLost || res.Note.Code != refresh.CodeRefreshTokenLost || res.Note.Spent == "" {
				t.Errorf("%s: %v, noted %s", name, res.Err, res.Note)
			}
		})
	}
}

// What is cheap to lose gives way: storing the next refresh token goes on for two minutes.
func TestStoringARefreshTokenIsRepeated(t *testing.T) {
	for down, times := range map[time.Duration]int{0: 1, 2 * time.Second: 5, 10 * time.Second: 7, 100 * time.Second: 30} {
		synctest.Test(t, func(t *testing.T) {
			w, v := newWorld("a"), &vault{err: errors.New("throttled"), until: time.Now().Add(down)}
			v.put("first")
			w.rotateTo("a", "second")
			res := w.runJob(v, refresh.Job{}, "a")
			if res.Err != nil || v.token != "second" || v.rotations != times || res.Recovered || res.State.Name != "a" || w.secrets["a"].state.Note.Class != "" {
				t.Errorf("down for %v: %v, recovered %t, noted %v, and %s is kept after %d attempts", down, res.Err, res.Recovered, w.secrets["a"].state.Note, v.token, v.rotations)
			}
		})
	}
}

// Where the run ends before, its last moments are for the note.
func TestARefreshTokenThatIsNotStoredIsNoted(t *testing.T) {
	for _, run := range []time.Duration{40 * time.Second, 57 * time.Second, 10 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			w, v := newWorld("a"), &vault{err: errors.New("throttled")}
			v.put("first")
			w.rotateTo("a", "second")
			r := w.runner()
			r.Vault, r.Parser = v, rotating{parser{w}, rotates}
			ctx, cancel := context.WithTimeout(t.Context(), run)
			defer cancel()
			report, _ := r.Run(ctx, refresh.Job{})
			if n := w.secrets["a"].state.Note; n.Code != refresh.CodeRefreshTokenLost || n.Spent == "" || len(report.Results[0].Warnings) != 0 {
				t.Errorf("a run of %v has noted %q, with %q", run, n, report.Results[0].Warnings)
			}
		})
	}
}

// A login may be rejected without it being known what became of the refresh token: people are told of
// the former, and the latter is noted.
func TestARejectedLoginThatIsUnsure(t *testing.T) {
	for _, class := range []refresh.Class{refresh.Misconfigured, refresh.NeedsPerson} {
		w, v := newWorld("a"), &vault{}
		v.put("first")
		w.answer("a", func(context.Context) (refresh.Grant, error) {
			return refresh.Grant{}, &refresh.Error{Class: class, Code: "access_denied", Remedy: "ask them", Unsure: true}
		})
		res := w.runJob(v, refresh.Job{}, "a")
		if n := res.Note; n.Class != class || n.Code != "access_denied" || n.Unsure == "" || res.Err.Remedy != "ask them" {
			t.Errorf("%s: %v, noted %q", class, res.Err, n)
		}
	}
}

// A panic is noted with its distance, before the login and after.
func TestAPanicIsNoted(t *testing.T) {
	for name, answer := range map[string]func(*world) func(context.Context) (refresh.Grant, error){
		"while it is asked": func(*world) func(context.Context) (refresh.Grant, error) {
			return func(context.Context) (refresh.Grant, error) { panic(canary) }
		},
		"later": func(w *world) func(context.Context) (refresh.Grant, error) {
			return func(context.Context) (refresh.Grant, error) {
				return refresh.Grant{Extra: map[string]any{"x": make(chan int)}}, nil
			}
		},
	} {
		w := newWorld("a")
		w.answer("a", answer(w))
		for range 60 {
			results, _, _ := w.run(refresh.Job{})
			if strings.Contains(results["a"].Note.String(), "c4n@ry") {
				t.Error("its value is noted")
			}
			w.now = w.now.Add(time.Minute)
		}
		if n := w.logins["a"]; n == 0 || n > 20 {
			t.Errorf("%s: %d logins in 60 ticks", name, n)
		}
	}
}

// A panic after the next refresh token came finds it stored.
func TestAPanicAfterTheNextRefreshToken(t *testing.T) {
	w, v := newWorld("a"), &vault{}
	v.put("first")
	w.rotateTo("a", "second")
	w.answer("a", func(context.Context) (refresh.Grant, error) { panic(canary) })
	if res := w.runJob(v, refresh.Job{}, "a"); v.token != "second" || res.Note.Unsure != "" || codeOf(res.Err) != refresh.CodeInternal {
		t.Errorf("%s is kept, %v, noted %s", v.token, res.Err, res.Note)
	}
}

// A login in the same second as the one before it: what was obtained last is kept.
func TestTwoLoginsInASecond(t *testing.T) {
	for _, more := range []time.Duration{0, 300 * time.Millisecond, 700 * time.Millisecond} {
		w := newWorld("a")
		w.answer("a", func(context.Context) (refresh.Grant, error) {
			g := w.grant()
			g.Lifetime += more
			return g, nil
		})
		w.run(refresh.Job{})
		results, _, _ := w.run(refresh.Job{Only: []string{"a"}, Force: true})
		if got := results["a"].State.ExpiresAt(); !got.Equal(noon.Add(time.Hour)) {
			t.Errorf("a token that expires %v after noon and an hour is said to expire at %v", more, got)
		}
	}
	for _, apart := range []time.Duration{0, 300 * time.Millisecond, 700 * time.Millisecond, -20 * time.Second} {
		w := newWorld("a")
		w.run(refresh.Job{})
		w.now = w.now.Add(apart)
		for want := range []int{2, 3} {
			results, _, _ := w.run(refresh.Job{Only: []string{"a"}, Force: true})
			if res := results["a"]; res.Outcome != refresh.Refreshed || !strings.Contains(w.record("a"), "token-"+string(rune('2'+want))) {
				t.Errorf("%v apart: %s, and consumers read %s", apart, res.Outcome, w.record("a"))
			}
		}
	}
	for name, again := range map[string]func(*world, *vault, string) refresh.Result{
		"after an edit of the config": func(w *world, _ *vault, version string) refresh.Result {
			w.configs["a"] = version
			results, _, _ := w.run(refresh.Job{})
			return results["a"]
		},
		"after an edit of the credential": func(w *world, _ *vault, version string) refresh.Result {
			w.credentials["a"] = credential{version: version}
			w.configs["a"] = version
			results, _, _ := w.run(refresh.Job{})
			return results["a"]
		},
		"of a token that ends the one before": func(w *world, _ *vault, version string) refresh.Result {
			w.configs["a"] = version
			res, _ := w.runWith(nil, func(p *refresh.Provider) { p.Supersedes = true })
			return res
		},
		"with a refresh token": func(w *world, v *vault, version string) refresh.Result {
			w.rotateTo("a", "next "+version)
			return w.runJob(v, refresh.Job{Only: []string{"a"}, Force: true}, "a")
		},
	} {
		w, v := newWorld("a"), &vault{}
		v.put("next v1")
		again(w, v, "v1")
		for _, version := range []string{"v2", "v3"} {
			res := again(w, v, version)
			if want := fmt.Sprint("token-", w.issued); res.Outcome != refresh.Refreshed || !strings.Contains(w.record("a"), want+`"`) {
				t.Errorf("%s: %s, %v, and consumers read %s, want %s", name, res.Outcome, res.Err, w.record("a"), want)
			}
			if name == "with a refresh token" && v.token != "next "+version {
				t.Errorf("%s: %s is kept", name, v.token)
			}
		}
	}
}

// A refresh token that may have been spent rests while there is a good token, until the last
// useful moment; then, and without a token, it goes on being sent, less and less often. An
// outage of three hours that spent nothing ends without a person.
func TestAnAnswerThatWasLost(t *testing.T) {
	w, v := newWorld("a"), &vault{}
	v.put("first")
	w.runJob(v, refresh.Job{}, "a")
	w.answer("a", func(context.Context) (refresh.Grant, error) {
		return refresh.Grant{}, &refresh.Error{Class: refresh.Transient, Code: "timeout", Detail: "no answer", Unsure: true}
	})
	var sent []time.Duration
	began, before := w.now, w.logins["a"]
	for w.now.Before(began.Add(5 * time.Hour)) {
		w.now = w.now.Add(time.Minute)
		if w.now.Sub(began) > 200*time.Minute {
			w.answer("a", nil)
		}
		res := w.runJob(v, refresh.Job{}, "a")
		if n := w.logins["a"]; n > before {
			before, sent = n, append(sent, w.now.Sub(began))
			if res.Err != nil && (codeOf(res.Err) != refresh.CodeRefreshTokenUnsure || res.Class() != refresh.Transient) {
				t.Errorf("after %v: %v", w.now.Sub(began), res.Err)
			}
		}
	}
	if len(sent) < 4 || sent[0] > 45*time.Minute || sent[1] != 53*time.Minute || len(sent) > 14 {
		t.Errorf("it was sent after %v", sent)
	}
	if res := w.runJob(v, refresh.Job{}, "a"); res.Class() != "" || !w.now.Before(res.State.ExpiresAt()) {
		t.Errorf("it has not recovered: %+v", res)
	}
}

// What is there and cannot be a refresh token ends the one that was sent.
func TestASuccessorThatCannotBeStored(t *testing.T) {
	for _, what := range []string{"answered 200 with an object as the next refresh token", "answered 200 with a refresh token of 50000 bytes"} {
		w, v := newWorld("a"), &vault{}
		v.put("first")
		w.next["a"] = func(string) refresh.Successor { return refresh.Successor{Token: secret.Text{}, Unstorable: what} }
		res := w.runJob(v, refresh.Job{}, "a")
		if codeOf(res.Err) != refresh.CodeRefreshTokenLost || !v.lost || !strings.Contains(res.Err.Detail, what) || w.record("a") == "" {
			t.Errorf("%v, lost %t", res.Err, v.lost)
		}
	}
}

// rejected is the failure of a refresh token that was sent once and rejected.
func rejected() *refresh.Error {
	return &refresh.Error{Class: refresh.NeedsPerson, Code: "invalid_grant", Detail: "rejected", Suspect: true}
}

// A refresh token that is rejected is looked at once more where that does no harm, and a person
// is called only then.
func TestASecondLook(t *testing.T) {
	lost := &refresh.Error{Class: refresh.Transient, Code: "timeout", Detail: "no answer", Unsure: true}
	sure := rejected()
	sure.Suspect = false
	other := &refresh.Error{Class: refresh.Transient, Code: "http_503", Detail: "down"}
	for _, row := range []struct {
		name    string
		live    bool             // there is a token when it begins
		answers []*refresh.Error // one a login; then good ones
		classes string           // of each login that fails
	}{
		{"in error, while the token is good", true, []*refresh.Error{rejected()}, "transient"},
		{"in error, without a token", false, []*refresh.Error{rejected()}, "transient"},
		{"twice, while the token is good", true, []*refresh.Error{rejected(), rejected(), nil}, "transient needs_person"},
		{"twice, without a token", false, []*refresh.Error{rejected(), rejected(), nil}, "transient needs_person"},
		{"twice, and the provider is down in between", true, []*refresh.Error{rejected(), other, rejected(), rejected(), nil}, "transient transient transient needs_person"},
		{"after an answer that was lost, while the token is good", true, []*refresh.Error{lost, rejected(), nil}, "transient needs_person"},
		{"after an answer that was lost, without a token", false, []*refresh.Error{lost, rejected()}, "transient transient"},
		{"after a repeat in the same run", true, []*refresh.Error{sure, nil}, "needs_person"},
	} {
		w, v := newWorld("a"), &vault{}
		v.put("first")
		if row.live {
			w.runJob(v, refresh.Job{}, "a")
		}
		var classes []string
		before := w.logins["a"]
		w.answer("a", func(context.Context) (refresh.Grant, error) {
			if n := w.logins["a"] - before; n <= len(row.answers) && row.answers[n-1] != nil {
				classes = append(classes, "")
				return refresh.Grant{}, row.answers[n-1]
			}
			return w.grant(), nil
		})
		for range 150 {
			v.claimed = false
			res := w.runJob(v, refresh.Job{}, "a")
			if n := len(classes); n > 0 && classes[n-1] == "" {
				classes[n-1] = string(res.Class())
				if waits := strings.HasPrefix(res.Err.Remedy, "nothing yet"); row.answers[n-1].Class == refresh.NeedsPerson && waits == (res.Class() == refresh.NeedsPerson) {
					t.Errorf("%s: %s: %s", row.name, res.Class(), res.Err.Remedy)
				}
			}
			w.now = w.now.Add(time.Minute)
		}
		if got := strings.Join(classes, " "); got != row.classes {
			t.Errorf("%s: %s, want %s", row.name, got, row.classes)
		}
		called := strings.HasSuffix(row.classes, "needs_person")
		if called != (w.logins["a"]-before == len(classes)) {
			t.Errorf("%s: %d logins after %s", row.name, w.logins["a"]-before, row.classes)
		}
		if !called {
			continue
		}
		// A forced refresh is one login, and not two.
		w.answer("a", func(context.Context) (refresh.Grant, error) { return refresh.Grant{}, rejected() })
		if res := w.runJob(v, refresh.Job{Only: []string{"a"}, Force: true}, "a"); res.Class() != refresh.NeedsPerson {
			t.Errorf("%s: by force %v", row.name, res.Err)
		}
	}
}

// Only what has a refresh token, and nothing behind it, is one that was stored.
func TestDecodeRefreshToken(t *testing.T) {
	for text, code := range map[string]string{
		`{"refresh_token":"r"}`:               "",
		`{"refresh_token":"r","lost":true}`:   "", // put in since
		`{"refresh_token":"","lost":true}`:    refresh.CodeRefreshTokenLost,
		`{"lost":true}`:                       refresh.CodeRefreshTokenLost,
		`{"lost":true`:                        refresh.CodeNoRefreshToken,
		`{"refresh_token":"","lost":false}`:   refresh.CodeNoRefreshToken,
		`{}`:                                  refresh.CodeNoRefreshToken,
		`"r"`:                                 refresh.CodeNoRefreshToken,
		``:                                    refresh.CodeNoRefreshToken,
		`{"refresh_token":"r"} and something`: refresh.CodeNoRefreshToken,
	} {
		got, err := refresh.DecodeRefreshToken("a", "the secret", secret.New(text))
		var e *refresh.Error
		errors.As(err, &e)
		if codeOf(e) != code || (got.Token.Reveal() == "r") != (code == "") || e != nil && e.Class != refresh.NeedsPerson {
			t.Errorf("%s: %v", text, err)
		}
	}
}
