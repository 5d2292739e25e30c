package tokenendpoint_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode"
)

// Nothing of a config that is explained, or shown of a trial, moves a cursor or turns the
// reading direction.
func TestWhatIsExplainedIsPrintable(t *testing.T) {
	const bad = `\u001b[2J\u009b2J\u202ex`
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, good) })
	for _, config := range []string{
		`{"token_endpoint": "URL/token", "scope": "BAD", "token_endpoint_auth_method": "client_secret_post", "parameters": {"x": "BAD", "y\u202e": "z"}}`,
		`{"token_endpoint": "URL/token", "body": "multipart", "parameters": {"x": "BAD", "y\u202e": "z"}}`,
		`{"request": {"url": "URL/token", "json": {"x": "BAD", "y\u009b\u202e": ["BAD"]}}}`,
		`{"request": {"url": "URL/token", "text": "BAD\r", "headers": {"X-A": "a\u009bb\u202ec"}}}`,
		`{"request": {"url": "URL/token", "form": {"x": "${client_id?'\u202e'}"}}}`,
		`{"request": {"url": "URL/token", "headers": {"X-A": "${base64(join('\u202e\u009b', client_id))}"}}}`,
		`{"token_endpoint": "URL/token", "token_endpoint_auth_method": "client_secret_jwt",
		  "client_assertion": {"typ": "BAD", "kid": "BAD", "iss": "BAD", "sub": "BAD", "aud": ["BAD"], "header": {"x\u202e": "BAD"}, "claims": {"y\u202e": {"z\u202e": "BAD"}}}}`,
		`{"signed_jwt": {"aud": "a\u202e", "typ": "BAD", "claims": {"x": "BAD"}, "lifetime": "1h"}}`,
		`{"token_endpoint": "URL/token", "response": {"access_token": "\"\u202e\"", "success": "x=='\u009b'"}}`,
	} {
		config = strings.NewReplacer("URL", s.URL, "BAD", bad).Replace(config)
		e := endpoint(t, onLoopback(), config)
		x, err := e.Explain(nil)
		if err != nil {
			t.Fatal(err)
		}
		c := client(s.URL)
		trial, _ := e.Try(t.Context(), c)
		told := fmt.Sprintf("%+v\n%+v\n%v\n%v", x, trial.Exchanges, e.Signs(), e.Check(c))
		if i := strings.IndexFunc(told, func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) }); i >= 0 {
			t.Errorf("%s\nis told as %q", config, told[max(0, i-30):i+20])
		}
		if _, err := json.Marshal(x); err != nil {
			t.Error(err)
		}
	}
}
