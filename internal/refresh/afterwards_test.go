package refresh_test

import (
	"cmp"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// What a failure leaves behind, and for how long.

func down(context.Context) (refresh.Grant, error) {
	return refresh.Grant{}, &refresh.Error{Class: refresh.Transient, Code: "http_503", Detail: "down"}
}

// The token that came with the lost refresh token is good, and still the spent refresh
// token must not be sent again, until a person has put in another.
func TestALostRefreshTokenIsNotForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, v := newWorld("a"), &vault{err: errors.New("the key is disabled")}
		v.put("first")
		sent := map[string]int{}
		w.next["a"] = func(spent string) refresh.Successor {
			sent[spent]++
			return refresh.Successor{Token: secret.New("next of " + spent)}
		}
		for range 90 {
			v.claimed = false
			if res, _ := w.runWith(v, rotates); res.Class() != refresh.NeedsPerson {
				t.Fatalf("%v: %s %s, class %q", w.now, res.Outcome, res.Reason, res.Class())
			}
			w.now = w.now.Add(time.Minute)
		}
		if sent["first"] != 1 {
			t.Errorf("it was sent %d times", sent["first"])
		}
		v.err = nil
		v.put("second")
		for range 2 {
			v.claimed = false
			w.now = w.now.Add(time.Minute)
			if res, err := w.runWith(v, rotates); err != nil || res.Class() != "" {
				t.Errorf("another was put in, and it is still %q: %v", res.Class(), err)
			}
			if n := w.secrets["a"].state.Note; n != (refresh.Note{}) {
				t.Errorf("another was put in, and the note is %s", n)
			}
		}
	})
}

// A failure of what was asked for by hand ends when nothing is left to be tried again.
func TestAForcedFailureEnds(t *testing.T) {
	for name, answer := range map[string]func(context.Context) (refresh.Grant, error){"the provider is down": down, "it refuses": refuse} {
		w := newWorld("a")
		w.run(refresh.Job{})
		w.answer("a", func(context.Context) (refresh.Grant, error) {
			g := w.grant()
			g.Lifetime = 30 * 24 * time.Hour
			return g, nil
		})
		w.now = w.now.Add(50 * time.Minute)
		w.run(refresh.Job{})
		logins := w.logins["a"]
		w.now = w.now.Add(time.Hour)
		w.answer("a", answer)
		w.run(refresh.Job{Only: []string{"a"}, Force: true})
		failing := 0
		for range 60 {
			w.now = w.now.Add(time.Minute)
			if _, report, _ := w.run(refresh.Job{}); report.Failing() > 0 {
				failing++
			}
		}
		if failing > 30 || w.logins["a"] != logins+1 {
			t.Errorf("%s: it counts as failing for %d ticks, after %d logins", name, failing, w.logins["a"]-logins)
		}
	}
}

// Of two runs one stores a token and the other is refused: that is no failure.
func TestAFailureBesideANewToken(t *testing.T) {
	w := newWorld("a")
	w.run(refresh.Job{})
	w.now = noon.Add(50 * time.Minute)
	first := true
	w.answer("a", func(context.Context) (refresh.Grant, error) {
		if !first {
			return down(context.Background())
		}
		first = false
		g := w.grant()
		w.now = w.now.Add(3 * time.Second)
		w.run(refresh.Job{})
		return g, nil
	})
	w.run(refresh.Job{})
	failing := 0
	for range 10 {
		w.now = w.now.Add(time.Minute)
		if _, report, _ := w.run(refresh.Job{}); report.Failing() > 0 {
			failing++
		}
	}
	if failing > 1 {
		t.Errorf("it counts as failing for %d ticks", failing)
	}
}

// What is to be tried at every tick is tried at every tick, though these come a few seconds
// early or late.
func TestTicksComeEarlyAndLate(t *testing.T) {
	w := newWorld("a")
	w.run(refresh.Job{})
	before := w.logins["a"]
	w.answer("a", down)
	begin := noon.Add(54 * time.Minute) // from 53 minutes on it is urgent
	for i := range 6 {
		w.now = begin.Add(time.Duration(i)*time.Minute + time.Duration(i%2)*-10*time.Second)
		w.run(refresh.Job{})
	}
	if n := w.logins["a"] - before; n != 6 {
		t.Errorf("%d logins in 6 ticks", n)
	}
	// Then the token has expired, and nothing is left to save.
	before = w.logins["a"]
	for i := range 60 {
		w.now = noon.Add(time.Duration(60+i) * time.Minute)
		w.run(refresh.Job{})
	}
	if n := w.logins["a"] - before; n < 12 || n > 14 {
		t.Errorf("%d logins in the hour after the token expired, want one every five ticks", n)
	}
}

