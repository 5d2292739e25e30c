package tokenendpoint_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/tokenkeeper/internal/refresh"
)

// A step that has sent the refresh token, and was answered, is not repeated because a later
// request could not be sent.
func TestALaterRequestThatIsNotSentRepeatsNoRefreshToken(t *testing.T) {
	n := 0
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n++
		answer(200, fmt.Sprintf(`{"session": "s-%d", "refresh_token": "the-next-of-the-vault-%d"}`, n, n))(w, r)
	})
	gone := httptest.NewServer(nil)
	gone.Close()
	e := endpoint(t, onLoopback(), fmt.Sprintf(`{
		"steps": [{"name": "one", "request": {"url": "%s/1", "json": {"refresh": "${refresh_token}"}}, "response": {"keep": {"session": "session"}}}],
		"request": {"url": "%s/2", "json": {"session": "${steps.one.session}"}}}`, s.URL, gone.URL))
	c := spending(s.URL)
	c.AllowedHosts = append(c.AllowedHosts, spending(gone.URL).AllowedHosts...)
	next, err := rotate(t, e, c)
	if err == nil || n != 1 || len(next) != 1 || next[0].Token.Reveal() != "the-next-of-the-vault-1" {
		t.Errorf("%d requests, %d rotations, %v", n, len(next), err)
	}
}

// The successor counts where an answer that failed, or that of an earlier request, has stated it
// already.
func TestASuccessorThatIsStatedTwice(t *testing.T) {
	const next = "the-next-of-the-vault"
	n := 0
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		status := 200
		if n++; n == 1 && r.URL.Path == "/token" {
			status = 502
		}
		answer(status, fmt.Sprintf(`{"access_token": "token-%d", "expires_in": 60, "refresh_token": %q}`, n, next))(w, r)
	})
	for name, config := range map[string]string{
		"after a failure": `{"token_endpoint": "%[1]s/token", "grant_type": "refresh_token"}`,
		"in two steps": `{"steps": [{"name": "one", "request": {"url": "%[1]s/1", "json": {"x": "${refresh_token}"}}}],
			"request": {"url": "%[1]s/2", "json": {"x": "${refresh_token}"}}}`,
	} {
		n = 0
		got, err := rotate(t, endpoint(t, onLoopback(), fmt.Sprintf(config, s.URL)), spending(s.URL))
		if err != nil || len(got) != 1 || got[0].Token.Reveal() != next {
			t.Errorf("%s: %d rotations, %v", name, len(got), err)
		}
	}
}

// Where an answer has more values than are read, a refresh token that was not found in it may be
// there, so the one that was sent may be spent.
func TestASuccessorThatIsNotReached(t *testing.T) {
	many := strings.Repeat(`{},`, 50_000)
	for _, body := range []string{
		`{"x": [` + many + `{}], "data": {"access_token": "t-1", "next": "the-next-of-the-vault"}, "expires_in": 60}`,
		`)]}' {"x": [` + many + `{}], "data": {"access_token": "t-1", "next": "the-next-of-the-vault"}}`,
		strings.Repeat(`[`, 100) + many + `0` + strings.Repeat(`]`, 100),
	} {
		s := serve(t, answer(200, body))
		e := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token", "grant_type": "refresh_token", "refresh_token_grace": "0s",
			"response": {"access_token": "data.access_token", "refresh_token": "data.next"}}`, s.URL))
		if err := failed(t, e, spending(s.URL)); !err.Unsure {
			t.Errorf("%.40s: %v", body, err)
		}
	}
}

// What is said of a refresh token that is overlooked names no secret of the answer.
func TestWhatIsSaidOfAnOverlookedRefreshToken(t *testing.T) {
	const session = "s3ss10nOfTheNorthern7Lights4ndMore"
	s := serve(t, answer(200, `{"access_token": "token-1", "expires_in": 60, "sessions": {"`+session+`": {"refresh_token": "the-next-of-the-vault"}}}`))
	e := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token", "grant_type": "refresh_token", "response": {"refresh_token": "next"}}`, s.URL))
	g, err := e.Grant(t.Context(), refresh.Login{Credential: spending(s.URL), Rotate: func(refresh.Successor) {}})
	if said := strings.Join(g.Warnings, "\n"); err != nil || !strings.Contains(said, "not stored") || strings.Contains(said, session) {
		t.Errorf("%v, warned %q", err, said)
	}
}
