package refresh_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// A hooked vault has something happen before each claim and each rotation.
type hooked struct {
	*vault
	claim  func(context.Context) error
	rotate func(context.Context) error
}

func (h hooked) Claim(ctx context.Context, name string) (refresh.Ticket, error) {
	if h.claim != nil {
		if err := h.claim(ctx); err != nil {
			return refresh.Ticket{}, err
		}
	}
	return h.vault.Claim(ctx, name)
}

func (h hooked) Rotate(ctx context.Context, name string, spent refresh.Ticket, next secret.Text) error {
	if h.rotate != nil {
		if err := h.rotate(ctx); err != nil {
			return err
		}
	}
	return h.vault.Rotate(ctx, name, spent, next)
}

// runVault does a run of that length, zero for any, with a vault.
func (w *world) runVault(t *testing.T, v refresh.Vault, length time.Duration) refresh.Result {
	t.Helper()
	r := w.runner()
	r.Vault, r.Parser = v, rotating{parser{w}, rotates}
	ctx := t.Context()
	if length > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, length)
		defer cancel()
	}
	report, _ := r.Run(ctx, refresh.Job{})
	return report.Results[0]
}

// Claiming may take ten seconds: so much is left beside two attempts of ten seconds each. What is claimed later
// is not sent, and given back.
func TestClaimsThatTakeLong(t *testing.T) {
	for _, row := range []struct {
		takes  time.Duration
		heeds  bool // the end of its context
		code   string
		logins int
	}{
		{0, true, "", 1},
		{10 * time.Second, false, "", 1},
		{10*time.Second + time.Millisecond, false, refresh.CodeStoreFailed, 0},
		{10*time.Second + time.Millisecond, true, refresh.CodeStoreFailed, 0},
		{9999 * time.Millisecond, true, "", 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			w, v := newWorld("a"), &vault{}
			v.put("first")
			began := time.Now()
			res := w.runVault(t, hooked{vault: v, claim: func(ctx context.Context) error {
				if end, _ := ctx.Deadline(); end.Sub(began) != 10*time.Second {
					t.Errorf("claiming may take %v", end.Sub(began))
				}
				if !row.heeds {
					ctx = context.Background()
				}
				select {
				case <-time.After(row.takes):
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			}}, 0)
			if codeOf(res.Err) != row.code || w.logins["a"] != row.logins || v.claimed {
				t.Errorf("%+v: %v, %d logins, still claimed: %t", row, res.Err, w.logins["a"], v.claimed)
			}
			if n := res.Note; row.code != "" && (n.Ours != 1 || n.Class != refresh.Transient || n.Unsure != "") {
				t.Errorf("%+v: noted %s", row, n)
			}
		})
	}
}

// A claim that the end of the run cuts short is no failure.
func TestAClaimThatIsCutShort(t *testing.T) {
	for run, want := range map[time.Duration]refresh.Outcome{30 * time.Second: refresh.Skipped, time.Minute: refresh.Failed} {
		synctest.Test(t, func(t *testing.T) {
			w, v := newWorld("a"), &vault{}
			v.put("first")
			res := w.runVault(t, hooked{vault: v, claim: func(ctx context.Context) error {
				<-ctx.Done()
				time.Sleep(21 * time.Second)
				return ctx.Err()
			}}, run)
			if res.Outcome != want || w.logins["a"] != 0 || (w.secrets["a"].state.Note == refresh.Note{}) != (want == refresh.Skipped) {
				t.Errorf("a run of %v: %s, %v, noted %s", run, res.Outcome, res.Err, w.secrets["a"].state.Note)
			}
		})
	}
}

// Where refresh tokens cannot be kept, and where one was never put in, a config editor or a person is asked to act.
func TestWithoutARefreshToken(t *testing.T) {
	w := newWorld("a")
	res, _ := w.runWith(nil, rotates)
	if codeOf(res.Err) != refresh.CodeNoRefreshToken || res.Class() != refresh.Misconfigured || w.logins["a"] != 0 {
		t.Errorf("without a vault: %v", res.Err)
	}
	w = newWorld("a")
	res, _ = w.runWith(&vault{}, rotates)
	if codeOf(res.Err) != refresh.CodeNoRefreshToken || res.Class() != refresh.NeedsPerson || !strings.Contains(res.Err.Remedy, "'tokenkeeper refresh-token put a'") || !errors.Is(res.Err, refresh.ErrNotFound) {
		t.Errorf("without a refresh token: %v", res.Err)
	}
}

// noted returns what a note has of an id.
func noted(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:4])
}

