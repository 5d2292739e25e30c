package tokenendpoint_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// spending returns the credential with the refresh token that the vault has claimed.
func spending(at string) refresh.Credential {
	c := client(at)
	c.Values["refresh_token"] = secret.New("ticket-of-the-vault")
	return c
}

// rotate logs in and returns what the endpoint handed on to be stored. That it does so once
// at most is checked.
func rotate(t *testing.T, e *tokenendpoint.Endpoint, c refresh.Credential) (next []refresh.Successor, err error) {
	t.Helper()
	_, err = e.Grant(t.Context(), refresh.Login{Credential: c, Rotate: func(s refresh.Successor) { next = append(next, s) }})
	if len(next) > 1 {
		t.Errorf("rotated %d times", len(next))
	}
	return next, err
}

func headed(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Add(header[i], header[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// The next refresh token is taken out of an answer before the rest of it is judged.
func TestTheNextRefreshTokenIsTaken(t *testing.T) {
	const lost = "(cannot be stored)"
	whole := func(members string) http.HandlerFunc {
		return headed(200, `{"access_token": "token-1", "expires_in": 3600, `+members+`}`, "Content-Type", "application/json")
	}
	body := func(text string) http.HandlerFunc { return headed(200, text, "Content-Type", "application/json") }
	for _, row := range []struct {
		name, config string // beside the token endpoint and the grant type
		answer       http.HandlerFunc
		next         string // "": the present one goes on
		code         string // of the failure; "": none
	}{
		{"a good answer", ``, whole(`"refresh_token": "next-1"`), "next-1", ""},
		{"elsewhere in the answer", `"response": {"refresh_token": "next.ticket"}`, whole(`"next": {"ticket": "next-1"}`), "next-1", ""},
		{"nothing where it should be, and one at the top", `"response": {"refresh_token": "next.ticket"}`, whole(`"refresh_token": "next-1"`), "next-1", ""},
		{"null where it should be, and one at the top", `"response": {"refresh_token": "next"}`, whole(`"next": null, "refresh_token": "next-1"`), "next-1", ""},
		{"in a cookie", `"response": {"refresh_token": {"cookie": "rt"}}`, headed(200, `{"access_token": "token-1", "expires_in": 60}`, "Set-Cookie", "rt=next-1; Path=/; HttpOnly"), "next-1", ""},
		{"in a header", `"response": {"refresh_token": {"header": "X-Refresh-Token"}}`, headed(200, `{"access_token": "token-1", "expires_in": 60}`, "X-Refresh-Token", "next-1"), "next-1", ""},
		{"in a header with the access token, and no body", `"default_lifetime": "1h", "response": {"access_token": {"header": "X-Token"}, "refresh_token": {"header": "X-Refresh"}}`, headed(204, ``, "X-Token", "token-1", "X-Refresh", "next-1"), "next-1", ""},
		{"a number, as it is written", ``, whole(`"refresh_token": 12345678901234567890.10`), "12345678901234567890.10", ""},
		{"a number that is exact", ``, whole(`"refresh_token": 4711`), "4711", ""},
		{"by a filter", `"response": {"refresh_token": "tokens[?kind==` + "`2`" + `].value | [0]"}`, whole(`"tokens": [{"kind": 1, "value": "no"}, {"kind": 2, "value": "next-1"}]`), "next-1", ""},
		{"with spaces, a line break and letters of other scripts", ``, whole(`"refresh_token": " né\nxt "`), " né\nxt ", ""},
		{"of 48 KiB", ``, whole(`"refresh_token": "` + strings.Repeat("n", 48<<10) + `"`), strings.Repeat("n", 48<<10), ""},
		{"that states whose it is", ``, whole(`"refresh_token": "reports.next-1"`), "reports.next-1", ""},

		{"no lifetime", ``, body(`{"access_token": "token-1", "refresh_token": "next-1"}`), "next-1", "no_lifetime"},
		{"60 days", ``, body(`{"access_token": "token-1", "expires_in": 5184000, "refresh_token": "next-1"}`), "next-1", "lifetime_too_large"},
		{"a lifetime that is not read", ``, body(`{"access_token": "token-1", "expires_in": "soon", "refresh_token": "next-1"}`), "next-1", "bad_lifetime"},
		{"a lifetime that is over", ``, body(`{"access_token": "token-1", "expires_in": "-5", "refresh_token": "next-1"}`), "next-1", "bad_lifetime"},
		{"a type that is not known", ``, whole(`"token_type": "BearerToken", "refresh_token": "next-1"`), "next-1", "bad_token_type"},
		{"a type that takes more", ``, whole(`"token_type": "DPoP", "refresh_token": "next-1"`), "next-1", "bad_token_type"},
		{"the token under another name", ``, body(`{"token": "token-1", "expires_in": 3600, "refresh_token": "next-1"}`), "next-1", "no_token"},
		{"the token is none", ``, body(`{"access_token": {"v": 1}, "expires_in": 3600, "refresh_token": "next-1"}`), "next-1", "bad_token"},
		{"a token with a space", ``, body(`{"access_token": "to ken", "expires_in": 3600, "refresh_token": "next-1"}`), "next-1", "bad_token"},
		{"a token that is too large", ``, body(`{"access_token": "` + strings.Repeat("t", 49<<10) + `", "expires_in": 3600, "refresh_token": "next-1"}`), "next-1", "bad_token"},
		{"a member twice", ``, whole(`"scope": "a", "scope": "b", "refresh_token": "next-1"`), "next-1", "bad_json"},
		{"twice itself", ``, whole(`"refresh_token": "next-0", "refresh_token": "next-1"`), "next-1", "bad_json"},
		{"something after the JSON", ``, body(`{"access_token": "token-1", "expires_in": 3600, "refresh_token": "next-1"}<!-- cached -->`), "next-1", "not_json"},
		{"status 201 where 200 is stated", `"response": {"status": [200]}`, headed(201, `{"access_token": "token-1", "expires_in": 60, "refresh_token": "next-1"}`), "next-1", "http_201"},
		{"a status that is stated", `"response": {"status": [302]}`, headed(302, `{"access_token": "token-1", "expires_in": 60, "refresh_token": "next-1"}`), "next-1", ""},
		{"an error beside a token", ``, whole(`"error": "half", "refresh_token": "next-1"`), "next-1", "unknown_error"},
		{"the credential in the answer", ``, whole(`"scope": "client_secret=` + hardInJSON() + `", "refresh_token": "next-1"`), "next-1", "secret_in_answer"},
		{"UTF-16 that does not say so", ``, headed(200, "\xff\xfe"+strings.Join(strings.Split(`{"access_token": "t", "expires_in": 60, "refresh_token": "next-1"}`, ""), "\x00")+"\x00", "Content-Type", "application/json"), "next-1", "not_json"},
		{"after a guard", ``, body(")]}',\n" + `{"access_token": "t", "expires_in": 60, "refresh_token": "next-1"}`), "next-1", "not_json"},
		{"within a call", ``, body(`refreshed({"access_token": "t", "expires_in": 60, "refresh_token": "next-1"});`), "next-1", "not_json"},
		{"a form", ``, headed(200, `access_token=token-1&expires_in=60&refresh_token=next%2B1`, "Content-Type", "application/x-www-form-urlencoded"), "next+1", ""},

		{"none", ``, body(good), "", ""},
		{"null", ``, whole(`"refresh_token": null`), "", ""},
		{"false", ``, whole(`"refresh_token": false`), "", ""},
		{"an empty text", ``, whole(`"refresh_token": ""`), "", ""},
		{"white space", ``, whole(`"refresh_token": " \t"`), "", ""},
		{"zero", ``, whole(`"refresh_token": 0`), "", ""},
		{"the word none", ``, whole(`"refresh_token": "None"`), "", ""},
		{"the word null", ``, whole(`"refresh_token": "null"`), "", ""},
		{"not applicable", `"response": {"refresh_token": "rt"}`, whole(`"rt": "n/a"`), "", ""},
		{"a word where it should be, and one at the top", `"response": {"refresh_token": "rt"}`, whole(`"rt": "none", "refresh_token": "next-1"`), "next-1", ""},
		{"the same again", ``, whole(`"refresh_token": "ticket-of-the-vault"`), "", ""},
		{"the access token", ``, whole(`"refresh_token": "token-1"`), "", ""},
		{"a value of the credential", ``, whole(`"refresh_token": "reports"`), "", ""},
		{"a value of the credential, in hexadecimal", ``, whole(`"refresh_token": "7265706f727473"`), "", ""},
		{"an error and no access token", ``, body(`{"error": "server_error", "refresh_token": "next-1"}`), "", "server_error"},
		{"no success and no access token", `"response": {"success": "ok"}`, body(`{"ok": false, "refresh_token": "next-1"}`), "", "login_failed"},
		{"another status", ``, headed(400, `{"access_token": "token-1", "refresh_token": "next-1"}`), "", "http_400"},

		{"an object", ``, whole(`"refresh_token": {"value": "next-1"}`), lost, ""},
		{"a list", ``, whole(`"refresh_token": ["next-1"]`), lost, ""},
		{"true", ``, whole(`"refresh_token": true`), lost, ""},
		{"of more than 48 KiB", ``, whole(`"refresh_token": "` + strings.Repeat("n", 48<<10+1) + `"`), lost, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := serve(t, row.answer)
			more := ""
			if row.config != "" {
				more = ", " + row.config
			}
			e := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token", "grant_type": "refresh_token"%s}`, s.URL, more))
			// What the vault has is not missing in the credential.
			if ps := e.Check(client(s.URL)); len(ps) > 0 {
				t.Errorf("%v", ps)
			}
			next, err := rotate(t, e, spending(s.URL))
			code := ""
			if err != nil {
				code = err.(*refresh.Error).Code
			}
			if code != row.code {
				t.Errorf("%v, want the code %q", err, row.code)
			}
			got := ""
			for _, n := range next {
				got = n.Token.Reveal()
				if n.Unstorable != "" {
					got = lost
				}
				if strings.Contains(n.Unstorable, "next-1") {
					t.Errorf("it is printed: %s", n.Unstorable)
				}
			}
			if got != row.next {
				t.Errorf("the next is %.80q, want %.80q", got, row.next)
			}
			_, body := s.last(t)
			if sent := form(t, body); sent.Get("refresh_token") != "ticket-of-the-vault" || sent.Get("grant_type") != "refresh_token" {
				t.Errorf("sent %v", sent)
			}
		})
	}
}

func hardInJSON() string { return strings.Trim(quoteJSON(hard), `"`) }

func TestARefreshTokenInARequest(t *testing.T) {
	s := serve(t, answer(200, `{"data": {"jwt": "token-1", "refresh": "ticket-2", "ttl": 600}}`))
	e := endpoint(t, onLoopback(), fmt.Sprintf(`{"request": {"url": "%s/refresh", "json": {"refreshToken": "${refresh_token}"}},
		"response": {"access_token": "data.jwt", "expires_in": "data.ttl", "refresh_token": "data.refresh"}}`, s.URL))
	next, err := rotate(t, e, spending(s.URL))
	if err != nil || len(next) != 1 || next[0].Token.Reveal() != "ticket-2" {
		t.Errorf("%v", err)
	}
	if _, body := s.last(t); body != `{"refreshToken":"ticket-of-the-vault"}` {
		t.Errorf("sent %s", body)
	}
}

// Of several requests that send it, the answer to the last has the next one; it is handed on
// before the requests that come after.
func TestARefreshTokenInAStep(t *testing.T) {
	const carry, plain = `{"refresh": "${refresh_token}"}`, `{"none": "x"}`
	for _, row := range []struct {
		name   string
		bodies [3]string // of the two steps and of the request for the token
		want   string
	}{
		{"in the first step", [3]string{carry, plain, plain}, "next-1"},
		{"in two", [3]string{carry, carry, plain}, "next-2"},
		{"in the last request", [3]string{plain, plain, carry}, "next-3"},
	} {
		n := 0
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			n++
			answer(200, fmt.Sprintf(`{"access_token": "token-%d", "expires_in": 60, "refresh_token": "next-%d"}`, n, n))(w, r)
		})
		e := endpoint(t, onLoopback(), fmt.Sprintf(`{
			"steps": [{"name": "one", "request": {"url": "%[1]s/1", "json": %[2]s}}, {"name": "two", "request": {"url": "%[1]s/2", "json": %[3]s}}],
			"request": {"url": "%[1]s/3", "json": %[4]s}}`, s.URL, row.bodies[0], row.bodies[1], row.bodies[2]))
		next, err := rotate(t, e, spending(s.URL))
		if err != nil || len(next) != 1 || next[0].Token.Reveal() != row.want {
			t.Errorf("%s: %d of them, %v", row.name, len(next), err)
		}
	}
}

