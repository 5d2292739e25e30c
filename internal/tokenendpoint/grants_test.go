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
	if _, err := e.Grant(t.Context(), refresh.Login{Credential: c}); err != nil {
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
	g, err := e.Grant(t.Context(), refresh.Login{Credential: c})
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
	if _, err := e.Grant(t.Context(), refresh.Login{Credential: c}); err != nil {
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
	g, err := e.Grant(t.Context(), refresh.Login{Credential: c})
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
