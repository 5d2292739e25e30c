package simulator_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"example.com/tokenkeeper/internal/simulator"
)

func (s *served) statuses(name string, n int) []int {
	s.t.Helper()
	var list []int
	for range n {
		list = append(list, s.login(name).status)
	}
	return list
}

func wantStatuses(t *testing.T, got []int, want ...int) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("answers were %v, want %v", got, want)
	}
}

func TestBreakLastsUntilMend(t *testing.T) {
	s := New(t)
	s.Break(simulator.Meitner, simulator.Status(500))
	wantStatuses(t, s.statuses(simulator.Meitner, 3), 500, 500, 500)
	wantStatuses(t, s.statuses(simulator.METI, 1), 200)
	s.Break(simulator.Meitner, simulator.Status(503))
	wantStatuses(t, s.statuses(simulator.Meitner, 1), 503)
	s.Mend(simulator.Meitner)
	wantStatuses(t, s.statuses(simulator.Meitner, 1), 200)
}

func TestBreakNextTakesItsTurn(t *testing.T) {
	s := New(t)
	s.BreakNext(simulator.Meitner, 2, simulator.Status(500))
	s.BreakNext(simulator.Meitner, 1, simulator.Status(429))
	s.Break(simulator.Meitner, simulator.Status(503))
	wantStatuses(t, s.statuses(simulator.Meitner, 4), 500, 500, 429, 503)
	s.BreakNext(simulator.Meitner, 5, simulator.Status(500))
	s.Mend(simulator.Meitner)
	wantStatuses(t, s.statuses(simulator.Meitner, 1), 200)
}

func TestAFaultLeavesTheAPIAlone(t *testing.T) {
	s := New(t)
	token := s.login(simulator.Meitner).token(t)
	s.Break(simulator.Meitner, simulator.Status(500))
	if got := s.get(apiPaths[simulator.Meitner], "Bearer "+token); got.status != http.StatusOK {
		t.Errorf("the API answered %d", got.status)
	}
}

func TestABrokenTokenEndpointStillCountsLogins(t *testing.T) {
	s := New(t)
	s.Break(simulator.Meitner, simulator.Status(500))
	s.statuses(simulator.Meitner, 3)
	if n := s.Logins(simulator.Meitner); n != 3 {
		t.Errorf("%d logins are counted, want 3", n)
	}
}

func TestJoinedFaultsWorkFromTheProviderOutwards(t *testing.T) {
	s := New(t)
	s.Break(simulator.Meitner, simulator.Join(
		simulator.Header("X-Last", "outer"),
		simulator.BOM(),
		simulator.Header("X-Last", "inner"),
		simulator.Lifetime("1"),
		simulator.Lifetime("2"),
	))
	got := s.login(simulator.Meitner)
	if got.header.Get("X-Last") != "outer" || !strings.HasPrefix(got.body, "\uFEFF{") || !strings.Contains(got.body, `"expires_in":1}`) {
		t.Errorf("answered %v %q", got.header, got.body)
	}
}

func TestATestMayWriteItsOwnFault(t *testing.T) {
	s := New(t)
	var seen string
	s.Break(simulator.Meitner, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen = r.Header.Get("Content-Type")
			next.ServeHTTP(w, r)
		})
	})
	wantStatuses(t, s.statuses(simulator.Meitner, 1), 200)
	if seen != "application/x-www-form-urlencoded" {
		t.Errorf("the fault saw %q", seen)
	}
}