// What is claimed is what may be spent, also where it was put in a moment before.
func TestARefreshTokenThatIsPutInBeforeItsClaim(t *testing.T) {
	w, v := newWorld("a"), &vault{}
	v.put("first")
	w.answer("a", func(context.Context) (refresh.Grant, error) {
		return refresh.Grant{}, &refresh.Error{Class: refresh.Transient, Code: "timeout", Detail: "no answer", Unsure: true}
	})
	res := w.runVault(t, hooked{vault: v, claim: func(context.Context) error { v.put("second"); return nil }}, 0)
	if want := noted("2"); res.Note.Unsure != want {
		t.Errorf("noted %s, want %s", res.Note, want)
	}
}

// The provider repeats an answer that was lost for so long after it was asked, and in that time the refresh token
// may be sent: it rests until the last tick of it, if that is later than the last useful moment of the token.
func TestHowLongARefreshTokenRests(t *testing.T) {
	for grace, want := range map[time.Duration]time.Duration{ // as of a login 40 minutes after the token
		0:                53 * time.Minute,
		14 * time.Minute: 53 * time.Minute,
		15 * time.Minute: 40*time.Minute + 5*time.Second + 15*time.Minute - 90*time.Second,
		2 * time.Hour:    40*time.Minute + 5*time.Second + 2*time.Hour - 90*time.Second,
	} {
		synctest.Test(t, func(t *testing.T) {
			w, v := newWorld("a"), &vault{}
			v.put("first")
			lives := func(p *refresh.Provider) { rotates(p); p.Grace = grace }
			w.runWith(v, lives)
			w.answer("a", func(context.Context) (refresh.Grant, error) {
				time.Sleep(5700 * time.Millisecond)
				return refresh.Grant{}, &refresh.Error{Class: refresh.Transient, Code: "timeout", Detail: "no answer", Remedy: "look at the host", Suspect: true, Unsure: true}
			})
			w.now = w.now.Add(40 * time.Minute)
			res, _ := w.runWith(v, lives)
			if !res.Note.Next.Equal(noon.Add(want)) || res.Note.Unsure == "" {
				t.Errorf("a grace of %v: it rests until %v, want %v: %v", grace, res.Note.Next.Sub(noon), want, res.Err)
			}
			if e := res.Err; e.Code != refresh.CodeRefreshTokenUnsure || !strings.HasPrefix(e.Detail, "no answer; ") || !strings.HasPrefix(e.Remedy, "nothing yet: ") {
				t.Errorf("%+v", e)
			}
		})
	}
}

// Whether it is known what became of the last claim: it is noted, or a token has been stored since. If not, the refresh
// token may have been spent: it is sent only where there is no good token, and that it was is noted.
func TestWhatBecameOfTheLastClaim(t *testing.T) {
	config := refresh.NewFingerprint([]byte("v1"))
	issued := func(at time.Time) refresh.VersionID {
		return refresh.Version{IssuedAt: at, Lifetime: time.Hour, Config: config}.ID()
	}
	const never = -1000 * time.Hour
	for _, row := range []struct {
		name  string
		claim time.Duration // before now; never: there was none
		token time.Duration // issued before now; never: there is none
		noted bool
		sent  bool
		known bool
	}{
		{"no claim, no token", never, never, false, true, true},
		{"a claim of a run that died, no token", time.Minute, never, false, true, false},
		{"one whose outcome is noted, no token", time.Minute, never, true, true, true},
		{"no claim, a token", never, 45 * time.Minute, false, true, true},
		{"a claim before the token", 46 * time.Minute, 45 * time.Minute, false, true, true},
		{"in the same second", 45 * time.Minute, 45 * time.Minute, false, true, true},
		{"after the token", 44 * time.Minute, 45 * time.Minute, false, false, false},
		{"after the token, noted", 44 * time.Minute, 45 * time.Minute, true, true, true},
		{"after the token, which has expired", 44 * time.Minute, 61 * time.Minute, false, true, false},
	} {
		w, v := newWorld("a"), &vault{}
		v.put("first")
		st := refresh.State{Name: "a", Exists: true, Owned: true}
		if row.token != never {
			st.Current = issued(noon.Add(-row.token))
		}
		w.secrets["a"] = &stored{state: st, versions: map[refresh.VersionID]string{}}
		if row.claim != never {
			v.last = refresh.Claim{ID: "claim 7", At: noon.Add(-row.claim)}
		}
		if row.noted {
			w.secrets["a"].state.Note.Claim = noted("claim 7")
		}
		w.answer("a", down)
		res, _ := w.runWith(v, rotates)
		if sent := w.logins["a"] == 1; sent != row.sent || sent && codeOf(res.Err) != "http_503" || !sent && codeOf(res.Err) != refresh.CodeRefreshTokenUnsure {
			t.Errorf("%s: %d logins, %v", row.name, w.logins["a"], res.Err)
		}
		if n := res.Note; (n.Unsure == "") != row.known || n.Unsure != "" && len(n.Unsure) != 8 || len(n.Claim) != 8 {
			t.Errorf("%s: noted %s", row.name, n)
		}
	}
}

