package main

import (
	"strings"
	"testing"

	"example.com/tokenkeeper/internal/secret"
)

// What cannot be a refresh token is refused before it takes the place of one (RFC 6749 appendix
// A.17).
func TestCheckRefreshToken(t *testing.T) {
	for text, good := range map[string]bool{
		"a": true, "!~": true, "a b": true, strings.Repeat("a", 5000): true,
		"": false, "a\nb": false, "a\tb": false, "a\x1fb": false, "a\x7fb": false, "tökén": false,
	} {
		if err := checkRefreshToken(secret.New(text)); (err == nil) != good {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}
