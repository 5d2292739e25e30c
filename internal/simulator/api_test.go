package simulator_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/simulator"
)

func TestAPIAnswers(t *testing.T) {
	s := New(t)
	want := map[string]string{
		simulator.Meitner:   `{"schools":[{"id":"school-1","name":"Simulated School"}]}`,
		simulator.EduCloud:  `{"example":"simulated"}`,
		simulator.METI:      `[{"id":"source-1","methodology":"Agriculture"},{"id":"source-2","methodology":"Forestry"}]`,
		simulator.METILogin: `[{"id":"source-1","methodology":"Agriculture"},{"id":"source-2","methodology":"Forestry"}]`,
	}
	for name, path := range apiPaths {
		got := s.get(path, "Bearer "+s.login(name).token(t))
		if got.status != http.StatusOK || got.body != want[name] {
			t.Errorf("GET %s answered %d %s, want %s", path, got.status, got.body, want[name])
		}
	}
	filtered := s.get("/meti/sources?methodology=Agriculture", "bearer "+s.login(simulator.METI).token(t))
	if filtered.body != `[{"id":"source-1","methodology":"Agriculture"}]` {
		t.Errorf("the filtered list is %d %s", filtered.status, filtered.body)
	}
}

func TestAPIRefuses(t *testing.T) {
	for _, name := range simulator.Names() {
		t.Run(name, func(t *testing.T) {
			s := New(t)
			token := s.login(name).token(t)
			others := map[string]string{}
			for _, other := range simulator.Names() {
				if other != name {
					others[other] = s.login(other).token(t)
				}
			}
			invalid := `Bearer realm="` + name + `", error="invalid_token"`
			tests := []struct {
				name          string
				authorization string
				challenge     string
			}{
				{"no Authorization header", "", `Bearer realm="` + name + `"`},
				{"another scheme", "Basic abc", `Bearer realm="` + name + `"`},
				{"no token", "Bearer ", invalid},
				{"a malformed token", "Bearer abc", invalid},
				{"a token and a blank", "Bearer  " + token, invalid},
				{"a tampered token", "Bearer " + token[:len(token)-2] + "zz", invalid},
			}
			for other, token := range others {
				tests = append(tests, struct{ name, authorization, challenge string }{"a token of " + other, "Bearer " + token, invalid})
			}
			for _, test := range tests {
				wantDenied(t, test.name, s.get(apiPaths[name], test.authorization), http.StatusUnauthorized, test.challenge)
			}

			s.clock.advance(time.Hour - time.Second)
			if got := s.get(apiPaths[name], "Bearer "+token); got.status != http.StatusOK {
				t.Errorf("in its last second the token got %d %s", got.status, got.body)
			}
			s.clock.advance(time.Second)
			wantDenied(t, "an expired token", s.get(apiPaths[name], "Bearer "+token), http.StatusUnauthorized, invalid)

			token = s.login(name).token(t)
			s.Revoke(name)
			wantDenied(t, "a revoked token", s.get(apiPaths[name], "Bearer "+token), http.StatusUnauthorized, invalid)
		})
	}
}

func TestAPINeedsTheScope(t *testing.T) {
	s := New(t)
	c := append(clientPairs(s, simulator.METI), "audience", "https://api.meti.millpont.com")
	token := s.do(s.post("/meti/oauth/token", object(c.with("scope", "write:sources delete:sources")...))).token(t)
	wantDenied(t, "a token without the scope", s.get("/meti/sources", "Bearer "+token), http.StatusForbidden,
		`Bearer realm="meti", error="insufficient_scope", scope="read:sources"`)
}

func TestAPITakesOneAuthorizationHeaderAndGET(t *testing.T) {
	s := New(t)
	r := s.post("/meitner/directory/v1/school", body{})
	if got := s.do(r); got.status != http.StatusMethodNotAllowed || got.header.Get("Allow") != "GET" {
		t.Errorf("POST answered %d, Allow: %q", got.status, got.header.Get("Allow"))
	}
	r = s.post("/meitner/directory/v1/school", body{})
	r.Method = http.MethodGet
	r.Header["Authorization"] = []string{"Bearer " + s.login(simulator.Meitner).token(t), "Bearer other"}
	wantDenied(t, "two Authorization headers", s.do(r), http.StatusBadRequest, `Bearer realm="meitner", error="invalid_request"`)
}

func wantDenied(t *testing.T, what string, got response, status int, challenge string) {
	t.Helper()
	if got.status != status {
		t.Errorf("%s: answered %d, want %d", what, got.status, status)
	}
	if header := got.header.Get("WWW-Authenticate"); header != challenge {
		t.Errorf("%s: WWW-Authenticate is %s, want %s", what, header, challenge)
	}
	if message, _ := got.member(t, "message").(string); !strings.Contains(message, "token") && status != http.StatusBadRequest {
		t.Errorf("%s: the message is %q", what, message)
	}
}
