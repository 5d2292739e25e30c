package tokenendpoint_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"example.com/tokenkeeper/internal/refresh"
)

// repeating answers with a good token, and under "args" and "sent" with all that it was
// sent, decoded: forms, JSON, headers, the claims of an assertion.
func repeating(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	args := map[string]any{}
	if json.Unmarshal(body, &args) != nil {
		form, _ := url.ParseQuery(string(body))
		for name := range form {
			args[name] = form.Get(name)
			var n json.Number
			if json.Unmarshal([]byte(form.Get(name)), &n) == nil {
				args[name+"_number"] = n
			}
		}
	}
	sent := map[string]any{"authorization": r.Header.Get("Authorization")}
	if parts := strings.Split(fmt.Sprint(args["assertion"]), "."); len(parts) == 3 {
		claims, _ := base64.RawURLEncoding.DecodeString(parts[1])
		sent["claims"] = json.RawMessage(claims)
		sent["payload"] = parts[1]
	}
	w.Header().Set("X-Echo", fmt.Sprint(args["h"]))
	w.Header().Set("Date", noon.Format(http.TimeFormat))
	if r.URL.Path == "/refusing" {
		w.WriteHeader(400)
	}
	json.NewEncoder(w).Encode(map[string]any{"access_token": "t0k3n-of-all", "expires_in": 3600, "args": args, "sent": sent,
		"profile": map[string]any{"name": "reports"}, "list": []any{map[string]any{"v": "v", "q": args["q"]}}})
}

