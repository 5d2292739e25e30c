package secret_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"example.com/tokenkeeper/internal/secret"
)

// An honest error quotes the beginning of what it refuses; a record that has a part of an
// unbroken secret has it from nowhere else.
func TestParts(t *testing.T) {
	const password = "S3cret-of-the-northern.office"
	const random = "q8Zr2LxTn5Vb0KdWm7YcPf3HsJ4gA6ue"
	for _, row := range []struct {
		name, value, text string
		inRecords         bool
		printed           string
	}{
		{"cut", password, "unknown client 'S3cret-of-th...'", false, "unknown client '[secret]...'"},
		{"its end", password, "ends in ern.office", false, "ends in [secret]"},
		{"too little", password, "begins with S3cret-", false, "begins with S3cret-"},
		{"of a short one", "S3cret-of-t", "begins with S3cret-of", false, "begins with S3cret-of"},
		{"cut, in JSON, in base64", random, "Basic " + base64.StdEncoding.EncodeToString([]byte(random))[:24], true, "Basic [secret]"},
		{"all but one", random, random[1:], true, "[secret]"},
		{"16 of it", random, "x" + random[9:25] + "y", true, "x[secret]y"},
		{"16 of it, escaped", random, each(random[9:25], "%%%02X"), true, "[secret]"},
		{"15 of it", random, random[9:24], false, "[secret]"},
		{"16 of it, with hyphens", "550e8400-e29b-41d4-a716-446655440000", "550e8400-e29b-41", true, "[secret]"},
		{"16 of it in hex", random, hex.EncodeToString([]byte(random[9:25])), true, "[secret]"},
		{"of a URL", "https://north.example.com/instances/production", "https://north.example.com/instances/test", false, "https[secret]test"},
		{"of a JWT", "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwcyJ9.aaaa", "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL3gifQ.bbbb", false, "[secret]ovL3gifQ.bbbb"},
	} {
		s := secret.NewSearcher([]secret.Value{{Name: "it", Text: secret.New(row.value)}}, "north.example.com", "://")
		if got := found(t, s, row.text) != ""; got != row.inRecords {
			t.Errorf("%s: found %v", row.name, got)
		}
		if got := s.Redact(row.text); got != row.printed && !strings.HasPrefix(row.name, "of a ") {
			t.Errorf("%s: printed as %q", row.name, got)
		}
	}
}

// Wherever in a long secret a part is from, and however its characters are written, 16 of them are
// found in records and 8 are not printed; and of one fewer nothing is found.
func TestEveryPart(t *testing.T) {
	const value = "q8Zr2LxTn5Vb0KdWm7YcPf3HsJ4gA6ueR1oX9wIz"
	s := searcher(value)
	for name, echo := range map[string]func(string) string{
		"plain": func(s string) string { return s }, "%XX": func(s string) string { return each(s, "%%%02x") }, `\u00XX`: func(s string) string { return each(s, `\u%04x`) },
		"HTML": numbers, "%25XX": func(s string) string { return each(s, "%%25%02X") }, "in lines": func(s string) string { return s[:3] + "\r\n" + s[3:] },
		"mixed":          func(s string) string { return each(s[:2], "=%02X") + s[2:4] + each(s[4:], `\x%02x`) },
		"in hexadecimal": func(s string) string { return hex.EncodeToString([]byte(s)) }, "by colons": func(s string) string { return each(s, "%02X:") },
	} {
		digits := 1
		if strings.Contains(name, "hex") || strings.Contains(name, "colons") {
			digits = 2
		}
		for at := range len(value) {
			if part := 16 / digits; at+part <= len(value) {
				if found(t, s, "<"+echo(value[at:at+part])+">") == "" {
					t.Errorf("%s: %d characters from %d are not found", name, part, at)
				}
				if digits == 1 && found(t, s, "<"+echo(value[at:at+part-1])+">") != "" {
					t.Errorf("%s: %d characters from %d are found", name, part-1, at)
				}
			}
			if part := 8 / digits; at+part <= len(value) {
				if got := s.Redact("<" + echo(value[at:at+part]) + ">"); !strings.HasPrefix(got, "<[secret]") {
					t.Errorf("%s: %d characters from %d are printed as %s", name, part, at, got)
				}
			}
		}
	}
}

