package secretstore_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/secretstore"
)

// A put of a claim that arrives after that of another run gives none.
func TestAClaimThatArrivesLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSafe(t)
		s.put(t, "token 0")
		s.Fail("secretsmanager:PutSecretValue", awstest.Fault{Delay: 1500 * time.Millisecond, Times: 1})
		late := make(chan error)
		go func() {
			_, err := s.Claim(t.Context(), "quickbooks")
			late <- err
		}()
		time.Sleep(time.Second)
		if _, err := vaultIn(s.AWS).Claim(t.Context(), "quickbooks"); err != nil {
			t.Error(err)
		}
		if err := <-late; !errors.Is(err, refresh.ErrClaimed) {
			t.Errorf("%v", err)
		}
	})
}

// A process that runs more often than a claim lasts is not kept away by its own, whether or not the
// refresh token was replaced; another process is.
func TestAProcessIsNotHeldUpByItsOwnClaims(t *testing.T) {
	for _, every := range []time.Duration{time.Second, 10 * time.Second, 25 * time.Second} {
		for _, rotates := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				s := newSafe(t)
				s.put(t, "token 0")
				time.Sleep(time.Second)
				for n := range 6 {
					ticket, err := s.Claim(t.Context(), "quickbooks")
					if err != nil {
						t.Fatalf("every %v, replaced %t: the claim %d: %v", every, rotates, n, err)
					}
					if rotates {
						if err := s.Rotate(t.Context(), "quickbooks", ticket, secret.New(fmt.Sprint("token ", n+1))); err != nil {
							t.Fatal(err)
						}
					}
					s.Release("quickbooks", ticket)
					if _, err := vaultIn(s.AWS).Claim(t.Context(), "quickbooks"); !errors.Is(err, refresh.ErrClaimed) {
						t.Errorf("every %v, replaced %t: another process gets %v", every, rotates, err)
					}
					time.Sleep(every)
				}
			})
		}
	}
}

// A list of versions that is older than the description does not hide a claim.
func TestAListThatLagsBehindAClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, first := claimed(t)
		time.Sleep(10 * time.Minute) // by its time another claim would be good
		s.Fail("secretsmanager:ListSecretVersionIds", awstest.Fault{Times: 1, Rewrite: func(answer map[string]any) {
			versions, _ := answer["Versions"].([]any)
			answer["Versions"] = slices.DeleteFunc(versions, func(v any) bool { return v.(map[string]any)["VersionId"] == first.Claim.ID })
		}})
		if _, err := vaultIn(s.AWS).Claim(t.Context(), "quickbooks"); !errors.Is(err, refresh.ErrClaimed) {
			t.Errorf("%v", err)
		}
		if _, err := vaultIn(s.AWS).Claim(t.Context(), "quickbooks"); err != nil {
			t.Errorf("once it is listed: %v", err)
		}
	})
}

// A description that lags behind shows a token that was replaced.
func TestAClaimOnWhatWasReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := newSafe(t), &spender{}
		s.put(t, "token 0")
		s.Fail("secretsmanager:DescribeSecret", awstest.Fault{Stale: true, Times: 2})
		if err := l.run(t, s.Vault); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Minute)
		if err := l.run(t, s.Vault); !errors.Is(err, refresh.ErrClaimed) || len(l.asked) != 1 {
			t.Errorf("%v, and asked with %q", err, l.asked)
		}
	})
}

