package tokenendpoint_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// Where the token is its own refresh token, what comes in its place is both.
func TestATokenThatRenewsItself(t *testing.T) {
	for _, row := range []struct {
		name, config string
		answer       http.HandlerFunc
		token, next  string // next "": the present one goes on
	}{
		{"a new one", ``, answer(200, `{"access_token": "token-1", "expires_in": 3600}`), "token-1", "token-1"},
		{"the same again", ``, answer(200, `{"access_token": "ticket-of-the-vault", "expires_in": 3600}`), "ticket-of-the-vault", ""},
		{"said twice in the config", `, "response": {"access_token": "data.token", "expires_in": "data.ttl", "refresh_token": "data.token"}`,
			answer(200, `{"data": {"token": "token-1", "ttl": 3600}}`), "token-1", "token-1"},
		{"in a header", `, "default_lifetime": "1h", "response": {"access_token": {"header": "X-Vault-Token"}}`,
			headed(200, ``, "X-Vault-Token", "ticket-of-the-vault"), "ticket-of-the-vault", ""},
		{"in a cookie", `, "default_lifetime": "1h", "response": {"access_token": {"cookie": "sid"}}`,
			headed(204, ``, "Set-Cookie", "sid=token-2; HttpOnly"), "token-2", "token-2"},
		{"in a header called like a refresh token", `, "default_lifetime": "1h", "response": {"access_token": {"header": "X-Refresh-Token"}}`,
			headed(200, ``, "X-Refresh-Token", "token-4-of-the-north"), "token-4-of-the-north", "token-4-of-the-north"},
		{"in a cookie called like one", `, "default_lifetime": "1h", "response": {"access_token": {"cookie": "refresh_token"}}`,
			headed(204, ``, "Set-Cookie", "refresh_token=token-5-of-the-north; HttpOnly"), "token-5-of-the-north", "token-5-of-the-north"},
		{"in a member called like one", `, "response": {"access_token": "refresh_token"}`,
			answer(200, `{"refresh_token": "token-6-of-the-north", "expires_in": 3600}`), "token-6-of-the-north", "token-6-of-the-north"},
		{"in a member as AT Protocol calls it", `, "response": {"access_token": "data.refreshJwt", "expires_in": "data.ttl"}`,
			answer(200, `{"data": {"refreshJwt": "token-7-of-the-north", "ttl": 3600}}`), "token-7-of-the-north", "token-7-of-the-north"},
		{"the same again, called like one", `, "default_lifetime": "1h", "response": {"access_token": {"header": "X-Refresh-Token"}}`,
			headed(200, ``, "X-Refresh-Token", "ticket-of-the-vault"), "ticket-of-the-vault", ""},
		{"as the whole body", `, "default_lifetime": "1h", "response": {"access_token": {"body": "text"}}`, answer(200, `token-3`), "token-3", "token-3"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := serve(t, row.answer)
			e := endpoint(t, onLoopback(), fmt.Sprintf(`{"request": {"url": "%s/renew", "headers": {"Authorization": "Bearer ${refresh_token}"}}, "renews_itself": true%s}`, s.URL, row.config))
			next := ""
			g, err := e.Grant(t.Context(), refresh.Login{Credential: spending(s.URL), Rotate: func(s refresh.Successor) { next = s.Token.Reveal() }})
			if err != nil || g.AccessToken.Reveal() != row.token || next != row.next {
				t.Errorf("token %q, next %q: %v", g.AccessToken.Reveal(), next, err)
			}
		})
	}
}

// A token that came before is a secret wherever else the answer has it.
func TestATokenThatRenewsItselfAndIsToldOf(t *testing.T) {
	s := serve(t, answer(200, `{"access_token": "token-1", "expires_in": 3600, "replaces": "ticket-of-the-vault"}`))
	e := endpoint(t, onLoopback(), fmt.Sprintf(`{"request": {"url": "%s/renew", "json": {"token": "${refresh_token}"}}, "renews_itself": true, "response": {"extra": {"x": "replaces"}}}`, s.URL))
	next, err := rotate(t, e, spending(s.URL))
	var failure *refresh.Error
	if !errors.As(err, &failure) || failure.Code != refresh.CodeSecretInRecord || len(next) != 1 || !strings.Contains(failure.Detail, "so the token is not kept") {
		t.Errorf("%v, and %d stored", err, len(next))
	}
}

// What is both without being said to be is refused, when the config is written where that can be seen, and
// else when the provider answers so.
func TestATokenThatRenewsItselfUnsaid(t *testing.T) {
	const request = `{"request": {"url": "https://erp.example/renew", "json": {"t": "${refresh_token}"}}, `
	for config, want := range map[string]string{
		request + `"response": {"refresh_token": "access_token"}}`:                                                          `say "renews_itself": true`,
		request + `"response": {"access_token": "a[0].t", "refresh_token": "a[0].t"}}`:                                      `say "renews_itself": true`,
		request + `"response": {"access_token": {"header": "X-T"}, "refresh_token": {"header": "x-t"}}}`:                    `say "renews_itself": true`,
		request + `"response": {"access_token": "t", "refresh_token": "u"}, "renews_itself": true}`:                         "leads elsewhere than the token",
		request + `"response": {"access_token": {"cookie": "t"}, "refresh_token": {"header": "t"}}, "renews_itself": true}`: "leads elsewhere than the token",
		request + `"response": {"refresh_token": "'fixed'"}}`:                                                               "response.refresh_token",
		request + `"response": {"refresh_token": ""}}`:                                                                      "response.refresh_token",
	} {
		if _, err := onLoopback().Provider(document("erp", config)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", config, err)
		}
	}
	s := serve(t, answer(200, `{"access_token": "ticket-of-the-vault", "expires_in": 3600}`))
	e := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token", "grant_type": "refresh_token"}`, s.URL))
	if err := failed(t, e, spending(s.URL)); err.Code != "bad_token" || !strings.Contains(err.Remedy, `"renews_itself": true`) {
		t.Errorf("%v", err)
	}
}