// A run that is stopped waits no longer for the one that has the refresh token.
func TestAwaitingEndsWithTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, v := newWorld("a"), &vault{}
		v.put("first")
		v.claimed = true
		r := w.runner()
		r.Vault, r.Parser = v, rotating{parser{w}, rotates}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3500*time.Millisecond, cancel)
		began := time.Now()
		report, _ := r.Run(ctx, refresh.Job{})
		if res := report.Results[0]; codeOf(res.Err) != refresh.CodeClaimed || res.Class() != refresh.Transient || !res.Notice || res.Reason != refresh.NoToken || time.Since(began) != 3500*time.Millisecond || w.notes != 0 {
			t.Errorf("%+v after %v", res, time.Since(began))
		}
	})
}

// What a login waits for ends once a person puts in another refresh token, or edits the credential: where it may have
// spent one, or was refused, and not where a provider is down.
func TestWhatEndsTheWaitForALogin(t *testing.T) {
	for _, row := range []struct {
		name string
		e    refresh.Error
		ends bool
	}{
		{"the provider is down", refresh.Error{Class: refresh.Transient, Code: "http_503"}, false},
		{"it may be spent", refresh.Error{Class: refresh.Transient, Code: "timeout", Unsure: true}, true},
		{"it is refused", refresh.Error{Class: refresh.Misconfigured, Code: "invalid_client"}, true},
		{"it is revoked", refresh.Error{Class: refresh.NeedsPerson, Code: "invalid_grant"}, true},
	} {
		for edit, do := range map[string]func(*world, *vault){
			"nothing is edited":    func(*world, *vault) {},
			"another is put in":    func(_ *world, v *vault) { v.put("second") },
			"an edited credential": func(w *world, _ *vault) { w.credentials["a"] = credential{version: "c2"} },
		} {
			w, v := newWorld("a"), &vault{}
			v.put("first")
			w.runVault(t, v, 0)
			w.now = noon.Add(45 * time.Minute)
			w.answer("a", func(context.Context) (refresh.Grant, error) { e := row.e; return refresh.Grant{}, &e })
			w.runVault(t, v, 0)
			w.answer("a", nil)
			w.now = w.now.Add(20 * time.Second)
			do(w, v)
			res := w.runVault(t, v, 0)
			// One that may be spent is not sent again for an edit elsewhere.
			if want := row.ends && (edit == "another is put in" || edit == "an edited credential" && !row.e.Unsure); (res.Outcome == refresh.Refreshed) != want {
				t.Errorf("%s, and then %s: %s, %s", row.name, edit, res.Outcome, res.Reason)
			}
		}
	}
}

// What another run has noted meanwhile stays, where refresh tokens are used: it knows more. What failed here is reported.
func TestANoteOfAnotherRunStays(t *testing.T) {
	for _, meanwhile := range []bool{false, true} {
		w, v := newWorld("a"), &vault{}
		v.put("first")
		w.runVault(t, v, 0)
		w.now = noon.Add(45 * time.Minute)
		theirs := refresh.Note{Class: refresh.NeedsPerson, Code: "invalid_grant", Tries: 1, Since: w.now, Last: w.now, Config: refresh.NewFingerprint([]byte("v1"))}
		r := w.runner()
		r.Vault, r.Parser, r.Source = v, rotating{parser{w}, rotates}, failsAfter{source{w}}
		notes := w.notes
		if meanwhile {
			w.beforeLatest = func(string) { w.secrets["a"].state.Note = theirs }
		}
		report, _ := r.Run(t.Context(), refresh.Job{})
		if res := report.Results[0]; res.Note.Code != refresh.CodeSourceFailed || len(res.Warnings) != 0 || (w.notes == notes) != meanwhile || meanwhile && w.secrets["a"].state.Note != theirs {
			t.Errorf("noted meanwhile %t: %+v, and the note is %s", meanwhile, res, w.secrets["a"].state.Note)
		}
	}
}

// A failsAfter source reads nothing, after what comes before a login.
type failsAfter struct{ source }

func (f failsAfter) Latest(ctx context.Context, wanted []refresh.Wanted) []refresh.Reading {
	f.source.Latest(ctx, wanted)
	return brokenReading(f).Latest(ctx, wanted)
}
