package signing_test

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"

	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/signing"
	"example.com/tokenkeeper/internal/strictjson"
)

// What a user reads who gave the wrong thing is written out here, to be read.
func TestWhatIsNoKey(t *testing.T) {
	pkcs8RSA := pkcs8(rsaKey())
	body := pkcs8RSA[len("-----BEGIN PRIVATE KEY-----\n"):strings.Index(pkcs8RSA, "-----END")]
	tenth := strings.Repeat("A", 64)
	for _, row := range []struct{ name, text, want string }{
		{"nothing", "", "is neither PEM nor a JWK; give the whole text of a PEM file, from its BEGIN line to its END line, or a JWK in its braces"},
		{"white space", " \n\t", "is neither PEM nor a JWK; give the whole text of a PEM file, from its BEGIN line to its END line, or a JWK in its braces"},
		{"a password", "hunter2 or so", "is neither PEM nor a JWK; give the whole text of a PEM file, from its BEGIN line to its END line, or a JWK in its braces"},
		{"a JWT", "eyJhbGciOiJub25lIn0.e30.", "is neither PEM nor a JWK; give the whole text of a PEM file, from its BEGIN line to its END line, or a JWK in its braces"},
		{"a file name", "/etc/keys/client.pem", "looks like the name of a file; give its content"},
		{"a whole disk", strings.Repeat("x", 64<<10+1), "is longer than the 65536 bytes of the longest key; give one private key alone"},
		{"PEM in base64", encoded([]byte(pkcs8RSA)), "is a PEM file in base64; decode it once: base64 -d"},
		{"PEM without its BEGIN and END lines", body, "is base64 without the lines around it: a key, or a PKCS #12 file; give a key's whole PEM file, from its BEGIN line to its END line; take it out of PKCS #12 with: openssl pkcs12 -in FILE -nocerts -nodes"},

		{"PEM cut off", pkcs8RSA[:len(pkcs8RSA)/2], "has a PEM block that cannot be read: it is cut off, damaged, or its line breaks were lost; give the file as it is, each line break kept or written as \\n, without quotation marks"},
		{"PEM cut off before a whole one", pkcs8RSA[:len(pkcs8RSA)/2] + "\n" + pkcs8RSA, "has a PEM block that cannot be read: it is cut off, damaged, or its line breaks were lost; give the file as it is, each line break kept or written as \\n, without quotation marks"},
		{"PEM on one line", strings.ReplaceAll(pkcs8RSA, "\n", " "), "has a PEM block that cannot be read: it is cut off, damaged, or its line breaks were lost; give the file as it is, each line break kept or written as \\n, without quotation marks"},
		{"PEM in quotation marks", `"` + strings.ReplaceAll(pkcs8RSA, "\n", `\n`) + `"`, "has a PEM block that cannot be read: it is cut off, damaged, or its line breaks were lost; give the file as it is, each line break kept or written as \\n, without quotation marks"},
		{"PEM of something else", block("PRIVATE KEY", []byte(tenth)), unreadable},
		{"a public key in place of a private one", block("PRIVATE KEY", []byte(spki(rsaKey().Public()))), unreadable},
		{"EC parameters alone", ecParameters, "has EC parameters, but no key; give the whole file: the key is in the block after them"},
		{"two private keys", pkcs8RSA + sec1(p256Key()), "has 2 private keys; give the one to sign with, alone"},
		{"the same key twice", pkcs8RSA + pkcs1(rsaKey()), "has 2 private keys; give the one to sign with, alone"},
		{"a key and its certificate", pkcs8RSA + issue(rsaKey(), nil), "has a certificate beside the private key; give the private key alone; a certificate has a field of its own"},
		{"a key and its public half", pkcs8RSA + spki(rsaKey().Public()), "has a public key beside the private key; give the private key alone; a certificate has a field of its own"},
		{"a certificate", issue(rsaKey(), nil), "is a certificate; give the private key that belongs to it"},
		{"a certificate request", block("CERTIFICATE REQUEST", []byte(tenth)), "is a certificate request; give the private key that belongs to it"},
		{"a public key", spki(p256Key().Public()), "is a public key; give the private key that belongs to it"},
		{"a public key of PKCS #1", block("RSA PUBLIC KEY", []byte(tenth)), "is a public key; give the private key that belongs to it"},
		{"a public key of OpenSSH", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ me@host", "is a public key in the form of OpenSSH; give the private key that belongs to it"},
		{"a private key of OpenSSH", block("OPENSSH PRIVATE KEY", []byte(tenth)), `is a private key in the form of OpenSSH; convert a copy of it, which this does for RSA and EC: ssh-keygen -p -N "" -m PKCS8 -f COPY`},
		{"an encrypted key of PKCS #8", block("ENCRYPTED PRIVATE KEY", []byte(tenth)), encrypted},
		{"an encrypted key of PKCS #1", string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: []byte(tenth),
			Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-128-CBC,3058AE7B54DA97032B0EBA96E683D8F4"}})), encrypted},
		{"a DSA key", block("DSA PRIVATE KEY", []byte(tenth)), "is a PEM block of a kind that is not known here; give a private key of RSA, EC or Ed25519 in PEM, or as a JWK"},
		{"a key of PGP", block("PGP PRIVATE KEY BLOCK", []byte(tenth)), "is a PEM block of a kind that is not known here; give a private key of RSA, EC or Ed25519 in PEM, or as a JWK"},
		{"another private key", block("ANY PRIVATE KEY", []byte(tenth)), "is a PEM block of a kind that is not known here; give a private key of RSA, EC or Ed25519 in PEM, or as a JWK"},
		{"another block", block("DH PARAMETERS", []byte(tenth)), "is a PEM block of a kind that is not known here; give a private key of RSA, EC or Ed25519 in PEM, or as a JWK"},
		{"RSA of 1024 bits", pkcs1(shortRSAKey()), "is an RSA key of 1024 bits, too short to sign with (RFC 7518 section 3.3); make one of 2048 bits or more, and register its public key with the provider"},
		{"RSA of 1024 bits as a JWK", text(jwk(shortRSAKey())), "is an RSA key of 1024 bits, too short to sign with (RFC 7518 section 3.3); make one of 2048 bits or more, and register its public key with the provider"},
		{"RSA of 9000 bits", block("RSA PRIVATE KEY", hugeRSAKey()), "is an RSA key of 9000 bits, too slow to sign with; make one of at most 8192 bits, and register its public key with the provider"},
		{"EC on P-224", sec1(p224Key()), "is an EC key on a curve that no algorithm signs with; make one on P-256, P-384 or P-521"},
		{"X25519", pkcs8(must(ecdh.X25519().GenerateKey(rand.Reader))), "is an X25519 key, which can agree on keys but not sign; make an Ed25519 key"},

		{"JSON that ends early", `{"kty":"RSA",` + "\n" + `"n":`, "is in braces, but not JSON that can be read: see line 2, column 5; give one JWK as it was exported"},
		{"JSON with a name twice", `{"kty":"RSA","kty":"EC"}`, "is in braces, but not JSON that can be read: see line 1, column 14; give one JWK as it was exported"},
		{"two JWK", text(jwk(edKey())) + text(jwk(p256Key())), "is in braces, but not JSON that can be read: see line 1, column 130; give one JWK as it was exported"},
		{"JSON of something else", `{"client_id":"x"}`, `has no "kty", so it is no JWK; give a JWK (RFC 7517) or a PEM file`},
		{"a JWK Set", `{"keys":[` + text(jwk(edKey())) + `]}`, `is a JWK Set; give the one private key in its "keys", in its own braces`},
		{"a service account", `{"type":"service_account","private_key":"x"}`, `is a service account's JSON, and the key is only a part of it; give the value of its "private_key"`},
		{"an encrypted JWK", `{"protected":"x","ciphertext":"x"}`, `has no "kty", so it is no JWK; give a JWK (RFC 7517) or a PEM file`},
		{"a JWK of a kind to come", `{"kty":"AKP","alg":"ML-DSA-44","priv":"x"}`, `is a JWK of a "kty" or a "crv" that no algorithm signs with; give one of RSA, of EC on P-256, P-384 or P-521, of OKP with Ed25519, or oct`},
		{"a JWK whose kind is no text", `{"kty":["RSA"]}`, `is a JWK of a "kty" or a "crv" that no algorithm signs with; give one of RSA, of EC on P-256, P-384 or P-521, of OKP with Ed25519, or oct`},
		{"the JWK of a public key", text(with(jwk(rsaKey()), "d", nil)), `is the JWK of a public key; give that of the private key, which has a "d"`},
		{"a JWK of RSA without its primes", text(with(with(jwk(rsaKey()), "p", nil), "q", nil)), `is a JWK without "p" in base64url, which its kind needs; export it again with all its members, or give PEM`},
		{"a JWK of EC without its public half", text(with(jwk(p256Key()), "y", nil)), `is a JWK without "y" in base64url, which its kind needs; export it again with all its members, or give PEM`},
		{"a JWK of RSA with a number in place of text", text(with(jwk(rsaKey()), "e", 65537)), `is a JWK without "e" in base64url, which its kind needs; export it again with all its members, or give PEM`},
		{"a JWK that is not base64url", text(with(jwk(edKey()), "d", "+/+/")), `is a JWK without "d" in base64url, which its kind needs; export it again with all its members, or give PEM`},
		{"a JWK of RSA with another's modulus", text(with(jwk(rsaKey()), "n", jwk(otherRSAKey())["n"])), misfit},
		{"a JWK of EC with another's public half", text(with(with(jwk(p256Key()), "x", jwk(p256Of(2))["x"]), "y", jwk(p256Of(2))["y"])), misfit},
		{"a JWK of EC with a point on no curve", text(with(jwk(p256Key()), "x", jwk(p256Key())["y"])), misfit},
		{"a JWK of EC that is zero", text(with(jwk(p256Key()), "d", strings.Repeat("A", 43))), misfit},
		{"a JWK of EC that is cut", text(with(jwk(p256Key()), "d", jwk(p256Key())["d"].(string)[:20])), misfit},
		{"a JWK of Ed25519 with another's public half", text(with(jwk(edKey()), "x", strings.Repeat("A", 43))), misfit},
		{"a JWK of EC on Bitcoin's curve", text(with(jwk(p256Key()), "crv", "secp256k1")), otherCurve},
		{"a JWK of X25519", text(with(jwk(edKey()), "crv", "X25519")), otherCurve},
		{"a JWK of Ed448", text(with(jwk(edKey()), "crv", "Ed448")), otherCurve},
		{"a JWK of a secret without it", `{"kty":"oct","kid":"x"}`, `is a JWK without "k" in base64url, which its kind needs; export it again with all its members, or give PEM`},
		{"a JWK of an empty secret", `{"kty":"oct","k":""}`, `is a JWK without "k" in base64url, which its kind needs; export it again with all its members, or give PEM`},
		{"a JWK for encryption", text(with(jwk(rsaKey()), "use", "enc")), `is a JWK that is not for signing, by its "use" or "key_ops"; give the key that is for signing`},
		{"a JWK for verifying", text(with(jwk(rsaKey()), "key_ops", []string{"verify"})), `is a JWK that is not for signing, by its "use" or "key_ops"; give the key that is for signing`},
		{"a JWK with the algorithm of another kind", text(with(jwk(rsaKey()), "alg", "ES256")), `is a JWK whose "alg" does not sign with an RSA key, which it is; correct it, or leave it out; there are: RS256, RS384, RS512, PS256, PS384, PS512`},
		{"a JWK with the algorithm of another curve", text(with(jwk(p256Key()), "alg", "ES384")), `is a JWK whose "alg" does not sign with an EC key on P-256, which it is; correct it, or leave it out; there are: ES256`},
		{"a JWK for encrypting keys", text(with(jwk(rsaKey()), "alg", "RSA-OAEP")), `is a JWK whose "alg" does not sign with an RSA key, which it is; correct it, or leave it out; there are: RS256, RS384, RS512, PS256, PS384, PS512`},
		{"a JWK without a signature", text(with(jwk(rsaKey()), "alg", "none")), `is a JWK whose "alg" does not sign with an RSA key, which it is; correct it, or leave it out; there are: RS256, RS384, RS512, PS256, PS384, PS512`},
	} {
		t.Run(row.name, func(t *testing.T) {
			k, err := signing.ParseKey(secret.New(row.text))
			checkFault(t, err, row.want)
			if !k.IsZero() {
				t.Error("there is a key as well")
			}
			if err != nil {
				checkNothingOf(t, err.Error(), row.text)
			}
		})
	}
}

const (
	unreadable = "holds no private key that can be read: damaged, or of a kind that is not used for signing; give an RSA key, an EC key on P-256, P-384 or P-521, or an Ed25519 key; openssl pkey -in KEY.pem -noout -check shows whether it is whole"
	encrypted  = "is a private key encrypted with a passphrase; give it without one, which this takes off: openssl pkey -in KEY.pem -out PLAIN.pem"
	otherCurve = `is a JWK of a "kty" or a "crv" that no algorithm signs with; give one of RSA, of EC on P-256, P-384 or P-521, of OKP with Ed25519, or oct`
	misfit     = "is a JWK whose values do not fit together: damaged, or of two keys; export it again; for RSA of over 4096 bits, give PEM"
)

func TestWhatIsNoSharedSecret(t *testing.T) {
	for _, row := range []struct {
		name, text string
		encoding   signing.Encoding
		want       string
	}{
		{"nothing", "", signing.Text, "is empty; give the secret that is shared with the provider"},
		{"nothing in base64", "==", signing.Base64, "is empty; give the secret that is shared with the provider"},
		{"a private key", pkcs8(p256Key()), signing.Text, "is a PEM file, not a shared secret; choose an algorithm of that key, such as RS256 or ES256, or give the secret"},
		{"text that is called base64", "päss", signing.Base64, "is not base64; give the secret as the provider shows it, or correct its encoding"},
		{"text that is called hex", "s3cret", signing.Hex, "is not hex; give the secret as the provider shows it, or correct its encoding"},
		{"an encoding to come", "s3cret", "base32", "has an encoding that is not known here; choose base64 or hex, or none for plain text"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := signing.SharedSecret(secret.New(row.text), row.encoding)
			checkFault(t, err, row.want)
		})
	}
}

func TestWhatIsNoAlgorithm(t *testing.T) {
	for _, row := range []struct{ name, want string }{
		{"none", "is no algorithm that signs; choose the one that the provider has registered, such as RS256"},
		{"None", "is no algorithm that signs; choose the one that the provider has registered, such as RS256"},
		{"rs256", "is no signing algorithm; did you mean \"RS256\"?"},
		{"ES256K", "is no signing algorithm; did you mean \"ES256\"?"},
		{"", "is no signing algorithm; there are: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, HS256, HS384, HS512"},
		{"RSA-OAEP", "is no signing algorithm; there are: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, HS256, HS384, HS512"},
	} {
		_, err := signing.ParseAlgorithm(row.name)
		checkFault(t, err, row.want)
	}
	for _, a := range signing.Algorithms() {
		if got, err := signing.ParseAlgorithm(string(a)); got != a || err != nil {
			t.Errorf("ParseAlgorithm(%s) = %s, %v", a, got, err)
		}
		if a.Symmetric() != strings.HasPrefix(string(a), "HS") {
			t.Errorf("%s.Symmetric() = %v", a, a.Symmetric())
		}
	}
}

func TestWhatDoesNotFit(t *testing.T) {
	key := func(text string) signing.Key { return parseKey(t, text) }
	own := func(object map[string]any) signing.Header { return signing.Header{Members: members(object)} }
	for _, row := range []struct {
		name string
		k    signing.Key
		a    signing.Algorithm
		h    signing.Header
		want string
	}{
		{"no key", signing.Key{}, "RS256", signing.Header{}, "RS256 signs with an RSA key, and this is no key; choose RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, HS256, HS384, HS512, or give an RSA key"},
		{"no signature", key(pkcs8(rsaKey())), "none", signing.Header{}, "the algorithm is not known here; choose of: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, HS256, HS384, HS512"},
		{"an RSA key for ES256", key(pkcs8(rsaKey())), "ES256", signing.Header{}, "ES256 signs with an EC key on P-256, and this is an RSA key; choose RS256, RS384, RS512, PS256, PS384, PS512, or give an EC key on P-256"},
		{"P-256 for ES384", key(sec1(p256Key())), "ES384", signing.Header{}, "ES384 signs with an EC key on P-384, and this is an EC key on P-256; choose ES256, or give an EC key on P-384"},
		{"P-384 for ES256", key(sec1(p384Key())), "ES256", signing.Header{}, "ES256 signs with an EC key on P-256, and this is an EC key on P-384; choose ES384, or give an EC key on P-256"},
		{"P-521 for EdDSA", key(sec1(p521Key())), "EdDSA", signing.Header{}, "EdDSA signs with an Ed25519 key, and this is an EC key on P-521; choose ES512, or give an Ed25519 key"},
		{"Ed25519 for RS256", key(pkcs8(edKey())), "RS256", signing.Header{}, "RS256 signs with an RSA key, and this is an Ed25519 key; choose EdDSA, or give an RSA key"},
		{"a shared secret for PS256", key(text(jwk(sharedBytes()))), "PS256", signing.Header{}, "PS256 signs with an RSA key, and this is a shared secret; choose HS256, HS384, HS512, or give an RSA key"},
		// The confusion of RFC 8725 section 2.1, from the other side.
		{"an RSA key for HS256", key(pkcs8(rsaKey())), "HS256", signing.Header{}, "HS256 signs with a shared secret, and this is an RSA key; choose RS256, RS384, RS512, PS256, PS384, PS512, or give a shared secret"},
		{"another algorithm than the JWK's", key(text(with(jwk(rsaKey()), "alg", "PS256"))), "RS256", signing.Header{}, `the JWK says that its "alg" is PS256, and RS256 is asked for; choose PS256, or correct the JWK`},

		{"alg as a member", key(pkcs8(edKey())), "", own(map[string]any{"alg": "none"}), `the header member "alg" is stated in a way of its own; state it there, and leave it out here`},
		{"kid as a member", key(pkcs8(edKey())), "", own(map[string]any{"kid": "1"}), `the header member "kid" is stated in a way of its own; state it there, and leave it out here`},
		{"a key as a member", key(pkcs8(edKey())), "", own(map[string]any{"jwk": map[string]any{}}), `the header member "jwk" would change how the JWT is read or verified; leave it out`},
		{"a payload as it is", key(pkcs8(edKey())), "", own(map[string]any{"b64": false}), `the header member "b64" would change how the JWT is read or verified; leave it out`},
		{"critical members", key(pkcs8(edKey())), "", own(map[string]any{"crit": []any{"b64"}}), `the header member "crit" would change how the JWT is read or verified; leave it out`},
		{"a member of no certificate", key(pkcs8(edKey())), "", signing.Header{CertificateMembers: []string{"x5u"}}, `the header member "x5u" names no certificate; choose of x5t, x5t#S256 and x5c`},
		{"a certificate member without certificate", key(pkcs8(edKey())), "", signing.Header{CertificateMembers: []string{"x5t"}}, `the header member "x5t" needs a certificate; give the certificate of the key in PEM`},
	} {
		t.Run(row.name, func(t *testing.T) {
			token, err := signer{row.k, row.a, row.h}.Sign(nil)
			checkFault(t, err, row.want)
			if !token.IsZero() {
				t.Error("there is a token as well")
			}
		})
	}
}

func TestWhatCannotBeClaimed(t *testing.T) {
	k := parseKey(t, pkcs8(edKey()))
	s := signer{k, "", signing.Header{}}
	bad := strictjson.Text("canary\xff")
	for _, row := range []struct {
		name  string
		value strictjson.Value
	}{
		{"bytes that are no text", bad},
		{"bytes in a list", strictjson.Value{Type: strictjson.List, Items: []strictjson.Value{strictjson.Int(1), bad}}},
		{"bytes in an object", strictjson.Value{Type: strictjson.Object, Members: []strictjson.Member{{Name: "d", Value: bad}}}},
		{"a name that is no text", strictjson.Value{Type: strictjson.Object, Members: []strictjson.Member{{Name: "canary\xff", Value: strictjson.Int(1)}}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := s.Sign([]strictjson.Member{{Name: "c", Value: row.value}})
			if err == nil || strings.Contains(err.Error(), "canary") {
				t.Errorf("signed, or the error has the value: %v", err)
			}
			none, err := signer{k, "", signing.Header{Members: []strictjson.Member{{Name: "c", Value: row.value}}}}.Sign(nil)
			if err == nil || !none.IsZero() || strings.Contains(err.Error(), "canary") {
				t.Errorf("a header with it is taken, or the error has the value: %v", err)
			}
		})
	}
}

// Primes that are none make a key that is read, but signs wrongly.
func TestDamagedKeyDoesNotSign(t *testing.T) {
	k := parseKey(t, block("RSA PRIVATE KEY", fakeRSAKey(1024)))
	_, err := signer{k, "", signing.Header{}}.Sign(nil)
	checkFault(t, err, "the key does not sign: it is damaged; export it again")
}

func checkFault(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil {
		t.Fatalf("is accepted; want %q", want)
	}
	if err.Error() != want {
		t.Errorf("says\n     %q\nwant %q", err, want)
	}
	var f *signing.Fault
	if !errors.As(err, &f) || f.Detail == "" || f.Remedy == "" {
		t.Errorf("is no Fault with a detail and a remedy: %#v", err)
	}
}

func hugeRSAKey() []byte { return fakeRSAKey(4500) }

// fakeRSAKey returns PKCS #1 of a key whose two factors have that many bits, and which
// is right in all but that they are not primes: finding such would take too long.
func fakeRSAKey(bits int) []byte {
	one, e := big.NewInt(1), big.NewInt(65537)
	minusOne := func(n *big.Int) *big.Int { return new(big.Int).Sub(n, one) }
	gcd := func(a, b *big.Int) *big.Int { return new(big.Int).GCD(nil, nil, a, b) }
	factor := func() *big.Int {
		for {
			n := must(rand.Int(rand.Reader, new(big.Int).Lsh(one, uint(bits))))
			n.SetBit(n.SetBit(n.SetBit(n, bits-1, 1), bits-2, 1), 0, 1)
			if gcd(minusOne(n), e).Cmp(one) == 0 {
				return n
			}
		}
	}
	p, q := factor(), factor()
	for gcd(p, q).Cmp(one) != 0 {
		q = factor()
	}
	order := new(big.Int).Mul(minusOne(p), minusOne(q))
	order.Div(order, gcd(minusOne(p), minusOne(q)))
	d := new(big.Int).ModInverse(e, order)
	return must(asn1.Marshal(struct {
		Version                     int
		N, E, D, P, Q, Dp, Dq, QInv *big.Int
	}{0, new(big.Int).Mul(p, q), e, d, p, q, new(big.Int).Mod(d, minusOne(p)), new(big.Int).Mod(d, minusOne(q)), new(big.Int).ModInverse(q, p)}))
}