// Secrets Manager takes 100 versions in 24 hours. A provider that is down all day leaves
// room for the day's end.
func TestADayWithoutAProvider(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSafe(t)
		s.put(t, "token 0")
		var full *refresh.Error
		paused, claims := 0, 0
		for range 2 * 24 * 12 {
			switch _, err := s.Claim(t.Context(), "quickbooks"); {
			case err == nil:
				claims++
			case errors.As(err, &full) && full.Code == refresh.CodeWriteBudget && full.Class == refresh.Transient && full.RetryAfter > 0:
				paused++
			case !errors.Is(err, refresh.ErrClaimed):
				t.Fatal(err)
			}
			time.Sleep(5 * time.Minute)
		}
		if paused == 0 || claims < 2*50 {
			t.Errorf("%d claims, and %d refused, in two days", claims, paused)
		}
		time.Sleep(30 * time.Minute)
		l := &spender{}
		if err := l.run(t, s.Vault); err != nil {
			t.Errorf("when it is back: %v", err)
		}
	})
}

// Where no further version could be stored, nothing is spent. Secrets Manager takes 100 in 24
// hours: one is the claim, one the token that comes of it, and one is for a person.
func TestNoRoomForTheNextToken(t *testing.T) {
	for _, row := range []struct {
		versions int
		after    time.Duration
		refused  bool
	}{
		{97, time.Minute, false},
		{98, time.Minute, true},
		{98, 24*time.Hour - time.Second, true},
		{98, 24 * time.Hour, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, first := newSafe(t), time.Now()
			for n := range row.versions {
				s.put(t, fmt.Sprint("token ", n))
			}
			time.Sleep(time.Until(first.Add(row.after)))
			_, err := s.Claim(t.Context(), "quickbooks")
			var full *refresh.Error
			switch {
			case !row.refused && err != nil:
				t.Errorf("%d versions, after %v: %v", row.versions, row.after, err)
			case row.refused && (!errors.As(err, &full) || full.Code != refresh.CodeWriteBudget || full.RetryAfter != 20*time.Minute || full.Remedy == "" || !strings.Contains(full.Detail, "98 versions")):
				t.Errorf("%d versions, after %v: %v", row.versions, row.after, err)
			}
		})
	}
}

// A claim keeps others away for as long as its run may last, by clocks that differ by ten seconds,
// to the next tick. The template ends a run before the next one begins, and after four minutes.
func TestHowLongAClaimLasts(t *testing.T) {
	for tick, want := range map[time.Duration]struct{ run, apart time.Duration }{
		10 * time.Second: {10 * time.Second, 20 * time.Second},
		time.Minute:      {time.Minute, 2 * time.Minute},
		5 * time.Minute:  {4 * time.Minute, 5 * time.Minute},
		10 * time.Minute: {4 * time.Minute, 10 * time.Minute},
	} {
		if run, apart := secretstore.LongestRun(tick), secretstore.Claims(tick).Apart; run != want.run || apart != want.apart {
			t.Errorf("at a tick of %v a run lasts %v and a claim %v, want %+v", tick, run, apart, want)
		}
	}
	if apart := secretstore.Claims(0).Apart; apart != 4*time.Minute+10*time.Second {
		t.Errorf("without a tick a claim lasts %v", apart)
	}
	synctest.Test(t, func(t *testing.T) {
		s, first := claimed(t)
		if !first.Before.At.IsZero() {
			t.Errorf("the first claim comes after one of %v", first.Before.At)
		}
		at := time.Now()
		time.Sleep(10 * time.Minute)
		second, err := vaultIn(s.AWS).Claim(t.Context(), "quickbooks")
		if err != nil || second.Before.ID != first.Claim.ID || !second.Before.At.Equal(at.Add(-10*time.Second)) {
			t.Errorf("%+v, %v; the first was at %v", second.Before, err, at)
		}
	})
}

// A token that a person puts in while a run claims the one before it is not given to that run.
func TestATokenThatIsReplacedWhileItIsClaimed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSafe(t)
		s.put(t, "token 0")
		s.Fail("secretsmanager:PutSecretValue", awstest.Fault{Times: 1, After: func(awstest.Call) {
			go s.put(t, "of a person")
		}})
		s.Fail("secretsmanager:GetSecretValue", awstest.Fault{Times: 1, Delay: time.Second})
		if ticket, err := s.Claim(t.Context(), "quickbooks"); !errors.Is(err, refresh.ErrClaimed) || !ticket.Token.IsZero() {
			t.Errorf("%v, %v", ticket.ID, err)
		}
		if ticket, err := vaultIn(s.AWS).Claim(t.Context(), "quickbooks"); err != nil || ticket.Token.Reveal() != "of a person" {
			t.Errorf("%v, %v", ticket.ID, err)
		}
	})
}

