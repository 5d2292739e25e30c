package signing_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/signing"
	"example.com/tokenkeeper/internal/strictjson"
)

// noon is the time at which most tests take place.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// Keys are made anew for each run of the tests, once each: RSA ones take their time.
var (
	rsaKey      = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	otherRSAKey = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	shortRSAKey = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 1024)) })
	p224Key     = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader)) })
	p256Key     = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })
	p384Key     = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)) })
	p521Key     = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)) })
	edKey       = sync.OnceValue(func() ed25519.PrivateKey { _, k, err := ed25519.GenerateKey(rand.Reader); return must(k, err) })
	sharedBytes = sync.OnceValue(func() []byte { b := make([]byte, 64); _, err := rand.Read(b); return must(b, err) })
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func block(label string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
}

func pkcs8(key any) string { return block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(key))) }

func pkcs1(key *rsa.PrivateKey) string {
	return block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))
}

func sec1(key *ecdsa.PrivateKey) string {
	return block("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(key)))
}

func spki(key any) string { return block("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(key))) }

// jwk returns the members of a key's JWK, which the test may change.
func jwk(key any) map[string]any {
	var members map[string]any
	if err := json.Unmarshal(must(jose.JSONWebKey{Key: key}.MarshalJSON()), &members); err != nil {
		panic(err)
	}
	return members
}

func text(members map[string]any) string { return string(must(json.Marshal(members))) }

// with returns members with one of them changed; nil removes it.
func with(members map[string]any, name string, value any) map[string]any {
	members[name] = value
	if value == nil {
		delete(members, name)
	}
	return members
}

// ecParameters is what openssl ecparam -genkey writes before a key on P-256.
const ecParameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"

// forms returns one key in every form that people have it in.
func forms(key any) map[string]string {
	f := map[string]string{"JWK": text(jwk(key))}
	if _, ok := key.([]byte); ok {
		return f
	}
	f["PKCS #8"] = pkcs8(key)
	switch k := key.(type) {
	case *rsa.PrivateKey:
		f["PKCS #1"] = pkcs1(k)
		f["PKCS #8 labelled as PKCS #1"] = block("RSA PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(key)))
		f["JWK without the members that follow"] = text(with(with(with(jwk(k), "dp", nil), "dq", nil), "qi", nil))
	case *ecdsa.PrivateKey:
		f["SEC 1"] = sec1(k)
		f["SEC 1 after its parameters"] = ecParameters + sec1(k)
	}
	p := f["PKCS #8"]
	f["with \\n for line breaks"] = strings.ReplaceAll(p, "\n", `\n`)
	f["with \\r\\n for line breaks"] = strings.ReplaceAll(p, "\n", `\r\n`)
	f["with the line breaks of Windows"] = strings.ReplaceAll(p, "\n", "\r\n")
	f["indented, between white space"] = "\n\t  " + strings.ReplaceAll(p, "\n", "\n\t  ") + " \r\n\n"
	f["after what openssl pkcs12 writes"] = "Bag Attributes\n    localKeyID: 01\nKey Attributes: <No Attributes>\n" + p
	f["after a byte order mark"] = "\uFEFF" + p
	f["JWK with padding, after a byte order mark"] = "\uFEFF" + text(with(jwk(key), "d", jwk(key)["d"].(string)+"="))
	return f
}

func parseKey(t testing.TB, text string) signing.Key {
	t.Helper()
	k, err := signing.ParseKey(secret.New(text))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// issue returns a certificate of key in PEM, which holds for a day before and after noon
// or as change has it.
func issue(key crypto.Signer, change func(*x509.Certificate)) string {
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "client"},
		NotBefore:    noon.Add(-24 * time.Hour),
		NotAfter:     noon.Add(24 * time.Hour),
	}
	if change != nil {
		change(c)
	}
	return block("CERTIFICATE", must(x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)))
}

func encoded(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// p256Of returns the private key on P-256 that is the number n.
func p256Of(n byte) *ecdsa.PrivateKey {
	d := make([]byte, 32)
	d[31] = n
	return must(ecdsa.ParseRawPrivateKey(elliptic.P256(), d))
}

// members returns the members of an object, in the order of their names.
func members(object map[string]any) []strictjson.Member {
	if len(object) == 0 {
		return nil
	}
	v := must(strictjson.Decode[map[string]strictjson.Value](must(json.Marshal(object))))
	var list []strictjson.Member
	for _, name := range slices.Sorted(maps.Keys(v)) {
		list = append(list, strictjson.Member{Name: name, Value: v[name]})
	}
	return list
}

// object is the reverse; numbers are as they are written.
func object(members []strictjson.Member) map[string]any {
	text := must(strictjson.Value{Type: strictjson.Object, Members: members}.Encode())
	return must(strictjson.Parse(text, 32)).(map[string]any)
}

func number(s string) json.Number { return json.Number(s) }
