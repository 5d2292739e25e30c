package tokenendpoint_test

import (
	"fmt"
	"strings"
	"testing"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// allowed returns c as its owner writes it who lets tokens be signed for those audiences.
func allowed(c refresh.Credential, audiences ...string) refresh.Credential {
	c.Signs = audiences
	return c
}

// Who may edit a config gets no token signed that the credential's owner has not allowed,
// and no secret into one.
func TestWhatMayBeSigned(t *testing.T) {
	const aud = "https://appleid.apple.com"
	for _, row := range []struct{ name, jwt, signs, want string }{
		{"what its owner allows", `"aud": "https://appleid.apple.com", "iss": "${client_id}", "claims": {"hash": "${hex(sha256(client_id))}"}`, aud, ""},
		{"two, and both are allowed", `"aud": ["https://appleid.apple.com", "y"]`, aud + " y", ""},
		{"an audience of an identifier", `"aud": "https://appleid.apple.com/${tenant}"`, aud + "/north", ""},
		{"a token that names none, where that is allowed", `"aud": "none"`, "none", ""},

		{"a token that names none", `"aud": "none"`, aud, `its owner adds "none" to signs`},
		{"no audience is allowed", `"aud": "https://appleid.apple.com"`, "", `its owner adds "signs": ["https://appleid.apple.com"] to it`},
		{"another is allowed", `"aud": "https://evil.example"`, aud, `its owner adds "https://evil.example" to signs`},
		{"one of two is allowed", `"aud": ["https://appleid.apple.com", "https://evil.example"]`, aud, `its owner adds "https://evil.example" to signs`},
		{"part of it is allowed", `"aud": "https://appleid.apple.com.evil.example"`, aud, `https://appleid.apple.com.evil.example" to signs`},
		{"one of an identifier is not", `"aud": "https://appleid.apple.com/${tenant}"`, aud, "${tenant}"},
		{"none is stated", `"iss": "x"`, aud, "aud: is missing"},
		{"an empty list is stated", `"aud": []`, aud, "aud: is missing"},
		{"with a password", `"aud": "https://appleid.apple.com", "alg": "HS256", "key": "password"`, aud, "sign with client_secret"},
		{"without a jti", `"aud": "https://appleid.apple.com", "claims": {"jti": null}`, aud, "jti"},

		{"a secret in base64", `"aud": "https://appleid.apple.com", "alg": "HS256", "claims": {"leak": "${base64(client_secret)}"}`, aud, "function of client_secret"},
		{"a secret in a function in the header", `"aud": "https://appleid.apple.com", "header": {"leak": ["${hex(sha256(pin))}"]}`, aud, "function of pin"},
		{"a secret in a function in iss", `"aud": "https://appleid.apple.com", "iss": "x-${hex(client_secret)}"`, aud, "function of client_secret"},
		{"a private key", `"aud": "https://appleid.apple.com", "claims": {"leak": "${private_key}"}`, aud, "the credential's private_key into the token"},
		{"a private key in the header", `"aud": "https://appleid.apple.com", "header": {"leak": {"x": "${private_key}"}}`, aud, "the credential's private_key into the token"},
		{"a short secret", `"aud": "https://appleid.apple.com", "claims": {"leak": "x-${pin}"}`, aud, "the credential's pin into the token"},
		{"a secret as kid", `"aud": "https://appleid.apple.com", "kid": "${client_secret}"`, aud, "the credential's client_secret into the token"},
		{"an identifier that is the secret", `"aud": "https://appleid.apple.com", "claims": {"leak": "${username}"}`, aud, "the credential's client_secret into the token"},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := tokenendpoint.New(tokenendpoint.Options{Now: atNoon})
			c := login("https://x.example", "client_id", "app", "tenant", "north", "client_secret", hard+hard, "username", hard+hard, "password", hard, "pin", "271828", "private_key", inPEM(t, ecKey()))
			if row.signs != "" {
				c = allowed(c, strings.Fields(row.signs)...)
			}
			provider, err := p.Provider(document("erp", `{"signed_jwt": {"lifetime": "24h", `+row.jwt+`}}`))
			said := fmt.Sprint(err)
			if err == nil {
				e := provider.Endpoint.(*tokenendpoint.Endpoint)
				if row.want == "" {
					if _, err := e.Grant(t.Context(), refresh.Login{Credential: c}); err != nil {
						t.Error(err)
					}
					return
				}
				said = fmt.Sprint(e.Check(c))
				failed(t, e, c)
			}
			if row.want == "" || !strings.Contains(said, row.want) {
				t.Errorf("said %s\nwant %s", said, row.want)
			}
		})
	}
}

// What the owner allows is no value, and is not reported as one.
func TestSignsIsNoValue(t *testing.T) {
	c, err := onLoopback().Credential(document("erp", `{"client_id": "app", "signs": ["https://appleid.apple.com"]}`))
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(c.Names(), c.Signs) != "[client_id] [https://appleid.apple.com]" {
		t.Errorf("it has the values %v, and signs %v", c.Names(), c.Signs)
	}
	const text = "for https://appleid.apple.com, yes"
	if got, name := c.Redact(text), found(c, text); got != text || name != "" {
		t.Errorf("redacted %q, found %q", got, name)
	}
	e := endpoint(t, onLoopback(), `{"token_endpoint": "https://id.example.com/token"}`)
	if ps := fmt.Sprint(e.Check(c)); strings.Contains(ps, "appleid") {
		t.Errorf("said %s", ps)
	}
	for _, wrong := range []string{`"x"`, `[""]`, `[" x"]`, `[1]`, `{}`} {
		if _, err := onLoopback().Credential(document("erp", `{"client_id": "app", "signs": `+wrong+`}`)); err == nil {
			t.Errorf("%s is taken", wrong)
		}
	}
}

// found returns the name of a secret in a text that can be searched.
func found(c refresh.Credential, text string) string {
	name, err := c.Searcher().Find(text)
	if err != nil {
		return err.Error()
	}
	return name
}
