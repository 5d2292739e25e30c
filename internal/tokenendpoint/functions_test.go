package tokenendpoint_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// What the functions give was computed with coreutils and OpenSSL:
//
//	printf 'reports:k-1' | base64
//	printf 'k-1' | sha256sum
//	printf 'reports' | openssl dgst -sha256 -hmac k-1
func TestFunctions(t *testing.T) {
	for _, row := range []struct{ template, want string }{
		{"Basic ${base64(join(':', user, key))}", "Basic cmVwb3J0czprLTE="},
		{"${base64url(binary)}", "fn5-fz8_"},
		{"${base64(binary)}", "fn5+fz8/"},
		{"${hex(key)}", "6b2d31"},
		{"${hex(sha256(key))}", "7c35c5a1785d20704e44d5de4beb81c1fce91b6fe48ed7c3159af6f7f832078b"},
		{"${hex(hmac(key, user))}", "c0687e2a72bc59cd1e6de4bf4b842b6de34792a24650af9b667a69088f33c1ac"},
		{"${join('', user, '-', key)}", "reports-k-1"},
		{"${join(', ', user, 'it''s')}", "reports, it's"},
		{"${now('unix')}", "1795348800"},
		{"${now('unix_ms', '-1s')}", "1795348799000"},
		{"${now('rfc3339', '5m')}", "2026-11-22T12:05:00Z"},
		{"${now('date', '24h')}", "2026-11-23"},
		{"${now('http')}", "Sun, 22 Nov 2026 12:00:00 GMT"},
		{"${now('compact')}", "20261122T120000Z"},
		{"${ hex( key ) }", "6b2d31"},
		{"${none?'x'}${user?'y'}", "xreports"},
		{"a${none?''}b", "ab"},
		{"$${base64(key)}", "${base64(key)}"},
	} {
		s := serve(t, answer(200, granted))
		e := endpoint(t, onLoopback(), `{"request": {"url": "`+s.URL+`/login", "text": `+quoteJSON(row.template)+`}}`)
		c := login(s.URL, "user", "reports", "key", "k-1", "binary", "~~~\x7f??")
		if _, err := e.Grant(t.Context(), refresh.Login{Credential: c}); err != nil {
			t.Errorf("%s: %v", row.template, err)
			continue
		}
		if _, body := s.last(t); body != row.want {
			t.Errorf("%s gives %q, want %q", row.template, body, row.want)
		}
	}
}

// A UUID is another with each request, and the same within one where it has a name.
func TestUUID(t *testing.T) {
	s := serve(t, answer(200, granted))
	e := endpoint(t, onLoopback(), `{"request": {"url": "`+s.URL+`/login", "headers": {"X-Nonce": "${uuid('nonce')}"}, "text": "${uuid('nonce')} ${uuid()} ${uuid()}"}}`)
	seen := map[string]bool{}
	for range 2 {
		if _, err := e.Grant(t.Context(), refresh.Login{Credential: login(s.URL)}); err != nil {
			t.Fatal(err)
		}
		r, body := s.last(t)
		ids := strings.Fields(body)
		if ids[0] != r.Header.Get("X-Nonce") {
			t.Errorf("the header has %s, and the body %s", r.Header.Get("X-Nonce"), ids[0])
		}
		for _, id := range ids {
			if seen[id] || !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(id) {
				t.Errorf("the UUID %q comes twice, or is none", id)
			}
			seen[id] = true
		}
	}
}

// What may be absent is left out as a whole, wherever it is, or replaced.
func TestOptional(t *testing.T) {
	for _, row := range []struct{ request, want string }{
		{`"form": {"a": "${none?}", "b": "x-${none?}", "c": "${key?}"}`, "c=k-1"},
		{`"form": {"a": "${none?''}", "b": "${none?'eu'}", "c": ["${none?}", "d"]}`, "a=&b=eu&c=d"},
		{`"json": {"a": "${none?}", "b": ["${none?}", "${key?}", {"c": "${none?}"}], "d": "${base64(none?)}"}`, `{"b":["k-1",{}]}`},
		{`"text": "x", "query": {"a": "${none?}", "b": "${key}"}`, "x"},
		{`"text": "x", "headers": {"X-Tenant": "${none?}"}`, "x"},
	} {
		s := serve(t, answer(200, granted))
		e := endpoint(t, onLoopback(), `{"request": {"url": "`+s.URL+`/login", `+row.request+`}}`)
		if _, err := e.Grant(t.Context(), refresh.Login{Credential: login(s.URL, "key", "k-1")}); err != nil {
			t.Errorf("%s: %v", row.request, err)
			continue
		}
		r, body := s.last(t)
		if body != row.want {
			t.Errorf("%s sends %s, want %s", row.request, body, row.want)
		}
		if _, sent := r.Header["X-Tenant"]; sent || strings.Contains(r.URL.RawQuery, "a=") {
			t.Errorf("%s sends %s %v", row.request, r.URL, r.Header)
		}
	}
}

