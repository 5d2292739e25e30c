package answer

import (
	"encoding/base64"
	"strconv"
	"strings"

	"example.com/tokenkeeper/internal/strictjson"
)

// claims are what a token says of its own life, in seconds since 1970 (RFC 7519 sections 4.1.4 and
// 4.1.6). They are not verified: they come from where the answer does, and only shorten its lifetime.
type claims struct {
	exp, iat float64 // iat is zero where none is stated
	hasExp   bool
}

// claimsOf returns the claims of a token that is a JWT; of any other, none.
func claimsOf(token string) (c claims) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return claims{}
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return claims{}
	}
	v, _ := strictjson.Parse(payload, maxDepth) // nil, where it is none
	object, _ := v.(map[string]any)
	c.exp, c.hasExp = seconds(object["exp"])
	c.iat, _ = seconds(object["iat"])
	return c
}

// seconds returns a number, which may have more digits than a float64 holds: some write nanoseconds.
func seconds(v any) (float64, bool) {
	n, _ := v.(strictjson.Number)
	f, err := strconv.ParseFloat(string(n), 64)
	return f, err == nil
}

// IsJWT reports whether a token is one that says something of its own life.
func IsJWT(token string) bool { return claimsOf(token) != (claims{}) }
