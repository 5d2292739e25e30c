package explain_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/explain"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"github.com/google/go-cmp/cmp"
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
			s := serve(t, answer(granted))
			e := endpoint(t, strings.ReplaceAll(config, "URL", s.URL))
			c := login(s.URL, values...)
			if _, err := e.Grant(t.Context(), refresh.Login{Credential: c}); err != nil {
				t.Fatal(err)
			}
			x, err := explain.Config(e.Plan(), c.Names())
			if err != nil {
				t.Fatal(err)
			}
			m := x.Requests[0]
			r, body := s.last, s.body
			filled := strings.NewReplacer(over...).Replace
			if want := r.Method + " " + s.URL + r.RequestURI; m.Method+" "+filled(m.URL) != want {
				t.Errorf("explained %s %s, sent %s", m.Method, m.URL, want)
			}
			explained := map[string]bool{"Accept-Encoding": true, "Connection": true, "Content-Length": true} // which the client adds
			for _, h := range m.Headers {
				explained[h.Name] = true
				if got := r.Header.Get(h.Name); got != filled(h.Value) {
					t.Errorf("%s: explained %q, sent %q", h.Name, h.Value, got)
				}
			}
			for name := range r.Header {
				if !explained[name] {
					t.Errorf("%s is sent, and not explained", name)
				}
			}
			text := filled(m.Body)
			if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
				text, body = compact(t, text), compact(t, body)
			}
			if diff := cmp.Diff(body, strings.ReplaceAll(text, "\n&", "&")); diff != "" {
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
		x, err := explain.Config(endpoint(t, row.config).Plan(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if want := (explain.Field{Name: row.header, Value: row.want}); !slices.Contains(x.Requests[0].Headers, want) {
			t.Errorf("%v, want %v among them", x.Requests[0].Headers, want)
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
		x, err := explain.Config(endpoint(t, row.config).Plan(), []string{"client_id", "private_key", "tenant"})
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

// The lifetime that a config states is known before anybody is asked.
func TestConfiguredLifetime(t *testing.T) {
	for config, want := range map[string]time.Duration{
		`{"token_endpoint": "https://id.example/token"}`:                           0,
		`{"token_endpoint": "https://id.example/token", "default_lifetime": "2h"}`: 2 * time.Hour,
		`{"signed_jwt": {"aud": "x", "lifetime": "20m"}}`:                          20 * time.Minute,
	} {
		if got := explain.Lifetime(endpoint(t, config).Plan()); got != want {
			t.Errorf("%s: %v, want %v", config, got, want)
		}
	}
}

// What is explained of a config that is accepted is not masked: a long word is a path like any other.
func TestLongPathsAreExplained(t *testing.T) {
	e := endpoint(t, `{"token_endpoint": "https://id.example.com/token", "response": {"success": "successful", "access_token": "authorization_result"}}`)
	x, err := explain.Config(e.Plan(), nil)
	if said := fmt.Sprint(x.Answer); err != nil || !strings.Contains(said, `something true at "successful"`) || !strings.Contains(said, `at "authorization_result"`) {
		t.Errorf("%s, %v", said, err)
	}
}

// Nothing of a config that is explained, or shown of a trial, moves a cursor or turns the
// reading direction.
func TestWhatIsExplainedIsPrintable(t *testing.T) {
	const bad = `\u001b[2J\u009b2J\u202ex`
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, granted) })
	for _, config := range []string{
		`{"token_endpoint": "URL/token", "scope": "BAD", "token_endpoint_auth_method": "client_secret_post", "parameters": {"x": "BAD", "y\u202e": "z"}}`,
		`{"token_endpoint": "URL/token", "body": "multipart", "parameters": {"x": "BAD", "y\u202e": "z"}}`,
		`{"request": {"url": "URL/token", "json": {"x": "BAD", "y\u009b\u202e": ["BAD"]}}}`,
		`{"request": {"url": "URL/token", "text": "BAD\r", "headers": {"X-A": "a\u009bb\u202ec"}}}`,
		`{"request": {"url": "URL/token", "form": {"x": "${client_id?'\u202e'}"}}}`,
		`{"request": {"url": "URL/token", "headers": {"X-A": "${base64(join('\u202e\u009b', client_id))}"}}}`,
		`{"token_endpoint": "URL/token", "token_endpoint_auth_method": "client_secret_jwt",
		  "client_assertion": {"typ": "BAD", "kid": "BAD", "iss": "BAD", "sub": "BAD", "aud": ["BAD"], "header": {"x\u202e": "BAD"}, "claims": {"y\u202e": {"z\u202e": "BAD"}}}}`,
		`{"signed_jwt": {"aud": "a\u202e", "typ": "BAD", "claims": {"x": "BAD"}, "lifetime": "1h"}}`,
		`{"token_endpoint": "URL/token", "response": {"access_token": "\"\u202e\"", "success": "x=='\u009b'"}}`,
	} {
		config = strings.NewReplacer("URL", s.URL, "BAD", bad).Replace(config)
		e := endpoint(t, config)
		x, err := explain.Config(e.Plan(), nil)
		if err != nil {
			t.Fatal(err)
		}
		c := client(s.URL)
		trial, _ := explain.Try(t.Context(), e, c)
		told := fmt.Sprintf("%+v\n%+v\n%v", x, trial.Exchanges, e.Check(c))
		if i := strings.IndexFunc(told, func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) }); i >= 0 {
			t.Errorf("%s\nis told as %q", config, told[max(0, i-30):i+20])
		}
		if _, err := json.Marshal(x); err != nil {
			t.Error(err)
		}
	}
}

