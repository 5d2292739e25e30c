package tokenendpoint_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// What is explained is what is sent: with each value written over its place, the two are
// the same.
func TestExplainIsWhatIsSent(t *testing.T) {
	values := []string{"client_id", "reports", "client_secret", "s3cret", "username", "ann", "password", "pass", "tenant", "north"}
	over := []string{}
	for i := 0; i < len(values); i += 2 {
		over = append(over, "${"+values[i]+"}", values[i+1])
	}
	for name, config := range map[string]string{
		"a form":                       `{"token_endpoint": "URL/token", "token_endpoint_auth_method": "client_secret_post", "scope": "a b"}`,
		"JSON":                         `{"token_endpoint": "URL/token", "token_endpoint_auth_method": "client_secret_post", "body": "json"}`,
		"a path, a query and a header": `{"request": {"method": "GET", "url": "URL/${tenant}/token?a=${client_id}", "query": {"b": ["${username}", "c d"]}, "headers": {"X-Key": "key=\"${client_secret}\"", "Cookie": "s=${password}"}}}`,
		"text":                         `{"request": {"url": "URL/token", "headers": {"Content-Type": "application/xml"}, "text": "<a b='1'>${username}</a>"}}`,
		"what is there or not":         `{"request": {"url": "URL/token", "form": {"t": "${tenant?}", "x": "${other?}", "y": "${other?'else'}", "z": "z"}}}`,
		"JSON of some shape":           `{"request": {"url": "URL/token", "json": {"a": [{"b": "${username}"}, 1.50, true, null], "x": "${other?}"}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, answer(200, granted))
			e := endpoint(t, onLoopback(), strings.ReplaceAll(config, "URL", s.URL))
			c := login(s.URL, values...)
			if _, err := e.Grant(t.Context(), refresh.Login{Credential: c}); err != nil {
				t.Fatal(err)
			}
			x, err := e.Explain(c.Names())
			if err != nil {
				t.Fatal(err)
			}
			m := x.Requests[0]
			r, body := s.last(t)
			filled := strings.NewReplacer(over...).Replace
			if want := r.Method + " " + s.URL + r.RequestURI; m.Method+" "+filled(m.URL) != want {
				t.Errorf("explained %s %s, sent %s", m.Method, m.URL, want)
			}
			for _, h := range m.Headers {
				if got := r.Header.Get(h.Name); got != filled(h.Value) {
					t.Errorf("%s: explained %q, sent %q", h.Name, h.Value, got)
				}
			}
			explained := filled(m.Body)
			if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
				explained, body = compact(t, explained), compact(t, body)
			}
			if diff := cmp.Diff(body, strings.ReplaceAll(explained, "\n&", "&")); diff != "" {
				t.Errorf("body (-sent +explained):\n%s", diff)
			}
		})
	}
}

func compact(t *testing.T, text string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	out, _ := json.Marshal(v)
	return string(out)
}

// What hides its values is written as it is made of them.
func TestExplainHidden(t *testing.T) {
	for _, row := range []struct{ config, header, want string }{
		{`{"token_endpoint": "https://id.example/token"}`, "Authorization", "Basic base64(${client_id}:${client_secret})"},
		{`{"request": {"url": "https://id.example/", "headers": {"X-A": "v ${base64(join(':', client_id, 'it''s', x?))}"}}}`, "X-A", "v ${base64(join(':', client_id, 'it''s', x?))}"},
		{`{"request": {"url": "https://id.example/", "headers": {"X-A": "${hex(hmac(key, now('unix', '5m')))}"}}}`, "X-A", "${hex(hmac(key, now('unix', '5m')))}"},
		{`{"request": {"url": "https://id.example/", "headers": {"X-A": "${uuid()}.${x?'none'}"}}}`, "X-A", "${uuid()}.${x?'none'}"},
	} {
		x, err := endpoint(t, onLoopback(), row.config).Explain(nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range x.Requests[0].Headers {
			if h.Name == row.header && h.Value != row.want {
				t.Errorf("%s: %s, want %s", row.header, h.Value, row.want)
			}
		}
	}
}

// A JWT is explained as it is signed: what a word names is written out, and what is left out is not there.
func TestExplainJWT(t *testing.T) {
	for _, row := range []struct{ config, header, claims string }{
		{`{"token_endpoint": "https://id.example.com/token", "token_endpoint_auth_method": "private_key_jwt",
			"client_assertion": {"aud": "token_endpoint", "typ": "", "kid": "${kid?}", "header": {"cty": "x", "n": {"a": ["${tenant}"]}}}}`,
			`[{alg the usual one of the key} {kid that of the key, if it is a JWK} {cty x} {n {"a":["${tenant}"]}}]`,
			`[{iss ${client_id}} {sub ${client_id}} {aud https://id.example.com/token} {exp now and 1m} {iat now, less 10s} {nbf now, less 10s} {jti another each time}]`},
		{`{"assertion": {"iss": "${client_id}", "aud": "none", "backdate": "0s", "lifetime": "5m", "claims": {"n": {"x": ["${other?}", 1]}, "nbf": null}},
			"request": {"url": "https://id.example.com/", "headers": {"Authorization": "Bearer ${assertion}"}}}`,
			`[{alg the usual one of the key} {typ JWT} {kid that of the key, if it is a JWK}]`,
			`[{iss ${client_id}} {aud left out} {exp now and 5m} {iat now} {jti another each time} {n {"x":[1]}}]`},
		{`{"token_endpoint": "https://id.example.com/token", "issuer": "https://id.example.com", "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": {"aud": ["issuer", "${tenant}"]}}`,
			`[{alg the usual one of the key} {typ JWT} {kid that of the key, if it is a JWK}]`,
			`[{iss ${client_id}} {aud https://id.example.com, ${tenant}} {exp now and 1m} {iat now, less 10s} {nbf now, less 10s} {jti another each time}]`},
	} {
		x, err := endpoint(t, onLoopback(), row.config).Explain([]string{"client_id", "private_key", "tenant"})
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(x.Signed[0].Header); got != row.header {
			t.Errorf("header\n got %s\nwant %s", got, row.header)
		}
		if got := fmt.Sprint(x.Signed[0].Claims); got != row.claims {
			t.Errorf("claims\n got %s\nwant %s", got, row.claims)
		}
	}
}

// A trial says where the lifetime is from.
func TestTryLifetimeFrom(t *testing.T) {
	signed := jwt(fmt.Sprintf(`{"exp": %d}`, noon.Add(30*time.Minute).Unix()))
	for _, row := range []struct{ name, more, answer, from string }{
		{"the answer", ``, `{"access_token": "t0k3n", "expires_in": 3600}`, `the answer, at "expires_in"`},
		{"a time in it", `, "response": {"expires_at": "until"}`, `{"access_token": "t0k3n", "until": "2026-11-22T13:00:00Z"}`, `the answer, at "until"`},
		{"the token, which ends before", ``, `{"access_token": "` + signed + `", "expires_in": 3600}`, "the token itself, a JWT"},
		{"the token alone", ``, `{"access_token": "` + signed + `"}`, "the token itself, a JWT"},
		{"the config", `, "default_lifetime": "20m"`, `{"access_token": "t0k3n"}`, "default_lifetime of the config"},
		{"its limit", `, "max_lifetime": "20m"`, `{"access_token": "t0k3n", "expires_in": 3600}`, "max_lifetime of the config"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := serve(t, answer(200, row.answer))
			e := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token"%s}`, s.URL, row.more))
			trial, err := e.Try(t.Context(), client(s.URL))
			if err != nil || trial.LifetimeFrom != row.from {
				t.Errorf("by %q, want %q; %v", trial.LifetimeFrom, row.from, err)
			}
		})
	}
}

// All requests of a login are shown, steps and repetitions too, each with its answer.
func TestTryTellsEachRequest(t *testing.T) {
	s := serve(t, sessions(`{"ok": true, "companies": [{"id": 42}]}`))
	e := endpoint(t, onLoopback(), strings.ReplaceAll(sessionConfig, "URL", s.URL))
	trial, err := e.Try(t.Context(), login(s.URL, "username", "reports", "password", hard))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range trial.Exchanges {
		got = append(got, fmt.Sprintf("%s %s %d %v", x.Message.Method, strings.TrimPrefix(x.Message.URL, s.URL), x.Status, x.Members))
	}
	want := []string{
		"POST /login 200 [{companies a list of 1} {ok true or false}]",
		"PUT /companies/${steps.login.company}/select 204 []",
		"POST /token 200 [{access_token text of 5 characters} {expires_in a number} {token_type text of 6 characters}]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("exchanges (-want +got):\n%s", diff)
	}
}

// Nothing of the credential and no value of an answer is in a trial, whatever the answer
// repeats, and nothing that would move a cursor.
func TestTryShowsNoSecret(t *testing.T) {
	for _, reply := range []string{
		`{"error": "invalid_client", "error_description": %[1]s}`,
		`{"access_token": "t0k3n-t0k3n-t0k3n", "expires_in": 60, %[1]s: 1, "a": {%[1]s: [%[1]s]}, "b": %[1]s, "\u001b[31m": 2}`,
		`{"access_token": "t0k3n-t0k3n-t0k3n", "expires_in": 60, "x": {"refresh_token": "r3fr3sh-r3fr3sh"}, "t0k3nt0k3nt0k3nt0k3nt0k3n1": 1}`,
	} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			quoted, _ := json.Marshal(hard)
			w.Header().Set("Content-Type", "application/json")
			if strings.HasPrefix(reply, `{"error"`) {
				w.WriteHeader(401)
			}
			if strings.Contains(reply, "%") {
				fmt.Fprintf(w, reply, quoted)
			} else {
				io.WriteString(w, reply)
			}
		})
		e := endpoint(t, onLoopback(), fmt.Sprintf(`{"request": {"url": "%s/token/${client_id}", "form": {"s": "${client_secret}", "h": "${hex(sha256(client_secret))}"}}}`, s.URL))
		trial, err := e.Try(t.Context(), client(s.URL))
		var failure *refresh.Error
		if errors.As(err, &failure) {
			checkError(t, failure, client(s.URL))
		}
		told, _ := json.Marshal(trial.Exchanges)
		for _, secret := range []string{hard, "t0k3n-t0k3n", "r3fr3sh-r3fr3sh", "t0k3nt0k3nt0k3nt0k3n"} {
			if form := leaked(string(told), secret); form != "" {
				t.Errorf("%s is told, as %s:\n%s", secret, form, told)
			}
		}
		if len(trial.Exchanges) != 1 || strings.Contains(fmt.Sprint(trial.Exchanges), "\x1b") {
			t.Errorf("told: %q", fmt.Sprint(trial.Exchanges))
		}
	}
}