// The time that a provider asks for begins when it says so, which may be late in a run.
func TestRetryAfterBeginsWithTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("a")
		var told, asked []time.Time
		w.answer("a", func(context.Context) (refresh.Grant, error) {
			asked = append(asked, time.Now())
			time.Sleep(14 * time.Second)
			told = append(told, time.Now())
			return refresh.Grant{}, &refresh.Error{Class: refresh.Transient, Code: "http_429", Detail: "slow down", RetryAfter: 2 * time.Minute}
		})
		for range 10 {
			began := time.Now()
			w.now = began
			w.run(refresh.Job{})
			time.Sleep(time.Minute - time.Since(began))
		}
		if len(asked) < 3 {
			t.Errorf("asked %d times in ten minutes", len(asked))
		}
		for i := 1; i < len(asked); i++ {
			if d := asked[i].Sub(told[i-1]); d < 2*time.Minute {
				t.Errorf("asked again after %v", d)
			}
		}
	})
}

func TestAPausedProviderWithABadConfig(t *testing.T) {
	w := newWorld("a")
	w.run(refresh.Job{})
	w.secrets["a"].state.Paused = true
	w.configs["a"] = "bad"
	for range 3 {
		w.now = w.now.Add(time.Minute)
		res, report, err := w.run(refresh.Job{})
		if err != nil || res["a"].Reason != refresh.Paused || report.Failing() != 0 || w.secrets["a"].state.Note != (refresh.Note{}) {
			t.Errorf("%+v, %v", res["a"], err)
		}
	}
}

// A machine's clock was two hours ahead when a token was stored, and is set right.
func TestAClockThatWasAhead(t *testing.T) {
	w := newWorld("a")
	w.now = noon.Add(2 * time.Hour)
	w.run(refresh.Job{})
	w.now = noon
	res, _, err := w.run(refresh.Job{})
	if got := res["a"]; err != nil || got.Outcome != refresh.Refreshed || got.Reason != refresh.ForeignVersion || !got.State.ExpiresAt().Equal(noon.Add(time.Hour)) {
		t.Errorf("%s %s, until %v: %v", got.Outcome, got.Reason, got.State.ExpiresAt(), err)
	}
	// So are failures of its kind.
	w = newWorld("a")
	w.now = noon.Add(2 * time.Hour)
	w.run(refresh.Job{})
	w.answer("a", refuse)
	for i := range 10 {
		w.now = noon.Add(time.Duration(i) * time.Minute)
		w.run(refresh.Job{})
	}
	if w.logins["a"] != 2 {
		t.Errorf("a login that is refused was made %d times", w.logins["a"]-1)
	}
}

// However far the clock of the run before was ahead, what a login gives takes the place of the
// token that the login was decided on: the provider may have ended that.
func TestALoginAfterAClockThatWasAhead(t *testing.T) {
	for _, ahead := range []time.Duration{0, time.Second, 59 * time.Second, time.Minute, 61 * time.Second, time.Hour} {
		for _, job := range []refresh.Job{{Only: []string{"a"}, Force: true}, {}} {
			w := newWorld("a")
			w.now = noon.Add(ahead)
			w.run(refresh.Job{})
			w.now = noon
			res, _, err := w.run(job)
			got, issued := res["a"], noon // as it was asked for, and a second later than what may be so by clocks that differ
			if ahead <= time.Minute {
				issued = noon.Add(ahead + time.Second)
			}
			if v, _ := got.State.Current.Parse(); w.logins["a"] > 1 && !v.IssuedAt.Equal(issued) {
				t.Errorf("%v ahead, forced: %v: issued at %v, want %v", ahead, job.Force, v.IssuedAt, issued)
			}
			if err != nil || w.logins["a"] > 1 && got.Outcome != refresh.Refreshed {
				t.Errorf("%v ahead, forced: %v: %s %s after %d logins: %v", ahead, job.Force, got.Outcome, got.Reason, w.logins["a"], err)
			}
		}
	}
}

