package tokenendpoint_test

import (
	"encoding/json"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/simulator"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// simulated starts the four providers.
func simulated(t *testing.T) (*simulator.Simulator, string) {
	t.Helper()
	sim := simulator.New(simulator.Options{})
	ts := httptest.NewServer(sim)
	t.Cleanup(func() { sim.Close(); ts.Close() })
	return sim, ts.URL
}

// of returns the endpoint and the credential of a simulated provider; change edits its
// config.
func of(t *testing.T, sim *simulator.Simulator, base, name string, change map[string]any) (*tokenendpoint.Endpoint, refresh.Credential) {
	t.Helper()
	configs, err := sim.Configs(base)
	if err != nil {
		t.Fatal(err)
	}
	credentials, err := sim.Credentials(base)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(configs[name], &fields); err != nil {
		t.Fatal(err)
	}
	maps.Copy(fields, change)
	maps.DeleteFunc(fields, func(_ string, v any) bool { return v == nil })
	config, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	p := tokenendpoint.New(tokenendpoint.Options{AllowLoopback: true})
	c, err := p.Credential(document(name, string(credentials[name])))
	if err != nil {
		t.Fatal(err)
	}
	return endpoint(t, p, string(config)), c
}

// What is sent is what the documentation of each of the four providers says, in
// everything that it determines.
func TestRequestsAreAsDocumented(t *testing.T) {
	const formType, jsonType = "application/x-www-form-urlencoded", "application/json"
	for _, row := range []struct {
		provider, path, contentType string
		change                      map[string]any
		body                        map[string]string // a word in braces is the credential's value
		basic                       bool
	}{
		{"meitner", "/oauth/token", formType, nil,
			map[string]string{"grant_type": "client_credentials", "client_id": "{client_id}", "client_secret": "{client_secret}"}, false},
		{"educloud", "/connect/token", "multipart/form-data", nil,
			map[string]string{"grant_type": "client_credentials", "client_id": "{client_id}", "client_secret": "{client_secret}"}, false},
		{"educloud", "/connect/token", "multipart/form-data", map[string]any{"scope": "skolid.profile"},
			map[string]string{"grant_type": "client_credentials", "client_id": "{client_id}", "client_secret": "{client_secret}", "scope": "skolid.profile"}, false},
		{"educloud", "/connect/token", formType, map[string]any{"token_endpoint_auth_method": "client_secret_basic", "body": "form"},
			map[string]string{"grant_type": "client_credentials"}, true},
		{"meti", "/oauth/token", jsonType, nil,
			map[string]string{"client_id": "{client_id}", "client_secret": "{client_secret}", "audience": "https://api.meti.millpont.com",
				"grant_type": "client_credentials", "scope": "read:sources write:sources delete:sources"}, false},
		{"meti-login", "/token", jsonType, nil,
			map[string]string{"email": "{email}", "password": "{password}"}, false},
	} {
		sim, base := simulated(t)
		e, c := of(t, sim, base, row.provider, row.change)
		g, err := e.Grant(t.Context(), refresh.Login{Credential: c})
		if err != nil {
			t.Errorf("%s: %v", row.provider, err)
			continue
		}
		if g.Lifetime != time.Hour || g.TokenType != "Bearer" || g.AccessToken.IsZero() || len(g.Warnings) > 0 {
			t.Errorf("%s: the grant is %+v", row.provider, g)
		}
		sent := sim.Requests(row.provider)
		if len(sent) != 1 {
			t.Fatalf("%s: %d requests", row.provider, len(sent))
		}
		r := sent[0]
		if r.Method != http.MethodPost || r.Path != row.path || r.RawQuery != "" {
			t.Errorf("%s: sent %s %s?%s", row.provider, r.Method, r.Path, r.RawQuery)
		}
		mediaType, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || mediaType != row.contentType {
			t.Errorf("%s: Content-Type %s", row.provider, r.Header.Get("Content-Type"))
		}
		want := map[string]string{}
		for name, value := range row.body {
			if strings.HasPrefix(value, "{") {
				value = c.Values[strings.Trim(value, "{}")].Reveal()
			}
			want[name] = value
		}
		if diff := cmp.Diff(want, fieldsOf(t, mediaType, params["boundary"], r.Body)); diff != "" {
			t.Errorf("%s: body (-want +got):\n%s", row.provider, diff)
		}
		if got := r.Header.Get("Authorization") != ""; got != row.basic {
			t.Errorf("%s: an Authorization header was sent: %v", row.provider, got)
		}
		if r.Header.Get("Accept") != "application/json" || r.Header.Get("User-Agent") != "tokenkeeper" {
			t.Errorf("%s: header %v", row.provider, r.Header)
		}
	}
}

// fieldsOf reads a body that holds single values by name.
func fieldsOf(t *testing.T, mediaType, boundary string, body []byte) map[string]string {
	t.Helper()
	fields := map[string]string{}
	switch mediaType {
	case "application/x-www-form-urlencoded":
		values, err := url.ParseQuery(string(body))
		if err != nil {
			t.Fatal(err)
		}
		for name, list := range values {
			fields[name] = strings.Join(list, "|")
		}
	case "multipart/form-data":
		for parts := multipart.NewReader(strings.NewReader(string(body)), boundary); ; {
			part, err := parts.NextPart()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			value, _ := io.ReadAll(part)
			fields[part.FormName()] += string(value)
		}
	default:
		if err := json.Unmarshal(body, &fields); err != nil {
			t.Fatal(err)
		}
	}
	return fields
}

// Each refusal that the providers document, or that the standards they name prescribe,
// is understood as what it asks for.
func TestDocumentedErrors(t *testing.T) {
	otherSecret := func(provider string) func(*simulator.Simulator) {
		return func(s *simulator.Simulator) { s.SetSecret(provider, "another") }
	}
	for _, row := range []struct {
		name, provider string
		change         map[string]any
		spoil          func(*simulator.Simulator)
		class          refresh.Class
		suspect        bool
		code           string
	}{
		{"Meitner, wrong secret", "meitner", nil, otherSecret("meitner"), refresh.Misconfigured, false, "invalid_client"},
		{"Meitner, wrong body", "meitner", map[string]any{"body": "json"}, nil, refresh.Transient, true, "invalid_request"},
		{"Meitner, secret in a header", "meitner", map[string]any{"token_endpoint_auth_method": "client_secret_basic"}, nil, refresh.Misconfigured, false, "invalid_client"},
		{"Meitner, unknown parameter", "meitner", map[string]any{"scope": "directory"}, nil, refresh.Transient, true, "invalid_request"},
		{"EduCloud, wrong secret", "educloud", nil, otherSecret("educloud"), refresh.Misconfigured, false, "invalid_client"},
		{"EduCloud, unknown scope", "educloud", map[string]any{"scope": "skolid.admin"}, nil, refresh.Misconfigured, false, "invalid_scope"},
		{"METI, wrong secret", "meti", nil, otherSecret("meti"), refresh.Misconfigured, false, "invalid_client"},
		{"METI, audience missing", "meti", map[string]any{"parameters": nil}, nil, refresh.Transient, true, "access_denied"},
		{"METI, scope not granted", "meti", map[string]any{"scope": "read:sources admin"}, nil, refresh.Transient, true, "access_denied"},
		{"METI, form instead of JSON", "meti", map[string]any{"body": "form"}, nil, refresh.Transient, true, "invalid_request"},
		{"METI login, wrong password", "meti-login", nil, otherSecret("meti-login"), refresh.Misconfigured, false, "http_401"},
	} {
		sim, base := simulated(t)
		e, c := of(t, sim, base, row.provider, row.change)
		if row.spoil != nil {
			row.spoil(sim)
		}
		err := failed(t, e, c)
		if err.Class != row.class || err.Suspect != row.suspect || err.Code != row.code {
			t.Errorf("%s: got %s (suspect: %v), %s\n%v", row.name, err.Class, err.Suspect, err.Code, err)
		}
		if n := sim.Logins(row.provider); n != 1 {
			t.Errorf("%s: asked %d times", row.name, n)
		}
		if !strings.HasPrefix(err.Detail, base+"/"+row.provider) || err.Remedy == "" {
			t.Errorf("%s: it does not say who or what to do: %v", row.name, err)
		}
	}
}
