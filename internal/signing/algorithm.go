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

// The algorithms. "none" is not one of them.
const (
	RS256 Algorithm = "RS256"
	RS384 Algorithm = "RS384"
	RS512 Algorithm = "RS512"
	PS256 Algorithm = "PS256"
	PS384 Algorithm = "PS384"
	PS512 Algorithm = "PS512"
	ES256 Algorithm = "ES256"
	ES384 Algorithm = "ES384"
	ES512 Algorithm = "ES512"
	EdDSA Algorithm = "EdDSA"
	HS256 Algorithm = "HS256"
	HS384 Algorithm = "HS384"
	HS512 Algorithm = "HS512"
)

// Algorithms returns all of them.
func Algorithms() []Algorithm {
	return []Algorithm{RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, HS256, HS384, HS512}
}

// ParseAlgorithm returns the algorithm of that name, which is a config's and may be
// printed. The error is a [*Fault].
func ParseAlgorithm(name string) (Algorithm, error) {
	all := Algorithms()
	if slices.Contains(all, Algorithm(name)) {
		return Algorithm(name), nil
	}
	if strings.EqualFold(name, "none") {
		return "", &Fault{"is no algorithm that signs", "choose the one that the provider has registered, such as RS256"}
	}
	var names []string
	for _, a := range all {
		names = append(names, string(a))
	}
	if near := strictjson.Nearest(name, names); near != "" {
		return "", &Fault{"is no signing algorithm", "did you mean " + near + "?"}
	}
	return "", &Fault{"is no signing algorithm", "there are: " + strings.Join(names, ", ")}
}

// Symmetric reports whether a signs with a secret that the verifier has as well:
// client_secret_jwt, never private_key_jwt.
func (a Algorithm) Symmetric() bool { return a.kind() == shared }

// kind returns the kind of key that a signs with; empty: there is no such algorithm.
func (a Algorithm) kind() kind {
	switch a {
	case RS256, RS384, RS512, PS256, PS384, PS512:
		return rsaKey
	case ES256:
		return p256
	case ES384:
		return p384
	case ES512:
		return p521
	case EdDSA:
		return ed25519Key
	case HS256, HS384, HS512:
		return shared
	}
	return ""
}

// hash returns the hash of a symmetric algorithm.
func (a Algorithm) hash() func() hash.Hash {
	switch a {
	case HS384:
		return sha512.New384
	case HS512:
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

// algorithms returns those that sign with a k, the usual one first.
func (k kind) algorithms() []Algorithm {
	return slices.DeleteFunc(Algorithms(), func(a Algorithm) bool { return a.kind() != k })
}

func list(algorithms []Algorithm) string {
	var names []string
	for _, a := range algorithms {
		names = append(names, string(a))
	}
	return strings.Join(names, ", ")
}
