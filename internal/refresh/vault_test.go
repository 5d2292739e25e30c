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

// A vault keeps tickets in memory.
type vault struct {
	id         int
	token      string // empty: none was put in
	credential string
	claimed    bool
	claims     int
	last       refresh.Claim // on the present token
	lost       bool
	until      time.Time // err lasts; zero: for ever
	err        error     // of Rotate
	rotations  int
}

func (v *vault) Version(context.Context, string) (refresh.VersionID, error) {
	if v.token == "" {
		return "", refresh.ErrNotFound
	}
	return refresh.VersionID(fmt.Sprint(v.id)), nil
}

func (v *vault) Claim(ctx context.Context, name string) (refresh.Ticket, error) {
	id, err := v.Version(ctx, name)
	if err != nil {
		return refresh.Ticket{}, err
	}
	if v.claimed {
		return refresh.Ticket{}, fmt.Errorf("%s: %w", name, refresh.ErrClaimed)
	}
	v.claimed = true
	v.claims++
	t := refresh.Ticket{ID: id, Token: secret.New(v.token), Credential: v.credential, Before: v.last,
		Claim: refresh.Claim{ID: fmt.Sprint("claim ", v.claims), At: v.now()}}
	v.last = t.Claim
	return t, nil
}

func (v *vault) now() time.Time { return noon }

func (v *vault) Rotate(_ context.Context, _ string, spent refresh.Ticket, next secret.Text) error {
	v.rotations++
	if v.err != nil && (v.until.IsZero() || time.Now().Before(v.until)) {
		return v.err
	}
	if string(spent.ID) == fmt.Sprint(v.id) {
		v.put(next.Reveal())
		v.lost = next.IsZero()
	}
	return nil
}

func (v *vault) Release(string, refresh.Ticket) { v.claimed = false }

// put is what a person does, or a run that has logged in.
func (v *vault) put(token string) {
	v.id++
	v.token, v.claimed, v.last = token, false, refresh.Claim{}
}

// rotating has every provider need a refresh token, and take a probe or another shape.
type rotating struct {
	parser
	change func(*refresh.Provider)
}

func (r rotating) Provider(d refresh.Document) (refresh.Provider, error) {
	p, err := r.parser.Provider(d)
	r.change(&p)
	return p, err
}

func (w *world) runWith(v *vault, change func(*refresh.Provider)) (refresh.Result, error) {
	r := w.runner()
	r.Parser = rotating{parser{w}, change}
	if v != nil {
		r.Vault = v
	}
	report, err := r.Run(context.Background(), refresh.Job{})
	return report.Results[0], err
}

// What a vault stores is read back as it was, by this release and by people.
func TestStoredRefreshTokens(t *testing.T) {
	for text, s := range map[string]refresh.StoredRefreshToken{
		`{"refresh_token":"a&b"}`:                             {Token: secret.New("a&b")},
		`{"refresh_token":"r","credential":"erp"}`:            {Token: secret.New("r"), Credential: "erp"},
		`{"refresh_token":"","lost":true}`:                    {},
		`{"refresh_token":"","credential":"erp","lost":true}`: {Credential: "erp"},
	} {
		if got := s.Encode().Reveal(); got != text {
			t.Errorf("%s, want %s", got, text)
		}
		if s.Token.IsZero() {
			continue
		}
		if got, err := refresh.DecodeRefreshToken("a", "the secret", s.Encode()); err != nil || !got.Token.Equal(s.Token) || got.Credential != s.Credential {
			t.Errorf("%s is read as %+v, %v", text, got, err)
		}
	}
}

func rotates(p *refresh.Provider) {
	p.Rotates, p.Timeout, p.Grace = true, 10*time.Second, 25*time.Second
}

