package explain_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func atNoon() time.Time { return noon }

// hard is a secret full of what each encoding on the way treats in its own manner.
const hard = "S3cr+t/=&%#\"\\<å :;${x}' z"

const granted = `{"access_token": "t0k3n", "token_type": "Bearer", "expires_in": 3600}`

// endpoint understands a config, which must be good.
func endpoint(t *testing.T, config string) *tokenendpoint.Endpoint {
	t.Helper()
	p := tokenendpoint.New(tokenendpoint.Options{AllowLoopback: true, Now: atNoon})
	p.Sleep = func(context.Context, time.Duration) bool { return true }
	return understood(t, p, config)
}

func understood(t *testing.T, p *tokenendpoint.Parser, config string) *tokenendpoint.Endpoint {
	t.Helper()
	provider, err := p.Provider(refresh.Document{Name: "erp", Where: "erp.json", Data: secret.New(config)})
	if err != nil {
		t.Fatalf("config %s:\n%v", config, err)
	}
	return provider.Endpoint.(*tokenendpoint.Endpoint)
}

// login returns a credential that holds the values and may be sent to the host of a URL.
func login(at string, values ...string) refresh.Credential {
	u, err := url.Parse(at)
	if err != nil {
		panic(err)
	}
	c := refresh.Credential{Name: "erp", AllowedHosts: []string{u.Host}, Values: map[string]secret.Text{}}
	for i := 0; i < len(values); i += 2 {
		c.Values[values[i]] = secret.New(values[i+1])
	}
	return c
}

// client returns a credential of OAuth.
func client(at string) refresh.Credential {
	return login(at, "client_id", "reports", "client_secret", hard)
}

// A server is a token endpoint that remembers the last request.
type server struct {
	URL  string
	last *http.Request
	body string
}

func serve(t *testing.T, handler http.HandlerFunc) *server {
	t.Helper()
	s := &server{}
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.last, s.body = r, string(body)
		r.Body = io.NopCloser(strings.NewReader(s.body))
		handler(w, r)
	}))
	t.Cleanup(ts.Close)
	s.URL = ts.URL
	return s
}

// answer returns a handler that answers with JSON.
func answer(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Date", noon.Format(http.TimeFormat))
		io.WriteString(w, body)
	}
}

// sessions is a provider whose login takes three requests.
func sessions(login string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/login":
			io.WriteString(w, login)
		case "/companies/42/select":
			w.WriteHeader(204)
		case "/token":
			fmt.Fprint(w, granted)
		}
	}
}

const sessionConfig = `{"steps": [
	{"name": "login", "request": {"url": "URL/login", "json": {"user": "${username}", "password": "${password}"}},
	 "response": {"success": "ok", "keep": {"company": "companies[0].id"}}},
	{"name": "select", "request": {"method": "PUT", "url": "URL/companies/${steps.login.company}/select"}}],
	"request": {"url": "URL/token"}}`