// A failure without an answer is shown as one.
func TestTryWithoutAnAnswer(t *testing.T) {
	e := endpoint(t, onLoopback(), `{"token_endpoint": "http://127.0.0.1:1/token"}`)
	trial, err := e.Try(t.Context(), login("http://127.0.0.1:1", "client_id", "x", "client_secret", "y"))
	if err == nil || len(trial.Exchanges) == 0 || trial.Exchanges[0].Status != 0 {
		t.Errorf("%v: %+v", err, trial.Exchanges)
	}
}

// The lifetime that a config states is known before anybody is asked.
func TestConfiguredLifetime(t *testing.T) {
	for config, want := range map[string]time.Duration{
		`{"token_endpoint": "https://id.example/token"}`:                           0,
		`{"token_endpoint": "https://id.example/token", "default_lifetime": "2h"}`: 2 * time.Hour,
		`{"signed_jwt": {"aud": "x", "lifetime": "20m"}}`:                          20 * time.Minute,
	} {
		if got := endpoint(t, tokenendpoint.New(tokenendpoint.Options{}), config).ConfiguredLifetime(); got != want {
			t.Errorf("%s: %v, want %v", config, got, want)
		}
	}
}

// What is watched goes out as ever: over HTTP/2 where the server has it, with the client's
// certificate in the handshake.
func TestTryShowsTheCertificate(t *testing.T) {
	shown := ""
	ts := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shown = r.Proto
		for _, c := range r.TLS.PeerCertificates {
			shown += " " + c.Subject.CommonName
		}
		io.WriteString(w, granted)
	}))
	ts.EnableHTTP2 = true
	ts.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	ts.StartTLS()
	t.Cleanup(ts.Close)
	roots := x509.NewCertPool()
	roots.AddCert(ts.Certificate())
	p := tokenendpoint.New(tokenendpoint.Options{AllowLoopback: true, Now: atNoon, RootCAs: roots})
	e := endpoint(t, p, fmt.Sprintf(`{"token_endpoint": "%s/token", "token_endpoint_auth_method": "tls_client_auth"}`, ts.URL))
	trial, err := e.Try(t.Context(), login(ts.URL, "client_id", "one", "private_key", inPEM(t, rsaKey()), "certificate", certificate(t, rsaKey(), "cert-one")))
	if err != nil || shown != "HTTP/2.0 cert-one" || trial.Exchanges[0].Status != 200 {
		t.Errorf("the server saw %s: %v", shown, err)
	}
}

// What is explained of a config that is accepted is not masked: a long word is a path like any other.
func TestLongPathsAreExplained(t *testing.T) {
	e := endpoint(t, onLoopback(), `{"token_endpoint": "https://id.example.com/token", "response": {"success": "successful", "access_token": "authorization_result"}}`)
	x, err := e.Explain(nil)
	if said := fmt.Sprint(x.Answer); err != nil || !strings.Contains(said, `something true at "successful"`) || !strings.Contains(said, `at "authorization_result"`) {
		t.Errorf("%s, %v", said, err)
	}
}