func TestRefreshTokensRotate(t *testing.T) {
	w, v := newWorld("a"), &vault{}
	answer := func(next string) { w.rotateTo("a", next) }
	res, err := w.runWith(v, rotates)
	if err == nil || res.Err.Code != refresh.CodeNoRefreshToken || w.logins["a"] != 0 {
		t.Fatalf("nobody has put one in: %+v, %v", res, err)
	}
	v.put("first-refresh-token")
	answer("second-refresh-token")
	w.now = w.now.Add(time.Minute)
	if res, err = w.runWith(v, rotates); err != nil || !res.Recovered || v.token != "second-refresh-token" {
		t.Fatalf("the first: %+v, %v, then %s", res, err, v.token)
	}
	// RFC 6749 section 6: none returned keeps the old.
	answer("")
	w.now, v.claimed = w.now.Add(50*time.Minute), false
	if res, err = w.runWith(v, rotates); err != nil || res.Outcome != refresh.Refreshed || v.token != "second-refresh-token" {
		t.Errorf("none returned: %+v, %v, then %s", res, err, v.token)
	}
	// The distance is that of two versions a login.
	if got := res.Next.Sub(w.now); got < 32*time.Minute {
		t.Errorf("due again in %v", got)
	}
	if strings.Contains(w.record("a"), "refresh-token") {
		t.Error("consumers can read the refresh token")
	}
}

func TestAClaimedRefreshTokenIsLeftToItsRun(t *testing.T) {
	for _, row := range []struct {
		name    string
		other   func(*world) // what the run that has it does, ten seconds later
		outcome refresh.Outcome
		code    string
		took    time.Duration
	}{
		{"it logs in", func(w *world) {
			v := refresh.Version{IssuedAt: noon.Add(time.Second), Lifetime: time.Hour, Config: refresh.NewFingerprint([]byte("v1"))}
			w.secrets["a"].state.Current = v.ID()
		}, refresh.Adopted, "", 10 * time.Second},
		{"it is refused", func(w *world) {
			w.secrets["a"].state.Note = refresh.Note{Class: refresh.NeedsPerson, Code: "invalid_grant", Last: noon,
				Config: refresh.NewFingerprint([]byte("v1")), Credential: "c"}
		}, refresh.Waiting, "", 10 * time.Second},
		{"it notes what leaves the provider due", func(w *world) {
			w.secrets["a"].state.Note = refresh.Note{Class: refresh.Transient, Code: "http_503", Last: noon, Next: noon.Add(time.Hour),
				Config: refresh.NewFingerprint([]byte("v0")), Credential: "c"}
		}, refresh.Failed, refresh.CodeClaimed, 15 * time.Second},
		{"it dies", func(*world) {}, refresh.Failed, refresh.CodeClaimed, 15 * time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, v := newWorld("a"), &vault{}
				v.put("first-refresh-token")
				v.claimed = true
				began := time.Now()
				time.AfterFunc(10*time.Second-time.Millisecond, func() {
					w.mu.Lock()
					defer w.mu.Unlock()
					row.other(w)
				})
				res, _ := w.runWith(v, rotates)
				var code string
				if res.Err != nil {
					code = res.Err.Code
				}
				if n := w.opened["a"]; n > int(row.took/time.Second)+2 {
					t.Errorf("opened %d times in %v", n, row.took)
				}
				if res.Outcome == refresh.Adopted && res.State.Current != w.secrets["a"].state.Current {
					t.Errorf("adopted, and the state is that of before: %+v", res.State)
				}
				if res.Outcome != row.outcome || code != row.code || w.logins["a"] != 0 || time.Since(began) != row.took {
					t.Errorf("%+v after %v", res, time.Since(began))
				}
			})
		})
	}
}

// It is looked at once more, since providers say so in error as well; then no more.
func TestARevokedRefreshTokenNeedsAPerson(t *testing.T) {
	w, v := newWorld("a"), &vault{}
	v.put("first-refresh-token")
	w.answer("a", func(context.Context) (refresh.Grant, error) {
		return refresh.Grant{}, rejected()
	})
	notices := 0
	for range 24 * 60 {
		v.claimed = false
		if res, _ := w.runWith(v, rotates); res.Notice {
			notices++
		}
		w.now = w.now.Add(time.Minute)
	}
	if w.logins["a"] != 2 || notices != 2 {
		t.Errorf("in a day: %d logins, %d notices", w.logins["a"], notices)
	}
	w.answer("a", nil)
	v.put("new-refresh-token")
	if res, err := w.runWith(v, rotates); err != nil || !res.Recovered {
		t.Errorf("after a new one was put in: %+v, %v", res, err)
	}
}

