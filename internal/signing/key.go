package signing

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"example.com/tokenkeeper/internal/secret"
)

// A Key is a private key, or the secret of an HS algorithm. The zero Key is none.
//
// It prints as what kind of key it is, for the reasons that are given at [secret.Text].
type Key struct {
	// private returns an *rsa.PrivateKey, *ecdsa.PrivateKey or ed25519.PrivateKey, or the []byte of
	// a shared secret. It is a function and no pointer, as that of a text is: what a pointer to a
	// struct leads to, fmt prints after all where the verb does not fit.
	private func() any
	kind    kind
	// id and algorithm are what a JWK says of itself.
	id        string
	algorithm Algorithm
}

// maxText is how long a key or a chain may be, in bytes: as long as a secret in Secrets Manager.
const maxText = 64 << 10

// Least and most size of an RSA modulus in bits. The least is that of RFC 7518 sections
// 3.3 and 3.5; the most keeps the time for one signature well under a second.
const (
	leastRSA = 2048
	mostRSA  = 8192
)

// ParseKey reads a private key: PEM of PKCS #1, PKCS #8 or SEC 1, or a JWK of RFC 7517.
// In PEM, each line may be indented, and line breaks may be written as \n, as they are in
// the JSON that providers export keys in. The error is a [*Fault].
func ParseKey(text secret.Text) (Key, error) {
	s := trimmed(text)
	var k Key
	var fault *Fault
	switch {
	case len(s) > maxText:
		fault = &Fault{fmt.Sprintf("is longer than the %d bytes of the longest key", maxText), "give one private key alone"}
	case strings.Contains(s, pemBegin):
		k, fault = parsePEM(s)
	case strings.HasPrefix(s, "{"):
		k, fault = parseJWK(s)
	default:
		fault = neitherPEMNorJWK(s)
	}
	if fault != nil {
		return Key{}, fault
	}
	return k, nil
}

// newKey returns the Key of what was read without error.
func newKey(private any) (k Key, _ *Fault) {
	k.private = func() any { return private }
	switch p := private.(type) {
	case []byte:
		if len(p) == 0 {
			return Key{}, &Fault{"is empty", "give the secret that is shared with the provider"}
		}
		k.kind = shared
	case *rsa.PrivateKey:
		k.kind = rsaKey
		switch bits := p.N.BitLen(); {
		case bits < leastRSA:
			return Key{}, &Fault{fmt.Sprintf("is an RSA key of %d bits, too short to sign with (RFC 7518 section 3.3)", bits),
				fmt.Sprintf("make one of %d bits or more, and register its public key with the provider", leastRSA)}
		case bits > mostRSA:
			return Key{}, &Fault{fmt.Sprintf("is an RSA key of %d bits, too slow to sign with", bits),
				fmt.Sprintf("make one of at most %d bits, and register its public key with the provider", mostRSA)}
		}
	case *ecdsa.PrivateKey:
		switch p.Curve {
		case elliptic.P256():
			k.kind = p256
		case elliptic.P384():
			k.kind = p384
		case elliptic.P521():
			k.kind = p521
		default:
			return Key{}, &Fault{"is an EC key on a curve that no algorithm signs with", "make one on P-256, P-384 or P-521"}
		}
	case ed25519.PrivateKey:
		k.kind = ed25519Key
	case *ecdh.PrivateKey:
		return Key{}, &Fault{"is an X25519 key, which can agree on keys but not sign", "make an Ed25519 key"}
	default:
		return Key{}, unreadable()
	}
	return k, nil
}

// unreadable is the fault of a private key when no more is known.
func unreadable() *Fault {
	return &Fault{"holds no private key that can be read: damaged, or of a kind that is not used for signing",
		"give an RSA key, an EC key on P-256, P-384 or P-521, or an Ed25519 key; openssl pkey -in KEY.pem -noout -check shows whether it is whole"}
}

// IsZero reports whether there is no key.
func (k Key) IsZero() bool { return k.private == nil }

// Algorithm returns what k signs with by default: the alg of a JWK, or else
// RS256 for RSA, the ES algorithm of its curve, EdDSA, HS256.
func (k Key) Algorithm() Algorithm {
	if k.algorithm == "" && !k.IsZero() {
		return Algorithm(signingWith(k.kind)[0])
	}
	return k.algorithm
}

// String returns what kind of key it is: "an EC key on P-256".
func (k Key) String() string {
	if k.IsZero() {
		return "no key"
	}
	return string(k.kind)
}

// Format prints what kind of key it is, whatever the verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

// LogValue logs what kind of key it is.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalJSON always fails.
func (k Key) MarshalJSON() ([]byte, error) {
	return nil, errors.New("a key is never marshalled")
}

// public returns the public half; nil for a shared secret.
func (k Key) public() crypto.PublicKey {
	if k.IsZero() {
		return nil
	}
	if s, ok := k.private().(crypto.Signer); ok {
		return s.Public()
	}
	return nil
}

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