// The private part of a key is found in whatever form; what it shares with other keys is not.
func TestKeys(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	inPEM := func(key any) (string, []byte) {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), der
	}
	d, err := ecKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	jwkD := base64.RawURLEncoding.EncodeToString(d)
	ecPEM, ecDER := inPEM(ecKey)
	rsaPEM, rsaDER := inPEM(rsaKey)
	otherPEM, _ := inPEM(other)
	lines := strings.Split(rsaPEM, "\n")
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	edPEM, _ := inPEM(edKey)
	seed := base64.RawURLEncoding.EncodeToString(edKey.Seed())
	oldPEM := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey)}))
	jwk := `{"keys": [{"kty": "EC", "crv": "P-256", "kid": "key-of-the-north-0815", "d": "` + jwkD + `"}]}`
	for _, row := range []struct {
		name, value, text string
		found             bool
	}{
		{"itself", rsaPEM, rsaPEM, true},
		{"its body", rsaPEM, strings.Join(lines[1:len(lines)-2], ""), true},
		{"a line of it", rsaPEM, lines[8], true},
		{"a line of it, escaped", rsaPEM, url.QueryEscape(lines[15]), true},
		{"DER in base64url", rsaPEM, base64.RawURLEncoding.EncodeToString(rsaDER), true},
		{"DER in hex", rsaPEM, hex.EncodeToString(rsaDER), true},
		{"DER in hex with colons", ecPEM, strings.TrimSuffix(each(string(ecDER), "%02x:"), ":"), true},
		{"a prime in base64", rsaPEM, base64.StdEncoding.EncodeToString(rsaKey.Primes[1].Bytes()), true},
		{"as a JWK", ecPEM, jwkD, true},
		{"all but its first character", ecPEM, jwkD[1:], true},
		{"as PEM", jwk, ecPEM, true},
		{"another format of the same key", rsaPEM, oldPEM, true},
		{"half of a prime of it", oldPEM, hex.EncodeToString(rsaKey.Primes[0].Bytes()[:64]), true},
		{"a factor for the remainder theorem", rsaPEM, base64.RawURLEncoding.EncodeToString(rsaKey.Precomputed.Qinv.Bytes()[4:60]), true},
		{"a seed", edPEM, hex.EncodeToString(edKey.Seed()), true},
		{"a seed in a JWK", edPEM, `{"kty":"OKP","crv":"Ed25519","d":"` + seed + `"}`, true},
		{"most of a seed", edPEM, seed[3:40], true},
		{"a shared key", `{"kty":"oct","k":"` + seed + `"}`, hex.EncodeToString(edKey.Seed()[3:23]), true},
		{"in one line", strings.ReplaceAll(rsaPEM, "\n", " "), lines[9], true},
		{"within JSON", `{"type": "service_account", "private_key": "` + strings.ReplaceAll(rsaPEM, "\n", `\n`) + `"}`, lines[9], true},
		{"a first line, which all have", rsaPEM, lines[0] + lines[1][:36], false},
		{"another key", ecPEM, otherPEM, false},
		{"the public key", rsaPEM, base64.RawURLEncoding.EncodeToString(rsaKey.N.Bytes()), false},
		{"the id of a JWK", jwk, "key-of-the-north-0815", false},
	} {
		if got := found(t, searcher(row.value), row.text) != ""; got != row.found {
			t.Errorf("%s: found %v", row.name, got)
		}
		got := searcher(row.value).Redact(row.text)
		for _, private := range []string{jwkD[8:20], lines[9][8:20], base64.StdEncoding.EncodeToString(rsaKey.Primes[1].Bytes())[8:20]} {
			if strings.Contains(got, private) {
				t.Errorf("%s: printed as %q", row.name, got)
			}
		}
	}
	quoted := func(text string) string { return strconv.Quote(text) }
	for text, want := range map[string]bool{
		"key: " + jwk: true, "{} " + jwk + jwk: true, `{"a": ` + quoted(`[{"b": `+quoted(jwk)+`}]`) + `}`: true, `"` + jwkD + `"`: false, "{kty} {": false, `{"kty": "RSA"} {"d": "` + jwkD + `"}`: true, `{"kty": "RSA", "d": 5, "e": "AQAB"}`: false,
		`{"ext": {"a": {}}, "d" : "` + jwkD + `=", "oth": [{}], "kty": "EC"`:                       true,
		`{"jwk": "{\u0022kty\u0022:\u0022EC\u0022,\u0022d\u0022:\u0022` + jwkD + `\u003d\u0022}"}`: true, `{"kty": "oct", "k": "YWI\u003D"}`: true, `{"jwks": [{"kty": "EC"}], "d": "production", "p": "x-y"}`: false,
		base64.StdEncoding.EncodeToString([]byte(ecPEM)): true, base64.RawURLEncoding.EncodeToString([]byte(jwk)): true, base64.StdEncoding.EncodeToString(rsaDER): true,
		strings.Join(lines[1:len(lines)-2], "\n"): true, base64.RawURLEncoding.EncodeToString(ecDER): true, base64.StdEncoding.EncodeToString(rsaKey.N.Bytes()): false,
		"-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQOYBF3d\n-----END PGP PRIVATE KEY BLOCK-----": true,
		rsaPEM: true, "x " + ecPEM: true, jwk: true, jwkD: false, "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----": false,
		`{"kty": "RSA", "n": "AQAB", "e": "AQAB"}`: false, strings.Replace(rsaPEM, "PRIVATE", "ENCRYPTED PRIVATE", 2): true, "-----BEGIN RSA PRIVATE KEY-----": false} {
		if got := secret.PrivateKey(text); got != want {
			t.Errorf("PrivateKey(%.40q) = %v", text, got)
		}
	}
}

