package refresh_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// The failure of a refresh token that could not be stored says why, and not that the time ran out in the end.
func TestWhyARefreshTokenIsLost(t *testing.T) {
	denied := &refresh.Error{Class: refresh.Misconfigured, Code: "key_disabled", Detail: "the key is disabled"}
	for name, rotate := range map[string]func(context.Context) error{
		"at once": func(context.Context) error { return denied },
		"after another failure": func() func(context.Context) error {
			calls := 0
			return func(context.Context) error {
				if calls++; calls == 1 {
					return errors.New("throttled")
				}
				return denied
			}
		}(),
		"and then nothing is answered": func() func(context.Context) error {
			calls := 0
			return func(ctx context.Context) error {
				if calls++; calls == 1 {
					return denied
				}
				<-ctx.Done()
				return ctx.Err()
			}
		}(),
	} {
		synctest.Test(t, func(t *testing.T) {
			w, v := newWorld("a"), &vault{}
			v.put("first")
			w.rotateTo("a", "second")
			res := w.runVault(t, hooked{vault: v, rotate: rotate}, 0)
			if codeOf(res.Err) != refresh.CodeRefreshTokenLost || !strings.HasSuffix(res.Err.Detail, "the key is disabled") || !errors.Is(res.Err, denied) ||
				!strings.HasPrefix(res.Err.Remedy, "repair the store, ") || !strings.Contains(res.Err.Remedy, "'tokenkeeper refresh-token put a'") {
				t.Errorf("%s: %v", name, res.Err)
			}
		})
	}
}

// A panic while it is stored is a loss of it: its value is not printed.
func TestAPanicWhileARefreshTokenIsStored(t *testing.T) {
	w, v := newWorld("a"), &vault{}
	v.put("first")
	w.rotateTo("a", "second")
	res := w.runVault(t, hooked{vault: v, rotate: func(context.Context) error { panic(canary) }}, 0)
	if codeOf(res.Err) != refresh.CodeRefreshTokenLost || !strings.Contains(res.Err.Detail, "a panic of type string") || res.Note.Spent == "" {
		t.Errorf("%v, noted %s", res.Err, res.Note)
	}
}

// What cannot be a refresh token is not stored in the place of one, and the one that was sent is spent.
func TestASuccessorOfAnotherKindIsNotStored(t *testing.T) {
	// Where the answer is unreadable otherwise the refresh token is spent all the same, and not unsure.
	w, v := newWorld("a"), &vault{}
	v.put("first")
	w.next["a"] = func(string) refresh.Successor { return refresh.Successor{Unstorable: "answered 200 with an object"} }
	w.answer("a", func(context.Context) (refresh.Grant, error) {
		return refresh.Grant{}, &refresh.Error{Class: refresh.Transient, Code: "bad_answer", Detail: "it breaks off", Unsure: true}
	})
	if n := w.runVault(t, v, 0).Note; n.Spent == "" || n.Unsure != "" || n.Code != refresh.CodeRefreshTokenLost {
		t.Errorf("unreadable: noted %s", n)
	}
	for _, noteErr := range []error{nil, errors.New("throttled")} {
		w, v := newWorld("a"), &vault{}
		v.put("first")
		w.next["a"] = func(string) refresh.Successor {
			return refresh.Successor{Token: secret.New("not one"), Unstorable: "answered 200 with an object as the next refresh token"}
		}
		w.noteErr = noteErr
		res := w.runVault(t, v, 0)
		if codeOf(res.Err) != refresh.CodeRefreshTokenLost || v.token != "" || !v.lost || v.rotations != 1 {
			t.Errorf("%v; %q is stored after %d attempts", res.Err, v.token, v.rotations)
		}
		// The token that came is good, unless it would hide that the refresh token is spent.
		if (w.record("a") == "") != (noteErr != nil) {
			t.Errorf("noting fails with %v, and the record is %q", noteErr, w.record("a"))
		}
	}
}

