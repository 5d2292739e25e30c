package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/signing/keytest"
)

// A login is a kind of login: its config, and how its provider treats refresh tokens.
type login struct {
	name, config string
	rotates      bool
	grace        time.Duration // for which the provider repeats the answer to a refresh token that was spent
	asksNobody   bool          // the token is signed here
	values       string        // of its credential, beside the client's
}

// credential is that of a login.
func (l *login) credential() string {
	return `{"client_id": "reports", "client_secret": "c4n@ry-secret", "allowed_hosts": ["127.0.0.1:8787"]` + l.values + `}`
}

// logins are the kinds of logins that there are: each grant type, a login in steps, with a probe
// after it, with each kind of refresh token, and a token that is signed here.
func logins(t *testing.T) []*login {
	t.Helper()
	privateKey := fmt.Sprintf(`, "private_key": %q`, keytest.PEM(t, keytest.EC()))
	const password = `, "username": "reports", "password": "c4n@ry-password"`
	const grantType = `{"token_endpoint": "` + baseURL + `/token", "grant_type": "%s"%s}`
	const probe = `, "probe": {"request": {"url": "` + baseURL + `/me"}, "response": {"status": [204]}}`
	return []*login{
		{name: "client credentials", config: fmt.Sprintf(grantType, "client_credentials", "")},
		{name: "a password", config: fmt.Sprintf(grantType, "password", ""), values: password},
		{name: "a signed assertion", values: privateKey, config: fmt.Sprintf(grantType, "urn:ietf:params:oauth:grant-type:jwt-bearer",
			`, "assertion": {"alg": "ES256", "iss": "${client_id}", "aud": "token_endpoint"}`)},
		{name: "a token exchange", values: `, "subject_token": "c4n@ry-subject"`, config: fmt.Sprintf(grantType, "urn:ietf:params:oauth:grant-type:token-exchange",
			`, "parameters": {"subject_token": "${subject_token}", "subject_token_type": "urn:ietf:params:oauth:token-type:jwt"}`)},
		{name: "a login in steps", values: password, config: `{"steps": [{"name": "session", "request": {"url": "` + baseURL + `/session",
			"json": {"user": "${username}", "password": "${password}"}}, "response": {"keep": {"id": "id"}}}],
			"request": {"url": "` + baseURL + `/token", "headers": {"X-Session": "${steps.session.id}"}, "json": {}},
			"response": {"access_token": "access_token", "expires_in": "expires_in"}}`},
		{name: "a probe", config: fmt.Sprintf(grantType, "client_credentials", probe)},
		{name: "a refresh token", rotates: true, config: fmt.Sprintf(grantType, "refresh_token", `, "refresh_token_grace": "0s"`)},
		{name: "a refresh token with a grace", rotates: true, grace: 30 * time.Second, config: fmt.Sprintf(grantType, "refresh_token", "")},
		{name: "a refresh token and a probe", rotates: true, grace: 30 * time.Second, config: fmt.Sprintf(grantType, "refresh_token", probe)},
		{name: "a token that renews itself", rotates: true, config: `{"request": {"url": "` + baseURL + `/token", "headers": {"X-Token": "${refresh_token}"}, "json": {}},
			"response": {"access_token": "access_token", "expires_in": "expires_in"}, "renews_itself": true, "refresh_token_grace": "0s"}`},
		{name: "a token signed here", asksNobody: true, values: privateKey + `, "signs": ["https://api.example.com"]`,
			config: `{"signed_jwt": {"alg": "ES256", "iss": "reports", "aud": "https://api.example.com", "lifetime": "1h"}}`},
	}
}

// An issuer is the provider: it issues a token of an hour for each login, and where it rotates
// refresh tokens it ends them all when one is sent twice.
type issuer struct {
	*login
	tokens  []string // that were issued
	at      []time.Time
	ticket  string // the refresh token that is good
	spent   map[string]exchange
	revoked bool
}

// An exchange is what a refresh token was answered with.
type exchange struct {
	at     time.Time
	answer string
}

const firstTicket = "c4n@ry-ticket-0"

func newIssuer(l *login) *issuer {
	return &issuer{login: l, ticket: firstTicket, spent: map[string]exchange{}}
}

func (i *issuer) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/session":
		fmt.Fprint(w, `{"id": "c4n@ry-session"}`)
	case "/me":
		if token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "); i.live(token) < time.Second {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	default:
		i.answer(w, r)
	}
}

func (i *issuer) answer(w http.ResponseWriter, r *http.Request) {
	sent := r.Header.Get("X-Token") + r.PostFormValue("refresh_token")
	if before, spent := i.spent[sent]; spent && time.Since(before.at) < i.grace && !i.revoked {
		fmt.Fprint(w, before.answer)
		return
	}
	if i.rotates && (i.revoked || sent != i.ticket) {
		i.revoked = true
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error": "invalid_grant"}`)
		return
	}
	n := len(i.tokens) + 1
	token := fmt.Sprint("c4n@ry-token-", n)
	i.tokens, i.at = append(i.tokens, token), append(i.at, time.Now())
	answer := fmt.Sprintf(`{"access_token": %q, "token_type": "Bearer", "expires_in": 3600}`, token)
	if i.rotates {
		i.ticket = fmt.Sprint("c4n@ry-ticket-", n)
		if r.Header.Get("X-Token") != "" {
			i.ticket = token
		}
		answer = strings.Replace(answer, "}", fmt.Sprintf(`, "refresh_token": %q}`, i.ticket), 1)
		i.spent[sent] = exchange{time.Now(), answer}
	}
	fmt.Fprint(w, answer)
}

// live returns how long a token still lives; zero: it was not issued, or is dead.
func (i *issuer) live(token string) time.Duration {
	n := slices.Index(i.tokens, token)
	if n < 0 || i.revoked {
		return 0
	}
	return max(0, time.Until(i.at[n].Add(time.Hour)))
}
