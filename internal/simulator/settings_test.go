package simulator_test

import (
	"net/http"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/simulator"
)

func TestLifetimesAreSetPerProvider(t *testing.T) {
	s := New(t)
	s.SetLifetime(simulator.METI, 5*time.Minute+900*time.Millisecond)
	for name, want := range map[string]float64{
		simulator.Meitner: 3600, simulator.EduCloud: 3600, simulator.METI: 300, simulator.METILogin: 3600,
	} {
		if got := s.login(name).member(t, "expires_in"); got != want {
			t.Errorf("%s: expires_in %v, want %v", name, got, want)
		}
	}
	s.SetLifetime(simulator.Meitner, -time.Minute)
	over := s.login(simulator.Meitner)
	if got := over.member(t, "expires_in"); got != -60.0 {
		t.Errorf("expires_in %v, want -60", got)
	}
	if got := s.get(apiPaths[simulator.Meitner], "Bearer "+over.token(t)); got.status != http.StatusUnauthorized {
		t.Errorf("a token that is over got %d", got.status)
	}
}

func TestAChangedSecretBreaksAndMendsALogin(t *testing.T) {
	for _, name := range simulator.Names() {
		s := New(t)
		old := s.Credential(name)
		token := s.login(name).token(t)
		stale := s.loginRequest(name)
		s.SetSecret(name, "another secret")
		if got := s.do(stale); got.status != http.StatusUnauthorized {
			t.Errorf("%s: the old secret got %d, want 401", name, got.status)
		}
		if got := s.login(name); got.status != http.StatusOK {
			t.Errorf("%s: the new secret got %d %s", name, got.status, got.body)
		}
		if got := s.get(apiPaths[name], "Bearer "+token); got.status != http.StatusOK {
			t.Errorf("%s: the old token got %d", name, got.status)
		}
		if name == simulator.METILogin {
			s.SetSecret(name, old["password"])
		} else {
			s.SetSecret(name, old["client_secret"])
		}
		if got := s.do(s.loginRequest(name)); got.status != http.StatusOK {
			t.Errorf("%s: the old secret put back got %d %s", name, got.status, got.body)
		}
	}
}

func TestACredentialThatIsChangedByItsReaderChangesNothing(t *testing.T) {
	s := New(t)
	s.Credential(simulator.Meitner)["client_secret"] = "changed"
	if got := s.Credential(simulator.Meitner)["client_secret"]; got == "changed" {
		t.Error("the simulator's own credential was changed")
	}
}

func TestScopesAreSetPerProvider(t *testing.T) {
	s := New(t)
	s.SetScopes(simulator.EduCloud, "skolid.profile", "skolid.admin")
	if got := s.login(simulator.EduCloud).member(t, "scope"); got != "skolid.profile skolid.admin" {
		t.Errorf("all scopes are %q", got)
	}
	s.SetScopes(simulator.METI, "read:sources")
	wantError(t, s.login(simulator.METI), 403, "access_denied", "not granted write:sources, delete:sources")
}

func TestTokensAreUniqueUnlessTheyRepeat(t *testing.T) {
	for _, name := range simulator.Names() {
		s := New(t)
		first := s.login(name).token(t)
		if s.login(name).token(t) == first {
			t.Errorf("%s: two logins in one second gave one token", name)
		}

		s.SetRepeats(name, true)
		last := s.login(name)
		s.clock.advance(20 * time.Minute)
		again := s.login(name)
		if again.token(t) != last.token(t) {
			t.Errorf("%s: the token does not repeat", name)
		}
		if got := again.member(t, "expires_in"); got != 2400.0 {
			t.Errorf("%s: what is left is %v, want 2400", name, got)
		}
		s.clock.advance(40 * time.Minute)
		if next := s.login(name); next.token(t) == last.token(t) || next.member(t, "expires_in") != 3600.0 {
			t.Errorf("%s: the token repeats although it is over", name)
		}
	}
}

func TestALoginMayEndTheTokenBefore(t *testing.T) {
	s := New(t)
	for _, supersedes := range []bool{false, true} {
		s.SetSupersedes(simulator.Meitner, supersedes)
		before := s.login(simulator.Meitner).token(t)
		after := s.login(simulator.Meitner).token(t)
		if dead := s.get(apiPaths[simulator.Meitner], "Bearer "+before).status == http.StatusUnauthorized; dead != supersedes {
			t.Errorf("supersedes %t: the token before is dead: %t", supersedes, dead)
		}
		if got := s.get(apiPaths[simulator.Meitner], "Bearer "+after); got.status != http.StatusOK {
			t.Errorf("supersedes %t: the new token got %d", supersedes, got.status)
		}
	}
}

func TestAWrongClockIsWrongEverywhere(t *testing.T) {
	s := New(t)
	s.SetClock(simulator.Meitner, -2*time.Hour)
	got := s.login(simulator.Meitner)
	if date := got.header.Get("Date"); date != "Sun, 22 Nov 2026 10:00:00 GMT" {
		t.Errorf("Date: %s", date)
	}
	claims := claimsOf(t, got.token(t))
	if claims["iat"] != 1795341600.0 || claims["exp"] != 1795345200.0 {
		t.Errorf("the token is of %v until %v", claims["iat"], claims["exp"])
	}
	if api := s.get(apiPaths[simulator.Meitner], "Bearer "+got.token(t)); api.status != http.StatusOK {
		t.Errorf("the token got %d by the same clock", api.status)
	}
	if date := s.login(simulator.METI).header.Get("Date"); date != "Sun, 22 Nov 2026 12:00:00 GMT" {
		t.Errorf("the clock of another provider is wrong too: %s", date)
	}
}
