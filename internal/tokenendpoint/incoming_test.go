package tokenendpoint_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"example.com/tokenkeeper/internal/refresh"
)

// A refresh token that comes with an answer gets nowhere, whatever the grant and wherever the
// config looks for one.
func TestRefreshTokensInAnswersAreSecret(t *testing.T) {
	const next, code = "r3fr3sh/t0k3n+of-the-north", "secret_in_record"
	body := func(more string) string {
		return fmt.Sprintf(`{"access_token": "token-1", "expires_in": 3600, "data": [{"refresh_token": "%s"}]%s}`, next, more)
	}
	for _, row := range []struct{ name, body, response, code string }{
		{"as an extra field", body(""), `"extra": {"x": "data[0].refresh_token"}`, code},
		{"as all of the answer", body(""), `"extra": {"x": "@"}`, code},
		{"with what is around it", body(""), `"extra": {"x": "data"}`, code},
		{"as the scope", body(""), `"scope": "data[0].refresh_token"`, code},
		{"as the token", body(""), `"access_token": "data[0].refresh_token"`, code},
		{"as the token, by a filter", strings.Replace(body(""), `{"refresh`, `{"kind": "next", "refresh`, 1), `"access_token": "data[?kind=='next'].refresh_token | [0]"`, code},
		{"as the type", body(""), `"token_type": "data[0].refresh_token"`, code},
		{"in an extra field", body(`, "x": "of ` + url.QueryEscape(next) + `"`), `"extra": {"x": "x"}`, code},
		{"in base64", body(`, "x": "` + base64.StdEncoding.EncodeToString([]byte("r:"+next)) + `"`), `"extra": {"x": "x"}`, code},
		{"in a scope", body(`, "scope": "` + next + `"`), `"status": [200]`, code},
		{"within the token", strings.Replace(body(""), "token-1", "token-"+strings.ReplaceAll(next, "/", `\/`), 1), `"status": [200]`, code},
		{"in camel case", strings.Replace(body(""), "refresh_token", "refreshToken", 1), `"extra": {"x": "data[0].refreshToken"}`, code},
		{"in capitals", strings.Replace(body(""), "refresh_token", "Refresh_Token", 1), `"extra": {"x": "data"}`, code},
		{"compared", body(""), `"success": "data[0].refresh_token == 'r'"`, "secret_in_answer"},
		{"in a filter", body(""), `"extra": {"x": "data[?refresh_token=='r'].refresh_token | [0]"}`, "secret_in_answer"},
		{"with a hyphen", strings.Replace(body(""), "refresh_token", "refresh-token", 1), `"extra": {"x": "data"}`, code},
		{"as AT Protocol calls it", strings.Replace(body(""), "refresh_token", "refreshJwt", 1), `"extra": {"x": "data"}`, code},
		{"in the second of two headers", body(""), `"extra": {"x": {"header": "Refresh-Token"}}`, code},
		{"a number", `{"access_token": "token-1", "expires_in": 3600, "refresh_token": 4711081547110815}`, `"extra": {"x": "refresh_token"}`, code},
		{"in JSON in a text", `{"access_token": "token-1", "expires_in": 3600, "data": "{\"refresh_token\": \"` + next + `\"}"}`, `"extra": {"x": {"path": "data", "json": "refresh_token"}}`, code},
		{"in JSON in a text, whole", `{"access_token": "token-1", "expires_in": 3600, "data": " [{\"refreshToken\": \"` + next + `\"}]"}`, `"extra": {"x": "data"}`, code},
		{"in a cookie", body(""), `"extra": {"x": {"cookie": "refreshToken"}}`, code},
		{"in a header", body(""), `"extra": {"x": {"header": "X-Refresh-Token"}}`, code},
		{"in a header, as the scope", body(""), `"scope": {"header": "Refresh-Token"}`, code},

		{"nowhere", body(""), `"extra": {"x": "expires_in"}`, ""},
		{"short, and so none", `{"access_token": "token-1", "expires_in": 3600, "refresh_token": "none-is-given", "x": "none-is-given"}`, `"extra": {"x": "x"}`, ""},
		{"the access token again", `{"access_token": "token-of-the-north-1", "expires_in": 3600, "refresh_token": "token-of-the-north-1"}`, `"status": [200]`, ""},
	} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Set-Cookie", "refreshToken=c00kie-0f-the-north; Path=/")
			w.Header().Set("X-Refresh-Token", "h34der-0f-the-north")
			w.Header().Add("Refresh-Token", "none")
			w.Header().Add("Refresh-Token", "h34der-0f-the-south")
			answer(200, row.body)(w, r)
		})
		for _, grant := range []string{"client_credentials", "password"} {
			e := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token", "grant_type": "%s", "response": {%s}}`, s.URL, grant, row.response))
			c := login(s.URL, "client_id", "reports", "client_secret", hard, "username", "annabella", "password", "c4n4ry-passw0rd")
			if row.code == "" {
				if _, err := e.Grant(t.Context(), refresh.Login{Credential: c}); err != nil {
					t.Errorf("%s: %v", row.name, err)
				}
				continue
			}
			err := failed(t, e, c)
			if err.Code != row.code || strings.Contains(err.Error(), next[:8]) {
				t.Errorf("%s: %s, %v", row.name, err.Code, err)
			}
		}
	}
}

