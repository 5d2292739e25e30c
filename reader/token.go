package reader

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
)

// A Token is what a record holds. Copies are cheap and share nothing that can
// be changed. The zero Token has no access token and has expired.
//
// However it is printed or logged, the access token and the extra values stay
// out; encoding it as JSON is an error.
type Token struct {
	// TokenType is the authentication scheme, as a header takes it: "Bearer".
	TokenType string
	// Provider is the name of the provider that issued it.
	Provider string
	// IssuedAt is when it was asked for, UTC.
	IssuedAt time.Time
	// RefreshAfter is when tokenkeeper means to replace it, UTC.
	RefreshAfter time.Time
	// ExpiresAt is when it ends, UTC, counted from just before it was asked for:
	// if anything, early.
	ExpiresAt time.Time
	// Scope is what was granted, as the provider wrote it; "" if it did not say.
	Scope string

	// A function, because fmt calls no methods on a Token in another's
	// unexported field: of a function it prints the address, whatever the verb. A
	// pointer would not do: fmt follows it for a verb that does not fit, as in
	// Sprintf("%s", holder).
	hidden func() *hidden
}

type hidden struct {
	accessToken string
	extra       map[string]json.RawMessage
}

// AccessToken returns the token itself, which is a secret.
func (t Token) AccessToken() string {
	if t.hidden == nil {
		return ""
	}
	return t.hidden().accessToken
}

// Authorization returns the value of the Authorization header: the token type,
// a space, the access token (RFC 6750, section 2.1). It is a secret.
//
// RFC 9110, section 11.1, makes the scheme case-insensitive, but some APIs want
// "Bearer" spelt so, and some token endpoints answer "bearer".
func (t Token) Authorization() string {
	scheme := t.TokenType
	if strings.EqualFold(scheme, "Bearer") {
		scheme = "Bearer"
	}
	return scheme + " " + t.AccessToken()
}

// Extra returns what the config asked to be kept from the provider's answer
// under that name, as JSON; nil if there is nothing.
func (t Token) Extra(name string) json.RawMessage {
	if t.hidden == nil {
		return nil
	}
	return append(json.RawMessage(nil), t.hidden().extra[name]...)
}

// String names the provider and the times.
func (t Token) String() string {
	if t.hidden == nil {
		return "no token"
	}
	return fmt.Sprintf("token of %q issued %s, ends %s", t.Provider,
		t.IssuedAt.Format(time.RFC3339), t.ExpiresAt.Format(time.RFC3339))
}

// Format prints String, whatever the verb.
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// LogValue is what a structured log keeps.
func (t Token) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("provider", t.Provider),
		slog.Time("issued_at", t.IssuedAt),
		slog.Time("expires_at", t.ExpiresAt),
	)
}

// MarshalJSON returns an error: a Token written out would either leak or be
// useless to its reader.
func (Token) MarshalJSON() ([]byte, error) {
	return nil, errors.New("a reader.Token is not for writing out: pass on AccessToken where it is meant to go")
}

func (t Token) live(now time.Time) bool {
	return t.hidden != nil && now.Before(t.ExpiresAt)
}
