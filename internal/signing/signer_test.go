package signing_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash"
	"log/slog"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/signing"
	"example.com/tokenkeeper/internal/strictjson"
)

// verify has another library check the signature of token, and returns its header, and
// its claims with their numbers as they were written.
func verify(t testing.TB, token secret.Text, a signing.Algorithm, public any) (header, claims map[string]any) {
	t.Helper()
	parsed, err := jwt.NewParser(jwt.WithValidMethods([]string{string(a)}), jwt.WithJSONNumber(), jwt.WithoutClaimsValidation()).
		Parse(token.Reveal(), func(*jwt.Token) (any, error) { return public, nil })
	if err != nil {
		t.Fatalf("another library does not verify it: %v", err)
	}
	return parsed.Header, parsed.Claims.(jwt.MapClaims)
}

// A signer has what a JWT is signed with.
type signer struct {
	k signing.Key
	a signing.Algorithm
	h signing.Header
}

func (s signer) Sign(claims []strictjson.Member) (secret.Text, error) {
	token, _, err := signing.Sign(s.k, s.a, s.h, claims)
	return token, err
}

func sign(t testing.TB, s signer, claims map[string]any) secret.Text {
	t.Helper()
	token, err := s.Sign(members(claims))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func warning(t *testing.T, s signer) string {
	t.Helper()
	_, warning, err := signing.Sign(s.k, s.a, s.h, nil)
	if err != nil {
		t.Fatal(err)
	}
	return warning
}

func TestEveryAlgorithmWithEveryFormOfItsKey(t *testing.T) {
	for _, row := range []struct {
		key        any
		public     any
		usual      signing.Algorithm
		algorithms []signing.Algorithm
	}{
		{rsaKey(), rsaKey().Public(), "RS256", []signing.Algorithm{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}},
		{p256Key(), p256Key().Public(), "ES256", []signing.Algorithm{"ES256"}},
		{p384Key(), p384Key().Public(), "ES384", []signing.Algorithm{"ES384"}},
		{p521Key(), p521Key().Public(), "ES512", []signing.Algorithm{"ES512"}},
		{edKey(), edKey().Public(), "EdDSA", []signing.Algorithm{"EdDSA"}},
		{sharedBytes(), sharedBytes(), "HS256", []signing.Algorithm{"HS256", "HS384", "HS512"}},
	} {
		for form, text := range forms(row.key) {
			k := parseKey(t, text)
			if got := k.Algorithm(); got != row.usual {
				t.Errorf("%s, %s: signs with %s by itself, want %s", k, form, got, row.usual)
			}
			for _, a := range append(row.algorithms, "") {
				t.Run(fmt.Sprintf("%s, %s, %s", k, form, a), func(t *testing.T) {
					s := signer{k, a, signing.Header{}}
					if a == "" {
						a = row.usual
					}
					header, claims := verify(t, sign(t, s, map[string]any{"sub": "me"}), a, row.public)
					if diff := cmp.Diff(map[string]any{"alg": string(a), "typ": "JWT"}, header); diff != "" {
						t.Errorf("header (-want +got):\n%s", diff)
					}
					if diff := cmp.Diff(map[string]any{"sub": "me"}, claims); diff != "" {
						t.Errorf("claims (-want +got):\n%s", diff)
					}
					if w := warning(t, s); w != "" {
						t.Errorf("warns: %s", w)
					}
				})
			}
		}
	}
}

func TestKeyThatSaysItsAlgorithm(t *testing.T) {
	for _, a := range []signing.Algorithm{"RS512", "PS256"} {
		k := parseKey(t, text(with(with(jwk(rsaKey()), "alg", string(a)), "use", "sig")))
		if k.Algorithm() != a {
			t.Errorf("signs with %s by itself, want %s", k.Algorithm(), a)
		}
		verify(t, sign(t, signer{k, "", signing.Header{}}, nil), a, rsaKey().Public())
	}
	k := parseKey(t, text(with(jwk(edKey()), "key_ops", []string{"verify", "sign"})))
	if k.Algorithm() != "EdDSA" {
		t.Errorf("signs with %s by itself, want EdDSA", k.Algorithm())
	}
	if a := (signing.Key{}).Algorithm(); a != "" {
		t.Errorf("no key signs with %s", a)
	}
}

// The other library accepts a salt of any length; RFC 7518 section 3.5 has it as long as
// the hash, and some servers insist.
func TestSaltIsAsLongAsTheHash(t *testing.T) {
	for a, h := range map[signing.Algorithm]crypto.Hash{"PS256": crypto.SHA256, "PS384": crypto.SHA384, "PS512": crypto.SHA512} {
		token := sign(t, signer{parseKey(t, pkcs8(rsaKey())), a, signing.Header{}}, nil).Reveal()
		dot := strings.LastIndexByte(token, '.')
		signature := must(base64.RawURLEncoding.DecodeString(token[dot+1:]))
		sum := h.New()
		sum.Write([]byte(token[:dot]))
		if err := rsa.VerifyPSS(&rsaKey().PublicKey, h, sum.Sum(nil), signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}); err != nil {
			t.Errorf("%s: %v", a, err)
		}
	}
}

