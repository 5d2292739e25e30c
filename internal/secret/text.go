package secret

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// A Text is text that must not be printed: a token, a client secret, a document that may contain
// one. Its value leaves only by [Text.Reveal], so that each use can be found by that word. The
// zero Text is empty.
//
// The text is behind a pointer, because fmt calls no methods of unexported fields: of a string in
// another struct it prints the text, of a pointer to one the address. Marshalling fails rather than
// redacts: a placeholder that is stored in the place of a token is found when it is too late.
type Text struct {
	_   [0]func() // == would compare the boxes; see Equal
	box *string
}

// New boxes s.
func New(s string) Text {
	if s == "" {
		return Text{}
	}
	return Text{box: &s}
}

const redacted = "[secret]"

// Reveal returns the text.
func (s Text) Reveal() string {
	if s.box == nil {
		return ""
	}
	return *s.box
}

// IsZero reports whether the text is empty.
func (s Text) IsZero() bool { return s.box == nil }

// Len returns the length of the text in bytes.
func (s Text) Len() int { return len(s.Reveal()) }

// Equal reports whether both hold the same text, in a time that does not depend on where they differ.
func (s Text) Equal(t Text) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(t.Reveal())) == 1
}

// Format prints a placeholder, whatever the verb.
func (s Text) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String returns a placeholder.
func (s Text) String() string { return redacted }

// LogValue logs a placeholder.
func (s Text) LogValue() slog.Value { return slog.StringValue(redacted) }

var errMarshalSecret = errors.New("a secret is never marshalled; reveal it where it is meant to go")

// MarshalJSON always fails.
func (s Text) MarshalJSON() ([]byte, error) { return nil, errMarshalSecret }

// MarshalText always fails.
func (s Text) MarshalText() ([]byte, error) { return nil, errMarshalSecret }
