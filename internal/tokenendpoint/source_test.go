package tokenendpoint_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// Where in an answer a token may be, and what says that it is a good one.
func TestSources(t *testing.T) {
	for _, row := range []struct {
		name, response, body string
		header               map[string]string
		status               int
		token, code          string
		life                 time.Duration
	}{
		{"in a header", `{"access_token": {"header": "X-Subject-Token"}}`, `{"expires_in": 60}`, map[string]string{"X-Subject-Token": "t-1"}, 201, "t-1", "", time.Minute},
		{"in a header, beside no JSON", `{"access_token": {"header": "x-auth"}}`, `welcome`, map[string]string{"X-Auth": "t-1"}, 200, "t-1", "", time.Hour},
		{"in a header, after a word", `{"access_token": {"header": "Authorization", "after": "Bearer "}}`, ``, map[string]string{"Authorization": "bearer t-1"}, 204, "t-1", "", time.Hour},
		{"in a header, after another word", `{"access_token": {"header": "Authorization", "after": "Bearer "}}`, ``, map[string]string{"Authorization": "Basic t-1"}, 200, "", "no_token", 0},
		{"in a header that is not there", `{"access_token": {"header": "X-Auth"}}`, `{"token": "t-1"}`, nil, 200, "", "no_token", 0},
		{"in a cookie", `{"access_token": {"cookie": "sid"}}`, `{}`, map[string]string{"Set-Cookie": "sid=t-1; HttpOnly"}, 200, "t-1", "", time.Hour},
		{"in a cookie that says how long it lives", `{"access_token": {"cookie": "sid"}}`, ``, map[string]string{"Set-Cookie": "sid=t-1; Max-Age=120; Expires=Sun, 22 Nov 2026 13:00:00 GMT"}, 200, "t-1", "", 2 * time.Minute},
		{"in a cookie that says when it ends", `{"access_token": {"cookie": "sid"}}`, ``, map[string]string{"Set-Cookie": "sid=t-1; Expires=Sun, 22 Nov 2026 12:30:00 GMT"}, 200, "t-1", "", 30 * time.Minute},
		{"in a cookie that is taken away", `{"access_token": {"cookie": "sid"}}`, ``, map[string]string{"Set-Cookie": "sid=t-1; Max-Age=0"}, 200, "", "no_token", 0},
		{"the whole body", `{"access_token": {"body": "text"}}`, "\uFEFFt-1\r\n", nil, 200, "t-1", "", time.Hour},
		{"the whole body is a page", `{"access_token": {"body": "text"}}`, `<html>maintenance</html>`, nil, 200, "", "bad_token", 0},
		{"the whole body is JSON", `{"access_token": {"body": "text"}}`, `{"error": "locked"}`, nil, 200, "", "unknown_error", 0},
		{"the whole body is nothing", `{"access_token": {"body": "text"}}`, ` `, nil, 200, "", "no_token", 0},
		{"the whole body is a JSON string", `{"access_token": "@"}`, `"t-1"`, nil, 200, "t-1", "", time.Hour},
		{"a lifetime in a header", `{"expires_in": {"header": "X-Expires-In"}}`, `{"access_token": "t-1"}`, map[string]string{"X-Expires-In": "90"}, 200, "t-1", "", 90 * time.Second},
		{"an end in a header", `{"expires_at": {"header": "Expires"}}`, `{"access_token": "t-1"}`, map[string]string{"Expires": "Sun, 22 Nov 2026 12:02:00 GMT"}, 200, "t-1", "", 2 * time.Minute},
		{"a status that is not the one", `{"status": [201]}`, `{"access_token": "t-1"}`, nil, 200, "", "http_200", 0},
		{"a redirect that is a success", `{"status": [302], "access_token": {"cookie": "sid"}}`, ``, map[string]string{"Location": "/", "Set-Cookie": "sid=t-1"}, 302, "t-1", "", time.Hour},
		{"a success", "{\"success\": \"code == `0`\"}", `{"code": 0, "access_token": "t-1"}`, nil, 200, "t-1", "", time.Hour},
		{"no success", "{\"success\": \"code == `0`\"}", `{"code": 17, "access_token": "t-1"}`, nil, 200, "", "login_failed", 0},
		{"no success, since it is not JSON", `{"success": "ok", "access_token": {"body": "text"}}`, `t-1`, nil, 200, "", "login_failed", 0},
		{"an error where the config says", `{"error": "fault.code", "error_description": "fault.text"}`, `{"access_token": "t-1", "fault": {"code": "E_LOCKED", "text": "locked"}}`, nil, 200, "", "unknown_error", 0},
		{"no error where the config says", `{"error": "fault.code"}`, `{"access_token": "t-1", "fault": null}`, nil, 200, "t-1", "", time.Hour},
		{"an error of OAuth, nested", `{"error": "errors[0].type"}`, `{"errors": [{"type": "invalid_client"}]}`, nil, 400, "", "invalid_client", 0},
	} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", noon.Format(http.TimeFormat))
			for name, value := range row.header {
				w.Header().Set(name, value)
			}
			w.WriteHeader(row.status)
			io.WriteString(w, row.body)
		})
		e := endpoint(t, onLoopback(), `{"request": {"url": "`+s.URL+`/login"}, "default_lifetime": "1h", "response": `+row.response+`}`)
		if row.code != "" {
			if err := failed(t, e, login(s.URL)); err.Code != row.code {
				t.Errorf("%s: %s, %v", row.name, err.Code, err)
			}
			continue
		}
		g, err := e.Grant(t.Context(), refresh.Login{Credential: login(s.URL)})
		if err != nil || g.AccessToken.Reveal() != row.token || g.Lifetime != row.life {
			t.Errorf("%s: %v, %v", row.name, g.Lifetime, err)
		}
	}
}

