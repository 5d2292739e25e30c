package answer_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/answer"
)

// noon is when answers are asked for.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// quoted is a quote that hides nothing.
func quoted(text string) string { return fmt.Sprintf("%q", text) }

func path(t *testing.T, text string) answer.Path {
	t.Helper()
	p, wrong := answer.ParsePath(text)
	if wrong != nil {
		t.Fatalf("%s: %+v", text, wrong)
	}
	return p
}

// shape is that of most answers.
func shape(t *testing.T) answer.Shape {
	t.Helper()
	return answer.Shape{
		AccessToken: answer.Source{Path: path(t, "access_token")},
		ExpiresIn:   answer.Source{Path: path(t, "expires_in")},
		ExpiresAt:   answer.Source{Path: path(t, "expires_at")},
		TokenType:   answer.Source{Path: path(t, "token_type")},
		Scope:       answer.Source{Path: path(t, "scope")},
	}
}

// message is an answer from a provider whose clock is right.
func message(body string, headers ...string) *answer.Message {
	m := &answer.Message{AskedAt: noon, Status: 200, Body: []byte(body), Header: http.Header{"Date": {noon.Format(http.TimeFormat)}}}
	for i := 0; i < len(headers); i += 2 {
		m.Header.Add(headers[i], headers[i+1])
	}
	return m
}

// granted interprets an answer.
func granted(s answer.Shape, m *answer.Message) (answer.Grant, *answer.Fault) {
	sel := answer.Wanted{Token: &s}.Select(m, m.Decode("token_endpoint"))
	if f := sel.Fault(); f != nil {
		return answer.Grant{}, f
	}
	return sel.Grant(quoted)
}

func jwt(claims string) string {
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"none"}`)) + "." + part([]byte(claims)) + ".c2ln"
}
