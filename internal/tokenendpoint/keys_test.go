package tokenendpoint_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/url"
	"sync"
	"testing"
	"time"

	jwtlib "github.com/golang-jwt/jwt/v5"

	"example.com/tokenkeeper/internal/refresh"
)

// rsaKey is the private key of most tests: made once, since that takes long.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

var ecKey = sync.OnceValue(func() *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
})

// inPEM returns a private key as people paste it.
func inPEM(t *testing.T, key crypto.Signer) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// certificate returns one for key that holds for a day around noon, self-signed.
func certificate(t *testing.T, key crypto.Signer, name string) string {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: noon.Add(-12 * time.Hour), NotAfter: noon.Add(12 * time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
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
