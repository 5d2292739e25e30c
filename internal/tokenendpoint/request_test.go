package tokenendpoint_test

import (
	"encoding/base64"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/internal/refresh"
)

const granted = `{"access_token": "t0k3n", "token_type": "Bearer", "expires_in": 3600}`

// Each row is a config, and the request that it becomes, for a secret that every
// encoding on the way treats in its own manner.
func TestRequests(t *testing.T) {
	form := func(pairs ...string) string {
		var parts []string
		for i := 0; i < len(pairs); i += 2 {
			parts = append(parts, url.QueryEscape(pairs[i])+"="+url.QueryEscape(pairs[i+1]))
		}
		return strings.Join(parts, "&")
	}
	quoted := func(s string) string {
		var b strings.Builder
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(s); err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(b.String())
	}
	basic := func(id, secret string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
	}
	const formType, jsonType = "application/x-www-form-urlencoded", "application/json"
	for _, row := range []struct {
		name, config string
		method, uri  string
		header       map[string]string
		body         string
	}{
		{"OAuth in its plainest form",
			`{"token_endpoint": "URL/token"}`,
			"POST", "/token", map[string]string{"Content-Type": formType, "Authorization": basic("r%26d", url.QueryEscape(hard))},
			"grant_type=client_credentials"},
		{"Basic authentication, raw",
			`{"token_endpoint": "URL/token", "client_secret_basic_encoding": "raw"}`,
			"POST", "/token", map[string]string{"Content-Type": formType, "Authorization": basic("r&d", hard)},
			"grant_type=client_credentials"},
		{"the secret in a form",
			`{"token_endpoint": "URL/token", "token_endpoint_auth_method": "client_secret_post"}`,
			"POST", "/token", map[string]string{"Content-Type": formType, "Authorization": ""},
			form("grant_type", "client_credentials", "client_id", "r&d", "client_secret", hard)},
		{"the secret in JSON",
			`{"token_endpoint": "URL/token", "token_endpoint_auth_method": "client_secret_post", "body": "json", "parameters": {"n": 1.50, "on": true, "list": ["a"], "aud": "https://a.example/<&>"}}`,
			"POST", "/token", map[string]string{"Content-Type": jsonType},
			`{"grant_type":"client_credentials","client_id":"r&d","client_secret":` + quoted(hard) + `,"n":1.50,"on":true,"list":["a"],"aud":"https://a.example/<&>"}`},
		{"a public client",
			`{"token_endpoint": "URL/token", "token_endpoint_auth_method": "none"}`,
			"POST", "/token", map[string]string{"Authorization": ""},
			form("grant_type", "client_credentials", "client_id", "r&d")},
		{"the password grant",
			`{"token_endpoint": "URL/token", "grant_type": "password", "token_endpoint_auth_method": "none"}`,
			"POST", "/token", nil,
			form("grant_type", "password", "username", "å@example.com", "password", "p:w", "client_id", "r&d")},
		{"parameters, in order, lists repeated, numbers and booleans as written",
			`{"token_endpoint": "URL/token", "token_endpoint_auth_method": "none", "parameters": {"z": "1", "resource": ["https://a.example", "https://b.example"], "a": 2, "b": false, "t": "${tenant}/x"}}`,
			"POST", "/token", nil,
			form("grant_type", "client_credentials", "client_id", "r&d", "z", "1", "resource", "https://a.example", "resource", "https://b.example", "a", "2", "b", "false", "t", "a b/c/x")},
		{"a list of scopes",
			`{"token_endpoint": "URL/token", "token_endpoint_auth_method": "none", "scope": ["read", "write"], "scope_separator": ","}`,
			"POST", "/token", nil,
			form("grant_type", "client_credentials", "client_id", "r&d", "scope", "read,write")},
		{"headers of the config",
			`{"token_endpoint": "URL/token", "token_endpoint_auth_method": "none", "headers": {"x-tenant": "${tenant}", "User-Agent": "erp/1", "accept": "application/vnd.example+json"}}`,
			"POST", "/token", map[string]string{"X-Tenant": "a b/c", "User-Agent": "erp/1", "Accept": "application/vnd.example+json"},
			form("grant_type", "client_credentials", "client_id", "r&d")},
		{"values in path and query",
			`{"request": {"url": "URL/${tenant}/token?v=1&t=${tenant}&s=${client_secret}", "query": {"u": "${username}", "n": 1}}}`,
			"POST", "/a%20b%2Fc/token?v=1&t=a+b%2Fc&s=" + url.QueryEscape(hard) + "&" + form("u", "å@example.com", "n", "1"),
			map[string]string{"Content-Type": ""}, ""},
		{"GET with a key in a header",
			`{"request": {"method": "GET", "url": "URL", "headers": {"Authorization": "Bearer ${key}"}}}`,
			"GET", "/", map[string]string{"Authorization": "Bearer k-1", "Content-Type": ""}, ""},
		{"JSON of any shape",
			`{"request": {"method": "PUT", "url": "URL/login", "json": {"auth": {"user": "${username}", "password": "${client_secret}", "price": "$${5}", "n": [1, 2.50, 9007199254740993, null, true, "x${key}y"], "empty": {}}}}}`,
			"PUT", "/login", map[string]string{"Content-Type": jsonType},
			`{"auth":{"user":"å@example.com","password":` + quoted(hard) + `,"price":"${5}","n":[1,2.50,9007199254740993,null,true,"xk-1y"],"empty":{}}}`},
		{"a JSON string alone",
			`{"request": {"url": "URL/login", "json": "${key}"}}`,
			"POST", "/login", map[string]string{"Content-Type": jsonType}, `"k-1"`},
		{"a JSON type of its own",
			`{"request": {"url": "URL/login", "json": {}, "headers": {"Content-Type": "application/vnd.api+json"}}}`,
			"POST", "/login", map[string]string{"Content-Type": "application/vnd.api+json"}, `{}`},
		{"text of another type",
			`{"request": {"url": "URL/login", "text": "<login key='${key}'/>", "headers": {"Content-Type": "application/xml"}}}`,
			"POST", "/login", map[string]string{"Content-Type": "application/xml"}, `<login key='k-1'/>`},
		{"text",
			`{"request": {"url": "URL/login", "text": "${key}"}}`,
			"POST", "/login", map[string]string{"Content-Type": "text/plain; charset=utf-8"}, `k-1`},
		{"multipart",
			`{"request": {"url": "URL/login", "multipart": {"password": "${client_secret}"}}}`,
			"POST", "/login", nil, "password=" + hard},
		{"nothing but POST",
			`{"request": {"url": "URL/login"}}`,
			"POST", "/login", map[string]string{"Content-Type": "", "Content-Length": "0"}, ""},
	} {
		s := serve(t, answer(200, granted))
		e := endpoint(t, onLoopback(), strings.ReplaceAll(row.config, "URL", s.URL))
		c := login(s.URL, "client_id", "r&d", "client_secret", hard, "tenant", "a b/c", "username", "å@example.com", "password", "p:w", "key", "k-1")
		if _, err := e.Grant(t.Context(), refresh.Login{Credential: c}); err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		r, body := s.last(t)
		if r.Method != row.method || r.RequestURI != row.uri {
			t.Errorf("%s: sent %s %s, want %s %s", row.name, r.Method, r.RequestURI, row.method, row.uri)
		}
		for name, want := range row.header {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", row.name, name, got, want)
			}
		}
		if kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "multipart/form-data" {
			name, value, _ := strings.Cut(row.body, "=")
			if diff := cmp.Diff(map[string]string{name: value}, fieldsOf(t, kind, params["boundary"], []byte(body))); diff != "" {
				t.Errorf("%s: body (-want +got):\n%s", row.name, diff)
			}
		} else if body != row.body {
			t.Errorf("%s: body\n got %s\nwant %s", row.name, body, row.body)
		}
	}
}