// What was sent does not get out by way of an answer that repeats it: neither into the
// record, nor into what is shown of it, nor bit by bit.
func TestWhatWasSentStaysSecret(t *testing.T) {
	const secret, pin = "ab+cd/efgh+ijkl/mnop==", "271828"
	for _, row := range []struct{ name, config, code string }{
		// What was made of it.
		{"form-encoded before base64", `{"token_endpoint": "URL/token", "response": {"extra": {"x": "sent.authorization"}}}`, "secret_in_record"},
		{"the same, as the scope", `{"token_endpoint": "URL/token", "response": {"scope": "sent.authorization"}}`, "secret_in_answer"},
		{"mixed with what is new each time", `{"request": {"url": "URL/token", "form": {"q": "${base64(join('',uuid(),client_secret))}"}}, "response": {"extra": {"x": "args.q"}}}`, "secret_in_record"},
		{"in an assertion's claims", `{"request": {"url": "URL/token", "form": {"assertion": "${assertion}"}}, "response": {"extra": {"x": "sent.claims"}},
			"assertion": {"iss": "x", "aud": "y", "alg": "HS256", "claims": {"leak": "${client_secret}"}}}`, "secret_in_record"},
		{"itself in an assertion's claims", `{"request": {"url": "URL/token", "form": {"assertion": "${assertion}"}}, "response": {"extra": {"x": "sent.claims.leak"}},
			"assertion": {"iss": "x", "aud": "y", "alg": "HS256", "claims": {"leak": "${client_secret}"}}}`, "secret_in_record"},
		{"an assertion's payload", `{"request": {"url": "URL/token", "form": {"assertion": "${assertion}"}}, "response": {"extra": {"x": "sent.payload"}},
			"assertion": {"iss": "x", "aud": "y", "alg": "HS256", "claims": {"leak": "${client_secret}"}}}`, "secret_in_record"},
		{"a payload without a secret in it", `{"request": {"url": "URL/token", "form": {"assertion": "${assertion}"}}, "response": {"extra": {"x": "sent.payload"}},
			"assertion": {"iss": "x", "aud": "y", "alg": "HS256"}}`, "secret_in_record"},
		{"an assertion", `{"request": {"url": "URL/token", "form": {"assertion": "${assertion}"}}, "response": {"extra": {"x": "args.assertion"}},
			"assertion": {"iss": "x", "aud": "y", "alg": "HS256"}}`, "secret_in_record"},
		{"without its first letter", `{"request": {"url": "URL/token", "form": {"h": "AAAA${client_secret}"}}, "response": {"access_token": {"header": "X-Echo", "after": "AAAAa"}}}`, "secret_in_answer"},
		{"after a letter that it does not have", `{"request": {"url": "URL/token", "form": {"h": "AAAA${client_secret}"}}, "response": {"access_token": {"header": "X-Echo", "after": "AAAAZ"}}}`, "secret_in_answer"},
		{"as the token", `{"request": {"url": "URL/token", "form": {"q": "${base64(join('', 'x', client_secret))}"}}, "response": {"access_token": "args.q"}}`, "secret_in_record"},
		{"as a token that is over", `{"request": {"url": "URL/token", "form": {"q": "e30.${base64url(join('', '{\"exp\":1,\"x\":\"', client_secret, '\"}'))}.x"}}, "response": {"access_token": "args.q"}}`, "secret_in_record"},

		// Answers to questions about it.
		{"compared with something else", `{"request": {"url": "URL/token", "form": {"q": "${client_secret}"}}, "response": {"extra": {"z": "list[?q=='Z'].v | [0]"}}}`, "secret_in_answer"},
		{"compared with itself", `{"request": {"url": "URL/token", "form": {"q": "${client_secret}"}}, "response": {"extra": {"z": "list[?q=='` + secret + `'].v | [0]"}}}`, "secret_in_answer"},
		{"a short one, compared", "{\"request\": {\"url\": \"URL/token\", \"form\": {\"q\": \"${pin}\"}}, \"response\": {\"extra\": {\"z\": \"list[?q==`271828`].v | [0]\"}}}", "secret_in_answer"},
		{"what was made of it, compared", `{"request": {"url": "URL/token", "form": {"q": "${hex(client_secret)}"}}, "response": {"extra": {"z": "list[?q=='Z'].v | [0]"}}}`, "secret_in_answer"},
		{"whether it is there", `{"request": {"url": "URL/token", "form": {"q": "${client_secret}"}}, "response": {"extra": {"z": "list[?q].v | [0]"}}}`, "secret_in_answer"},
		{"by an error", `{"request": {"url": "URL/token", "form": {"q": "${client_secret}"}}, "response": {"error": "list[?q=='Z'].v | [0]"}}`, "secret_in_answer"},
		{"by the error of a refusal", `{"request": {"url": "URL/refusing", "form": {"q": "${client_secret}"}}, "response": {"error": "list[?q=='Z'].v | [0]"}}`, "secret_in_answer"},
		{"by success", `{"request": {"url": "URL/token", "form": {"q": "${client_secret}"}}, "response": {"success": "args.q=='Z'"}}`, "secret_in_answer"},
		{"by success that is true", `{"request": {"url": "URL/token", "form": {"q": "${client_secret}"}}, "response": {"success": "args.q"}}`, "secret_in_answer"},
		{"by what a step keeps", `{"steps": [{"name": "a", "request": {"url": "URL/a", "form": {"q": "${client_secret}"}}, "response": {"keep": {"z": "list[?q=='Z'].v | [0]"}}}],
			"request": {"url": "URL/token", "form": {"q": "${steps.a.z}"}}}`, "secret_in_answer"},
		{"by what a step keeps of a header", `{"steps": [{"name": "a", "request": {"url": "URL/a", "form": {"h": "${client_secret}"}}, "response": {"keep": {"z": {"header": "X-Echo", "after": "Z"}}}}],
			"request": {"url": "URL/token", "form": {"q": "${steps.a.z}"}}}`, "secret_in_answer"},
		{"as a lifetime", `{"request": {"url": "URL/token", "form": {"q": "${number}"}}, "response": {"expires_in": "args.q"}}`, "secret_in_answer"},
		{"as a lifetime, a number", `{"request": {"url": "URL/token", "form": {"q": "${number}"}}, "response": {"expires_in": "args.q_number", "expires_in_unit": "milliseconds"}}`, "secret_in_answer"},
		{"as an end", `{"request": {"url": "URL/token", "form": {"q": "${number}"}}, "response": {"expires_in": "nothing", "expires_at": "args.q_number"}}`, "secret_in_answer"},
		{"as a type", `{"request": {"url": "URL/token", "form": {"q": "${number}"}}, "response": {"token_type": "args.q"}}`, "secret_in_answer"},
		{"as an error in a good answer", `{"request": {"url": "URL/token", "form": {"q": "${word}"}}, "response": {"error": "args.q"}}`, "secret_in_answer"},
		{"as an error", `{"request": {"url": "URL/refusing", "form": {"q": "${word}"}}, "response": {"error": "args.q"}}`, "secret_in_answer"},

		// Short ones.
		{"a short one", `{"request": {"url": "URL/token", "form": {"q": "${pin}"}}, "response": {"extra": {"x": "args.q"}}}`, "secret_in_record"},
		{"a short one, a number", `{"request": {"url": "URL/token", "form": {"q": "${pin}"}}, "response": {"extra": {"x": "args"}}}`, "secret_in_record"},
		{"a short one as the token", `{"request": {"url": "URL/token", "form": {"q": "${pin}"}}, "response": {"access_token": "args.q"}}`, "secret_in_record"},
		{"a short one as the scope", `{"request": {"url": "URL/token", "form": {"q": "${pin}"}}, "response": {"scope": "args.q"}}`, "secret_in_answer"},
		{"a short one as a lifetime", `{"request": {"url": "URL/token", "form": {"q": "${pin}"}}, "response": {"expires_in": "args.q_number"}}`, "secret_in_answer"},

		// What a step keeps.
		{"what was kept", `{"steps": [{"name": "a", "request": {"url": "URL/a", "form": {"q": "of-somebody-else"}}, "response": {"keep": {"sid": "args.q"}}}],
			"request": {"url": "URL/token", "form": {"q": "${steps.a.sid}"}}, "response": {"extra": {"x": "args.q"}}}`, "secret_in_record"},
		{"what was made of it", `{"steps": [{"name": "a", "request": {"url": "URL/a", "form": {"q": "of-somebody-else"}}, "response": {"keep": {"sid": "args.q"}}}],
			"request": {"url": "URL/token", "form": {"q": "${hex(sha256(steps.a.sid))}"}}, "response": {"extra": {"x": "args.q"}}}`, "secret_in_record"},

		// What may well be there.
		{"identifiers", `{"request": {"url": "URL/token", "form": {"q": "${client_id}", "s": "${username}"}}, "response": {"extra": {"x": "args.q", "y": "args.s", "z": "list[?q=='reports-of-north'].v | [0]"}}}`, ""},
		{"a secret that is not taken", `{"request": {"url": "URL/token", "form": {"q": "${client_secret}"}}, "response": {"extra": {"x": "profile.name"}}}`, ""},
		{"a filter where nothing is repeated", `{"request": {"url": "URL/token", "headers": {"X-Key": "${client_secret}"}}, "response": {"extra": {"x": "list[?v=='v'].v | [0]"}}}`, ""},
		{"a token that a step keeps", `{"steps": [{"name": "a", "request": {"url": "URL/a"}, "response": {"keep": {"token": "access_token"}}}],
			"request": {"url": "URL/b", "headers": {"Authorization": "Bearer ${steps.a.token}"}}, "response": {"step": "a"}}`, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := serve(t, repeating)
			e := endpoint(t, onLoopback(), strings.ReplaceAll(row.config, "URL", s.URL))
			c := login(s.URL, "client_id", "reports-of-north", "username", "annabella", "client_secret", secret, "pin", pin, "number", "20000123", "word", "invalid_scope")
			if row.code != "" {
				if err := failed(t, e, c); err.Code != row.code || err.Class != refresh.Misconfigured || err.Remedy == "" {
					t.Errorf("%s, %v", err.Code, err)
				}
				return
			}
			if _, err := e.Grant(t.Context(), refresh.Login{Credential: c}); err != nil {
				t.Error(err)
			}
		})
	}
}

