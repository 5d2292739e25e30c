package refresh_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/tokenkeeper/internal/refresh"
)

// onAWS and inFiles are the schedules of the two stores at a tick.
func onAWS(tick time.Duration) refresh.Schedule {
	return refresh.Schedule{Tick: tick, CacheAge: 300 * time.Second, Distance: 16 * time.Minute}
}

func inFiles(tick time.Duration) refresh.Schedule {
	return refresh.Schedule{Tick: tick, CacheAge: 300 * time.Second}
}

func TestSurvives(t *testing.T) {
	for _, row := range []struct {
		tick     time.Duration
		lifetime time.Duration
		want     time.Duration
	}{
		{1 * time.Minute, time.Hour, 780 * time.Second},
		{5 * time.Minute, time.Hour, 300 * time.Second},
		{10 * time.Minute, time.Hour, 0},
		{1 * time.Minute, 24 * time.Hour, 8*time.Hour - 7*time.Minute},
	} {
		s := onAWS(row.tick)
		least := leastSpread(s, row.lifetime)
		if got := s.Survives(least, row.lifetime); got < row.want || got > row.want+row.lifetime/1000 {
			t.Errorf("a token of %v at a tick of %v survives %v, want %v", row.lifetime, row.tick, got, row.want)
		}
	}
}

// leastSpread returns a name whose spread is nearly none.
func leastSpread(s refresh.Schedule, lifetime time.Duration) string {
	best, least := "", time.Duration(1<<62)
	for i := range 20000 {
		name := fmt.Sprintf("p%d", i)
		if lead := s.Lead(name, lifetime); lead < least {
			best, least = name, lead
		}
	}
	return best
}

func TestShortLived(t *testing.T) {
	for _, row := range []struct {
		name  string
		s     refresh.Schedule
		bound time.Duration
	}{
		{"on AWS at a tick of 1 min", onAWS(time.Minute), 23 * time.Minute},
		{"in files at a tick of 1 min", inFiles(time.Minute), 10*time.Minute + 30*time.Second},
		{"on AWS at a tick of 30 min", onAWS(30 * time.Minute), 97*time.Minute + 30*time.Second},
	} {
		if row.s.ShortLived(row.bound) || !row.s.ShortLived(row.bound-time.Second) {
			t.Errorf("%s: the bound is not %v", row.name, row.bound)
		}
	}
}

func TestDueAtWithinItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, v, name := genSchedule(t), genVersion(t), genName(t)
		age := s.DueAt(name, v).Sub(v.IssuedAt)
		life := v.Lifetime
		if age != age.Truncate(time.Second) {
			t.Errorf("due %v after its issue, which is no whole second", age)
		}
		if age < s.Distance.Truncate(time.Second) {
			t.Errorf("due %v after its issue, which is less than the distance %v", age, s.Distance)
		}
		if age < (life / 3).Truncate(time.Second) {
			t.Errorf("due %v after its issue, in the first third of %v", age, life)
		}
		lead := s.Lead(name, life)
		if spread := lead - max(life/3, 2*s.Tick+s.CacheAge); spread < 0 || life >= 6*time.Second && spread >= life/6 || life < 6*time.Second && spread != 0 {
			t.Errorf("the spread %v is not in [0, %v)", spread, life/6)
		}
		if !s.ShortLived(life) && life-age < 2*s.Tick+s.CacheAge-time.Second {
			t.Errorf("a token of %v is not called short-lived, but replaced only %v before its end", life, life-age)
		}
	})
}

func TestSpreadIsSpread(t *testing.T) {
	s := onAWS(time.Minute)
	var tenths [10]int
	for i := range 1000 {
		spread := s.Lead(fmt.Sprintf("school-%d", i), time.Hour) - 20*time.Minute
		tenths[spread*10/(10*time.Minute)]++
	}
	for i, n := range tenths {
		if n < 60 || n > 140 {
			t.Errorf("%d of 1000 providers are in tenth %d of the spread", n, i)
		}
	}
}

