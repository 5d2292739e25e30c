package answer

import (
	"encoding/base64"
	"strconv"
	"strings"

	"example.com/tokenkeeper/internal/strictjson"
)

// claims are what a token says of its own life, in seconds since 1970 (RFC 7519
// sections 4.1.4 and 4.1.6). They are read and not verified: they can only make a
// lifetime shorter than the provider's answer does, and both come from the same place.
type claims struct {
	exp, iat float64 // iat is zero where none is stated
	hasExp   bool
}

// claimsOf returns the claims of a token that is a JWT; of any other, none.
func claimsOf(token string) claims {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return claims{}
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return claims{}
	}
	v, err := strictjson.Parse(payload, maxDepth)
	if err != nil {
		return claims{}
	}
	object, _ := v.(map[string]any)
	var c claims
	c.exp, c.hasExp = seconds(object["exp"])
	c.iat, _ = seconds(object["iat"])
	return c
}

// IsJWT reports whether a token is one that says something of its own life.
func IsJWT(token string) bool { return claimsOf(token) != (claims{}) }

func seconds(v any) (float64, bool) {
	n, ok := v.(strictjson.Number)
	if !ok {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(n), 64)
	return f, err == nil
}