// Values may be a provider's, of any size: a key is looked for in them in a time that grows with it.
func TestKeysInLongTexts(t *testing.T) {
	const size = 16 << 10
	jwk := `{"kty":"oct","k":"c2VjcmV0LTAxMjM0NTY3ODk"}`
	for _, open := range []string{`{"a":`, `{"a":[`, `{"a":{}, "b":`, "{ ", `"k":"`, `"d\"`} {
		text := strings.Repeat(open, size/len(open)) + `"kty"`
		if secret.PrivateKey(text) || !secret.PrivateKey(text+jwk) {
			t.Errorf("%q and so on is a key, or hides one", open)
		}
		if allocs := testing.AllocsPerRun(1, func() { secret.PrivateKey(text) }); allocs > 2000 {
			t.Errorf("%q and so on takes %v allocations", open, allocs)
		}
	}
	// What is larger than a credential has room for is not read as DER, which takes the square of its size.
	der, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	for attributes, want := range map[int]bool{0: true, 12_000: true, 13_000: false, 150_000: false} {
		if got := secret.PrivateKey(base64.StdEncoding.EncodeToString(longer(t, der, attributes))); got != want {
			t.Errorf("a key with %d bytes of attributes is one: %t", attributes, got)
		}
	}
}

// longer returns a sequence with an element more, of that many bytes.
func longer(t *testing.T, der []byte, size int) []byte {
	t.Helper()
	var sequence asn1.RawValue
	_, err := asn1.Unmarshal(der, &sequence)
	element, marshal := asn1.Marshal(make([]byte, size))
	sequence.Bytes, sequence.FullBytes = append(sequence.Bytes, element...), nil
	long, again := asn1.Marshal(sequence)
	if err := errors.Join(err, marshal, again); err != nil {
		t.Fatal(err)
	}
	return long
}