// What was sent once is sent again only if its answer was lost, and then once and at once.
func TestARefreshTokenIsNotSentAgain(t *testing.T) {
	lose := func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }
	breakOff := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, `{"access_token": "token-1", "refresh_`)
		panic(http.ErrAbortHandler)
	}
	for _, row := range []struct {
		name   string
		grace  string
		plays  []http.HandlerFunc // the last goes on
		want   int
		class  refresh.Class
		unsure bool
	}{
		{"its answer is lost", "", []http.HandlerFunc{lose, answer(200, good)}, 2, "", false},
		{"its answer breaks off", "", []http.HandlerFunc{breakOff, answer(200, good)}, 2, "", false},
		{"two answers are lost", "", []http.HandlerFunc{lose}, 2, refresh.Transient, true},
		{"the server fails", "", []http.HandlerFunc{answer(500, `{}`)}, 2, refresh.Transient, true},
		{"the server fails by name", "", []http.HandlerFunc{answer(500, `{"error": "server_error"}`), answer(200, good)}, 2, "", false},
		{"a gateway gives up", "", []http.HandlerFunc{answer(504, ``), answer(200, good)}, 2, "", false},
		{"it was too slow for the server", "", []http.HandlerFunc{answer(408, ``), answer(200, good)}, 2, "", false},
		{"an answer is empty", "", []http.HandlerFunc{answer(200, ``), answer(200, good)}, 2, "", false},
		{"an answer is a page", "", []http.HandlerFunc{answer(200, `<html>`), answer(200, good)}, 2, "", false},
		{"an answer is cut", "", []http.HandlerFunc{answer(200, `{"access_token": "to`), answer(200, good)}, 2, "", false},
		{"the server is busy", "", []http.HandlerFunc{answer(503, `{}`), answer(200, good)}, 2, "", false},
		{"the server is busy and says for how long", "", []http.HandlerFunc{headed(503, `{}`, "Retry-After", "60")}, 1, refresh.Transient, false},
		{"too many logins", "", []http.HandlerFunc{answer(429, `{}`)}, 1, refresh.Transient, false},
		{"the answer is no answer", "", []http.HandlerFunc{answer(200, `{}`)}, 1, refresh.Transient, false},
		{"it is refused", "", []http.HandlerFunc{answer(400, `{"error": "invalid_grant"}`)}, 1, refresh.NeedsPerson, false},
		{"it is refused with success", "", []http.HandlerFunc{answer(200, `{"error": "invalid_grant"}`)}, 1, refresh.NeedsPerson, false},
		{"the first answer is lost, and then it is refused", "", []http.HandlerFunc{lose, answer(400, `{"error": "invalid_grant"}`)}, 2, refresh.NeedsPerson, false},
		{"the first answer is lost, and then it is too early", "", []http.HandlerFunc{lose, answer(429, `{}`)}, 2, refresh.Transient, true},
		{"the first answer is lost, and then the client is refused", "", []http.HandlerFunc{lose, answer(401, `{"error": "invalid_client"}`)}, 2, refresh.Misconfigured, true},
		{"the client is refused", "", []http.HandlerFunc{answer(401, `{"error": "invalid_client"}`)}, 1, refresh.Misconfigured, false},
		{"its answer is lost, and it has no grace", "0s", []http.HandlerFunc{lose}, 1, refresh.Transient, true},
		{"its answer is lost, and its grace is short", "4s", []http.HandlerFunc{lose}, 1, refresh.Transient, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := 0
				p, url := inBubble(t, func(w http.ResponseWriter, r *http.Request) {
					n++
					row.plays[min(n, len(row.plays))-1](w, r)
				})
				grace := ""
				if row.grace != "" {
					grace = fmt.Sprintf(`, "refresh_token_grace": %q`, row.grace)
				}
				e := endpoint(t, p, fmt.Sprintf(`{"token_endpoint": "%s/token", "grant_type": "refresh_token"%s}`, url, grace))
				began := time.Now()
				if row.class == "" {
					if _, err := e.Grant(t.Context(), refresh.Login{Credential: spending(url)}); err != nil {
						t.Error(err)
					}
				} else if err := failed(t, e, spending(url)); err.Class != row.class || err.Unsure != row.unsure {
					t.Errorf("%s, unsure %t: %v", err.Class, err.Unsure, err)
				}
				if n != row.want || time.Since(began) != 0 {
					t.Errorf("%d requests in %v, want %d at once", n, time.Since(began), row.want)
				}
			})
		})
	}
}

