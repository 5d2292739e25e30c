package simulator_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"example.com/tokenkeeper/internal/simulator"
)

func TestFaultsThatAnswerInTheProvidersPlace(t *testing.T) {
	tests := []struct {
		name        string
		fault       simulator.Fault
		status      int
		contentType string
		header      string // a header and its value
		body        string // what the body is, or begins with before an ellipsis
	}{
		{"500", simulator.Status(500), 500, "text/plain; charset=utf-8", "", "Internal Server Error\n"},
		{"503 with seconds", simulator.RetryAfter(503, "120"), 503, "text/plain; charset=utf-8", "Retry-After: 120", "Service Unavailable\n"},
		{"429 with a date", simulator.RetryAfter(429, "Sun, 22 Nov 2026 13:00:00 GMT"), 429, "text/plain; charset=utf-8", "Retry-After: Sun, 22 Nov 2026 13:00:00 GMT", "Too Many Requests\n"},
		{"429 with nonsense", simulator.RetryAfter(429, "soon"), 429, "text/plain; charset=utf-8", "Retry-After: soon", "Too Many Requests\n"},
		{"a firewall's page", simulator.HTML(403), 403, "text/html; charset=utf-8", "", "<!DOCTYPE html>..."},
		{"200 with a page", simulator.HTML(200), 200, "text/html; charset=utf-8", "", "<!DOCTYPE html>..."},
		{"200 with nothing", simulator.Empty(200), 200, "", "", ""},
		{"204", simulator.Empty(204), 204, "", "", ""},
		{"200 with ok false", simulator.JSON(200, `{"ok":false}`), 200, "application/json", "", `{"ok":false}`},
		{"200 with an error", simulator.OAuthError(200, "invalid_client", "no"), 200, "application/json", "", `{"error":"invalid_client","error_description":"no"}`},
		{"text/plain", simulator.Reply(200, "text/plain", "{}"), 200, "text/plain", "", "{}"},
		{"no type", simulator.Reply(200, "", "{}"), 200, "", "", "{}"},
		{"ANSI and newlines", simulator.OAuthError(400, "invalid_request", "\x1b[31mred\r\n\"}\x00"), 400, "application/json", "", `{"error":"invalid_request","error_description":"\u001b[31mred\r\n\"}\u0000"}`},
		{"a deep bomb", simulator.DeepJSON(100_000), 200, "application/json", "", "[[[[[[..."},
		{"301", simulator.Redirect(301, "https://elsewhere.example/"), 301, "text/plain; charset=utf-8", "Location: https://elsewhere.example/", "Moved Permanently\n"},
		{"302", simulator.Redirect(302, "/meitner/elsewhere"), 302, "text/plain; charset=utf-8", "Location: /meitner/elsewhere", "Found\n"},
		{"303", simulator.Redirect(303, "/meitner/elsewhere"), 303, "text/plain; charset=utf-8", "Location: /meitner/elsewhere", "See Other\n"},
		{"307", simulator.Redirect(307, "https://elsewhere.example/"), 307, "text/plain; charset=utf-8", "Location: https://elsewhere.example/", "Temporary Redirect\n"},
		{"308", simulator.Redirect(308, "https://elsewhere.example/"), 308, "text/plain; charset=utf-8", "Location: https://elsewhere.example/", "Permanent Redirect\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := New(t)
			s.Break(simulator.Meitner, test.fault)
			got := s.login(simulator.Meitner)
			if got.status != test.status {
				t.Errorf("status %d, want %d", got.status, test.status)
			}
			if contentType := got.header.Get("Content-Type"); contentType != test.contentType {
				t.Errorf("Content-Type %q, want %q", contentType, test.contentType)
			}
			if name, value, _ := strings.Cut(test.header, ": "); name != "" && got.header.Get(name) != value {
				t.Errorf("%s: %q, want %q", name, got.header.Get(name), value)
			}
			begin, whole := strings.CutSuffix(test.body, "...")
			if !strings.HasPrefix(got.body, begin) || (!whole && got.body != test.body) {
				t.Errorf("body %.80q, want %q", got.body, test.body)
			}
			if date := got.header.Get("Date"); date != "Sun, 22 Nov 2026 12:00:00 GMT" {
				t.Errorf("Date: %s", date)
			}
		})
	}
}

func TestEchoRepeatsTheSecretInEachEncoding(t *testing.T) {
	s := New(t)
	secret := s.Credential(simulator.Meitner)["client_secret"]
	s.Break(simulator.Meitner, simulator.Echo(secret, simulator.AsIs, simulator.AsForm, simulator.AsPath,
		simulator.AsBase64, simulator.AsJSON, simulator.AsLines))
	got := s.login(simulator.Meitner)
	description, _ := got.member(t, "error_description").(string)
	runes := []rune(secret)
	for encoding, want := range map[string]string{
		"as it is":    secret,
		"form":        url.QueryEscape(secret),
		"path":        url.PathEscape(secret),
		"base64":      base64.StdEncoding.EncodeToString([]byte(secret)),
		"JSON":        strings.Trim(quoted(secret), `"`),
		"broken line": string(runes[:len(runes)/2]) + "\r\n" + string(runes[len(runes)/2:]),
	} {
		if !strings.Contains(description, want) {
			t.Errorf("the description does not hold the secret %s: %q", encoding, description)
		}
	}
	if got.status != 400 || got.member(t, "error") != "invalid_request" {
		t.Errorf("answered %d %s", got.status, got.body)
	}
}

func TestEchoRequestRepeatsWhatCame(t *testing.T) {
	s := New(t)
	s.Break(simulator.EduCloud, simulator.EchoRequest())
	r := s.post("/educloud/connect/token", form("grant_type", "client_credentials"))
	r.Header.Set("Authorization", "Basic abc")
	description := s.do(r).member(t, "error_description")
	if description != "what came was Basic abc grant_type=client_credentials" {
		t.Errorf("the description is %q", description)
	}
}