// When a refresh token expires, as providers say it beside it.
func TestTheEndOfARefreshToken(t *testing.T) {
	const day = 24 * time.Hour
	beside := func(member string) http.HandlerFunc {
		return answer(200, `{"access_token": "token-1", "expires_in": 3600, "refresh_token": "next-1", `+member+`}`)
	}
	for _, row := range []struct {
		name, config string
		answer       http.HandlerFunc
		want         time.Duration // from now; zero: not known
	}{
		{"LinkedIn", ``, beside(`"refresh_token_expires_in": 31536000`), 365 * day},
		{"Intuit", ``, beside(`"x_refresh_token_expires_in": 8726400`), 101 * day},
		{"Keycloak", ``, beside(`"refresh_expires_in": 1800`), 30 * time.Minute},
		{"Keycloak, for ever", ``, beside(`"refresh_expires_in": 0`), 0},
		{"as a text", ``, beside(`"refresh_token_expires_in": "15897600"`), 184 * day},
		{"TikTok Shop: when, in seconds", ``, beside(fmt.Sprintf(`"refresh_token_expire_in": %d`, noon.Add(40*day).Unix())), 40 * day},
		{"when, in milliseconds", ``, beside(fmt.Sprintf(`"refresh_token_expires_at": %d`, noon.Add(40*day).UnixMilli())), 40 * day},
		{"Square: a date", ``, beside(`"refresh_token_expires_at": "2027-02-20T12:00:00Z"`), 90 * day},
		{"within data", `"response": {"access_token": "data.token", "expires_in": "data.ttl", "refresh_token": "data.next"}`,
			answer(200, `{"data": {"token": "token-1", "ttl": 60, "next": "next-1", "refresh_expires_in": 86400}, "refresh_token_expires_in": 60}`), day},
		{"in a list", `"response": {"refresh_token": "tokens[1].value"}`,
			beside(`"tokens": [{"refresh_expires_in": 60}, {"value": "next-2", "refresh_expires_in": 7200}]`), 2 * time.Hour},
		{"of the answer, where the refresh token lies deeper", `"response": {"refresh_token": "data.next"}`,
			beside(`"data": {"next": "next-1"}, "refresh_token_expires_in": 86400`), day},
		{"by its cookie", `"response": {"refresh_token": {"cookie": "rt"}}`,
			headed(200, `{"access_token": "token-1", "expires_in": 60}`, "Set-Cookie", "rt=next-1; Max-Age=604800"), 7 * day},
		{"by its cookie's date", `"response": {"refresh_token": {"cookie": "rt"}}`,
			headed(200, `{"access_token": "token-1", "expires_in": 60}`, "Set-Cookie", "rt=ticket-of-the-vault; Expires="+noon.Add(9*day).Format(http.TimeFormat), "Date", noon.Format(http.TimeFormat)), 9 * day},
		{"beside a header", `"response": {"refresh_token": {"header": "X-Refresh"}}`,
			headed(200, `{"access_token": "token-1", "expires_in": 60, "refresh_expires_in": 3600}`, "X-Refresh", "next-1"), time.Hour},
		{"of one that goes on", ``, answer(200, `{"access_token": "token-1", "expires_in": 3600, "refresh_token_expires_in": 86400}`), day},
		{"not at all", ``, beside(`"scope": "a"`), 0},
		{"null", ``, beside(`"refresh_token_expires_in": null, "refresh_expires_in": 3600`), time.Hour},
		{"less than nothing", ``, beside(`"refresh_token_expires_in": -1`), 0},
		{"beyond belief", ``, beside(`"refresh_token_expires_in": 900000000`), 0},
		{"in words", ``, beside(`"refresh_token_expires_in": "never"`), 0},
		{"an object", ``, beside(`"refresh_token_expires_in": {"seconds": 60}`), 0},
		{"true", ``, beside(`"refresh_token_expires_in": true`), 0},
		{"a date that has passed", ``, beside(`"refresh_token_expires_at": "2020-02-20T12:00:00Z"`), 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := serve(t, row.answer)
			more := ""
			if row.config != "" {
				more = ", " + row.config
			}
			e := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token", "grant_type": "refresh_token"%s}`, s.URL, more))
			g, err := e.Grant(t.Context(), refresh.Login{Credential: spending(s.URL)})
			got := time.Duration(0)
			if !g.RefreshTokenEnds.IsZero() {
				got = g.RefreshTokenEnds.Sub(g.AskedAt)
			}
			if err != nil || got != row.want {
				t.Errorf("%v, want %v: %v", got, row.want, err)
			}
		})
	}
	// Where no refresh token is sent it is none of ours, and what repeats a secret is not used.
	s := serve(t, beside(`"refresh_token_expires_in": 86400`))
	if g, err := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token"}`, s.URL)).Grant(t.Context(), refresh.Login{Credential: client(s.URL)}); err != nil || !g.RefreshTokenEnds.IsZero() {
		t.Errorf("%v, %v", g.RefreshTokenEnds, err)
	}
	pin := serve(t, beside(`"refresh_token_expires_in": 40271534`))
	c := spending(pin.URL)
	c.Values["pin"] = secret.New("40271534")
	e := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token", "grant_type": "refresh_token", "parameters": {"pin": "${pin}"}}`, pin.URL))
	if err := failed(t, e, c); err.Code != "secret_in_answer" {
		t.Errorf("%v", err)
	}
}
