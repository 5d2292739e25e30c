package tokenendpoint_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

func TestAnAssertionAsTheGrant(t *testing.T) {
	s := serve(t, answer(200, good))
	e := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token", "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
		"assertion": {"iss": "${client_email}", "aud": "token_endpoint", "lifetime": "2m", "claims": {"scope": "a b"}}}`, s.URL))
	c := login(s.URL, "client_email", "robot@example.com", "private_key", inPEM(t, rsaKey()))
	if _, err := e.Grant(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	r, body := s.last(t)
	sent := form(t, body)
	claims, _ := verified(t, sent.Get("assertion"), rsaKey().Public())
	if claims["iss"] != "robot@example.com" || claims["sub"] != nil || claims["aud"] != s.URL+"/token" || claims["scope"] != "a b" {
		t.Errorf("signed %v", claims)
	}
	if len(sent) != 2 || r.Header.Get("Authorization") != "" {
		t.Errorf("sent %v, and %q", sent, r.Header.Get("Authorization"))
	}
}

// A JWT that an API takes in the place of a login's own, as GitHub's does for apps.
func TestAnAssertionInARequest(t *testing.T) {
	s := serve(t, answer(201, `{"token": "ghs_1", "expires_at": "2026-11-22T13:00:00Z"}`))
	e := endpoint(t, onLoopback(), fmt.Sprintf(`{"assertion": {"iss": "${client_id}", "aud": "https://api.github.com", "lifetime": "5m"},
		"request": {"url": "%s/app/installations/${installation_id}/access_tokens", "headers": {"Authorization": "Bearer ${assertion}"}},
		"response": {"access_token": "token", "expires_at": "expires_at"}}`, s.URL))
	c := login(s.URL, "client_id", "Iv1", "installation_id", "42", "private_key", inPEM(t, rsaKey()))
	g, err := e.Grant(t.Context(), c)
	if err != nil || g.AccessToken.Reveal() != "ghs_1" || g.Lifetime != time.Hour {
		t.Fatalf("%+v, %v", g, err)
	}
	r, _ := s.last(t)
	text, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if claims, _ := verified(t, text, rsaKey().Public()); !bearer || claims["iss"] != "Iv1" {
		t.Errorf("signed %v", claims)
	}
}

func TestATokenIsExchanged(t *testing.T) {
	s := serve(t, answer(200, good))
	e := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token", "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
		"assertion": {"iss": "${client_id}", "sub": "robot", "aud": "token_endpoint"},
		"parameters": {"subject_token": "${assertion}", "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "audience": "api"}}`, s.URL))
	c := login(s.URL, "client_id", "reports", "client_secret", hard, "private_key", inPEM(t, ecKey()))
	if _, err := e.Grant(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	r, body := s.last(t)
	sent := form(t, body)
	claims, _ := verified(t, sent.Get("subject_token"), ecKey().Public())
	if claims["sub"] != "robot" || sent.Get("audience") != "api" || !strings.HasPrefix(r.Header.Get("Authorization"), "Basic ") {
		t.Errorf("signed %v, sent %v", claims, sent)
	}
}

func TestATokenThatIsSignedHere(t *testing.T) {
	provider := understood(t, `{"signed_jwt": {"iss": "${team_id}", "aud": "https://appleid.apple.com", "sub": "${client_id}", "kid": "${key_id}", "lifetime": "20m"}}`)
	p := tokenendpoint.New(tokenendpoint.Options{Now: atNoon})
	e := endpoint(t, p, `{"signed_jwt": {"iss": "${team_id}", "aud": "https://appleid.apple.com", "sub": "${client_id}", "kid": "${key_id}", "lifetime": "20m"}}`)
	c := refresh.Credential{Name: "erp", Values: map[string]secret.Text{}}
	for name, v := range map[string]string{"team_id": "T1", "client_id": "app", "key_id": "K1", "private_key": inPEM(t, ecKey())} {
		c.Values[name] = secret.New(v)
	}
	c = allowed(c, "https://appleid.apple.com")
	g, err := e.Grant(t.Context(), c)
	if err != nil || g.Lifetime != 20*time.Minute || !g.AskedAt.Equal(noon) || g.TokenType != "Bearer" {
		t.Fatalf("%+v, %v", g, err)
	}
	claims, header := verified(t, g.AccessToken.Reveal(), ecKey().Public())
	if claims["exp"] != float64(noon.Add(20*time.Minute).Unix()) || claims["iss"] != "T1" || header["kid"] != "K1" {
		t.Errorf("signed %v, %v", header, claims)
	}
	if provider.Rotates || len(e.Hosts()) != 0 {
		t.Errorf("it asks %v", e.Hosts())
	}
	delete(c.Values, "private_key")
	if err := failed(t, e, c); err.Class != refresh.Misconfigured || !strings.Contains(err.Error(), "private_key") {
		t.Errorf("%v", err)
	}
}