func TestSharedSecrets(t *testing.T) {
	for _, row := range []struct {
		name     string
		text     string
		encoding signing.Encoding
		want     string // the secret itself
	}{
		{"text", "s3cret & more", signing.Text, "s3cret & more"},
		{"text beyond ASCII", "påss", signing.Text, "p\xc3\xa5ss"},
		{"text with white space around it, which is part of it", " s3cret\n", signing.Text, " s3cret\n"},
		{"base64", "//79AA==", signing.Base64, "\xff\xfe\xfd\x00"},
		{"base64 without padding", "//79AA", signing.Base64, "\xff\xfe\xfd\x00"},
		{"base64url", "__79AA", signing.Base64, "\xff\xfe\xfd\x00"},
		{"base64 and a line break", "//79AA==\n", signing.Base64, "\xff\xfe\xfd\x00"},
		{"hex", "fffefd00", signing.Hex, "\xff\xfe\xfd\x00"},
		{"hex in capitals", "FFFEFD00\n", signing.Hex, "\xff\xfe\xfd\x00"},
	} {
		t.Run(row.name, func(t *testing.T) {
			k, err := signing.SharedSecret(secret.New(row.text), row.encoding)
			if err != nil {
				t.Fatal(err)
			}
			verify(t, sign(t, signer{k, "", signing.Header{}}, nil), "HS256", []byte(row.want))
		})
	}
}

// go-jose refuses a secret that is shorter than the hash; providers hand them out.
func TestShortSharedSecretIsUsedWithAWarning(t *testing.T) {
	for _, row := range []struct {
		a     signing.Algorithm
		least int
		hash  func() hash.Hash
	}{
		{"HS256", 32, sha256.New}, {"HS384", 48, sha512.New384}, {"HS512", 64, sha512.New},
	} {
		for _, size := range []int{1, row.least - 1, row.least} {
			plain := strings.Repeat("k", size)
			k, err := signing.SharedSecret(secret.New(plain), signing.Text)
			if err != nil {
				t.Fatal(err)
			}
			s := signer{k, row.a, signing.Header{}}
			verify(t, sign(t, s, nil), row.a, []byte(plain))
			want := ""
			if size < row.least {
				want = fmt.Sprintf("has less than the %d bytes that %s should have (RFC 7518 section 3.2): ask the provider for a longer one", row.least, row.a)
			}
			if got := warning(t, s); got != want {
				t.Errorf("%s with %d bytes warns %q, want %q", row.a, size, got, want)
			}
		}
	}
}

// What is signed is a contract with the provider's parser: order, numbers and all.
func TestSignGolden(t *testing.T) {
	k, err := signing.SharedSecret(secret.New("a shared secret of at least 32 bytes"), signing.Text)
	if err != nil {
		t.Fatal(err)
	}
	s := signer{k, "HS256", signing.Header{
		Type:    "client-authentication+jwt",
		KeyID:   "key <1> & more",
		Members: members(map[string]any{"aa": number("1.0"), "zz": []any{true, nil}}),
	}}
	token := sign(t, s, map[string]any{
		"z":      "<a&b>\u2028",
		"scope":  []string{"read", "write"},
		"exact":  []any{number("9007199254740993"), number("1.0"), number("1E-2"), number("-0")},
		"nested": map[string]any{"b": map[string]any{}, "a": []any{nil, false, []any{}}},
		"exp":    int64(1795352460),
		"small":  7,
	}).Reveal()
	parts := strings.Split(token, ".")
	for i, want := range []string{
		`{"aa":1.0,"alg":"HS256","kid":"key \u003c1\u003e \u0026 more","typ":"client-authentication+jwt","zz":[true,null]}`,
		`{"exact":[9007199254740993,1.0,1E-2,-0],"exp":1795352460,"nested":{"a":[null,false,[]],"b":{}},"scope":["read","write"],"small":7,"z":"<a&b>` + "\u2028" + `"}`,
	} {
		if got := string(must(base64.RawURLEncoding.DecodeString(parts[i]))); got != want {
			t.Errorf("part %d:\n got %s\nwant %s", i+1, got, want)
		}
	}
	if again := sign(t, s, map[string]any{"a": 1}); again.Reveal() != sign(t, s, map[string]any{"a": 1}).Reveal() {
		t.Error("the same claims are signed in two ways")
	}
}