// A value cannot become more than a value, wherever it lands.
func TestValuesStayValues(t *testing.T) {
	const evil = "x\", \"admin\": true, \"y\": \"&admin=1#?/../\\\r\n--boundary"
	for name, row := range map[string]struct {
		config string
		want   func(r *http.Request, body string) bool
	}{
		"JSON": {`{"request": {"url": "URL/login", "json": {"user": "${v}"}}}`, func(_ *http.Request, body string) bool {
			var got map[string]string
			return json.Unmarshal([]byte(body), &got) == nil && len(got) == 1 && got["user"] == evil
		}},
		"a form": {`{"request": {"url": "URL/login", "form": {"user": "${v}"}}}`, func(_ *http.Request, body string) bool {
			got, err := url.ParseQuery(body)
			return err == nil && len(got) == 1 && got.Get("user") == evil
		}},
		"a query": {`{"request": {"url": "URL/login", "query": {"user": "${v}"}}}`, func(r *http.Request, _ string) bool {
			return len(r.URL.Query()) == 1 && r.URL.Query().Get("user") == evil && r.URL.Path == "/login"
		}},
		"a path": {`{"request": {"url": "URL/users/${v}/login"}}`, func(r *http.Request, _ string) bool {
			return r.URL.Path == "/users/"+evil+"/login" && strings.Count(r.URL.EscapedPath(), "/") == 3 && r.URL.RawQuery == ""
		}},
	} {
		s := serve(t, answer(200, granted))
		e := endpoint(t, onLoopback(), strings.ReplaceAll(row.config, "URL", s.URL))
		if _, err := e.Grant(t.Context(), refresh.Login{Credential: login(s.URL, "v", evil)}); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if r, body := s.last(t); !row.want(r, body) {
			t.Errorf("in %s the value became %s, %s", name, r.RequestURI, body)
		}
	}
	s := serve(t, answer(200, granted))
	e := endpoint(t, onLoopback(), `{"request": {"url": "`+s.URL+`/login", "headers": {"X-User": "${v}"}}}`)
	if err := failed(t, e, login(s.URL, "v", evil)); err.Code != refresh.CodeBadCredential || s.requests() > 0 {
		t.Errorf("in a header: %v, after %d requests", err, s.requests())
	}
}

// Nothing is sent unless the credential fits in every respect.
func TestNothingIsSentTo(t *testing.T) {
	s := serve(t, answer(200, granted))
	e := endpoint(t, onLoopback(), oauth(s))
	for name, c := range map[string]refresh.Credential{
		"a host that the credential does not name": func() refresh.Credential {
			c := client(s.URL)
			c.AllowedHosts = []string{"127.0.0.1", "127.0.0.1:1", "localhost"}
			return c
		}(),
		"any host, where the credential names none": func() refresh.Credential {
			c := client(s.URL)
			c.AllowedHosts = nil
			return c
		}(),
	} {
		if err := failed(t, e, c); err.Code != "host_not_allowed" || err.Class != refresh.Misconfigured {
			t.Errorf("%s: %s, %v", name, err.Code, err)
		}
	}
	if err := failed(t, e, login(s.URL, "client_id", "reports")); err.Code != refresh.CodeBadCredential {
		t.Errorf("without a secret: %s, %v", err.Code, err)
	}
	if n := s.requests(); n > 0 {
		t.Errorf("%d requests were sent", n)
	}
}
