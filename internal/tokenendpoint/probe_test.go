package tokenendpoint_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

func TestProbe(t *testing.T) {
	const token = "n3w-t0ken-0123456789"
	for _, row := range []struct {
		name, probe string
		status      int
		answer      string
		uri, auth   string
		good        bool
	}{
		{"by default", `{"request": {"url": "URL/me"}}`, 200, "whatever", "GET /me", "Bearer " + token, true},
		{"a token that is refused", `{"request": {"url": "URL/me"}}`, 401, `{"error": "invalid_token ` + token + `"}`, "GET /me", "Bearer " + token, false},
		{"a status that is not the one", `{"request": {"url": "URL/me"}, "response": {"status": [204]}}`, 200, "", "GET /me", "Bearer " + token, false},
		{"a predicate", `{"request": {"url": "URL/me"}, "response": {"success": "active"}}`, 200, `{"active": true}`, "GET /me", "Bearer " + token, true},
		{"a predicate that is not true", `{"request": {"url": "URL/me"}, "response": {"success": "active"}}`, 200, `{"active": false}`, "GET /me", "Bearer " + token, false},
		{"an error in a success", `{"request": {"url": "URL/me"}}`, 200, `{"error": "invalid_token"}`, "GET /me", "Bearer " + token, false},
		{"an error that says ok", `{"request": {"url": "URL/me"}}`, 200, `{"error": {"code": "ok", "message": "", "log_id": "2026"}}`, "GET /me", "Bearer " + token, true},
		{"an error that says there is none", `{"request": {"url": "URL/me"}}`, 200, `{"error": [null, {}], "message": "all is well"}`, "GET /me", "Bearer " + token, true},
		{"an error beside a predicate", `{"request": {"url": "URL/me"}, "response": {"success": "status=='up'"}}`, 200, `{"status": "up", "error": "legacy"}`, "GET /me", "Bearer " + token, true},
		{"a stated error of zeros", `{"request": {"url": "URL/me"}, "response": {"error": "ret.code"}}`, 200, `{"ret": {"code": "0000"}}`, "GET /me", "Bearer " + token, true},
		{"the token elsewhere", `{"request": {"method": "POST", "url": "URL/me", "form": {"token": "${access_token}"}}}`, 200, "", "POST /me", "", true},
		{"another scheme", `{"request": {"url": "URL/me", "headers": {"Authorization": "Key ${access_token}"}}}`, 200, "", "GET /me", "Key " + token, true},
	} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(row.status)
			io.WriteString(w, row.answer)
		})
		config := `{"token_endpoint": "` + s.URL + `/token", "probe": ` + strings.ReplaceAll(row.probe, "URL", s.URL) + `}`
		p, err := onLoopback().Provider(document("erp", config))
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		err = p.Probe(t.Context(), refresh.Credential{}, secret.New(token))
		if (err == nil) != row.good {
			t.Errorf("%s: %v", row.name, err)
		}
		if r, _ := s.last(t); r.Method+" "+r.RequestURI != row.uri || r.Header.Get("Authorization") != row.auth || s.requests() != 1 {
			t.Errorf("%s: sent %s %s with %q", row.name, r.Method, r.RequestURI, r.Header.Get("Authorization"))
		}
		var e *refresh.Error
		if err != nil && (!errors.As(err, &e) || e.Code != "probe_failed" || e.Class != refresh.Transient || !e.Suspect) {
			t.Errorf("%s: %#v", row.name, err)
		}
		if err != nil {
			checkError(t, e, refresh.Credential{Values: map[string]secret.Text{"t": secret.New(token)}})
		}
	}
	if understood(t, `{"token_endpoint": "https://id.example.com/token"}`).Probe != nil {
		t.Error("a provider has a probe that did not ask for one")
	}
}

// Neither a probe nor supersession changes what is asked for or stored, so editing them
// has no token renewed.
func TestUnchangedTokens(t *testing.T) {
	plain := understood(t, `{"token_endpoint": "https://id.example.com/token"}`)
	with := understood(t, `{"token_endpoint": "https://id.example.com/token", "supersedes": true, "probe": {"request": {"url": "https://api.example.com/"}}}`)
	record := understood(t, `{"token_endpoint": "https://id.example.com/token", "record": "token"}`)
	if plain.Config != with.Config || plain.Config == record.Config {
		t.Errorf("the fingerprints are %v, %v and %v", plain.Config, with.Config, record.Config)
	}
}

// A provider may repeat in the answer to a probe what it was sent at the login.
func TestAProbeRepeatsTheLogin(t *testing.T) {
	const password = "S3cret-of-the-northern.office"
	for _, said := range []string{"known to us as " + password, "the login of annabella:" + base64.StdEncoding.EncodeToString([]byte(password)), "begins with " + password[:12] + "…"} {
		s := serve(t, answer(http.StatusUnauthorized, `{"error": "invalid_token", "error_description": "`+said+`"}`))
		p, err := onLoopback().Provider(document("erp", `{"token_endpoint": "`+s.URL+`/token", "probe": {"request": {"url": "`+s.URL+`/me"}}}`))
		if err != nil {
			t.Fatal(err)
		}
		err = p.Probe(t.Context(), login(s.URL, "username", "annabella", "password", password), secret.New("t0k3n"))
		if err == nil || !strings.Contains(err.Error(), "[secret]") || strings.Contains(err.Error(), password[:9]) {
			t.Errorf("%q is said as %v", said, err)
		}
	}
}

// A probe runs in the time that is kept for storing the token, and leaves most of it.
func TestProbeHasADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, url := inBubble(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		provider, err := p.Provider(document("erp", `{"token_endpoint": "`+url+`/token", "probe": {"request": {"url": "`+url+`/me"}}}`))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		err = provider.Probe(ctx, login(url), secret.New("n3w-t0ken-0123456789"))
		if took := time.Since(began); err == nil || took != 2*time.Second {
			t.Errorf("%v, after %v", err, took)
		}
	})
}