// A token that stays the same is claimed eight times at the pace of the runs, and then every
// twenty minutes, whichever process it is that claims.
func TestTheMomentsOfClaims(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSafe(t)
		s.put(t, "token 0")
		time.Sleep(time.Second) // of what is written in the same second it is chance which counts as newer
		began := time.Now()
		var at []time.Duration
		for time.Since(began) < 2*time.Hour {
			if _, err := vaultIn(s.AWS).Claim(t.Context(), "quickbooks"); err == nil {
				at = append(at, time.Since(began).Round(time.Minute))
			}
			time.Sleep(5 * time.Minute)
		}
		const m = time.Minute
		want := []time.Duration{0, 5 * m, 10 * m, 15 * m, 20 * m, 25 * m, 30 * m, 35 * m, 55 * m, 75 * m, 95 * m, 115 * m}
		if !slices.Equal(at, want) {
			t.Errorf("claimed after %v, want %v", at, want)
		}
		for _, tick := range []time.Duration{time.Minute, 5 * time.Minute} {
			if c := secretstore.Claims(tick); c.Eager != 7*tick || c.Rest != 20*m || c.Apart < secretstore.LongestRun(tick)+10*time.Second {
				t.Errorf("at a tick of %v: %+v", tick, c)
			}
		}
	})
}

// Whatever a run takes, and however long a claim is on its way: no two runs hold one at the
// same time. Each is given the longest run that the template allows.
func TestNoTwoHoldersOverlap(t *testing.T) {
	type attempt struct{ begins, lasts, late time.Duration }
	type hold struct{ from, to time.Time }
	rapid.Check(t, func(rt *rapid.T) {
		longest := time.Duration(rapid.IntRange(20, 240).Draw(rt, "longest run in seconds")) * time.Second
		within := func(name string, least, most time.Duration) time.Duration {
			return time.Duration(rapid.Int64Range(int64(least), int64(most)).Draw(rt, name))
		}
		var attempts []attempt
		for range rapid.IntRange(2, 12).Draw(rt, "runs") {
			attempts = append(attempts, attempt{within("begins", 0, 2*longest), within("lasts", longest/2, longest), within("claim takes", 0, 1900*time.Millisecond)})
		}
		synctest.Test(t, func(t *testing.T) {
			s := newSafe(t)
			s.put(t, "token 0")
			var mu sync.Mutex
			var holds []hold
			var wg sync.WaitGroup
			for _, a := range attempts {
				v := vaultIn(s.AWS)
				v.LongestRun = longest
				wg.Go(func() {
					time.Sleep(a.begins)
					end := time.Now().Add(a.lasts)
					s.Fail("secretsmanager:PutSecretValue", awstest.Fault{Delay: a.late, Times: 1})
					_, err := v.Claim(t.Context(), "quickbooks")
					mu.Lock()
					defer mu.Unlock()
					if err == nil {
						holds = append(holds, hold{time.Now(), end})
					} else if !errors.Is(err, refresh.ErrClaimed) {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			slices.SortFunc(holds, func(a, b hold) int { return a.from.Compare(b.from) })
			for i := 1; i < len(holds); i++ {
				if holds[i].from.Before(holds[i-1].to) {
					rt.Errorf("with runs of %v one has it from %v on, and another until %v", longest, holds[i].from, holds[i-1].to)
				}
			}
			if len(holds) == 0 {
				rt.Error("nobody had it")
			}
		})
	})
}