// A repeat goes out within the grace, less five seconds, or not at all.
func TestALostAnswerIsRepeatedWithinTheGrace(t *testing.T) {
	for grace, want := range map[string]int32{"0s": 1, "14s": 1, "15s": 2, "30s": 2, "30m": 2} {
		synctest.Test(t, func(t *testing.T) {
			var n atomic.Int32
			p, url := inBubble(t, func(w http.ResponseWriter, r *http.Request) {
				n.Add(1)
				time.Sleep(20 * time.Second) // ten more than it is waited for
			})
			e := endpoint(t, p, fmt.Sprintf(`{"token_endpoint": "%s/token", "grant_type": "refresh_token", "refresh_token_grace": %q}`, url, grace))
			if err := failed(t, e, spending(url)); !err.Unsure || n.Load() != want {
				t.Errorf("with a grace of %s %d requests, want %d: %v", grace, n.Load(), want, err)
			}
			time.Sleep(time.Minute) // the server goes on
		})
	}
}

// A request that never had a connection has spent nothing.
func TestARefreshTokenThatNeverLeft(t *testing.T) {
	e := endpoint(t, onLoopback(), `{"token_endpoint": "http://127.0.0.1:1/token", "grant_type": "refresh_token"}`)
	if err := failed(t, e, spending("http://127.0.0.1:1")); err.Unsure || err.Class != refresh.Transient {
		t.Errorf("%v", err)
	}
}

