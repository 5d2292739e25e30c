package signing_test

import (
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/signing"
)

func TestWhatIsNoCertificateOfTheKey(t *testing.T) {
	own, other := issue(p256Key(), nil), issue(p384Key(), nil)
	der, _ := pem.Decode([]byte(own))
	key := parseKey(t, sec1(p256Key()))
	before := func(d time.Duration) string {
		return issue(p256Key(), func(c *x509.Certificate) { c.NotAfter = noon.Add(-d) })
	}
	after := func(d time.Duration) string {
		return issue(p256Key(), func(c *x509.Certificate) { c.NotBefore = noon.Add(d) })
	}
	for _, row := range []struct {
		name, text string
		k          signing.Key
		want       string // empty: accepted
	}{
		{"the key's own", own, key, ""},
		{"the key's own, then others", own + other + issue(rsaKey(), nil), key, ""},
		{"with \\n for line breaks", strings.ReplaceAll(own, "\n", `\n`), key, ""},
		{"one that ends this second", before(0), key, ""},
		{"one that begins this second", after(0), key, ""},
		{"one above it that is over", own + before(time.Hour), key, ""},

		{"nothing", " ", key, "is no certificate in PEM; give the whole text of its file, from the BEGIN line to the END line"},
		{"no PEM", "MIIB", key, "is no certificate in PEM; give the whole text of its file, from the BEGIN line to the END line"},
		{"a whole disk", strings.Repeat(own, 200), key, "is longer than the 65536 bytes that a chain may have; give the key's certificate and those that lead to its root"},
		{"one cut off", own[:100], key, "has a PEM block that cannot be read: it is cut off, damaged, or its line breaks were lost; give the file as it is, each line break kept or written as \\n, without quotation marks"},
		{"one that is damaged", own + block("CERTIFICATE", der.Bytes[:100]), key, "has a certificate that cannot be read, number 2; export it again; openssl x509 -in CERT.pem -noout -subject shows whether it is whole"},
		{"one that is damaged, alone", block("CERTIFICATE", der.Bytes[:100]), key, "has a certificate that cannot be read, number 1; export it again; openssl x509 -in CERT.pem -noout -subject shows whether it is whole"},
		{"the key with it", own + sec1(p256Key()), key, "has a private key in it; give the certificates alone: they are public, and the key has a field of its own"},
		{"a public key with it", own + spki(p256Key().Public()), key, "has a public key in it; give certificates alone"},
		{"a request", block("CERTIFICATE REQUEST", der.Bytes), key, "has a certificate request in it; give certificates alone"},
		{"another key's", other, key, "is not the certificate of the private key, which is an EC key on P-256; give the two that were made together; openssl pkey -in KEY.pem -pubout and openssl x509 -in CERT.pem -pubkey -noout print the same for them"},
		{"the key's own after its issuers", other + other + other + own, key, "has the certificate of the key as number 4; put it first, and after each the one that issued it"},
		{"the key's own after two", other + other + own, key, "has the certificate of the key as number 3; put it first, and after each the one that issued it"},
		{"the key's own after its issuer", other + own, key, "has the certificate of the key as number 2; put it first, and after each the one that issued it"},
		{"a shared secret for a key", own, parseKey(t, text(jwk(sharedBytes()))), "is a certificate, but what is given as its key is a shared secret; give the private key that belongs to the certificate"},
		{"no key", own, signing.Key{}, "is a certificate, but what is given as its key is no key; give the private key that belongs to the certificate"},
		{"one that has expired", before(time.Second), key, "expired at 2026-11-22T11:59:59Z; have it renewed, and register the new one with the provider before it is put here"},
		{"one of tomorrow", after(time.Hour), key, "does not hold before 2026-11-22T13:00:00Z; put it here then, or have one issued that holds now"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, err := signing.ParseCertificate(secret.New(row.text), row.k, noon)
			if row.want != "" {
				checkFault(t, err, row.want)
			} else if err != nil {
				t.Fatal(err)
			}
			if c.IsZero() != (row.want != "") {
				t.Errorf("IsZero() = %v", c.IsZero())
			}
		})
	}
}

func TestCertificateInTheHeader(t *testing.T) {
	chain := []string{issue(rsaKey(), nil), issue(p256Key(), nil)}
	var der [2][]byte
	for i, c := range chain {
		b, _ := pem.Decode([]byte(c))
		der[i] = b.Bytes
	}
	k := parseKey(t, pkcs1(rsaKey()))
	c, err := signing.ParseCertificate(secret.New(chain[0]+chain[1]), k, noon)
	if err != nil {
		t.Fatal(err)
	}
	s := signer{k, "PS256", signing.Header{Certificate: c, CertificateMembers: []string{signing.X5C, signing.X5T, signing.X5TS256}}}
	got, _ := verify(t, sign(t, s, nil), "PS256", rsaKey().Public())
	sum1, sum256 := sha1.Sum(der[0]), sha256.Sum256(der[0])
	want := map[string]any{
		"alg": "PS256", "typ": "JWT",
		"x5t":      base64.RawURLEncoding.EncodeToString(sum1[:]),
		"x5t#S256": base64.RawURLEncoding.EncodeToString(sum256[:]),
		"x5c":      []any{encoded(der[0]), encoded(der[1])},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}

func TestNoCertificate(t *testing.T) {
	var c signing.Certificate
	if !c.IsZero() || c.TLS().Certificate != nil {
		t.Errorf("the zero Certificate is one: %v", c)
	}
}

// A server that asks for client certificates sees the whole chain, whatever the key.
func TestCertificateForTLS(t *testing.T) {
	server := must(tls.X509KeyPair([]byte(issue(p521Key(), nil)), []byte(sec1(p521Key()))))
	for name, key := range map[string]struct{ key, certificate string }{
		"RSA":     {pkcs1(rsaKey()), issue(rsaKey(), nil)},
		"EC":      {text(jwk(p256Key())), issue(p256Key(), nil)},
		"Ed25519": {pkcs8(edKey()), issue(edKey(), func(c *x509.Certificate) { c.SerialNumber = big.NewInt(2) })},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := signing.ParseCertificate(secret.New(key.certificate+issue(p384Key(), nil)), parseKey(t, key.key), noon)
			if err != nil {
				t.Fatal(err)
			}
			near, far := net.Pipe()
			defer near.Close()
			defer far.Close()
			s := tls.Server(far, &tls.Config{Certificates: []tls.Certificate{server}, ClientAuth: tls.RequireAnyClientCert, Rand: rand.Reader})
			go func() {
				if s.Handshake() == nil {
					_, _ = io.WriteString(s, "seen")
				}
				s.Close()
			}()
			client := tls.Client(near, &tls.Config{Certificates: []tls.Certificate{c.TLS()}, InsecureSkipVerify: true})
			if got, err := io.ReadAll(client); string(got) != "seen" {
				t.Fatalf("the server answers %q, %v", got, err)
			}
			if got := s.ConnectionState().PeerCertificates; len(got) != 2 {
				t.Errorf("the server sees %d certificates, want 2", len(got))
			}
		})
	}
}
