package tokenendpoint_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// What the owner of a credential says of its values is understood, or refused with the place.
func TestOwnersWord(t *testing.T) {
	pem, err := json.Marshal(inPEM(t, ecKey()))
	if err != nil {
		t.Fatal(err)
	}
	jwk := `{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\",\"x\":\"x\"}`
	for _, row := range []struct{ name, members, want string }{
		{"a list", `"account_id": "northern", "public": ["account_id"]`, ""},
		{"an empty list", `"account_id": "northern", "public": [], "sign_only": []`, ""},
		{"a value of that name", `"public": "pk_live_0815", "sign_only": "yes"`, ""},
		{"no strings", `"public": [1]`, "public[0]: must be a string, not a number"},
		{"a near name", `"publics": ["a"]`, `publics: is not a field with a meaning of its own; did you mean "public"?`},
		{"a secret by its name", `"client_secret": "s3cr3t-s3cr3t", "public": ["client_secret"]`, `public[0] = "client_secret": is a secret by its name, so it cannot be public; remove it`},
		{"another", `"signing_key": "s3cr3t-s3cr3t", "account": "northern", "public": ["account", "signing_key"]`, `public[1] = "signing_key": is a secret by its name`},
		{"in other letters", `"appPassword": "s3cr3t-s3cr3t", "public": ["appPassword"]`, `public[0] = "appPassword": is a secret by its name`},
		{"a key in PEM", `"account": ` + string(pem) + `, "public": ["account"]`, `public[0] = "account": holds a PEM block or a JWK`},
		{"a JWK", `"account": "` + jwk + `", "public": ["account"]`, `public[0] = "account": holds a PEM block or a JWK`},
		{"a conflict", `"account": "northern-s3cr3t", "apikey": "northern-s3cr3t", "public": ["account"]`, "public: account may be found in tokens and records, and is the same as the secret apikey"},
		{"a conflict that a run bears", `"client_id": "northern-s3cr3t", "client_secret": "northern-s3cr3t"`, ""},
	} {
		c, err := onLoopback().Credential(document("erp", `{"allowed_hosts": ["id.example.com"], "x": "y-y-y-y", `+row.members+`}`))
		if got := fmt.Sprint(err); row.want == "" && err != nil || !strings.Contains(got, row.want) {
			t.Errorf("%s: %s\nwant %s", row.name, got, row.want)
		}
		if row.name == "a value of that name" && c.Values["public"].Reveal() != "pk_live_0815" {
			t.Errorf("%s: %v", row.name, c.Names())
		}
	}
}

// A key is never sent, whatever a config does to it first; it signs.
func TestKeysAreNotSent(t *testing.T) {
	key := inPEM(t, rsaKey())
	jwk := `{"keys": [{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"x"}]}`
	const refused = "is a private key, which is never sent"
	for _, row := range []struct{ name, value, config, want string }{
		{"plain", key, `"form": {"x": "${it}"}`, refused},
		{"in one line", strings.ReplaceAll(key, "\n", " "), `"form": {"x": "${it}"}`, refused},
		{"within JSON", `{"private_key": "` + strings.ReplaceAll(key, "\n", `\n`) + `"}`, `"form": {"x": "${it}"}`, refused},
		{"without its end", key[:200], `"form": {"x": "${it}"}`, refused},
		{"behind a function", key, `"form": {"x": "${hex(it)}"}`, refused},
		{"in a digest", key, `"form": {"x": "${hex(sha256(it))}"}`, refused},
		{"in a header", key, `"headers": {"X-Key": "${base64(it)}"}`, refused},
		{"optional", key, `"form": {"x": "${it?'none'}"}`, refused},
		{"in JSON", jwk, `"json": {"a": [{"x": "${it}"}]}`, refused},
		{"in a claim", key, `"form": {"x": "${assertion}"}}, "assertion": {"iss": "x", "aud": "y", "key": "signing_key", "alg": "HS256", "claims": {"x": "${it}"}`, refused},
		{"only for signing", "s3cr3t-for-signing-alone-it-is-0815", `"form": {"x": "${base64(signing_key)}"}`, "is only for signing"},
		{"a MAC of another", "x-x-x-x-x", `"form": {"x": "${hex(hmac(it, signing_key))}"}`, "is only for signing"},
		{"in Basic", "x-x-x-x-x", `"headers": {"Authorization": "Basic ${base64(join(':', client_id, signing_key))}"}`, "is only for signing"},

		{"the key of a MAC", "x", `"form": {"x": "${hex(hmac(signing_key, join('-', client_id, it)))}"}`, ""},
		{"of an assertion", "x", `"form": {"x": "${assertion}"}}, "assertion": {"iss": "x", "aud": "y", "key": "signing_key", "alg": "HS256"`, ""},
		{"a certificate", certificate(t, ecKey(), "reports"), `"form": {"x": "${base64(it)}"}`, ""},
		{"a public JWK", `{"kty":"OKP","crv":"Ed25519","x":"x"}`, `"form": {"x": "${it}"}`, ""},
	} {
		sent := 0
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			sent++
			fmt.Fprint(w, `{"access_token": "token-1", "expires_in": 3600}`)
		})
		e := endpoint(t, onLoopback(), fmt.Sprintf(`{"request": {"url": "%s/token", %s}}`, s.URL, row.config))
		c := login(s.URL, "client_id", "reports", "it", row.value, "signing_key", "c4n4ry-s3cr3t-that-is-long-enough-0123")
		c.SignOnly = []string{"signing_key"}
		if row.want == "" {
			if _, err := e.Grant(t.Context(), refresh.Login{Credential: c}); err != nil {
				t.Errorf("%s: %v", row.name, err)
			}
			continue
		}
		if err := failed(t, e, c); !strings.Contains(err.Detail, row.want) || sent > 0 {
			t.Errorf("%s: sent %d times, %v", row.name, sent, err)
		}
	}
}

// Values that are public may be stated by answers, and are shown in errors.
func TestPublicValuesInAnswers(t *testing.T) {
	const account = "northern-account"
	for path, body := range map[string]string{
		"token":  `{"access_token": "of-` + account + `", "expires_in": 3600}`,
		"scope":  `{"access_token": "token-1", "expires_in": 3600, "scope": "read:` + account + `"}`,
		"extra":  `{"access_token": "token-1", "expires_in": 3600, "x": "` + base64.StdEncoding.EncodeToString([]byte(account)) + `"}`,
		"claims": `{"access_token": "` + jwt(`{"exp": 1795352400, "iat": 1795348800, "ctx": {"account": "`+account+`"}}`) + `"}`,
	} {
		s := serve(t, answer(200, body))
		e := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token", "parameters": {"account": "${account_id}"}, "response": {"extra": {"x": "x"}}}`, s.URL))
		c := client(s.URL)
		c.Values["account_id"] = secret.New(account)
		err := failed(t, e, c)
		if want := `if it is no secret, its owner adds "public": ["account_id"] to the credential "erp"`; err.Remedy != want {
			t.Errorf("%s: %s: %s", path, err.Code, err.Remedy)
		}
		c.Public = []string{"account_id"}
		if _, err := e.Grant(t.Context(), refresh.Login{Credential: c}); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if got := tokenendpoint.Quote(c.Searcher(), "no account "+account); !strings.Contains(got, account) {
			t.Errorf("it is printed as %s", got)
		}
	}
}
