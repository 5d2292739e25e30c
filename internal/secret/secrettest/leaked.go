// Package secrettest has what tests look for secrets with, apart from the searcher that they test.
package secrettest

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"
)

// Leaked returns the encoding in which secret is found in text, or "". Secrets of fewer than six
// characters, which chance may have put there, are passed over.
func Leaked(text, secret string) string {
	if len(secret) < 6 {
		return ""
	}
	squeeze := strings.NewReplacer(" ", "", "\n", "", "\r", "", "\t", "", `\n`, "", `\r`, "")
	text = squeeze.Replace(text)
	quoted, _ := json.Marshal(secret)
	for form, encoded := range map[string]string{
		"itself": secret, "a form": url.QueryEscape(secret), "a path": url.PathEscape(secret),
		"JSON": strings.Trim(string(quoted), `"`), "base64": base64.RawStdEncoding.EncodeToString([]byte(secret)),
		"URL-safe base64": base64.RawURLEncoding.EncodeToString([]byte(secret)), "hexadecimals": hex.EncodeToString([]byte(secret)),
		"its first half": secret[:len(secret)/2+1],
	} {
		if strings.Contains(text, squeeze.Replace(encoded)) {
			return form
		}
	}
	return ""
}
