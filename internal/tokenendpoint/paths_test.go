package tokenendpoint_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/internal/refresh"
)

// Where a token is, and what else is read.
func TestPaths(t *testing.T) {
	for _, row := range []struct{ name, response, body, token string }{
		{"at its usual place", ``, `{"access_token": "t", "expires_in": 60}`, "t"},
		{"under another name", `"access_token": "token"`, `{"token": "t", "expires_in": 60}`, "t"},
		{"nested", `"access_token": "data.auth.token"`, `{"data": {"auth": {"token": "t"}}, "expires_in": 60}`, "t"},
		{"in a list", `"access_token": "tokens[?type=='access'].value | [0]"`, `{"tokens": [{"type": "id", "value": "i"}, {"type": "access", "value": "t"}], "expires_in": 60}`, "t"},
		{"under an odd name", `"access_token": "\"access-token\""`, `{"access-token": "t", "expires_in": 60}`, "t"},
		{"the whole body", `"access_token": "@"`, `"t"`, "t"},
		{"in a list, by a member that is true", `"access_token": "[?main].token | [0]"`, `[{"token": "x"}, {"main": true, "token": "t"}]`, "t"},
		{"in a list, from its end", `"access_token": "tokens[-1].value"`, `{"tokens": [{"value": "i"}, {"value": "t"}], "expires_in": 60}`, "t"},
		{"a long number, kept", `"access_token": "id"`, `{"id": 9007199254740993, "expires_in": 60}`, "9007199254740993"},
	} {
		config := `"default_lifetime": "1m", "response": {` + row.response + `}`
		g, err := read(t, config, row.body, noon)
		if err != nil || g.AccessToken.Reveal() != row.token {
			t.Errorf("%s: %q, %v", row.name, g.AccessToken.Reveal(), err)
		}
	}
}

func TestWhatElseIsRead(t *testing.T) {
	g, err := read(t, `"response": {"token_type": "kind", "scope": "granted", "extra": {"url": "instance.url", "n": "id", "small": "small", "list": "granted", "none": "nothing"}}`,
		`{"access_token": "t", "kind": "Ticket", "expires_in": 60, "granted": ["a", "b"], "instance": {"url": "https://x.example"}, "id": 9007199254740993, "small": 1.5}`, noon)
	if err != nil {
		t.Fatal(err)
	}
	if g.TokenType != "Ticket" || g.Scope != "a b" {
		t.Errorf("type %q, scope %q", g.TokenType, g.Scope)
	}
	want := map[string]any{"url": "https://x.example", "n": "9007199254740993", "small": 1.5, "list": []any{"a", "b"}}
	if diff := cmp.Diff(want, g.Extra); diff != "" {
		t.Errorf("extra (-want +got):\n%s", diff)
	}
	if len(g.Warnings) != 1 || !strings.Contains(g.Warnings[0], "response.extra.none") {
		t.Errorf("warnings %q", g.Warnings)
	}
}

// A scope narrower than asked for is reported, and is no failure. (53)
func TestScopes(t *testing.T) {
	for _, row := range []struct {
		name, asked, granted string
		warns                bool
	}{
		{"the same", `"scope": "read write"`, `"read write"`, false},
		{"in another order", `"scope": ["write", "read"]`, `"read write"`, false},
		{"more", `"scope": "read"`, `"read write"`, false},
		{"less", `"scope": "read write"`, `"read"`, true},
		{"another", `"scope": "read"`, `"reader"`, true},
		{"as a list", `"scope": "read write"`, `["write", "read"]`, false},
		{"with commas", `"scope": "read,write", "scope_separator": ","`, `"read,write"`, false},
		{"nothing said", `"scope": "read"`, `null`, false},
		{"an empty text", `"scope": "read"`, `""`, false},
		{"nothing asked for", ``, `"read"`, false},
	} {
		g, err := read(t, row.asked, `{"access_token": "t", "expires_in": 60, "scope": `+row.granted+`}`, noon)
		if err != nil || (len(g.Warnings) > 0) != row.warns {
			t.Errorf("%s: warnings %q, %v", row.name, g.Warnings, err)
		}
	}
}

// What would take more than a path is a problem of its config, however large. (116)
func TestPathsAreChecked(t *testing.T) {
	for _, path := range []string{
		strings.Repeat("(", 30_000), strings.Repeat("[", 1000), "a\u0080", strings.Repeat("[@,@][]|", 100) + "@",
		strings.Repeat("to_string(to_array(", 20) + "@" + strings.Repeat("))", 20), "join(token, items)", "no_such_function(a)", "a[::-1]",
	} {
		quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(path)
		for _, field := range []string{`"access_token"`, `"success"`, `"error"`, `"scope"`, `"expires_at"`} {
			_, err := onLoopback().Provider(document("erp", `{"token_endpoint": "https://id.example.com/token", "response": {`+field+`: "`+quoted+`"}}`))
			var wrong refresh.Problems
			if !errors.As(err, &wrong) || len(wrong) != 1 || wrong[0].Remedy == "" && len(path) < 1024 {
				t.Errorf("%s: %.20s: %v", field, path, err)
			}
		}
	}
}