// The same refresh token again is no echo (RFC 6749 section 6), and no filter sees it.
func TestTheSameRefreshTokenAgain(t *testing.T) {
	s := serve(t, answer(200, `{"access_token": "token-1", "expires_in": 3600, "refresh_token": "ticket-of-the-vault", "kind": "x", "list": [{"t": "ticket-of-the-vault", "v": "seen"}]}`))
	for path, want := range map[string]any{"kind": "x", "list[?t=='ticket-of-the-vault'].v | [0]": nil} {
		e := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token", "grant_type": "refresh_token", "response": {"extra": {"x": "%s"}}}`, s.URL, path))
		g, err := e.Grant(t.Context(), refresh.Login{Credential: spending(s.URL), Rotate: func(refresh.Successor) { t.Error("it was rotated") }})
		if err != nil || g.Extra["x"] != want {
			t.Errorf("%s: %+v, %v", path, g, err)
		}
	}
	e := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token", "grant_type": "refresh_token", "response": {"access_token": "refresh_token"}}`, s.URL))
	failed(t, e, spending(s.URL))
}

// What was made of a secret is not quoted either.
func TestWhatWasMadeIsNotQuoted(t *testing.T) {
	sent := ""
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		sent = r.FormValue("q")
		w.WriteHeader(400)
		json.NewEncoder(w).Encode(map[string]any{"error_description": "you sent " + strings.Join(strings.Split(sent, ""), " "), sent[:20]: 1})
	})
	e := endpoint(t, onLoopback(), fmt.Sprintf(`{"request": {"url": "%s/token", "form": {"q": "${base64(join('', uuid(), client_secret))}"}}}`, s.URL))
	if err := failed(t, e, client(s.URL)); strings.Contains(strings.ReplaceAll(err.Detail, " ", ""), sent[8:16]) {
		t.Errorf("it is quoted: %v", err)
	}
}

// A record that could not be stored is not searched for long.
func TestLargeAnswersAreRefusedFirst(t *testing.T) {
	escapes := strings.Repeat(`%2525&amp;`, 90_000)
	for name, body := range map[string]string{
		"a text":       `"` + escapes + `"`,
		"many of them": `[` + strings.Repeat(`"%2525&amp;",`, 50_000) + `0]`,
		"numbers":      `[` + strings.Repeat(`0,`, 200_000) + `0]`,
	} {
		s := serve(t, answer(200, `{"access_token": "token-1", "expires_in": 60, "x": `+body+`}`))
		for field, path := range map[string]string{"extra": `{"x": "x"}`, "scope": `"x"`, "expires_in": `"x"`} {
			e := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token", "response": {"%s": %s}}`, s.URL, field, path))
			if err := failed(t, e, client(s.URL)); err.Code != refresh.CodeTokenTooLarge && err.Code != "answer_too_large" {
				t.Errorf("%s as %s: %v", name, field, err)
			}
		}
	}
	s := serve(t, answer(200, `{"access_token": "token-1", "expires_in": 60, "x": "`+escapes+`"}`))
	e := endpoint(t, onLoopback(), oauth(s)[:len(oauth(s))-1]+`, "response": {"success": "x=='y'"}}`)
	if err := failed(t, e, client(s.URL)); err.Code != "answer_too_large" {
		t.Error(err)
	}
}