func TestHeader(t *testing.T) {
	withID := text(with(jwk(p256Key()), "kid", "from the JWK"))
	for _, row := range []struct {
		name string
		key  string
		h    signing.Header
		want map[string]any
	}{
		{"says JWT by itself", sec1(p256Key()), signing.Header{}, map[string]any{"alg": "ES256", "typ": "JWT"}},
		{"says another type", sec1(p256Key()), signing.Header{Type: "at+jwt"}, map[string]any{"alg": "ES256", "typ": "at+jwt"}},
		{"says no type", sec1(p256Key()), signing.Header{Type: "at+jwt", OmitType: true}, map[string]any{"alg": "ES256"}},
		{"names the key", sec1(p256Key()), signing.Header{KeyID: "1"}, map[string]any{"alg": "ES256", "typ": "JWT", "kid": "1"}},
		{"names the key as the JWK does", withID, signing.Header{}, map[string]any{"alg": "ES256", "typ": "JWT", "kid": "from the JWK"}},
		{"names the key in another way than the JWK", withID, signing.Header{KeyID: "1"}, map[string]any{"alg": "ES256", "typ": "JWT", "kid": "1"}},
		{"has members of its own", sec1(p256Key()), signing.Header{Members: members(map[string]any{"cty": "x", "n": map[string]any{"a": 1}})},
			map[string]any{"alg": "ES256", "typ": "JWT", "cty": "x", "n": map[string]any{"a": 1.0}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := signer{parseKey(t, row.key), "", row.h}
			header, _ := verify(t, sign(t, s, nil), "ES256", p256Key().Public())
			if diff := cmp.Diff(row.want, header); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestNothingPrintsAKey(t *testing.T) {
	// Both are bytes, which a struct that is printed shows.
	for _, key := range []any{edKey(), sharedBytes()} {
		k := parseKey(t, text(jwk(key)))
		var c signing.Certificate
		bytes := sharedBytes()
		if k.Algorithm() == "EdDSA" {
			c = must(signing.ParseCertificate(secret.New(issue(edKey(), nil)), k, noon))
			bytes = edKey()
		}
		needles := []string{string(bytes[:8]), strings.Trim(fmt.Sprint(bytes[:8]), "[]"), fmt.Sprintf("%x", bytes[:8]), fmt.Sprintf("%X", bytes[:8])}
		for _, v := range []any{k, &k, []any{k}, c, &c,
			struct{ k signing.Key }{k}, struct{ k *signing.Key }{&k}, struct{ c signing.Certificate }{c}} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
				out := fmt.Sprintf(verb, v)
				for _, needle := range needles {
					if strings.Contains(out, needle) {
						t.Errorf("%s prints %s, inside %T", verb, k, v)
					}
				}
			}
		}
		if _, err := json.Marshal(k); err == nil {
			t.Errorf("%s is marshalled", k)
		}
		var log strings.Builder
		slog.New(slog.NewJSONHandler(&log, nil)).Info("", "key", k)
		if !strings.Contains(log.String(), `"key":"`+k.String()+`"`) {
			t.Errorf("%s is logged as %s", k, log.String())
		}
	}
	if got := fmt.Sprint(signing.Key{}); got != "no key" {
		t.Errorf("the zero Key prints %q", got)
	}
}

// A published key and what another program signed with it: RFC 8037 appendix A.4 has
// Ed25519, which signs the same text in one way only.
func TestPublishedKeys(t *testing.T) {
	for _, row := range []struct {
		jwk       string
		algorithm signing.Algorithm
		kind      string
	}{
		{publishedEd25519, "EdDSA", "an Ed25519 key"},
		{publishedP256, "ES256", "an EC key on P-256"},
	} {
		k := parseKey(t, row.jwk)
		if k.Algorithm() != row.algorithm || k.String() != row.kind {
			t.Errorf("is %s for %s, want %s for %s", k, k.Algorithm(), row.kind, row.algorithm)
		}
		verify(t, sign(t, signer{k, "", signing.Header{}}, nil), row.algorithm, signing.Public(k))
	}
	public := signing.Public(parseKey(t, publishedEd25519)).(ed25519.PublicKey)
	signature := must(base64.RawURLEncoding.DecodeString("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"))
	if !ed25519.Verify(public, []byte("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"), signature) {
		t.Error("the Ed25519 key is not the one that is published")
	}
}

// Published test vectors: RFC 8037 appendix A.1 and RFC 7515 appendix A.3.1.
const (
	publishedEd25519 = `{"kty":"OKP","crv":"Ed25519",
 "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
 "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
	publishedP256 = `{"kty":"EC","crv":"P-256",
 "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
 "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
 "d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}`
)