// Functions do not make of a secret what would not be recognized: it is encoded once at most
// after the last digest; what is kept from an answer is computed with only for digests.
func TestFunctionsOfSecrets(t *testing.T) {
	const twice, foreign = "is encoded more than once", "is given to a function"
	for text, want := range map[string]string{
		"${base64(hex(key))}":                                              twice,
		"${hex(join('-', user, base64url(key)))}":                          twice,
		"${base64(join(':', user, base64(join('', key, 'x'))))}":           twice,
		"${base64(hex(hmac(key, user)))}":                                  twice,
		"${base64(steps.a.x)}":                                             foreign,
		"${join('', steps.a.x, user)}":                                     foreign,
		"${hex(assertion)}":                                                foreign,
		"${base64(join(':', user, key))}":                                  "",
		"${hex(hmac(key, base64(hex(key))))}":                              "",
		"${base64(sha256(base64(key)))}":                                   "",
		"${base64(hex(user))}":                                             "",
		"${hex(hmac(key, steps.a.x))}":                                     "",
		"${base64url(sha256(join('', steps.a.x, steps.a.x)))}${steps.a.x}": "",
	} {
		config := `{"steps": [{"name": "a", "request": {"url": "https://id.example.com/a"}, "response": {"keep": {"x": "x"}}}],
			"request": {"url": "https://id.example.com/b", "form": {"x": ` + quoteJSON(text) + `}}}`
		provider, err := onLoopback().Provider(document("erp", config))
		said := ""
		if err != nil {
			said = err.Error()
		} else if ps := provider.Endpoint.(*tokenendpoint.Endpoint).Check(login("https://id.example.com", "user", "reports", "key", "k-1-k-1-k-1")); len(ps) > 0 {
			said = ps.Error()
		}
		if !strings.Contains(said, want) || want == "" && said != "" {
			t.Errorf("%s: %q, want %q", text, said, want)
		}
	}
}

// A JWT is itself an encoding, so what goes into one is not encoded before; and no JWT and no
// refresh token is encoded again.
func TestEncodersAroundAssertions(t *testing.T) {
	const twice, foreign, signed = "is encoded more than once", "is not the credential's own", "is itself signed"
	grant := func(claim string) string {
		return `"request": {"url": "https://id.example.com/b", "form": {"x": "${assertion}"}}, "assertion": {"alg": "ES256", "aud": "https://id.example.com", "claims": {"x": ` + quoteJSON(claim) + `}}`
	}
	client := func(member string) string {
		return `"token_endpoint": "https://id.example.com/b", "token_endpoint_auth_method": "private_key_jwt", "client_assertion": {` + member + `}`
	}
	basic := func(user, password string) string {
		return `"request": {"url": "https://id.example.com/b", "basic": ["` + user + `", "` + password + `"]}, "assertion": {"alg": "ES256", "aud": "https://id.example.com", "claims": {"x": "${key}"}}`
	}
	for _, row := range []struct{ config, want string }{
		{grant("${base64(key)}"), twice},
		{grant("x ${hex(join('-', client_id, key))}"), twice},
		{client(`"aud": "x", "header": {"y": ["${base64url(key)}"]}`), twice},
		{client(`"aud": "x", "kid": "${hex(key)}"`), twice},
		{client(`"aud": "https://x/${base64(key)}"`), twice},
		{basic("assertion", "key"), foreign},
		{basic("client_id", "client_assertion"), foreign},
		{basic("refresh_token", ""), foreign},
		{client(`"aud": "x", "claims": {"x": "${client_assertion}"}`), signed},
		{`"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": {"aud": "https://id.example.com"}, ` + client(`"aud": "x", "claims": {"x": {"y": "${assertion}"}}`), signed},

		{grant("${key}"), ""},
		{grant("${hex(sha256(key))}"), ""},
		{client(`"aud": "x", "claims": {"x": "${base64(client_id)}"}`), ""},
	} {
		provider, err := onLoopback().Provider(document("erp", "{"+row.config+"}"))
		said := fmt.Sprint(err)
		if err == nil {
			ps := provider.Endpoint.(*tokenendpoint.Endpoint).Check(login("https://id.example.com", "client_id", "reports", "key", "k-1-k-1-k-1", "private_key", inPEM(t, ecKey())))
			said = ps.Error()
		}
		if !strings.Contains(said, row.want) || row.want == "" && said != "" {
			t.Errorf("%s: %q, want %q", row.config, said, row.want)
		}
	}
}

