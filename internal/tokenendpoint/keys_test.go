package tokenendpoint_test

import (
	"crypto"
	"net/url"
	"testing"
	"time"

	jwtlib "github.com/golang-jwt/jwt/v5"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/signing/keytest"
)

// The private keys of most tests, and how people paste them.
var rsaKey, ecKey, inPEM = keytest.RSA, keytest.EC, keytest.PEM

// certificate returns one for key that is valid for a day around noon.
func certificate(t *testing.T, key crypto.Signer, name string) string {
	t.Helper()
	return keytest.Certificate(t, key, name, noon.Add(-12*time.Hour), noon.Add(12*time.Hour))
}

// verified returns the claims of a JWT that must be signed by key at noon, and its header.
func verified(t *testing.T, text string, key any) (claims jwtlib.MapClaims, header map[string]any) {
	t.Helper()
	claims = jwtlib.MapClaims{}
	token, err := jwtlib.ParseWithClaims(text, claims, func(*jwtlib.Token) (any, error) { return key, nil }, jwtlib.WithTimeFunc(atNoon))
	if err != nil {
		t.Fatalf("the JWT is not good: %v", err)
	}
	return claims, token.Header
}

// form reads a body.
func form(t *testing.T, body string) url.Values {
	t.Helper()
	v, err := url.ParseQuery(body)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// signing returns the credential of a client with a private key.
func signing(t *testing.T, at string, key crypto.Signer) refresh.Credential {
	return login(at, "client_id", "reports", "private_key", inPEM(t, key))
}

// parsed returns the claims of a JWT whose signature does not matter.
func parsed(t *testing.T, text string) jwtlib.MapClaims {
	t.Helper()
	claims := jwtlib.MapClaims{}
	if _, _, err := jwtlib.NewParser().ParseUnverified(text, claims); err != nil {
		t.Fatal(err)
	}
	return claims
}
