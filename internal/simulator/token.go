package simulator

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"slices"
	"time"
)

// A grant is what a provider remembers of a token that it issued. Times are in
// seconds since 1970, as in a JWT.
type grant struct {
	token   string
	expires int64
	scopes  []string
}

func (g grant) live(now time.Time) bool { return now.Unix() < g.expires }

// grants are a provider's tokens. Only those that were issued, and are live,
// open its API: no token is judged by what it says of itself.
type grants struct {
	byToken map[string]grant
	last    grant
}

// add remembers the grant, and forgets those that have expired.
func (all *grants) add(g grant, now time.Time) {
	maps.DeleteFunc(all.byToken, func(_ string, old grant) bool { return !old.live(now) })
	all.byToken[g.token] = g
	all.last = g
}

// again returns the grant given last, if it is live and of the same scopes.
func (all *grants) again(scopes []string, now time.Time) (grant, bool) {
	return all.last, all.last.live(now) && slices.Equal(all.last.scopes, scopes)
}

func (all *grants) revoke() {
	clear(all.byToken)
	all.last = grant{}
}

// signedToken returns a JWT (RFC 7519) of the claims, signed with HS256.
func signedToken(claims map[string]any, issued, expires int64, key []byte) string {
	claims["iat"], claims["exp"] = issued, expires
	claims["jti"] = rand.Text()
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(marshal(claims))
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil))
}

// opaqueToken returns a token that says nothing.
func opaqueToken() string {
	random := make([]byte, 32)
	rand.Read(random)
	return hex.EncodeToString(random)
}
