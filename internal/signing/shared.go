package signing

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"example.com/tokenkeeper/internal/secret"
)

// An Encoding is how the bytes of a shared secret are written down.
type Encoding string

const (
	// Text secrets are used as they are: the octets of their UTF-8, as OpenID Connect
	// Core section 9 has it for a client_secret.
	Text Encoding = ""
	// Base64 secrets are of either alphabet, with or without padding.
	Base64 Encoding = "base64"
	// Hex secrets are of either case.
	Hex Encoding = "hex"
)

// SharedSecret returns the key of an HS algorithm. The error is a [*Fault].
func SharedSecret(text secret.Text, e Encoding) (Key, error) {
	s := text.Reveal()
	secret := []byte(s)
	var err error
	switch e {
	case Text:
		// A key file would be accepted as text by us, and by no verifier.
		if strings.Contains(s, pemBegin) {
			return Key{}, &Fault{"is a PEM file, not a shared secret", "choose an algorithm of that key, such as RS256 or ES256, or give the secret"}
		}
	case Base64:
		s = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(strings.TrimSpace(s), "="))
		secret, err = base64.RawStdEncoding.DecodeString(s)
	case Hex:
		secret, err = hex.DecodeString(strings.TrimSpace(s))
	default:
		return Key{}, &Fault{"has an encoding that is not known here", "choose base64 or hex, or none for plain text"}
	}
	if err != nil {
		return Key{}, &Fault{fmt.Sprintf("is not %s", e), "give the secret as the provider shows it, or correct its encoding"}
	}
	k, fault := newKey(secret)
	if fault != nil {
		return Key{}, fault
	}
	return k, nil
}