// That another run has spent the refresh token explains that it is rejected, and nothing else; nor
// that it is rejected after the provider has replaced it.
func TestARefusedRefreshTokenThatAnotherRunHasSpent(t *testing.T) {
	for _, row := range []struct {
		name  string
		class refresh.Class
		code  string
		next  string // the refresh token that comes with the refusal
		want  string
	}{
		{"rejected", refresh.NeedsPerson, "invalid_grant", "", refresh.CodeClaimed},
		{"down", refresh.Transient, "http_503", "", "http_503"},
		{"rejected, with the next one", refresh.NeedsPerson, "invalid_grant", "second-refresh-token", "invalid_grant"},
	} {
		synctest.Test(t, func(t *testing.T) {
			w, v := newWorld("a"), &vault{}
			v.put("first-refresh-token")
			w.rotateTo("a", row.next)
			w.answer("a", func(context.Context) (refresh.Grant, error) {
				if row.next == "" {
					v.put("of-the-other-run")
				}
				return refresh.Grant{}, &refresh.Error{Class: row.class, Code: row.code, Detail: "refused"}
			})
			res, _ := w.runWith(v, rotates)
			if codeOf(res.Err) != row.want || res.Note.Unsure != "" || row.next == "" && v.token != "of-the-other-run" {
				t.Errorf("%s: %v, and %s is kept", row.name, res.Err, v.token)
			}
			if row.next == "" {
				return
			}
			// What has come with the refusal is no edit of a person's.
			w.now, v.claimed = w.now.Add(time.Minute), false
			if res, _ := w.runWith(v, rotates); w.logins["a"] != 1 || res.Reason != refresh.CoolingDown {
				t.Errorf("%s: %d logins, %s", row.name, w.logins["a"], res.Reason)
			}
		})
	}
}

func TestANewRefreshTokenThatCannotBeStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, v := newWorld("a"), &vault{err: errors.New("key disabled")}
		v.put("first-refresh-token")
		w.rotateTo("a", "second-refresh-token")
		res, err := w.runWith(v, rotates)
		if err == nil || res.Class() != refresh.NeedsPerson || res.Err.Code != refresh.CodeRefreshTokenLost {
			t.Errorf("%+v, %v", res, err)
		}
		if w.record("a") == "" {
			t.Error("the access token, which is good, was thrown away")
		}
	})
}

func TestAProbeThatFailsKeepsTheOldToken(t *testing.T) {
	w := newWorld("a")
	var refused string
	probed := func(p *refresh.Provider) {
		p.Probe = func(_ context.Context, _ refresh.Credential, token secret.Text) error {
			if token.Reveal() == refused {
				return &refresh.Error{Class: refresh.Transient, Suspect: true, Code: "probe_failed", Detail: "the API answered 401"}
			}
			return nil
		}
	}
	w.runWith(nil, probed)
	before := w.record("a")
	refused = "token-2"
	w.now = noon.Add(50 * time.Minute)
	res, err := w.runWith(nil, probed)
	if err == nil || res.Err.Code != "probe_failed" || w.record("a") != before {
		t.Fatalf("%+v, %v", res, err)
	}
	// What is stored and not current has failed: it is not taken for unfinished.
	w.now = w.now.Add(time.Minute)
	if res, err = w.runWith(nil, probed); err != nil || res.Outcome != refresh.Refreshed || !strings.Contains(w.record("a"), "token-3") {
		t.Errorf("%+v, %v: %s", res, err, w.record("a"))
	}
}

func TestATokenWhoseSuccessorEndsItIsReplacedLate(t *testing.T) {
	w := newWorld("a")
	res, _ := w.runWith(nil, func(p *refresh.Provider) { p.Supersedes = true })
	if want := noon.Add(time.Hour - 7*time.Minute); !res.Next.Equal(want) {
		t.Errorf("due at %v, want %v", res.Next, want)
	}
}

