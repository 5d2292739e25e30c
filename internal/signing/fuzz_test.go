package signing_test

import (
	"encoding/base64"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/signing"
	"example.com/tokenkeeper/internal/strictjson"
)

// material is what keys are written in: runs of base64 that are longer than words.
var material = regexp.MustCompile(`[A-Za-z0-9+/_-]{16,}`)

// said are the words that messages quote on purpose, and which occur in input as well.
const said = `private_key ssh-keygen client_secret certificate`

// checkNothingOf fails if message has eight bytes in a row of what may be a key in input.
func checkNothingOf(t *testing.T, message, input string) {
	t.Helper()
	for _, run := range material.FindAllString(input, -1) {
		for i := range len(run) - 7 {
			if part := run[i : i+8]; strings.Contains(message, part) && !strings.Contains(said, part) {
				t.Fatal("the error quotes what it was given")
			}
		}
	}
}

// FuzzParseKey holds ParseKey to this: it does not panic; its error has nothing of the
// text in it, not even of a canary anywhere in it; and what it accepts signs so
// that another library agrees, or says that the key is damaged.
func FuzzParseKey(f *testing.F) {
	for _, key := range []any{rsaKey(), p256Key(), p384Key(), p521Key(), edKey(), sharedBytes()} {
		for _, form := range forms(key) {
			f.Add(form, 40)
		}
	}
	f.Add(issue(p256Key(), nil), 0)
	f.Add(publishedEd25519, 0)
	f.Add(publishedP256, 0)
	own := parseKey(f, sec1(p256Key()))
	f.Fuzz(func(t *testing.T, text string, at int) {
		const canary = "Zk9vQ2FuYXJ5U2VjcmV0"
		at = max(0, min(at, len(text)))
		for _, text := range []string{text, text[:at] + canary + text[at:]} {
			k, err := signing.ParseKey(secret.New(text))
			if err != nil {
				checkNothingOf(t, err.Error(), text)
				checkNothingOf(t, err.Error(), canary)
			} else {
				signAndVerify(t, k)
			}
			if _, err := signing.ParseCertificate(secret.New(text), own, noon); err != nil {
				checkNothingOf(t, err.Error(), text)
			}
		}
	})
}

// signAndVerify signs with k, unless it is damaged in a way that only signing shows.
func signAndVerify(t *testing.T, k signing.Key) {
	t.Helper()
	s := signer{k, "", signing.Header{}}
	token, err := s.Sign(members(map[string]any{"sub": "me"}))
	if err != nil {
		checkFault(t, err, "the key does not sign: it is damaged; export it again")
		return
	}
	verify(t, token, k.Algorithm(), signing.Public(k))
}

// FuzzSign holds Sign to this: another library verifies what it made, and header and
// claims come back as they were given, numbers to the last digit.
func FuzzSign(f *testing.F) {
	f.Add(`{"iss":"me","aud":["a","b"],"exp":1795352460}`, "kid", "JWT", uint8(0))
	f.Add(`{"n":[9007199254740993,-0,1.0,1e400,1E-400,{"":[[]]}]}`, "", "at+jwt", uint8(9))
	f.Add(`{"<&>\u2028":"\ud83d\ude00\u0000","b":null,"a":true}`, "<&>\"\\", "", uint8(10))
	f.Add(`{}`, "\xff", "\xff", uint8(12))
	keys := map[signing.Algorithm]signing.Key{}
	for _, key := range []any{p256Key(), p384Key(), p521Key(), edKey(), rsaKey(), sharedBytes()} {
		k := parseKey(f, text(jwk(key)))
		for _, a := range signing.Algorithms() {
			if _, _, err := signing.Sign(k, a, signing.Header{}, nil); err == nil {
				keys[a] = k
			}
		}
	}
	if len(keys) != len(signing.Algorithms()) {
		f.Fatalf("there are keys for %d of %d algorithms", len(keys), len(signing.Algorithms()))
	}
	f.Fuzz(func(t *testing.T, claims, kid, typ string, which uint8) {
		given, err := strictjson.Decode[strictjson.Value]([]byte(claims))
		if err != nil {
			return
		}
		a := signing.Algorithms()[int(which)%len(signing.Algorithms())]
		h := signing.Header{KeyID: kid, Type: typ}
		s := signer{keys[a], a, h}
		token, err := s.Sign(given.Members)
		if (err == nil) != (utf8.ValidString(kid) && utf8.ValidString(typ)) {
			t.Fatalf("kid %q and typ %q: %v", kid, typ, err)
		}
		if err != nil {
			return
		}
		verify(t, token, a, signing.Public(keys[a]))

		// The other library cannot read a header with numbers beyond a float64.
		h.Members = []strictjson.Member{{Name: "own", Value: given}}
		s = signer{keys[a], a, h}
		parts := strings.Split(must(s.Sign(given.Members)).Reveal(), ".")
		if got := parsePart(t, parts[1]); !reflect.DeepEqual(got, any(object(given.Members))) {
			t.Errorf("claims are %#v, given were %#v", got, given)
		}
		want := map[string]any{"alg": string(a), "own": any(object(given.Members)), "typ": "JWT"}
		if typ != "" {
			want["typ"] = typ
		}
		if kid != "" {
			want["kid"] = kid
		}
		if got := parsePart(t, parts[0]); !reflect.DeepEqual(got, any(want)) {
			t.Errorf("the header is %#v, want %#v", got, want)
		}
		if again := strings.Split(must(s.Sign(given.Members)).Reveal(), "."); again[0] != parts[0] || again[1] != parts[1] {
			t.Error("the same claims are written in two ways")
		}
	})
}

// parsePart reads one part of a JWT with every number as it is written.
func parsePart(t *testing.T, part string) any {
	t.Helper()
	v, err := strictjson.Parse(must(base64.RawURLEncoding.DecodeString(part)), 32)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
