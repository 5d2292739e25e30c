package refresh_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/tokenkeeper/internal/refresh"
)

// The first promise: a consumer that keeps a record for at most the cache age never
// holds an expired token, however the outage falls that Survives allows, and
// wherever between two ticks. Consumers here are the worst there can be: they look at
// the last moment at which the former record was still there.
func TestNoDeadToken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := refresh.Schedule{
			Tick:     time.Duration(rapid.SampledFrom([]int{1, 2, 5, 10, 15, 30, 60}).Draw(t, "tick")) * time.Minute,
			CacheAge: time.Duration(rapid.SampledFrom([]int{0, 60, 300, 900}).Draw(t, "cache age")) * time.Second,
			Distance: rapid.SampledFrom([]time.Duration{0, 16 * time.Minute}).Draw(t, "distance"),
		}
		name := genName(t)
		life := time.Duration(rapid.IntRange(600, 200_000).Filter(func(seconds int) bool {
			return !s.ShortLived(time.Duration(seconds) * time.Second)
		}).Draw(t, "lifetime")) * time.Second
		phase := time.Duration(rapid.IntRange(0, int(s.Tick/time.Second)-1).Draw(t, "phase")) * time.Second
		outage := max(0, s.Survives(name, life))
		begins := noon.Add(time.Duration(rapid.Int64Range(1, int64(2*life/time.Second)).Draw(t, "outage begins")) * time.Second)

		w := newWorld(name)
		w.answer(name, func(context.Context) (refresh.Grant, error) {
			if !w.now.Before(begins) && w.now.Before(begins.Add(outage)) {
				return refresh.Grant{}, &refresh.Error{Class: refresh.Transient, Code: "http_503", Detail: "down"}
			}
			g := w.grant()
			g.Lifetime = life
			return g, nil
		})
		run := func() {
			r := w.runner()
			r.Schedule = s
			_, _ = r.Run(context.Background(), refresh.Job{})
		}
		w.now = noon
		run() // before the outage
		expires := expiry(t, w.record(name))
		for w.now = noon.Add(phase); w.now.Before(noon.Add(4 * life)); w.now = w.now.Add(s.Tick) {
			before := expires
			run()
			expires = expiry(t, w.record(name))
			// Up to now the former record was there to be read, and may be kept from now on.
			if last := w.now.Add(s.CacheAge); !expires.Equal(before) && last.After(before) {
				t.Fatalf("a consumer may use until %v a token that ended at %v (%v before)", last, before, last.Sub(before))
			}
			if !w.now.Before(expires) {
				t.Fatalf("at %v the record expired at %v", w.now, expires)
			}
		}
	})
}

func expiry(t *rapid.T, record string) time.Time {
	var r struct {
		ExpiresAt time.Time `json:"expires_at"`
	}
	if err := json.Unmarshal([]byte(record), &r); err != nil {
		t.Fatalf("reading the record %q: %v", record, err)
	}
	return r.ExpiresAt
}

// The fifth promise: one login a refresh, in quiet times and for as long as one likes.
func TestOneLoginARefresh(t *testing.T) {
	w := newWorld("a")
	for range 7 * 24 * 60 {
		w.run(refresh.Job{})
		w.now = w.now.Add(time.Minute)
	}
	due := w.runner().Schedule.DueAt("a", refresh.Version{Lifetime: time.Hour}).Sub(time.Time{})
	least := int(7 * 24 * time.Hour / (due + time.Minute))
	if n := w.logins["a"]; n < least || n > int(7*24*time.Hour/due)+1 || n != len(w.secrets["a"].versions) {
		t.Errorf("in a week: %d logins for %d tokens, want about %d", n, len(w.secrets["a"].versions), least)
	}
}