// spending returns the credential with the refresh token that the vault has claimed.
func spending(at string) refresh.Credential {
	c := client(at)
	c.Values["refresh_token"] = secret.New("ticket-of-the-vault")
	return c
}

func TestARefreshTokenIsSpent(t *testing.T) {
	for _, row := range []struct {
		name, config, answer, next string
		warns                      bool
	}{
		{"and replaced", `"grant_type": "refresh_token"`, `{"access_token": "token-1", "expires_in": 3600, "refresh_token": "ticket-2"}`, "ticket-2", false},
		{"and not replaced", `"grant_type": "refresh_token"`, good, "", false},
		{"and null comes in its place", `"grant_type": "refresh_token"`, `{"access_token": "token-1", "expires_in": 3600, "refresh_token": null}`, "", false},
		{"and what comes in its place is none", `"grant_type": "refresh_token"`, `{"access_token": "token-1", "expires_in": 3600, "refresh_token": {}}`, "", true},
		{"and what comes has a line break", `"grant_type": "refresh_token"`, `{"access_token": "token-1", "expires_in": 3600, "refresh_token": "a\nb"}`, "", true},
		{"and replaced elsewhere in the answer", `"grant_type": "refresh_token", "response": {"refresh_token": "next.ticket"}`,
			`{"access_token": "token-1", "expires_in": 3600, "next": {"ticket": "ticket-2"}}`, "ticket-2", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := serve(t, answer(200, row.answer))
			config := fmt.Sprintf(`{"token_endpoint": "%s/token", %s}`, s.URL, row.config)
			provider, err := onLoopback().Provider(document("erp", config))
			if err != nil || !provider.Rotates {
				t.Fatalf("%+v, %v", provider, err)
			}
			e := provider.Endpoint.(*tokenendpoint.Endpoint)
			// What the vault has is not missing in the credential.
			if ps := e.Check(client(s.URL)); len(ps) > 0 {
				t.Errorf("%v", ps)
			}
			g, err := e.Grant(t.Context(), spending(s.URL))
			if err != nil || g.RefreshToken.Reveal() != row.next || len(g.Warnings) > 0 != row.warns {
				t.Fatalf("the next is %q, %v, %v", g.RefreshToken.Reveal(), g.Warnings, err)
			}
			_, body := s.last(t)
			if sent := form(t, body); sent.Get("refresh_token") != "ticket-of-the-vault" || sent.Get("grant_type") != "refresh_token" {
				t.Errorf("sent %v", sent)
			}
		})
	}
}

func TestARefreshTokenInARequest(t *testing.T) {
	s := serve(t, answer(200, `{"data": {"jwt": "token-1", "refresh": "ticket-2", "ttl": 600}}`))
	config := fmt.Sprintf(`{"request": {"url": "%s/refresh", "json": {"refreshToken": "${refresh_token}"}},
		"response": {"access_token": "data.jwt", "expires_in": "data.ttl", "refresh_token": "data.refresh"}}`, s.URL)
	provider, err := onLoopback().Provider(document("erp", config))
	if err != nil || !provider.Rotates {
		t.Fatalf("%+v, %v", provider, err)
	}
	g, err := provider.Endpoint.Grant(t.Context(), spending(s.URL))
	if err != nil || g.RefreshToken.Reveal() != "ticket-2" {
		t.Errorf("%+v, %v", g, err)
	}
	if _, body := s.last(t); body != `{"refreshToken":"ticket-of-the-vault"}` {
		t.Errorf("sent %s", body)
	}
}

