package tokenendpoint_test

import (
	"fmt"
	"strings"
	"testing"

	"example.com/tokenkeeper/internal/refresh"
)

// What has too many values is refused, and what is usual is not.
func TestValuesOfAnAnswerAreBounded(t *testing.T) {
	for name, row := range map[string]struct{ body, code string }{
		"a catalogue":       {`{"access_token": "t-1", "expires_in": 60, "catalog": [` + strings.Repeat(`{"id": "a,b", "url": "https://x"},`, 2000) + `0]}`, ""},
		"a text of commas":  {`{"access_token": "t-1", "expires_in": 60, "x": "` + strings.Repeat(`,{[\"`, 30_000) + `"}`, ""},
		"very many objects": {`{"access_token": "t-1", "expires_in": 60, "x": [` + strings.Repeat(`{},`, 9000) + `0]}`, "answer_too_large"},
		"very many numbers": {`{"access_token": "t-1", "expires_in": 60, "x": [` + strings.Repeat(`0,`, 40_000) + `0]}`, "answer_too_large"},
	} {
		s := serve(t, answer(200, row.body))
		e := endpoint(t, onLoopback(), oauth(s))
		if row.code != "" {
			if err := failed(t, e, client(s.URL)); err.Code != row.code {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if _, err := e.Grant(t.Context(), refresh.Login{Credential: client(s.URL)}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Neither has JSON that is a text in an answer.
func TestValuesOfInnerJSONAreBounded(t *testing.T) {
	for objects, granted := range map[int]bool{100: true, 9000: false} {
		s := serve(t, answer(200, `{"data": "[{\"token\": \"t-1\"}`+strings.Repeat(`,{}`, objects)+`]", "expires_in": 60}`))
		e := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token", "response": {"access_token": {"path": "data", "json": "[0].token"}}}`, s.URL))
		if _, err := e.Grant(t.Context(), refresh.Login{Credential: client(s.URL)}); (err == nil) != granted {
			t.Errorf("%d objects: %v", objects, err)
		}
	}
}

// The next refresh token is kept even where the rest of an answer is refused for its size.
func TestRefreshTokenBesideTooManyValues(t *testing.T) {
	s := serve(t, answer(200, `{"x": [`+strings.Repeat(`{},`, 50_000)+`{}], "access_token": "t-1", "refresh_token": "the-next-of-the-vault", "expires_in": 60}`))
	e := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token", "grant_type": "refresh_token"}`, s.URL))
	var next refresh.Successor
	_, err := e.Grant(t.Context(), refresh.Login{Credential: spending(s.URL), Rotate: func(s refresh.Successor) { next = s }})
	if err == nil || next.Token.Reveal() != "the-next-of-the-vault" {
		t.Errorf("%q, %v", next.Token.Reveal(), err)
	}
}
