package tokenendpoint_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/simulator"
	"example.com/tokenkeeper/internal/strictjson"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// Whatever a config says: it is refused with problems that can be printed, or it means
// the same in its canonical form, and its requests go to the host that it names and
// nowhere else, whatever the values are.
func FuzzConfig(f *testing.F) {
	sim := simulator.New(simulator.Options{})
	configs, err := sim.Configs("https://id.example.com")
	if err != nil {
		f.Fatal(err)
	}
	for _, c := range configs {
		f.Add([]byte(c), "v@evil.example/?#")
	}
	for _, c := range []string{
		`{"token_endpoint": "https://id.example.com/${a}/token?x=${b}", "scope": ["a", "b"], "timeout": "1s"}`,
		`{"request": {"method": "GET", "url": "https://id.example.com:8443", "query": {"a": ["${b}"]}, "headers": {"Authorization": "Bearer $${c}${d}"}}}`,
		`{"request": {"url": "http://[::1]:1/", "text": "${a}"}, "response": {"expires_in_unit": "hours", "extra": {"a": "b.c[0]"}}}`,
		`{"token_endpoint": "https://u:p@0x7f000001\\@id.example.com/%2e%2e/", "headers": {"Host": "x"}}`,
	} {
		f.Add([]byte(c), "..")
	}
	p := onLoopback()
	f.Fuzz(func(t *testing.T, config []byte, value string) {
		provider, err := p.Provider(document("erp", string(config)))
		if err != nil {
			var ps refresh.Problems
			if !errors.As(err, &ps) || len(ps) == 0 {
				t.Fatalf("the error is %v", err)
			}
			for _, problem := range ps {
				if problem.Where == "" || problem.Detail == "" || strings.ContainsAny(problem.String(), "\r\n\x1b") {
					t.Fatalf("not to be printed: %q", problem)
				}
			}
			return
		}
		canonical, err := strictjson.Canonical(config)
		if err != nil {
			t.Fatal(err)
		}
		again, err := p.Provider(document("erp", string(canonical)))
		if err != nil || again.Config != provider.Config {
			t.Fatalf("%s is accepted, and %s is %v", config, canonical, err)
		}
		e := provider.Endpoint.(*tokenendpoint.Endpoint)
		hosts := e.Hosts()
		c := refresh.Credential{Name: "erp", AllowedHosts: hosts, Values: map[string]secret.Text{}}
		for _, name := range e.Uses() {
			c.Values[name] = secret.New(value)
		}
		if len(e.Check(c)) > 0 {
			return
		}
		requests, err := e.Build(c)
		if err != nil {
			t.Fatalf("nothing was wrong, and yet: %v", err)
		}
		for _, r := range requests {
			if !slices.Contains(hosts, r.URL.Host) || r.Host != r.URL.Host || r.URL.User != nil || r.URL.Fragment != "" {
				t.Fatalf("%s goes to %s, with the value %q", config, r.URL, value)
			}
			for name, values := range r.Header {
				if len(values) != 1 || strings.ContainsAny(values[0], "\r\n\x00") {
					t.Fatalf("%s has the header %s: %q", config, name, values)
				}
			}
		}
	})
}

// Whatever is answered: it is refused with an error that can be printed, or it gives a
// token that fits into a header and a lifetime that can be kept.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{
		granted, `{"token": "t"}`, `{"access_token": "` + jwt(`{"exp": 1795352400, "iat": 1795348800}`) + `"}`, `{"access_token": "t", "expires_in": "PT1H"}`,
		`{"access_token": "t", "expires_in": 1e308, "scope": ["a"]}`, `{"error": "invalid_client", "error_description": "` + "no" + `"}`, `[]`, "\xEF\xBB\xBF{}",
		`{"access_token": "t", "expires_at": "Sun, 22 Nov 2026 13:00:00 GMT"}`, `{"ok": false, "error": {"message": "x"}}`, `<html>`,
	} {
		f.Add(200, []byte(s), "Sun, 22 Nov 2026 12:00:00 GMT", "")
	}
	f.Add(401, []byte(`{"error": "invalid_client"}`), "", "120")
	f.Add(429, []byte(``), "x", "-1")
	c := client("https://id.example.com")
	provider, err := onLoopback().Provider(document("erp", `{"token_endpoint": "https://id.example.com/token", "scope": "a b",
		"response": {"expires_at": "expires_at", "extra": {"x": "error.message"}}}`))
	if err != nil {
		f.Fatal(err)
	}
	e := provider.Endpoint.(*tokenendpoint.Endpoint)
	f.Fuzz(func(t *testing.T, status int, body []byte, date, after string) {
		if status < 200 || status > 599 {
			return
		}
		header := http.Header{"Date": {date}, "Retry-After": {after}, "Location": {after}, "Content-Type": {date}}
		g, err := e.Read(c, status, header, body, noon)
		if err != nil {
			failure := err.(*refresh.Error)
			if failure.Class == "" || failure.RetryAfter < 0 {
				t.Fatalf("%+v", failure)
			}
			checkError(t, failure, c)
			return
		}
		token := g.AccessToken.Reveal()
		if token == "" || len(token) > 48<<10 || strings.ContainsFunc(token, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Fatalf("the token is %q", token)
		}
		if g.Lifetime < time.Second || g.Lifetime > refresh.MaxLifetime {
			t.Fatalf("the lifetime is %v", g.Lifetime)
		}
		if g.TokenType != "Bearer" || !g.AskedAt.Equal(noon) {
			t.Fatalf("%+v", g)
		}
	})
}

// Text whose ${ are escaped comes back as it was; and a value comes out as it is, and
// is not looked at again.
func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"", "plain", "${a}", "$${a}", "$$${a}", "${", "${}", "a${b}c${d}", "${a", "$", "${a.b}", "}${a}{"} {
		f.Add(s, "v")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		escaped := strings.ReplaceAll(text, "${", "$${")
		if got, names, ok := tokenendpoint.Expand(escaped, refresh.Credential{}); !ok || got != text || len(names) > 0 {
			t.Fatalf("%q escaped is %q, and becomes %q, %v", text, escaped, got, ok)
		}
		_, names, ok := tokenendpoint.Expand(text, refresh.Credential{})
		if !ok {
			return
		}
		c := refresh.Credential{Values: map[string]secret.Text{}}
		var want string
		for _, n := range names {
			c.Values[n] = secret.New(value)
		}
		if len(names) == 1 && strings.Count(text, "${") == 1 && strings.Contains(text, "${"+names[0]+"}") {
			want = strings.Replace(text, "${"+names[0]+"}", value, 1)
			if got, _, ok := tokenendpoint.Expand(text, c); !ok || got != want {
				t.Fatalf("%q with %q becomes %q", text, value, got)
			}
		}
	})
}
