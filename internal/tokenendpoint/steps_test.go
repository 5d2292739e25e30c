package tokenendpoint_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// sessions answers like an API with a session: a login that sets a cookie, a choice of a
// company, and a token.
func sessions(login string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		sid, _ := r.Cookie("SID")
		switch {
		case r.URL.Path == "/login":
			w.Header().Set("Set-Cookie", "SID=s3ss1on-1234; Path=/; HttpOnly")
			w.Header().Set("X-Csrf", "csrf-5678")
			io.WriteString(w, login)
		case sid == nil || sid.Value != "s3ss1on-1234" || r.Header.Get("X-Csrf") != "csrf-5678":
			w.WriteHeader(401)
			fmt.Fprintf(w, `{"error": "no session for %s"}`, r.Header.Get("Cookie"))
		case r.URL.Path == "/companies/42/select":
			w.WriteHeader(204)
		case r.URL.Path == "/token":
			io.WriteString(w, granted)
		}
	}
}

const sessionConfig = `{"steps": [
	{"name": "login", "request": {"url": "URL/login", "json": {"user": "${username}", "password": "${password}"}},
	 "response": {"success": "ok", "keep": {"sid": {"cookie": "SID"}, "csrf": {"header": "x-csrf"}, "company": "companies[0].id"}}},
	{"name": "select", "request": {"method": "PUT", "url": "URL/companies/${steps.login.company}/select",
	 "headers": {"Cookie": "SID=${steps.login.sid}", "X-Csrf": "${steps.login.csrf}"}}}],
	"request": {"url": "URL/token", "headers": {"Cookie": "SID=${steps.login.sid}", "X-Csrf": "${steps.login.csrf}"}}}`

func TestSteps(t *testing.T) {
	s := serve(t, sessions(`{"ok": true, "companies": [{"id": 42}]}`))
	e := endpoint(t, onLoopback(), strings.ReplaceAll(sessionConfig, "URL", s.URL))
	c := login(s.URL, "username", "reports", "password", hard)
	g, err := e.Grant(t.Context(), refresh.Login{Credential: c})
	if err != nil || g.AccessToken.Reveal() != "t0k3n" || s.requests() != 3 {
		t.Fatalf("%v, after %d requests", err, s.requests())
	}
	if len(c.Values) != 2 {
		t.Errorf("the credential has become %v", c.Names())
	}
}

func TestStepsThatFail(t *testing.T) {
	for name, row := range map[string]struct {
		login, change, code string
		requests            int
	}{
		"a login that is no success":     {`{"ok": false, "error": "locked"}`, "", "unknown_error", 1},
		"an answer without what is kept": {`{"ok": true, "companies": []}`, "", "no_value", 1},
		"a kept value that is an object": {`{"ok": true, "companies": [{"id": {"n": 42}}]}`, "", "no_value", 1},
		"a page for people":              {`<html>`, "", "not_json", 1},
		"a later step that is refused":   {`{"ok": true, "companies": [{"id": 42}]}`, "csrf-0", "http_401", 2},
	} {
		s := serve(t, sessions(row.login))
		config := strings.ReplaceAll(sessionConfig, "URL", s.URL)
		if row.change != "" {
			config = strings.ReplaceAll(config, "${steps.login.csrf}", row.change)
		}
		err := failed(t, endpoint(t, onLoopback(), config), login(s.URL, "username", "reports", "password", hard))
		if err.Code != row.code || s.requests() != row.requests {
			t.Errorf("%s: %s after %d requests: %v", name, err.Code, s.requests(), err)
		}
		if strings.Contains(err.Error(), "s3ss1on") || strings.Contains(err.Error(), "csrf-5678") {
			t.Errorf("%s: what was kept is printed: %v", name, err)
		}
	}
}

