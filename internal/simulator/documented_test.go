package simulator_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/internal/simulator"
)

// basic is HTTP Basic authentication as RFC 6749 section 2.3.1 has it.
func basic(id, secret string) string {
	pair := url.QueryEscape(id) + ":" + url.QueryEscape(secret)
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))
}

// Each row is an exchange from a provider's documentation; TOKEN is the
// token in the answer.
func TestDocumentedExchange(t *testing.T) {
	const audience = "https://api.meti.millpont.com"
	tests := []struct {
		name     string
		provider string
		request  func(*served, map[string]string) *http.Request
		want     string
	}{
		{
			name:     "Meitner: urlencoded form",
			provider: simulator.Meitner,
			request: func(s *served, c map[string]string) *http.Request {
				return s.post("/meitner/oauth/token", form("grant_type", "client_credentials",
					"client_id", c["client_id"], "client_secret", c["client_secret"]))
			},
			want: `{"access_token":"TOKEN","token_type":"Bearer","expires_in":3600}`,
		},
		{
			name:     "EduCloud: multipart form, no scope asks for all",
			provider: simulator.EduCloud,
			request: func(s *served, c map[string]string) *http.Request {
				return s.post("/educloud/connect/token", multipartForm("grant_type", "client_credentials",
					"client_id", c["client_id"], "client_secret", c["client_secret"]))
			},
			want: `{"access_token":"TOKEN","expires_in":3600,"token_type":"Bearer","scope":"skolid.profile"}`,
		},
		{
			name:     "EduCloud: empty scope asks for all",
			provider: simulator.EduCloud,
			request: func(s *served, c map[string]string) *http.Request {
				return s.post("/educloud/connect/token", multipartForm("grant_type", "client_credentials",
					"client_id", c["client_id"], "client_secret", c["client_secret"], "scope", ""))
			},
			want: `{"access_token":"TOKEN","expires_in":3600,"token_type":"Bearer","scope":"skolid.profile"}`,
		},
		{
			name:     "EduCloud: urlencoded form with a scope",
			provider: simulator.EduCloud,
			request: func(s *served, c map[string]string) *http.Request {
				return s.post("/educloud/connect/token", form("grant_type", "client_credentials",
					"client_id", c["client_id"], "client_secret", c["client_secret"], "scope", "skolid.profile"))
			},
			want: `{"access_token":"TOKEN","expires_in":3600,"token_type":"Bearer","scope":"skolid.profile"}`,
		},
		{
			name:     "EduCloud: HTTP Basic",
			provider: simulator.EduCloud,
			request: func(s *served, c map[string]string) *http.Request {
				r := s.post("/educloud/connect/token", form("grant_type", "client_credentials"))
				r.Header.Set("Authorization", basic(c["client_id"], c["client_secret"]))
				return r
			},
			want: `{"access_token":"TOKEN","expires_in":3600,"token_type":"Bearer","scope":"skolid.profile"}`,
		},
		{
			name:     "METI: JSON with audience and scopes",
			provider: simulator.METI,
			request: func(s *served, c map[string]string) *http.Request {
				return s.post("/meti/oauth/token", object("client_id", c["client_id"], "client_secret", c["client_secret"],
					"audience", audience, "grant_type", "client_credentials", "scope", "read:sources write:sources delete:sources"))
			},
			want: `{"access_token":"TOKEN","token_type":"Bearer","expires_in":3600,"scope":"read:sources write:sources delete:sources"}`,
		},
		{
			name:     "METI: fewer scopes",
			provider: simulator.METI,
			request: func(s *served, c map[string]string) *http.Request {
				return s.post("/meti/oauth/token", object("client_id", c["client_id"], "client_secret", c["client_secret"],
					"audience", audience, "grant_type", "client_credentials", "scope", "read:sources"))
			},
			want: `{"access_token":"TOKEN","token_type":"Bearer","expires_in":3600,"scope":"read:sources"}`,
		},
		{
			name:     "METI login: e-mail and password",
			provider: simulator.METILogin,
			request: func(s *served, c map[string]string) *http.Request {
				return s.post("/meti-login/token", object("email", c["email"], "password", c["password"]))
			},
			want: `{"token":"TOKEN","expires_in":3600}`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := New(t)
			got := s.do(test.request(s, s.Credential(test.provider)))
			if got.status != http.StatusOK {
				t.Fatalf("answered %d %s", got.status, got.body)
			}
			token := got.token(t)
			if diff := cmp.Diff(test.want, strings.ReplaceAll(got.body, token, "TOKEN")); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			wantHeader := map[string]string{
				"Content-Type":  "application/json;charset=UTF-8",
				"Cache-Control": "no-store",
				"Pragma":        "no-cache",
				"Date":          "Sun, 22 Nov 2026 12:00:00 GMT",
			}
			for name, want := range wantHeader {
				if got := got.header.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			if api := s.get(apiPaths[test.provider], "Bearer "+token); api.status != http.StatusOK {
				t.Errorf("the API answered %d %s", api.status, api.body)
			}
		})
	}
}

func TestTokensAreOfTheDocumentedKind(t *testing.T) {
	s := New(t)
	times := map[string]any{"iat": 1795348800.0, "exp": 1795352400.0}
	tests := map[string]map[string]any{
		simulator.Meitner: {
			"iss": "https://api.meitner.example/", "sub": "simulated-meitner-client",
		},
		simulator.METI: {
			"iss": "https://tenant.auth0.example/", "sub": "simulated-meti-client@clients",
			"aud": "https://api.meti.millpont.com", "azp": "simulated-meti-client",
			"gty": "client-credentials", "scope": "read:sources write:sources delete:sources",
			"https://api.meti.millpont.com/account_id":   "simulated-account",
			"https://api.meti.millpont.com/role":         "custodian",
			"https://api.meti.millpont.com/client_name":  "Simulated Custodian",
			"https://api.meti.millpont.com/v1_client_id": "simulated-v1-client",
		},
		simulator.METILogin: {"sub": "simulated-account"},
	}
	for name, want := range tests {
		for claim, value := range times {
			want[claim] = value
		}
		got := claimsOf(t, s.login(name).token(t))
		if id, _ := got["jti"].(string); len(id) < 20 {
			t.Errorf("%s: the token has no long identifier", name)
		}
		delete(got, "jti")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: claims (-want +got):\n%s", name, diff)
		}
	}
	if token := s.login(simulator.EduCloud).token(t); !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(token) {
		t.Errorf("educloud: the token is %q, want 64 hexadecimal digits", token)
	}
}

// claimsOf reads a JWT without checking its signature.
func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("the token has %d parts, want 3", len(parts))
	}
	if want := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)); parts[0] != want {
		t.Errorf("the token's header is %s", parts[0])
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}