// The one that response.refresh_token leads to is one by whatever name.
func TestRefreshTokensByAnotherNameAreSecret(t *testing.T) {
	for _, next := range []string{`"r3newal-of-the-north"`, "47110815"} {
		s := serve(t, answer(200, `{"access_token": "token-1", "expires_in": 3600, "renewal": `+next+`, "echo": [`+next+`]}`))
		for _, extra := range []string{"renewal", "echo", "@"} {
			e := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token", "grant_type": "refresh_token", "response": {"refresh_token": "renewal", "extra": {"x": "%s"}}}`, s.URL, extra))
			if err := failed(t, e, login(s.URL, "client_id", "reports", "client_secret", hard, "refresh_token", "t1cket-of-the-north")); err.Code != "secret_in_record" {
				t.Errorf("%s, %s: %v", next, extra, err)
			}
		}
	}
}

// A body that is not read strictly has one all the same.
func TestRefreshTokensInBodiesThatAreNotRead(t *testing.T) {
	const next = "r3fr3sh/t0k3n+of-the-north"
	for name, body := range map[string]string{
		"a name twice": `{"a": 1, "a": 2, "refresh_token": "` + next + `"}`, "a guard": `)]}',{"refresh_token": "` + next + `"}`, "a form": "ok=1&ok=2&refresh_token=" + url.QueryEscape(next),
		"too deep": `{"refresh_token": "` + next + `", "x": ` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + "}",
	} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Token", "token-1")
			answer(200, body)(w, r)
		})
		e := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token", "default_lifetime": "1h", "response": {"access_token": {"header": "X-Token"}, "extra": {"x": {"body": "text"}}}}`, s.URL))
		if err := failed(t, e, client(s.URL)); err.Code != "secret_in_record" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Where the documentation says that one is looked for, it is found, and elsewhere it is not.
func TestWhereRefreshTokensAreLookedFor(t *testing.T) {
	const next = "r3fr3sh-t0k3n-of-the-north"
	const object = `{"refresh_token": "` + next + `"}`
	text := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	for name, row := range map[string]struct {
		data, header, cookie string // data is JSON
		found                bool
	}{
		"a member":                              {data: `[{"a": ` + object + `}]`, found: true},
		"a list":                                {data: `{"refresh_token": ["` + next + `"]}`},
		"an object":                             {data: `{"refresh_token": {"value": "` + next + `"}}`},
		"JSON that is a text":                   {data: text(" [" + object + "] "), found: true},
		"JSON after other text":                 {data: text("x " + object)},
		"JSON before other text":                {data: text(object + " x")},
		"JSON with a duplicate name":            {data: text(`{"a": 1, "a": 2, "refresh_token": "` + next + `"}`)},
		"JSON that is a text in JSON in a text": {data: text(`{"a": ` + text(object) + `}`)},
		"a form that is a text":                 {data: text("refresh_token=" + next)},
		"JSON in a header":                      {data: "0", header: object},
		"JSON in a cookie":                      {data: "0", cookie: url.QueryEscape(object)},
	} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Data", row.header)
			w.Header().Set("Set-Cookie", "sid="+row.cookie)
			answer(200, `{"access_token": "token-1", "expires_in": 3600, "echo": "`+next+`", "data": `+row.data+`}`)(w, r)
		})
		_, err := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token", "response": {"extra": {"x": "echo"}}}`, s.URL)).Grant(t.Context(), refresh.Login{Credential: client(s.URL)})
		if found := strings.Contains(fmt.Sprint(err), "refresh token that came with it"); found != row.found || err != nil && !found {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Nor is it quoted.
func TestRefreshTokensInAnswersAreNotQuoted(t *testing.T) {
	const next = "r3fr3sh/t0k3n+of-the-north"
	s := serve(t, answer(400, `{"error": "invalid_scope", "error_description": "with `+next+` none", "refresh_token": "`+next+`"}`))
	err := failed(t, endpoint(t, onLoopback(), oauth(s)), client(s.URL))
	if strings.Contains(err.Error(), "t0k3n") || !strings.Contains(err.Error(), "[secret]") {
		t.Errorf("said %v", err)
	}
}

// An answer may have some refresh tokens, the same one many times, and not tens of thousands.
func TestManyRefreshTokens(t *testing.T) {
	for _, row := range []struct {
		different, times, status int
		code                     string
	}{
		{100, 1, 200, ""}, {1, 5000, 200, ""}, {101, 1, 200, "answer_too_large"}, {5000, 1, 200, "answer_too_large"}, {5000, 1, 401, "answer_too_large"},
	} {
		var list []string
		for i := range row.different {
			list = append(list, strings.Repeat(fmt.Sprintf(`{"refresh_token": "r3fr3sh-t0k3n-%04d"},`, i), row.times))
		}
		all := strings.TrimSuffix(strings.Join(list, ""), ",")
		s := serve(t, answer(row.status, `{"access_token": "token-1", "expires_in": 3600, "error_description": "of r3fr3sh-t0k3n-0042", "sessions": [`+all+`]}`))
		e := endpoint(t, onLoopback(), oauth(s))
		if row.code != "" {
			if err := failed(t, e, client(s.URL)); err.Code != row.code || strings.Contains(err.Error(), "r3fr3sh") {
				t.Errorf("%+v: %v", row, err)
			}
		} else if _, err := e.Grant(t.Context(), refresh.Login{Credential: client(s.URL)}); err != nil {
			t.Errorf("%+v: %v", row, err)
		}
	}
}
