package signing

import (
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/strictjson"
)

// An Algorithm is the alg of a JWT: a value of RFC 7518 section 3.1, or EdDSA of
// RFC 8037 section 3.1. The empty Algorithm is the usual one for the key.
type Algorithm string

// algorithms are those that sign, each with the kind of key that it signs with, and of each
// kind the usual one first. "none" is not one of them.
var algorithms = []struct {
	name Algorithm
	kind kind
}{
	{"RS256", rsaKey}, {"RS384", rsaKey}, {"RS512", rsaKey}, {"PS256", rsaKey}, {"PS384", rsaKey}, {"PS512", rsaKey},
	{"ES256", p256}, {"ES384", p384}, {"ES512", p521},
	{"EdDSA", ed25519Key},
	{"HS256", shared}, {"HS384", shared}, {"HS512", shared},
}

// signingWith returns the algorithms that sign with a key of that kind; empty: all.
func signingWith(k kind) (names []string) {
	for _, a := range algorithms {
		if k == "" || a.kind == k {
			names = append(names, string(a.name))
		}
	}
	return names
}

// ParseAlgorithm returns the algorithm of that name, which is a config's and may be
// printed. The error is a [*Fault].
func ParseAlgorithm(name string) (Algorithm, error) {
	names := signingWith("")
	if slices.Contains(names, name) {
		return Algorithm(name), nil
	}
	if strings.EqualFold(name, "none") {
		return "", &Fault{"is no algorithm that signs", "choose the one that the provider has registered, such as RS256"}
	}
	return "", &Fault{"is no signing algorithm", strictjson.DidYouMean(name, names, "there are: "+strings.Join(names, ", "))}
}

// Symmetric reports whether a signs with a secret that the verifier has as well:
// client_secret_jwt, never private_key_jwt.
func (a Algorithm) Symmetric() bool { return a.kind() == shared }

// kind returns the kind of key that a signs with; empty: there is no such algorithm.
func (a Algorithm) kind() kind {
	for _, known := range algorithms {
		if known.name == a {
			return known.kind
		}
	}
	return ""
}

// hash returns the hash of a symmetric algorithm.
func (a Algorithm) hash() func() hash.Hash {
	switch a {
	case "HS384":
		return sha512.New384
	case "HS512":
		return sha512.New
	}
	return sha256.New
}

// A kind of key is what an algorithm asks for, in words. An elliptic curve is part of it, since
// each ES algorithm has its own (RFC 7518 section 3.4).
type kind string

const (
	rsaKey     kind = "an RSA key"
	p256       kind = "an EC key on P-256"
	p384       kind = "an EC key on P-384"
	p521       kind = "an EC key on P-521"
	ed25519Key kind = "an Ed25519 key"
	shared     kind = "a shared secret"
)