// What was sent once is sent again only if its answer was lost, and then once and at once.
func TestARefreshTokenIsNotSentAgain(t *testing.T) {
	lose := func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }
	for _, row := range []struct {
		name  string
		plays []http.HandlerFunc // the last goes on
		want  int
		class refresh.Class
	}{
		{"its answer is lost", []http.HandlerFunc{lose, answer(200, good)}, 2, ""},
		{"two answers are lost", []http.HandlerFunc{lose}, 2, refresh.Transient},
		{"the server fails", []http.HandlerFunc{answer(500, `{}`)}, 1, refresh.Transient},
		{"the server is busy", []http.HandlerFunc{answer(503, `{}`)}, 1, refresh.Transient},
		{"the answer is no answer", []http.HandlerFunc{answer(200, `{}`)}, 1, refresh.Transient},
		{"it is refused", []http.HandlerFunc{answer(400, `{"error": "invalid_grant"}`)}, 1, refresh.NeedsPerson},
		{"it is refused with success", []http.HandlerFunc{answer(200, `{"error": "invalid_grant"}`)}, 1, refresh.NeedsPerson},
		{"the first answer is lost, and then it is refused", []http.HandlerFunc{lose, answer(400, `{"error": "invalid_grant"}`)}, 2, refresh.NeedsPerson},
		{"the client is refused", []http.HandlerFunc{answer(401, `{"error": "invalid_client"}`)}, 1, refresh.Misconfigured},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := 0
				p, url := inBubble(t, func(w http.ResponseWriter, r *http.Request) {
					n++
					row.plays[min(n, len(row.plays))-1](w, r)
				})
				e := endpoint(t, p, fmt.Sprintf(`{"token_endpoint": "%s/token", "grant_type": "refresh_token"}`, url))
				began := time.Now()
				if row.class == "" {
					if _, err := e.Grant(t.Context(), spending(url)); err != nil {
						t.Error(err)
					}
				} else if err := failed(t, e, spending(url)); err.Class != row.class {
					t.Errorf("%s: %v", err.Class, err)
				}
				if n != row.want || time.Since(began) != 0 {
					t.Errorf("%d requests in %v, want %d at once", n, time.Since(began), row.want)
				}
			})
		})
	}
}

// inBubble serves over a pipe, within the bubble of the test.
func inBubble(t *testing.T, handler http.HandlerFunc) (p *tokenendpoint.Parser, url string) {
	t.Helper()
	l := newPipe()
	srv := &http.Server{Handler: handler, ErrorLog: quiet()}
	go srv.Serve(l)
	t.Cleanup(func() {
		srv.Close()
		synctest.Wait()
	})
	return tokenendpoint.New(tokenendpoint.Options{AllowLoopback: true, DialContext: l.dial}), "http://127.0.0.1:8080"
}

// A refresh token that is refused is over, whatever the clocks say: it is not sent again
// with an assertion of another date.
func TestARefusedRefreshTokenAndAnotherClock(t *testing.T) {
	for code, want := range map[string]int{"invalid_grant": 1, "invalid_client": 2} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", noon.Add(10*time.Minute).Format(http.TimeFormat))
			w.WriteHeader(400)
			fmt.Fprintf(w, `{"error": %q}`, code)
		})
		e := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token", "grant_type": "refresh_token",
			"token_endpoint_auth_method": "private_key_jwt", "client_assertion": {"aud": "token_endpoint"}}`, s.URL))
		c := signing(t, s.URL, ecKey())
		c.Values["refresh_token"] = secret.New("ticket-of-the-vault")
		failed(t, e, c)
		if s.requests() != want {
			t.Errorf("refused with %s, %d requests were sent, want %d", code, s.requests(), want)
		}
	}
}