// A token that is replaced with a refresh token, or ends the one before, has a schedule of its own.
func TestSchedulesOfProviders(t *testing.T) {
	s := onAWS(time.Minute)
	v := refresh.Version{IssuedAt: noon, Lifetime: time.Hour, Config: 1}
	for _, row := range []struct {
		name string
		p    refresh.Provider
		life time.Duration
		want time.Duration
	}{
		{"late", refresh.Provider{Name: "a", Config: 1, Supersedes: true}, time.Hour, 53 * time.Minute},
		{"twice as far apart", refresh.Provider{Name: "a", Config: 1, Rotates: true}, 20 * time.Minute, 32 * time.Minute},
		{"any other", refresh.Provider{Name: "a", Config: 1}, 20 * time.Minute, 16 * time.Minute},
	} {
		v.Lifetime = row.life
		st := refresh.State{Name: "a", Exists: true, Owned: true, Current: v.ID()}
		before, at := s.Decide(row.p, st, noon.Add(row.want-time.Second)), s.Decide(row.p, st, noon.Add(row.want))
		if before.Due || !before.Next.Equal(noon.Add(row.want)) || !at.Due {
			t.Errorf("%s: due at %v, want %v", row.name, before.Next.Sub(noon), row.want)
		}
	}
}

func TestScheduleCheck(t *testing.T) {
	for _, row := range []struct {
		s  refresh.Schedule
		ok bool
	}{
		{onAWS(time.Minute), true},
		{refresh.Schedule{Tick: time.Second}, true},
		{refresh.Schedule{}, false},
		{refresh.Schedule{Tick: time.Second - 1}, false},
		{refresh.Schedule{Tick: time.Second, CacheAge: 1, Distance: 1}, true},
		{refresh.Schedule{Tick: time.Minute, CacheAge: -1}, false},
		{refresh.Schedule{Tick: time.Minute, Distance: -1}, false},
	} {
		if err := row.s.Check(); (err == nil) != row.ok {
			t.Errorf("%+v.Check() = %v", row.s, err)
		}
	}
}

func genSchedule(t *rapid.T) refresh.Schedule {
	return refresh.Schedule{
		Tick:     time.Duration(rapid.IntRange(1, 3600).Draw(t, "tick")) * time.Second,
		CacheAge: time.Duration(rapid.IntRange(0, 3600).Draw(t, "cache age")) * time.Second,
		Distance: rapid.SampledFrom([]time.Duration{0, 16 * time.Minute, 32 * time.Minute}).Draw(t, "distance"),
	}
}

func genName(t *rapid.T) string { return rapid.StringMatching(`[a-z0-9]{1,12}`).Draw(t, "name") }

// With refresh tokens the outage that is survived is the longest after which there is a claim
// in time: one of the eager ones, each may come as much later as a claim keeps the
// next away; or one after a rest.
func TestSurvivesWithClaims(t *testing.T) {
	const m = time.Minute
	for _, row := range []struct {
		name     string
		claims   refresh.Claims
		lifetime time.Duration
		want     time.Duration // of the least spread; without claims it is 13 min, of 24 h 473
	}{
		{"claims that keep no run away", refresh.Claims{Eager: 10 * m, Rest: 20 * m}, time.Hour, 10 * m},
		{"a claim that keeps the next away for two and a half ticks", refresh.Claims{Apart: 150 * time.Second, Eager: 12 * m, Rest: 20 * m}, time.Hour, 11*m + 30*time.Second},
		{"one within a tick costs nothing", refresh.Claims{Apart: 30 * time.Second, Eager: 12 * m, Rest: 20 * m}, time.Hour, 12 * m},
		{"eager for less than that", refresh.Claims{Apart: 150 * time.Second, Eager: 6 * m, Rest: 20 * m}, time.Hour, 6 * m},
		{"of a long token the rest is the least that is lost", refresh.Claims{Apart: 150 * time.Second, Eager: 12 * m, Rest: 20 * m}, 24 * time.Hour, 453 * m},
	} {
		s := onAWS(m)
		s.Claims = row.claims
		s = s.For(refresh.Provider{Rotates: true})
		least := leastSpread(s, row.lifetime)
		if got := s.Survives(least, row.lifetime); got < row.want || got > row.want+row.lifetime/1000 {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
		// Without refresh tokens nothing is claimed.
		s = onAWS(m)
		unclaimed := s.Survives(least, row.lifetime)
		s.Claims = row.claims
		if got := s.For(refresh.Provider{}).Survives(least, row.lifetime); got != unclaimed {
			t.Errorf("%s, and no refresh token: %v, want %v", row.name, got, unclaimed)
		}
	}
}
