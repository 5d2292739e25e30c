package preset_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"regexp"
	"sync"
	"testing"
	"time"
)

// key returns the key of all credentials that have one.
var key = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

// secretOf returns a value for a field of a credential: keys and certificates are real.
func secretOf(t *testing.T, field string) string {
	t.Helper()
	switch field {
	case "private_key":
		der, err := x509.MarshalPKCS8PrivateKey(key())
		if err != nil {
			t.Fatal(err)
		}
		return inPEM("PRIVATE KEY", der)
	case "auth_key":
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.MarshalPKCS8PrivateKey(k)
		if err != nil {
			t.Fatal(err)
		}
		return inPEM("PRIVATE KEY", der)
	case "certificate":
		template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "its certificate"},
			NotBefore: noon.AddDate(-10, 0, 0), NotAfter: noon.AddDate(10, 0, 0)}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key().Public(), key())
		if err != nil {
			t.Fatal(err)
		}
		return inPEM("CERTIFICATE", der)
	}
	return "its " + field
}

func inPEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

var compactJWT = regexp.MustCompile(`(eyJ[\w-]+)\.(eyJ[\w-]+)\.[\w-]+`)

// unsigned replaces the JWTs in text by what is in them, without what each has anew.
func unsigned(t *testing.T, text string) string {
	t.Helper()
	part := func(encoded string) string {
		data, err := base64.RawURLEncoding.DecodeString(encoded)
		if err != nil {
			t.Fatal(err)
		}
		var members map[string]any
		if err := json.Unmarshal(data, &members); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"jti", "x5t#S256"} {
			if _, ok := members[name]; ok {
				members[name] = "…"
			}
		}
		for _, name := range []string{"exp", "iat", "nbf"} {
			if at, ok := members[name].(float64); ok {
				members[name] = time.Unix(int64(at), 0).Sub(noon).String()
			}
		}
		text, err := json.Marshal(members)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	return compactJWT.ReplaceAllStringFunc(text, func(jwt string) string {
		m := compactJWT.FindStringSubmatch(jwt)
		return "JWT " + part(m[1]) + " " + part(m[2])
	})
}