// A certificate that lies in the credential and is not shown is reported, under whatever name.
func TestAdviceForACredential(t *testing.T) {
	const said = "does not show it"
	for _, row := range []struct {
		name, config string
		more         []string
		want         []string
	}{
		{"an unused certificate", `{"token_endpoint": "URL/token", "token_endpoint_auth_method": "client_secret_post"}`, []string{"certificate", "-----BEGIN CERTIFICATE-----"}, []string{"certificate, and the config " + said}},
		{"one of another name", `{"request": {"url": "URL/token", "basic": ["client_id", "client_secret"]}}`, []string{"qwac", "-----BEGIN CERTIFICATE-----"}, []string{"qwac, and the config " + said}},
		{"one that is shown", `{"token_endpoint": "URL/token", "token_endpoint_auth_method": "client_secret_post", "client_certificate": {}}`, []string{"certificate", "-----BEGIN CERTIFICATE-----"}, nil},
		{"one that is sent", `{"request": {"url": "URL/token", "form": {"cert": "${certificate?}"}}}`, []string{"certificate", "-----BEGIN CERTIFICATE-----"}, nil},
		{"a secret that form-encoding changes", `{"token_endpoint": "URL/token"}`, []string{"client_secret", "a/b+c"}, []string{"client_secret_basic_encoding"}},
		{"an id that form-encoding changes", `{"token_endpoint": "URL/token"}`, []string{"client_id", "a@b"}, []string{"client_secret_basic_encoding"}},
		{"the same raw", `{"token_endpoint": "URL/token", "client_secret_basic_encoding": "raw"}`, []string{"client_secret", "a/b+c"}, nil},
		{"nothing that it changes", `{"token_endpoint": "URL/token"}`, []string{"client_secret", "abc-1_2.3~"}, nil},
	} {
		c := login("https://id.example.com", "client_id", "reports", "client_secret", "plain")
		for i := 0; i < len(row.more); i += 2 {
			c.Values[row.more[i]] = secret.New(row.more[i+1])
		}
		got := explain.AdviceFor(endpoint(t, strings.ReplaceAll(row.config, "URL", "https://id.example.com")).Plan(), c)
		if len(got) != len(row.want) || len(got) > 0 && !strings.Contains(got[0], row.want[0]) {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

// The audiences of a token that is signed here are those that signs must name.
func TestExplainSigns(t *testing.T) {
	x, err := explain.Config(endpoint(t, `{"signed_jwt": {"aud": ["https://appleid.apple.com", "${tenant}"], "lifetime": "1h"}}`).Plan(), nil)
	if got := fmt.Sprint(x.Signs); err != nil || got != "[https://appleid.apple.com ${tenant}]" {
		t.Errorf("signs %s, %v", got, err)
	}
	if x, err := explain.Config(endpoint(t, `{"token_endpoint": "https://id.example.com/token"}`).Plan(), nil); err != nil || x.Signs != nil {
		t.Errorf("signs %v, %v", x.Signs, err)
	}
}

// What speaks against a config is said, though it works.
func TestAdvice(t *testing.T) {
	const (
		password = "the password grant"
		inLogin  = "a value of the credential is sent in the URL,"
		inProbe  = "the new token is sent in the URL of the probe,"
	)
	const probe = `"probe": {"request": {"url": "https://api.example.com/me?token=${access_token}"}}}`
	for config, want := range map[string][]string{
		`{"token_endpoint": "https://id.example.com/token"}`:                                                            nil,
		`{"token_endpoint": "https://id.example.com/${api_key}"}`:                                                       {inLogin},
		`{"token_endpoint": "https://id.example.com/token", "grant_type": "password"}`:                                  {password},
		`{"request": {"url": "https://id.example.com/token", "query": {"k": "${api_key}"}}}`:                            {inLogin},
		`{"request": {"url": "https://id.example.com/${tenant}", "json": {"k": "${api_key}"}}}`:                         nil,
		`{"token_endpoint": "https://id.example.com/token", ` + probe:                                                   {inProbe},
		`{"token_endpoint": "https://id.example.com/token", "grant_type": "password", ` + probe:                         {password, inProbe},
		`{"request": {"url": "https://id.example.com/${api_key}"}, "record": {"t": "${access_token}"}, ` + probe:        {inLogin, inProbe},
		`{"token_endpoint": "https://id.example.com/token", "probe": {"request": {"url": "https://api.example.com/"}}}`: nil,
	} {
		got := explain.Advice(endpoint(t, config).Plan())
		if !slices.EqualFunc(got, want, strings.HasPrefix) {
			t.Errorf("%s: %q, want %q", config, got, want)
		}
	}
}