// No secret hides in the default of a value.
func TestSecretsInDefaults(t *testing.T) {
	const github = "ghp_0123456789abcdefghijklmnopqrstuvwxyz"
	for fields, secret := range map[string]bool{
		`"headers": {"Authorization": "${nothing?'` + github + `'}"}`:                     true,
		`"headers": {"Authorization": "Bearer ` + github + `${nothing?''}"}`:              true,
		`"headers": {"X-Api-Key": "${nothing?'s3cr3t-of-the-north'}"}`:                    true,
		`"headers": {"X-Api-Key": "${a?'s3cr3t-'}${b?'of-the-north'}"}`:                   true,
		`"headers": {"Authorization": "Basic ${base64(join(':', user, pw?'s3cr3t-1'))}"}`: true,
		`"headers": {"X-Note": "${nothing?'` + github + `'}"}`:                            true,
		`"form": {"x": "${join('hp_0123456789', 'g', 'abcdefghijkl')}"}`:                  true,
		`"form": {"x": "${join('p_0123456789ab', nothing?'gh', 'cd')}"}`:                  true,
		`"form": {"x": "${client_id} ${nothing?'` + github + `'}"}`:                       true,
		`"form": {"client_secret": "${nothing?'s3cr3t-of-the-north'}"}`:                   true,

		`"headers": {"Authorization": "${scheme?'Bearer'} ${key}"}`: false,
		`"headers": {"X-Api-Key": "${key?'anonymous'}"}`:            false,
		`"headers": {"X-CSRF-Token": "${token?'Fetch'}"}`:           false,
		`"form": {"scope": "${scope?'read write'}", "x": "${x?}"}`:  false,
	} {
		_, err := onLoopback().Provider(document("erp", `{"request": {"url": "https://id.example.com/token", `+fields+`}}`))
		if got := strings.Contains(fmt.Sprint(err), "looks like a secret"); got != secret || !secret && err != nil || strings.Contains(fmt.Sprint(err), "s3cr3t") {
			t.Errorf("%s: %v", fields, err)
		}
	}
}

// What limits the size of a request does not depend on values, or it would disclose how long one is.
func TestSizeTellsNothing(t *testing.T) {
	for _, n := range []int{64, 65, 1000} {
		for _, form := range []string{"${x}", "${x}${client_secret}"} {
			text := strings.Repeat(form, n/strings.Count(form, "$"))
			if n == 65 {
				text += "${x}"
			}
			provider, err := onLoopback().Provider(document("erp", `{"request": {"url": "https://id.example.com/token", "text": "`+text+`"}}`))
			if (err == nil) != (n == 64) {
				t.Errorf("%d values: %v", n, err)
			}
			if err != nil {
				continue
			}
			for _, size := range []int{1, 100, 16 << 10, 60 << 10} {
				c := login("https://id.example.com", "x", strings.Repeat("x", size), "client_secret", "s3cr3t-of-the-north")
				if ps := provider.Endpoint.(*tokenendpoint.Endpoint).Check(c); len(ps) > 0 {
					t.Errorf("with %d bytes: %v", size, ps)
				}
			}
		}
	}
}

// Nor does anything else that is checked before sending, wherever the value is placed.
func TestSizeTellsNothingAnywhere(t *testing.T) {
	for _, place := range []string{
		`"headers": {"X-Key": "${client_secret}"}`, `"form": {"a": "${client_secret}", "b": "${hex(sha256(client_secret))}"}`,
		`"json": {"a": ["${client_secret}"], "b": {"c": "${client_secret}"}}`, `"multipart": {"a": "${client_secret}"}`,
		`"query": {"a": "${client_secret}"}`, `"basic": ["client_id", "client_secret"]`, `"headers": {"X-Key": "${base64(client_secret)}"}`,
	} {
		provider, err := onLoopback().Provider(document("erp", `{"request": {"url": "https://id.example.com/token", `+place+`}}`))
		if err != nil {
			t.Errorf("%s: %v", place, err)
			continue
		}
		for _, size := range []int{12, 13, 255, 256, 8192, 60 << 10} {
			c := login("https://id.example.com", "client_id", "reports", "client_secret", strings.Repeat("x", size))
			if ps := provider.Endpoint.(*tokenendpoint.Endpoint).Check(c); len(ps) > 0 {
				t.Errorf("%s, %d bytes: %v", place, size, ps)
			}
		}
	}
}