// A refresh token that is refused has expired, whatever the clocks say: it is not sent again
// with an assertion of another date.
func TestARefusedRefreshTokenAndAnotherClock(t *testing.T) {
	for code, want := range map[string]int{"invalid_grant": 1, "invalid_client": 2} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", noon.Add(10*time.Minute).Format(http.TimeFormat))
			w.WriteHeader(400)
			fmt.Fprintf(w, `{"error": %q}`, code)
		})
		e := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token", "grant_type": "refresh_token",
			"token_endpoint_auth_method": "private_key_jwt", "client_assertion": {"aud": "token_endpoint"}}`, s.URL))
		c := signing(t, s.URL, ecKey())
		c.Values["refresh_token"] = secret.New("ticket-of-the-vault")
		failed(t, e, c)
		if s.requests() != want {
			t.Errorf("refused with %s, %d requests were sent, want %d", code, s.requests(), want)
		}
	}
}

func TestWhatIsSaidOfRefreshTokensWithoutOne(t *testing.T) {
	for _, field := range []string{`"refresh_token_grace": "30m"`, `"response": {"refresh_token": "x"}`, `"response": {"refresh_token": {"cookie": "x"}}`, `"renews_itself": true`} {
		_, err := onLoopback().Provider(document("erp", `{"token_endpoint": "https://erp.example/token", `+field+`}`))
		if err == nil || !strings.Contains(err.Error(), "no refresh token is sent") {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// A value that only a run has is supposed to be there when a config is checked.
func TestAPlaceThatIsOnlyTheRefreshToken(t *testing.T) {
	for name, request := range map[string]string{
		"a header":    `{"url": "https://erp.example/renew", "headers": {"X-Token": "${refresh_token}"}}`,
		"a parameter": `{"url": "https://erp.example/renew", "query": {"t": "${refresh_token}"}}`,
		"the path":    `{"url": "https://erp.example/renew/${refresh_token}"}`,
	} {
		e := endpoint(t, onLoopback(), `{"request": `+request+`}`)
		if ps := e.Check(login("https://erp.example", "client_id", "reports")); len(ps) > 0 {
			t.Errorf("%s: %v", name, ps)
		}
	}
}

// What a provider says of a refresh token that it rejects, and of a login that it is too busy for.
func TestWhatARejectedGrantMeans(t *testing.T) {
	const rotating, password = `"grant_type": "refresh_token"`, `"grant_type": "client_credentials"`
	for _, row := range []struct {
		name, grant string
		answers     []http.HandlerFunc
		class       refresh.Class
		code        string
		suspect     bool // it may be chance
		limited     bool
	}{
		{"a refresh token", rotating, list(answer(400, `{"error": "invalid_grant", "error_description": "Token has been expired or revoked."}`)), refresh.NeedsPerson, "invalid_grant", true, false},
		{"with 401", rotating, list(answer(401, `{"error": "invalid_grant"}`)), refresh.NeedsPerson, "invalid_grant", true, false},
		{"with 403", rotating, list(answer(403, `{"error": "invalid_grant"}`)), refresh.NeedsPerson, "invalid_grant", true, false},
		{"GitHub's word", rotating, list(answer(200, `{"error": "bad_refresh_token", "error_description": "The refresh token passed is incorrect or expired."}`)), refresh.NeedsPerson, "invalid_grant", true, false},
		{"Slack's word", rotating, list(answer(200, `{"ok": false, "error": "invalid_refresh_token"}`)), refresh.NeedsPerson, "invalid_grant", true, false},
		{"another's", rotating, list(answer(400, `{"error": {"code": "refresh_token_expired"}}`)), refresh.NeedsPerson, "invalid_grant", true, false},
		{"after an answer that was lost", rotating, list(answer(500, ``), answer(400, `{"error": "invalid_grant"}`)), refresh.NeedsPerson, "invalid_grant", false, false},
		{"it is busy with it", rotating, list(answer(400, `{"error": "invalid_grant", "error_description": "token request is already being processed"}`)), refresh.Transient, "invalid_grant", false, true},
		{"too many", rotating, list(answer(400, `{"error": "invalid_grant", "error_description": "login rate exceeded"}`)), refresh.Transient, "invalid_grant", false, true},
		{"too many, with success", rotating, list(answer(200, `{"error": "invalid_grant", "error_description": "Rate limit exceeded"}`)), refresh.Transient, "invalid_grant", false, true},
		{"a server that fails", rotating, list(answer(500, `{"error": "invalid_grant"}`)), refresh.Transient, "invalid_grant", false, false},
		{"a server that is limiting", rotating, list(answer(429, `{"error": "invalid_grant"}`)), refresh.Transient, "invalid_grant", false, true},
		{"a password, too many", password, list(answer(400, `{"error": "invalid_grant", "error_description": "login rate exceeded"}`)), refresh.Transient, "invalid_grant", false, true},
		{"a password", password, list(answer(400, `{"error": "invalid_grant", "error_description": "authentication failure"}`)), refresh.Misconfigured, "invalid_grant", false, false},
		{"a password of an account that is locked", password, list(answer(400, `{"error": "invalid_grant", "error_description": "user is temporarily locked, try again later"}`)), refresh.Misconfigured, "invalid_grant", false, false},
		{"a word that is of refresh tokens alone", password, list(answer(400, `{"error": "bad_refresh_token"}`)), refresh.Transient, "unknown_error", true, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			n := 0
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				n++
				row.answers[min(n, len(row.answers))-1](w, r)
			})
			e := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token", %s}`, s.URL, row.grant))
			err := failed(t, e, spending(s.URL))
			if err.Class != row.class || err.Code != row.code || err.Suspect != row.suspect || err.Limited != row.limited {
				t.Errorf("%s %s, by chance %t, limited %t: %v", err.Class, err.Code, err.Suspect, err.Limited, err)
			}
			if row.class == refresh.NeedsPerson && !strings.Contains(err.Remedy, "refresh-token put") {
				t.Errorf("the remedy is %q", err.Remedy)
			}
		})
	}
}