// A panic of the store once the next refresh token is stored is one failure, and nothing waits for another.
func TestAPanicOfTheStoreAfterALogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, v := newWorld("a"), &vault{}
		v.put("first")
		w.answer("a", down)
		w.runVault(t, v, 0)
		w.answer("a", nil)
		w.rotateTo("a", "second")
		w.now = w.now.Add(time.Minute)
		r := w.runner()
		r.Vault, r.Parser, r.Store = v, rotating{parser{w}, rotates}, panicsNoting{store{w}}
		report, _ := r.Run(t.Context(), refresh.Job{})
		if res := report.Results[0]; codeOf(res.Err) != refresh.CodeInternal || !res.Notice || res.Stack == "" || v.token != "second" {
			t.Errorf("%+v, and %s is kept", res, v.token)
		}
	})
}

type panicsNoting struct{ store }

func (panicsNoting) Note(context.Context, string, refresh.Note) error { panic(canary) }

// Storing the next refresh token goes on for two minutes, or to the last moments of the run.
func TestHowLongARefreshTokenIsStored(t *testing.T) {
	for _, row := range []struct{ run, answered, want time.Duration }{
		{0, 0, 120 * time.Second}, {40 * time.Second, 0, 38500 * time.Millisecond}, {10 * time.Minute, 0, 120 * time.Second},
		{0, 29 * time.Second, 148500 * time.Millisecond}, {0, 28 * time.Second, 148 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			run, want := row.run, row.want
			w, v := newWorld("a"), &vault{}
			v.put("first")
			w.next["a"] = func(string) refresh.Successor {
				time.Sleep(row.answered)
				return refresh.Successor{Token: secret.New("second")}
			}
			began := time.Now()
			w.runVault(t, hooked{vault: v, rotate: func(ctx context.Context) error {
				if end, _ := ctx.Deadline(); end.Sub(began) != want {
					t.Errorf("in a run of %v it is stored until %v, want %v", run, end.Sub(began), want)
				}
				return nil
			}}, run)
			if v.token != "second" {
				t.Errorf("in a run of %v %q is stored", run, v.token)
			}
		})
	}
}

// A token waits five seconds for the next refresh token to be stored before it is stored itself; then it is first noted that
// the refresh token was spent, and the note is removed once the next one is stored.
func TestANextRefreshTokenThatIsStoredLate(t *testing.T) {
	for takes, notes := range map[time.Duration]int{0: 0, 4900 * time.Millisecond: 0, 5100 * time.Millisecond: 2, 7400 * time.Millisecond: 2} {
		synctest.Test(t, func(t *testing.T) {
			w, v := newWorld("a"), &vault{}
			v.put("first")
			w.rotateTo("a", "second")
			res := w.runVault(t, hooked{vault: v, rotate: func(context.Context) error {
				time.Sleep(takes)
				w.mu.Lock()
				defer w.mu.Unlock()
				if n := w.secrets["a"].state.Note; notes > 0 && (n.Class != refresh.NeedsPerson || n.Code != refresh.CodeRefreshTokenLost || len(n.Spent) != 8 || n.Unsure != "") {
					t.Errorf("while it is not stored the note is %s", n)
				}
				return nil
			}}, 0)
			if res.Outcome != refresh.Refreshed || w.notes != notes || v.token != "second" || res.Note.Class != "" {
				t.Errorf("stored after %v: %s, %d notes, %q is kept", takes, res.Outcome, w.notes, v.token)
			}
		})
	}
}

// Where the next refresh token came, nothing is unsure, whatever else the answer has.
func TestAnUnreadableAnswerWithTheNextRefreshToken(t *testing.T) {
	w, v := newWorld("a"), &vault{}
	v.put("first")
	w.rotateTo("a", "second")
	w.answer("a", func(context.Context) (refresh.Grant, error) {
		return refresh.Grant{}, &refresh.Error{Class: refresh.Transient, Code: "bad_answer", Detail: "it breaks off", Unsure: true}
	})
	if res := w.runVault(t, v, 0); res.Note.Unsure != "" || res.Note.Spent != "" || v.token != "second" {
		t.Errorf("noted %s, and %q is kept", res.Note, v.token)
	}
}
