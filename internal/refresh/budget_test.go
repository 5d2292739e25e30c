package refresh_test

import (
	"testing"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// However refreshes are forced, and however long tokens live, every planned write finds
// room, and nothing is forced that would take it.
func TestUnplannedWritesLeaveRoom(t *testing.T) {
	const day = 24 * time.Hour
	for _, lifetime := range []time.Duration{15 * time.Minute, 25 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 12 * time.Hour, 48 * time.Hour} {
		for _, apart := range []time.Duration{time.Minute, 9 * time.Minute, 31 * time.Minute} {
			for _, from := range []time.Duration{0, 10 * time.Hour} {
				s := onAWS(time.Minute)
				var writes []time.Time
				within := func(now time.Time) (list []time.Time) {
					for _, w := range writes {
						if w.After(now.Add(-day)) {
							list = append(list, w)
						}
					}
					return list
				}
				current := refresh.Version{IssuedAt: noon, Lifetime: lifetime}
				writes = append(writes, noon)
				forced, planned := 0, 0
				for now, next := noon, noon.Add(from); now.Before(noon.Add(36 * time.Hour)); {
					if due := s.DueAt("a", current); !due.After(next) {
						now = due
						if n := len(within(now)); n >= 100 {
							t.Fatalf("%v every %v: %d versions at a planned write, after %v", lifetime, apart, n, now.Sub(noon))
						}
						planned++
					} else {
						now, next = next, next.Add(apart)
						if !s.Room("a", lifetime, within(now), now, 95) {
							continue
						}
						forced++
					}
					writes = append(writes, now)
					current.IssuedAt = now
				}
				if forced == 0 && s.DueAt("a", current).Sub(current.IssuedAt) > 16*time.Minute {
					t.Errorf("%v every %v: nothing could be forced", lifetime, apart)
				}
				t.Logf("%v every %v: %d forced, %d planned", lifetime, apart, forced, planned)
			}
		}
	}
}