func list(answers ...http.HandlerFunc) []http.HandlerFunc { return answers }

// A next refresh token that the config does not lead to is reported, or it would be lost without a
// word.
func TestANextRefreshTokenThatIsOverlooked(t *testing.T) {
	const next = `"next-refresh-token-1"`
	for _, row := range []struct{ name, config, answer, want string }{
		{"within data", `"access_token": "data.access_token"`, `{"data": {"access_token": "token-1", "refresh_token": ` + next + `}}`, "called refresh_token"},
		{"in a list", `"access_token": "tokens[0].access"`, `{"tokens": [{"access": "token-1"}, {"refresh_token": ` + next + `}]}`, "called refresh_token"},
		{"in camel case", `"access_token": "accessToken"`, `{"accessToken": "token-1", "refreshToken": ` + next + `}`, "called refreshToken"},
		{"in capitals", `"access_token": "access_token"`, `{"access_token": "token-1", "Refresh_Token": ` + next + `}`, "called Refresh_Token"},
		{"in JSON within a text", `"access_token": "access_token"`, `{"access_token": "token-1", "more": "{\"refresh_token\": \"next-refresh-token-1\"}"}`, "called refresh_token"},
		{"the same again", `"access_token": "access_token"`, `{"access_token": "token-1", "refreshToken": "ticket-of-the-vault"}`, ""},
		{"a word", `"access_token": "access_token"`, `{"access_token": "token-1", "refreshToken": "none"}`, ""},
		{"where the config leads", `"access_token": "a", "refresh_token": "refreshToken"`, `{"a": "token-1", "refreshToken": ` + next + `}`, ""},
	} {
		s := serve(t, answer(200, row.answer))
		e := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token", "grant_type": "refresh_token", "default_lifetime": "1h", "response": {%s}}`, s.URL, row.config))
		g, err := e.Grant(t.Context(), refresh.Login{Credential: spending(s.URL), Rotate: func(refresh.Successor) {}})
		said := strings.Join(g.Warnings, "\n")
		if err != nil || strings.Contains(said, "not stored") != (row.want != "") || !strings.Contains(said, row.want) || strings.Contains(said, "next-refresh") {
			t.Errorf("%s: %v, warned %q", row.name, err, said)
		}
	}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Refresh-Token", "next-refresh-token-1")
		answer(200, good)(w, r)
	})
	e := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token", "grant_type": "refresh_token"}`, s.URL))
	g, err := e.Grant(t.Context(), refresh.Login{Credential: spending(s.URL), Rotate: func(refresh.Successor) {}})
	if said := strings.Join(g.Warnings, "\n"); err != nil || !strings.Contains(said, "called X-Refresh-Token") {
		t.Errorf("in a header: %v, warned %q", err, said)
	}
}