// A value that is named with a question mark only may be absent, and its field with it.
func TestStepsMayKeepNothing(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/login" {
			w.WriteHeader(204)
			return
		}
		io.WriteString(w, granted)
	})
	e := endpoint(t, onLoopback(), `{"steps": [{"name": "login", "request": {"url": "`+s.URL+`/login"}, "response": {"keep": {"a": "a", "b": {"header": "B"}}}}],
		"request": {"url": "`+s.URL+`/token", "form": {"a": "${steps.login.a?}", "b": "${steps.login.b?'none'}"}}}`)
	if _, err := e.Grant(t.Context(), refresh.Login{Credential: login(s.URL)}); err != nil {
		t.Fatal(err)
	}
	if _, body := s.last(t); body != "b=none" {
		t.Errorf("sent %s", body)
	}
}

// The token may be in an earlier answer; the later requests are made all the same, and
// its lifetime counts from its own.
func TestStepWithTheToken(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/login" {
			io.WriteString(w, `{"access_token": "first-token", "expires_in": 60}`)
			return
		}
		if r.Header.Get("Authorization") != "Bearer first-token" {
			w.WriteHeader(401)
		}
	})
	e := endpoint(t, onLoopback(), `{"steps": [{"name": "login", "request": {"url": "`+s.URL+`/login"}, "response": {"keep": {"token": "access_token"}}}],
		"request": {"url": "`+s.URL+`/activate", "headers": {"Authorization": "Bearer ${steps.login.token}"}},
		"response": {"step": "login"}}`)
	g, err := e.Grant(t.Context(), refresh.Login{Credential: login(s.URL)})
	if err != nil || g.AccessToken.Reveal() != "first-token" || g.Lifetime.Seconds() != 60 || s.requests() != 2 {
		t.Errorf("%v, %v, after %d requests", g, err, s.requests())
	}
}

// Every host is pinned, that of each step and of the probe, before the first request.
func TestStepsArePinned(t *testing.T) {
	s, other := serve(t, answer(200, granted)), serve(t, answer(200, granted))
	for name, config := range map[string]string{
		"a step":    `{"steps": [{"name": "a", "request": {"url": "OTHER/"}}], "request": {"url": "URL/"}}`,
		"the last":  `{"steps": [{"name": "a", "request": {"url": "URL/"}}], "request": {"url": "OTHER/"}}`,
		"the probe": `{"request": {"url": "URL/"}, "probe": {"request": {"url": "OTHER/"}}}`,
	} {
		e := endpoint(t, onLoopback(), strings.NewReplacer("URL", s.URL, "OTHER", other.URL).Replace(config))
		if err := failed(t, e, login(s.URL)); err.Code != "host_not_allowed" || err.Class != refresh.Misconfigured {
			t.Errorf("%s: %s, %v", name, err.Code, err)
		}
		if len(e.Hosts()) != 2 {
			t.Errorf("%s: the hosts are %v", name, e.Hosts())
		}
	}
	if n := s.requests() + other.requests(); n > 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// Where a new token ends the one before, a login is not repeated, whatever became of it.
func TestSuperseding(t *testing.T) {
	s := serve(t, answer(503, `{}`))
	p := understood(t, `{"token_endpoint": "https://id.example.com/token", "supersedes": true}`)
	if !p.Supersedes {
		t.Error("the provider does not supersede")
	}
	e := endpoint(t, onLoopback(), `{"request": {"url": "`+s.URL+`/login"}, "supersedes": true}`)
	if err := failed(t, e, login(s.URL)); err.Class != refresh.Transient || s.requests() != 1 {
		t.Errorf("%v, after %d requests", err, s.requests())
	}
}

// All steps share the time that a login has: each alone would be in time here.
func TestStepsShareADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, url := inBubble(t, func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(4 * time.Second):
				io.WriteString(w, granted)
			case <-r.Context().Done():
			}
		})
		step := func(name string) string { return `{"name": "` + name + `", "request": {"url": "` + url + `/"}}` }
		e := endpoint(t, p, `{"steps": [`+step("a")+`, `+step("b")+`], "request": {"url": "`+url+`/"}, "timeout": "10s"}`)
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
		defer cancel()
		began := time.Now()
		_, err := e.Grant(ctx, refresh.Login{Credential: login(url)})
		var failure *refresh.Error
		if took := time.Since(began); !errors.As(err, &failure) || failure.Code != "timeout" || took != 10*time.Second {
			t.Errorf("%v, after %v", err, took)
		}
	})
}
