package tokenendpoint_test

import (
	"compress/gzip"
	"compress/zlib"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// What people have reported of providers, each played over HTTP with the config that it takes.
func TestReportedAnswers(t *testing.T) {
	micros := noon.Add(20 * time.Minute).UnixMicro()
	signed := func(exp int64) string {
		part := base64.RawURLEncoding.EncodeToString
		return part([]byte(`{"alg":"none"}`)) + "." + part(fmt.Appendf(nil, `{"exp": %d}`, exp)) + ".c2ln"
	}
	for _, row := range []struct {
		name, config string
		status       int
		headers      []string
		body         string
		token        string
		life         time.Duration
		code, says   string // of the failure, if there is one
	}{
		// Lifetimes that are not true.
		{"a JWT whose exp is in milliseconds", `"default_lifetime": "1h"`, 200, nil, `{"access_token": "` + signed(noon.Add(time.Hour).UnixMilli()) + `"}`,
			signed(noon.Add(time.Hour).UnixMilli()), time.Hour, "", ""},
		{"F5's microseconds", `"response": {"access_token": "token.token", "expires_at": "token.expirationMicros"}`, 200, nil,
			fmt.Sprintf(`{"token": {"token": "t", "expirationMicros": %d}}`, micros), "", 0, "lifetime_too_large", `"response": {"expires_at_format": "epoch_microseconds"}`},
		{"F5's microseconds, as the remedy says", `"response": {"access_token": "token.token", "expires_at": "token.expirationMicros", "expires_at_format": "epoch_microseconds"}`, 200, nil,
			fmt.Sprintf(`{"token": {"token": "t", "expirationMicros": %d}}`, micros), "t", 20 * time.Minute, "", ""},
		{"an answer from a cache", ``, 200, []string{"Age", "900", "Date", noon.Add(-15 * time.Minute).Format(http.TimeFormat)}, `{"access_token": "t", "expires_in": 3600}`, "t", 45 * time.Minute, "", ""},
		{"a date without a zone, as people have it", `"response": {"expires_at": "expires", "expires_at_zone": "UTC"}`, 200, nil, `{"access_token": "t", "expires": "2026-11-22T13:00:00.123456"}`, "t", time.Hour + 123456*time.Microsecond, "", ""},
		{"GitLab's date", `"response": {"expires_at": "expires", "expires_at_zone": "+01:00"}`, 200, nil, `{"access_token": "t", "expires": "2026-11-23"}`, "t", 11 * time.Hour, "", ""},
		{"a date with slashes", `"response": {"expires_at": "expires", "expires_at_format": "month_first"}`, 200, nil, `{"access_token": "t", "expires": "11/22/2026 1:00:00 PM +00:00"}`, "t", time.Hour, "", ""},
		{"zero for never, as the remedy says", `"default_lifetime": "24h", "response": {"expires_in": "not_stated"}`, 200, nil, `{"access_token": "t", "expires_in": 0}`, "t", 24 * time.Hour, "", ""},

		// Good answers taken for failures.
		{"TikTok's error of ok", "\"response\": {\"success\": \"error.code == 'ok'\", \"access_token\": \"data.access_token\", \"expires_in\": \"data.expires_in\"}", 200, nil,
			`{"data": {"access_token": "t", "expires_in": 60}, "error": {"code": "ok", "message": "", "log_id": "2026"}}`, "t", time.Minute, "", ""},
		{"TikTok's error of ok, where nothing is said of it", `"response": {"access_token": "data.access_token", "expires_in": "data.expires_in"}`, 200, nil,
			`{"data": {"access_token": "t", "expires_in": 60}, "error": {"code": "ok"}}`, "t", time.Minute, "", ""},
		{"WeCom's errcode", `"response": {"error": "errcode", "error_description": "errmsg"}`, 200, nil, `{"errcode": 0, "errmsg": "ok", "access_token": "t", "expires_in": 7200}`, "t", 2 * time.Hour, "", ""},
		{"WeCom's errcode, of a failure", `"response": {"error": "errcode", "error_description": "errmsg"}`, 200, nil, `{"errcode": 40013, "errmsg": "invalid corpid"}`, "", 0, "login_failed", "invalid corpid"},
		{"a description in a good answer", `"response": {"error_description": "message"}`, 200, nil, `{"access_token": "t", "expires_in": 60, "message": "ok"}`, "t", time.Minute, "", ""},

		// Failures misread.
		{"an error as a form", ``, 400, []string{"Content-Type", "application/x-www-form-urlencoded"}, `error=invalid_client&error_description=unknown+client`, "", 0, "invalid_client", "unknown client"},
		{"an error as a form that says it is text", ``, 400, []string{"Content-Type", "text/plain"}, `error=unauthorized_client`, "", 0, "unauthorized_client", "the grant type"},
		{"an error in Latin-1", ``, 400, []string{"Content-Type", "application/json; charset=iso-8859-1"}, "{\"error\": \"invalid_client\", \"error_description\": \"cl\xe9 inconnue\"}", "", 0, "invalid_client", "clé inconnue"},
		{"a token in a form that says it is text", ``, 200, []string{"Content-Type", "text/plain"}, `access_token=t&expires_in=60`, "t", time.Minute, "", ""},
		{"a secondary limit", ``, 403, []string{"Retry-After", "60"}, `{"message": "You have exceeded a secondary rate limit."}`, "", 0, "http_403", "quota"},
		{"an error in x-gzip", ``, 401, []string{"Content-Encoding", "x-gzip"}, packed(t, gzip.NewWriter, `{"error": "invalid_client", "error_description": "unknown client"}`), "", 0, "invalid_client", "unknown client"},
		{"an error as a form in deflate", ``, 400, []string{"Content-Encoding", "deflate", "Content-Type", "text/plain"}, packed(t, zlib.NewWriter, `error=invalid_scope&error_description=no+such+scope`), "", 0, "invalid_scope", "no such scope"},
		{"a token in deflate and UTF-16", ``, 200, []string{"Content-Encoding", "deflate", "Content-Type", "application/json; charset=utf-16le"}, packed(t, zlib.NewWriter, strings.Join(strings.Split(`{"access_token": "t", "expires_in": 60}`, ""), "\x00")+"\x00"), "t", time.Minute, "", ""},
		{"zstd", ``, 200, []string{"Content-Encoding", "zstd"}, "\x28\xb5\x2f\xfd", "", 0, "not_json", "zstd"},
		{"a long media type", ``, 200, []string{"Content-Type", "application/x-amz-json-1.0"}, "page", "", 0, "not_json", "4 bytes of application/x-amz-json-1.0"},

		// Where a token may be.
		{"a type before it", `"response": {"access_token": {"path": "data.authorization", "after": "Bearer "}}`, 200, nil, `{"data": {"authorization": "Bearer abc"}, "expires_in": 60}`, "abc", time.Minute, "", ""},
		{"JSON in JSON", `"response": {"access_token": {"path": "Payload", "json": "token"}}`, 200, nil, `{"Payload": "{\"token\": \"abc\"}", "expires_in": 60}`, "abc", time.Minute, "", ""},
		{"a cookie set twice", `"default_lifetime": "1h", "response": {"access_token": {"cookie": "sid"}}`, 200, []string{"Set-Cookie", "sid=; Max-Age=0; Path=/", "Set-Cookie", "sid=abc; Path=/"}, `{}`, "abc", time.Hour, "", ""},
		{"two elements that match", `"response": {"access_token": "tokens[?kind=='x'].value | [0]"}`, 200, nil, `{"tokens": [{"kind": "x", "value": "a"}, {"kind": "x", "value": "b"}]}`, "", 0, "ambiguous_value", "2 values"},
		{"none that matches", `"response": {"access_token": "tokens[?kind=='x'].value | [0]"}`, 200, nil, `{"tokens": [{"kind": "y", "value": "a"}]}`, "", 0, "no_token", "tokens"},
	} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", noon.Format(http.TimeFormat))
			w.Header().Set("Content-Type", "application/json")
			for i := 0; i < len(row.headers); i += 2 {
				if name := row.headers[i]; name == "Set-Cookie" {
					w.Header().Add(name, row.headers[i+1])
				} else {
					w.Header().Set(name, row.headers[i+1])
				}
			}
			w.WriteHeader(row.status)
			fmt.Fprint(w, row.body)
		})
		more := ""
		if row.config != "" {
			more = ", " + row.config
		}
		once := tokenendpoint.New(tokenendpoint.Options{AllowLoopback: true, Now: atNoon})
		once.Sleep = func(context.Context, time.Duration) bool { return false }
		e := endpoint(t, once, `{"token_endpoint": "`+s.URL+`/token"`+more+`}`)
		if row.code != "" {
			if err := failed(t, e, client(s.URL)); err.Code != row.code || !strings.Contains(err.Error(), row.says) {
				t.Errorf("%s: %s, %v", row.name, err.Code, err)
			}
			continue
		}
		g, err := e.Grant(t.Context(), refresh.Login{Credential: client(s.URL)})
		if err != nil || g.AccessToken.Reveal() != row.token || g.Lifetime != row.life {
			t.Errorf("%s: %v, %v, %v", row.name, g.AccessToken.Reveal(), g.Lifetime, err)
		}
	}
}

// packed returns text as a compressor writes it.
func packed[W io.WriteCloser](t *testing.T, compressor func(io.Writer) W, text string) string {
	t.Helper()
	var b strings.Builder
	z := compressor(&b)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