// A refresh token that may have been spent is one failure, whatever keeps a run from sending it in
// between: it is neither reported as new nor tried as often as at first.
func TestWhatComesBetweenTwoUnsureLogins(t *testing.T) {
	unsure := &refresh.Error{Class: refresh.Transient, Code: refresh.CodeRefreshTokenUnsure}
	p := refresh.Provider{Name: "a", Config: 1}
	for _, row := range []struct {
		name   string
		before refresh.Note
		tries  int
	}{
		{"another failure", refresh.Note{Class: refresh.Transient, Code: "http_503", Tries: 3}, 1},
		{"no room for a claim", refresh.Note{Class: refresh.Transient, Code: refresh.CodeWriteBudget, Tries: 3, Unsure: "0a1b2c3d"}, 4},
		{"the same", refresh.Note{Class: refresh.Transient, Code: refresh.CodeRefreshTokenUnsure, Tries: 3, Unsure: "0a1b2c3d"}, 4},
		{"the same, of another refresh token", refresh.Note{Class: refresh.Transient, Code: refresh.CodeRefreshTokenUnsure, Tries: 3, Unsure: "0a1b2c3d", Credential: "2"}, 1},
	} {
		row.before.Config, row.before.Credential = 1, cmp.Or(row.before.Credential, "1")
		row.before.Since, row.before.Last = noon, noon
		if n := onAWS(time.Minute).Failed(p, refresh.State{Note: row.before}, "1", noon.Add(time.Hour), unsure); n.Tries != row.tries {
			t.Errorf("%s: %d tries, want %d", row.name, n.Tries, row.tries)
		}
	}
}

// Where no good token is left, a refresh token that may have been spent is tried like a provider that is
// down, and then like a login that is refused.
func TestDistancesOfUnsureLogins(t *testing.T) {
	s, p := onAWS(time.Minute), refresh.Provider{Name: "a", Config: 1}
	hourly := refresh.State{} // at a tick of an hour no distance is less
	for i, want := range []time.Duration{1, 2, 4, 5, 1, 1, 2, 4, 4} {
		hourly.Note = onAWS(time.Hour).Failed(p, hourly, "1", noon, &refresh.Error{Class: refresh.Transient, Code: refresh.CodeRefreshTokenUnsure})
		if got := hourly.Note.Next.Sub(noon); got != want*time.Hour {
			t.Errorf("at a tick of an hour, after %d: %v, want %v", i+1, got, want*time.Hour)
		}
	}
	for _, st := range []refresh.State{{}, minutesLeft(5 * time.Minute), minutesLeft(-time.Minute)} {
		for i, want := range []time.Duration{1, 2, 4, 5, 30, 60, 120, 240, 240} {
			st.Note = s.Failed(p, st, "1", noon, &refresh.Error{Class: refresh.Transient, Code: refresh.CodeRefreshTokenUnsure})
			if got := st.Note.Next.Sub(noon); got != want*time.Minute || st.Note.Tries != i+1 {
				t.Errorf("until %v, after %d: %v, want %v", st.ExpiresAt(), st.Note.Tries, got, want*time.Minute)
			}
		}
	}
}

// Asked for by hand, a provider repeats a token that is not due: the plan holds.
func TestAForcedRepetitionPostponesNothing(t *testing.T) {
	const month = 30 * 24 * time.Hour
	w := newWorld("a")
	w.answer("a", func(context.Context) (refresh.Grant, error) {
		return refresh.Grant{AccessToken: secret.New("constant"), TokenType: "Bearer", AskedAt: noon, Lifetime: month}, nil
	})
	w.run(refresh.Job{})
	w.now = w.now.Add(11 * 24 * time.Hour)
	res, _, _ := w.run(refresh.Job{Only: []string{"a"}, Force: true})
	due := w.runner().Schedule.DueAt("a", refresh.Version{IssuedAt: noon, Lifetime: month})
	if got := res["a"]; got.Outcome != refresh.Same || !got.Next.Equal(due) {
		t.Errorf("%s, and the next attempt is at %v, want %v", got.Outcome, got.Next, due)
	}
}
