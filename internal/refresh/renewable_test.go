package refresh_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// A consent is a provider whose tokens live for a day, and whose refresh tokens expire.
type consent struct {
	*world
	v      *vault
	stated time.Time // the end of the refresh token, as the next answer says it; zero: it does not
	next   string    // the refresh token that comes with it; empty: none
}

func newConsent() *consent {
	c := &consent{world: newWorld("a"), v: &vault{}}
	c.v.put("first")
	c.answer("a", func(context.Context) (refresh.Grant, error) {
		g := c.grant()
		g.Lifetime, g.RefreshTokenEnds = 24*time.Hour, c.stated
		return g, nil
	})
	c.world.next["a"] = func(string) refresh.Successor {
		if c.next == "" {
			return refresh.Successor{}
		}
		return refresh.Successor{Token: secret.New(c.next)}
	}
	return c
}

func (c *consent) login() refresh.Result {
	c.v.claimed = false
	return c.runJob(c.v, refresh.Job{Only: []string{"a"}, Force: true}, "a")
}

// A refresh token that expires before the token is renewed in time, each time.
func TestARefreshTokenIsRenewedBeforeItExpires(t *testing.T) {
	for _, lives := range []time.Duration{time.Hour, 3 * time.Hour, 20 * time.Hour} {
		c := newConsent()
		logins, ends := 0, time.Time{}
		for range 3 * 24 * 60 {
			c.stated = c.now.Add(lives)
			c.v.claimed = false
			res := c.runJob(c.v, refresh.Job{}, "a")
			if n := c.logins["a"]; n > logins {
				logins = n
				if left := ends.Sub(c.now); !ends.IsZero() && left < 5*time.Minute {
					t.Fatalf("lives %v: renewed with %v left", lives, left)
				}
				ends = c.stated
				if !res.Next.Before(ends) {
					t.Fatalf("lives %v: due at %v, and expires at %v", lives, res.Next, ends)
				}
			}
			c.now = c.now.Add(time.Minute)
		}
		if least, most := int(72*time.Hour/lives), int(4*72*time.Hour/lives); logins < least || logins > most {
			t.Errorf("lives %v: %d logins in three days", lives, logins)
		}
	}
}

// What is known of the end after a login, by what it says and whether a new refresh token came.
func TestTheEndOfARefreshTokenIsRemembered(t *testing.T) {
	c := newConsent()
	first, second := noon.Add(90*24*time.Hour), noon.Add(100*24*time.Hour)
	for _, row := range []struct {
		name   string
		stated time.Time
		next   string
		want   time.Time
	}{
		{"nothing is said", time.Time{}, "", time.Time{}},
		{"it is said", first, "", first},
		{"the same refresh token goes on, and nothing is said", time.Time{}, "", first},
		{"it is said again, by a count of seconds", first.Add(-3 * time.Second), "second", first},
		{"less than a minute later it is the same", first.Add(59 * time.Second), "", first},
		{"a minute later it is another", first.Add(time.Minute), "", first.Add(time.Minute)},
		{"a minute before that as well", first, "", first},
		{"a new one lives longer", second, "third", second},
		{"a new one, without an end", time.Time{}, "fourth", time.Time{}},
		{"to a fraction of a second", second.Add(700 * time.Millisecond), "fifth", second},
		{"it is said once more", first, "sixth", first},
	} {
		c.now = c.now.Add(time.Hour)
		c.stated, c.next = row.stated, row.next
		res := c.login()
		if got := c.secrets["a"].state.Note.RefreshTokenEnds; res.Err != nil || !got.Equal(row.want) {
			t.Errorf("%s: %v, want %v (%v)", row.name, got, row.want, res.Err)
		}
	}
	// It outlives a failure.
	c.answer("a", func(context.Context) (refresh.Grant, error) {
		return refresh.Grant{}, &refresh.Error{Class: refresh.Transient, Code: "http_503", Detail: "down"}
	})
	if res := c.login(); res.Note.Code != "http_503" || !res.Note.RefreshTokenEnds.Equal(first) {
		t.Errorf("after a failure: %v", res.Note)
	}
	// Also where that comes before anything is known of the refresh token.
	r := c.runner()
	r.Vault, r.Parser, r.Source = c.v, rotating{parser{c.world}, rotates}, brokenReading{source{c.world}}
	c.now = c.now.Add(30 * time.Hour)
	if report, _ := r.Run(t.Context(), refresh.Job{}); report.Results[0].Note.Code != refresh.CodeSourceFailed || !report.Results[0].Note.RefreshTokenEnds.Equal(first) {
		t.Errorf("after a failure before the login: %v", report.Results[0].Note)
	}
}