// What the provider says of an error is reported, wherever the config finds it.
func TestDeclaredErrors(t *testing.T) {
	s := serve(t, answer(400, `{"result": {"errno": 1042, "msg": "the account is locked"}}`))
	e := endpoint(t, onLoopback(), `{"request": {"url": "`+s.URL+`/login"}, "response": {"error": "result.errno", "error_description": "result.msg"}}`)
	err := failed(t, e, login(s.URL))
	if want := s.URL + `/login answered 400: "the account is locked"`; err.Detail != want {
		t.Errorf("got  %s\nwant %s", err.Detail, want)
	}
}

// What was sent does not get into a record, however it was encoded before; what cannot be
// undone, and what everybody may know, does.
func TestDisguisedEchoes(t *testing.T) {
	for sent, code := range map[string]string{
		"${base64(base64(key))}":             "bad_credential",
		"${hex(join('', base64url(key)))}":   "bad_credential",
		"${join('', 'k-', key, '-k')}":       "secret_in_record",
		"${base64(base64(client_id))}":       "",
		"${base64(base64('reports at 12'))}": "",
		"${now('http')} ${uuid()}":           "",
	} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, `{"access_token": "t-1", "expires_in": 60, "you_said": `+quoteJSON(r.FormValue("x"))+`}`)
		})
		e := endpoint(t, onLoopback(), `{"request": {"url": "`+s.URL+`/login", "form": {"x": "`+sent+`"}}, "response": {"extra": {"x": "you_said"}}}`)
		c := login(s.URL, "key", "Hunter2-hunter2-hunter2", "client_id", "reports-and-more")
		if code != "" {
			if err := failed(t, e, c); err.Code != code {
				t.Errorf("%s: %s, %v", sent, err.Code, err)
			}
			continue
		}
		if g, err := e.Grant(t.Context(), refresh.Login{Credential: c}); err != nil || g.Extra["x"] == "" {
			t.Errorf("%s: %v", sent, err)
		}
	}
}
