package answer

import (
	"net/http"
	"strconv"
	"time"
)

// refreshEnds are what providers call how long a refresh token lives, or when it expires, beside
// it: LinkedIn, GitHub, eBay and Microsoft; Keycloak and TikTok; Intuit; TikTok Shop; Square.
var refreshEnds = []string{"refresh_token_expires_in", "refresh_expires_in", "x_refresh_token_expires_in",
	"refresh_token_expire_in", "refreshTokenExpiresIn", "refresh_token_expires_at"}

// refreshEnd returns what an answer says of the end of the refresh token: by the cookie that it
// comes in, or by a member of those names, beside it or of the whole answer.
func (w Wanted) refreshEnd(m *Message, d Document) any {
	at := w.Token.RefreshToken
	switch c := m.cookie(at.Cookie); {
	case at.IsZero():
		return nil
	case c != nil && c.MaxAge > 0:
		return strconv.Itoa(c.MaxAge)
	case c != nil && !c.Expires.IsZero():
		return c.Expires.UTC().Format(http.TimeFormat)
	}
	steps := at.Path.steps
	for _, place := range []any{follow(steps[:max(len(steps)-1, 0)], d.Value), d.Value} {
		object, _ := place.(map[string]any)
		for _, name := range refreshEnds {
			if object[name] != nil {
				return object[name]
			}
		}
	}
	return nil
}

// refreshTokenLifetime returns how long the refresh token lives; zero: the answer does not say,
// or says zero, as Keycloak does of one that does not expire. It is a hint: what cannot be true,
// or cannot be read, says nothing.
func (s Selection) refreshTokenLifetime() time.Duration {
	text, _ := PlainText(s.RefreshEnd)
	if d := fromNow(text, s.Message.Clock()); d <= MostBelievable {
		return max(d, 0)
	}
	return 0
}