// An end that no login puts off is reported when it is near.
func TestAConsentThatIsNearItsEnd(t *testing.T) {
	for _, row := range []struct {
		name    string
		left    time.Duration
		extends bool
		warned  bool
	}{
		{"far off", 30 * 24 * time.Hour, false, false},
		{"in fourteen days", 14 * 24 * time.Hour, false, false},
		{"a second less", 14*24*time.Hour - time.Second, false, true},
		{"near", 13 * 24 * time.Hour, false, true},
		{"very near", 10 * time.Minute, false, true},
		{"near, and put off by each login", 30 * time.Minute, true, false},
	} {
		c := newConsent()
		ends := noon.Add(60 * 24 * time.Hour)
		c.stated = ends
		c.login()
		c.now = ends.Add(-row.left)
		if row.extends {
			c.stated = c.now.Add(12 * time.Hour)
		}
		c.next = "second"
		warned := strings.Contains(strings.Join(c.login().Warnings, "\n"), "the refresh token expires at "+ends.Format(time.RFC3339))
		if warned != row.warned {
			t.Errorf("%s: warned %t", row.name, warned)
		}
	}
}

// Whatever the two ends are, the earlier one decides; one that has passed before the token was
// issued says nothing.
func TestTheEarlierEndDecides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := onAWS(time.Minute)
		v := refresh.Version{IssuedAt: noon, Lifetime: time.Duration(rapid.IntRange(1, 1e6).Draw(t, "lifetime")) * time.Second}
		left := time.Duration(rapid.IntRange(-1e6, 1e6).Draw(t, "left")) * time.Second
		renewable := v
		renewable.Renewable = noon.Add(left)
		want := v
		if left > 0 {
			want.Lifetime = min(v.Lifetime, left)
		}
		if got := s.DueAt("a", renewable); !got.Equal(s.DueAt("a", want)) {
			t.Fatalf("due at %v, want %v", got, s.DueAt("a", want))
		}
		if renewable.ID() != v.ID() {
			t.Fatal("the end of the refresh token is in the id")
		}
	})
}

// Consumers are told of the end that is known from the login before.
func TestTheEndOfARefreshTokenIsInTheRecord(t *testing.T) {
	c := newConsent()
	c.stated = noon.Add(10 * time.Hour)
	for range 3 {
		res := c.login()
		var r struct {
			RefreshAfter time.Time `json:"refresh_after"`
		}
		if err := json.Unmarshal([]byte(c.record("a")), &r); err != nil || !r.RefreshAfter.Equal(res.Next) || !r.RefreshAfter.Before(noon.Add(10*time.Hour)) {
			t.Errorf("at %v: refresh after %v, and it is due at %v: %v", c.now, r.RefreshAfter, res.Next, err)
		}
		c.now, c.stated = c.now.Add(time.Hour), time.Time{}
	}
}

// A token that is its own refresh token is stored again where it lives longer by the answer; of any other the answer is not
// believed.
func TestTheSameTokenForLonger(t *testing.T) {
	for _, renews := range []bool{false, true} {
		for more, want := range map[time.Duration]refresh.Outcome{-time.Second: refresh.Same, 0: refresh.Same, time.Second: refresh.Refreshed, time.Hour: refresh.Refreshed} {
			w, v := newWorld("a"), &vault{}
			v.put("first")
			g := w.grant()
			w.answer("a", func(context.Context) (refresh.Grant, error) { return g, nil })
			kind := func(p *refresh.Provider) { rotates(p); p.RenewsItself = renews }
			w.runWith(v, kind)
			w.now = noon.Add(50 * time.Minute)
			g.AskedAt, g.Lifetime = w.now, 10*time.Minute+more
			if !renews {
				want = refresh.Same
			}
			if res, err := w.runWith(v, kind); err != nil || res.Outcome != want {
				t.Errorf("renews itself %t, for %v longer: %s, %v", renews, more, res.Outcome, err)
			}
		}
	}
}
