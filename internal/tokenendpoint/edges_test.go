package tokenendpoint_test

import (
	"slices"
	"strings"
	"testing"

	"example.com/tokenkeeper/internal/tokenendpoint"
)

// What cannot be seen at the end of a value is said by check, and by the remedy of a login that is
// rejected; a key that ends with its line break is no such value.
func TestValuesWithUnseenEnds(t *testing.T) {
	for value, want := range map[string]string{
		"reports":        "",
		"reports ":       "client_id ends with a space",
		"\treports":      "client_id begins with a tab",
		"reports\n":      "client_id ends with a line break",
		"reports\u00A0":  "client_id ends with a no-break space",
		"\uFEFFreports":  "client_id begins with a byte order mark",
		"reports\u200B":  "client_id ends with a zero-width space",
		"reports\u2060":  "client_id ends with an invisible character (U+2060)",
		"reports\u202C":  "client_id ends with an invisible character (U+202C)",
		"north reports":  "",
		"north\u00A0x":   "",
		"-----BEGIN X\n": "",
		"":               "",
	} {
		s := serve(t, answer(401, `{"error": "invalid_client"}`))
		c := login(s.URL, "client_id", value, "client_secret", hard)
		var list []string
		if want != "" {
			list = []string{want}
		}
		if got := tokenendpoint.Edges(c); !slices.Equal(got, list) {
			t.Errorf("%q: %q", value, got)
		}
		e := endpoint(t, onLoopback(), `{"token_endpoint": "`+s.URL+`/token", "token_endpoint_auth_method": "client_secret_post"}`)
		if err := failed(t, e, c); !strings.Contains(err.Remedy, want) || want == "" && strings.Contains(err.Remedy, ", where ") {
			t.Errorf("%q: %s", value, err.Remedy)
		}
	}
}