// A token that has ended the one before is ordered by when it was answered: of two runs at once,
// the last answer is good. Its end is counted from when it was asked for, as of any other.
func TestWhenATokenIsIssued(t *testing.T) {
	for _, row := range []struct {
		supersedes  bool
		takes, want time.Duration
	}{
		{false, 5 * time.Second, 0}, {true, 5 * time.Second, 5 * time.Second}, {true, 300 * time.Millisecond, 0},
		{true, 14*time.Second + 900*time.Millisecond, 14 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld("a")
			w.now = time.Now()
			w.answer("a", func(context.Context) (refresh.Grant, error) {
				g := w.grant()
				time.Sleep(row.takes)
				return g, nil
			})
			res, err := w.runWith(nil, func(p *refresh.Provider) { p.Supersedes = row.supersedes })
			v, _ := res.State.Current.Parse()
			if err != nil || v.IssuedAt.Sub(w.now) != row.want || v.ExpiresAt().Sub(w.now) != time.Hour {
				t.Errorf("%+v: issued after %v, and it expires after %v, %v", row, v.IssuedAt.Sub(w.now), v.ExpiresAt().Sub(w.now), err)
			}
		})
	}
}

func TestRecordsOfAnotherShape(t *testing.T) {
	w := newWorld("a")
	_, err := w.runWith(nil, func(p *refresh.Provider) {
		p.Encode = func(r refresh.Record) (secret.Text, error) { return r.AccessToken, nil }
	})
	if err != nil || w.record("a") != "token-1" {
		t.Errorf("%q, %v", w.record("a"), err)
	}
}

// The refresh token that was sent is a secret like any other: no record repeats it. Where a token
// renews itself it is what consumers are given.
func TestTheRefreshTokenThatWasSentIsNotStored(t *testing.T) {
	for renews, code := range map[bool]string{false: refresh.CodeSecretInRecord, true: ""} {
		synctest.Test(t, func(t *testing.T) {
			w, v := newWorld("a"), &vault{}
			v.put("first-refresh-token")
			w.answer("a", func(context.Context) (refresh.Grant, error) {
				g := w.grant()
				g.Extra = map[string]any{"echo": "first-refresh-token"}
				return g, nil
			})
			res, _ := w.runWith(v, func(p *refresh.Provider) {
				rotates(p)
				p.RenewsItself = renews
			})
			if codeOf(res.Err) != code || (w.record("a") == "") != (code != "") {
				t.Errorf("renews itself %t: %v, the record is %q", renews, res.Err, w.record("a"))
			}
		})
	}
}

// While the next refresh token is not stored, a token is only where the loss is noted as well: to
// later runs it would show that the login was answered, and the refresh token is good.
func TestNoTokenIsStoredWithoutWordOfTheLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, v := newWorld("a"), &vault{err: errors.New("throttled"), until: time.Now().Add(10 * time.Second)}
		v.put("first-refresh-token")
		w.rotateTo("a", "second-refresh-token")
		w.noteErr = errors.New("throttled")
		res, _ := w.runWith(v, rotates)
		if codeOf(res.Err) != refresh.CodeStoreFailed || w.record("a") != "" || v.token != "second-refresh-token" {
			t.Errorf("%v, the record is %q, and %s is kept", res.Err, w.record("a"), v.token)
		}
	})
}

// A note that an edit has cleared, and that the other run has not replaced, is no news of it.
func TestAClaimedRefreshTokenAfterAnEdit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, v := newWorld("a"), &vault{}
		v.put("first-refresh-token")
		v.claimed = true
		w.secrets["a"] = &stored{state: refresh.State{Name: "a", Exists: true, Owned: true, Note: refresh.Note{Class: refresh.Misconfigured, Code: "invalid_client",
			Last: noon, Next: noon.Add(time.Hour), Config: refresh.NewFingerprint([]byte("v1")), Credential: "before the edit"}}, versions: map[refresh.VersionID]string{}}
		began := time.Now()
		if res, _ := w.runWith(v, rotates); codeOf(res.Err) != refresh.CodeClaimed || time.Since(began) != 15*time.Second {
			t.Errorf("%+v after %v", res, time.Since(began))
		}
	})
}
