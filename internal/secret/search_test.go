package secret_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"html"
	"mime/quotedprintable"
	"net/url"
	"strings"
	"testing"
	"unicode/utf16"

	"example.com/tokenkeeper/internal/secret"
)

const hard = `c4n@ry+/= &%#"\<>:å€🔑-s3cr3t`

func searcher(value string) *secret.Searcher {
	return secret.NewSearcher([]secret.Value{{Name: "it", Text: secret.New(value)}})
}

func found(t *testing.T, s *secret.Searcher, text string) string {
	t.Helper()
	name, err := s.Find(text)
	if err != nil {
		t.Errorf("%.80q cannot be searched", text)
	}
	return name
}

func utf16Of(text string, bigEndian bool) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(text)) {
		if bigEndian {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return string(b)
}

// units writes every character as its UTF-16 units, as escape() of JavaScript and JSON may.
func units(text, format string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(text)) {
		fmt.Fprintf(&b, format, u)
	}
	return b.String()
}

func each(text, format string) string {
	var b strings.Builder
	for i := range len(text) {
		fmt.Fprintf(&b, format, text[i])
	}
	return b.String()
}

func quotedJSON(text string) string {
	b, _ := json.Marshal(text)
	return string(b[1 : len(b)-1])
}

func quotedPrintable(text string) string {
	var b bytes.Buffer
	w := quotedprintable.NewWriter(&b)
	_, _ = w.Write([]byte(strings.Repeat("=", 20) + text))
	_ = w.Close()
	return b.String()
}

// In whatever a server writes a secret, it is found, and nothing of it is printed.
func TestEncodings(t *testing.T) {
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	asciiOnly := func(s string) string {
		var b strings.Builder
		for _, r := range quotedJSON(s) {
			if r < 0x80 {
				b.WriteRune(r)
			} else {
				b.WriteString(units(string(r), `\u%04x`))
			}
		}
		return b.String()
	}
	for name, echo := range map[string]string{
		"plain":                                  hard,
		"in capitals":                            strings.ToUpper(hard[:12]) + hard[12:],
		"%uXXXX":                                 units(hard, "%%u%04X"),
		"%uXXXX of some":                         strings.ReplaceAll(strings.ReplaceAll(hard, "€", "%u20AC"), "🔑", "%uD83D%uDD11"),
		"%XX":                                    each(hard, "%%%02x"),
		"%25XX":                                  each(hard, "%%25%02X"),
		"percent-encoded four times":             url.QueryEscape(url.QueryEscape(url.QueryEscape(url.QueryEscape(hard)))),
		`\uXXXX`:                                 units(hard, `\u%04x`),
		`\\uXXXX`:                                units(hard, `\\u%04x`),
		`\u{X}`:                                  strings.ReplaceAll(hard, "🔑", `\u{1F511}`),
		`\xXX`:                                   each(hard, `\x%02x`) + each("å", ""),
		"JSON in JSON in JSON":                   quotedJSON(quotedJSON(quotedJSON(hard))),
		"HTML":                                   html.EscapeString(hard),
		"HTML in JSON in a URL":                  url.QueryEscape(quotedJSON(html.EscapeString(hard))),
		"HTML, by numbers":                       strings.ReplaceAll(strings.ReplaceAll(html.EscapeString(hard), "å", "&#229;"), "🔑", "&#x1F511;"),
		"HTML, by names, twice":                  strings.ReplaceAll(html.EscapeString(strings.ReplaceAll(html.EscapeString(hard), "€", "&euro;")), "å", "&aring;"),
		"JSON with a slash escaped":              strings.ReplaceAll(quotedJSON(hard), "/", `\/`),
		"quoted-printable":                       quotedPrintable(hard),
		"quoted-printable, all":                  each(hard, "=%02X"),
		"quoted-printable, broken into lines":    hard[:8] + "=\r\n" + hard[8:15] + "=\n" + hard[15:],
		"UTF-16":                                 utf16Of(hard, false),
		"UTF-16, big-endian":                     utf16Of("x"+hard, true),
		"UTF-16 in JSON":                         quotedJSON(utf16Of("s3cr3t", false)) + quotedJSON(hard),
		"UTF-16 in base64, as PowerShell has it": b64(utf16Of("user:"+hard, false)),
		"base64":                                 b64(hard),
		"base64 of JSON":                         b64(`{"client_secret":"` + quotedJSON(hard) + `"}`),
		"base64 of JSON in ASCII":                b64(`{"x":"` + asciiOnly(hard) + `"}`),
		"base64url of JSON without HTML":         base64.RawURLEncoding.EncodeToString([]byte(`{"x":"` + strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(quotedJSON(hard)) + `"}`)),
		"base64 of a form":                       b64("client_id=x&client_secret=" + url.QueryEscape(hard)),
		"base64 of a form in small letters":      b64("a=" + strings.ToLower(url.QueryEscape("%"))[:0] + lowerEscapes(url.QueryEscape(hard))),
		"base64 of a path":                       b64("/" + url.PathEscape(hard)),
		"base64 of encodeURIComponent":           b64("x:" + strings.NewReplacer("+", "%20").Replace(url.QueryEscape(hard))),
		"base64 of HTML":                         b64("<p>" + html.EscapeString(hard) + "</p>"),
		"base64, percent-encoded":                url.QueryEscape(b64("ab" + hard)),
		"base64 broken into lines":               b64("abc" + hard)[:20] + "\r\n" + b64("abc" + hard)[20:],
		"base64 broken into lines, in JSON":      b64("abc" + hard)[:20] + `\r\n` + b64("abc" + hard)[20:],
		"base32":                                 base32.StdEncoding.EncodeToString([]byte(hard)),
		"base32 in small letters, shifted by one": strings.ToLower(base32.StdEncoding.EncodeToString([]byte("u" + hard))),
		"base32, shifted by three":                base32.StdEncoding.EncodeToString([]byte("usr" + hard + "/")),
		"hex":                                     hex.EncodeToString([]byte(hard)),
		"hex in capitals":                         strings.ToUpper(hex.EncodeToString([]byte(hard))),
		"hex with colons":                         strings.TrimSuffix(each(hard, "%02X:"), ":"),
		"hex with hyphens":                        strings.TrimSuffix(each(hard, "%02x-"), "-"),
		"hex with spaces":                         each(hard, "%02x "),
		"broken into lines":                       hard[:9] + "\r\n\t" + hard[9:],
		"UTF-8 taken for Latin-1":                 latin1Of(hard),
		"UTF-8 taken for Latin-1, in ASCII":       asciiOnly(latin1Of(hard)),
	} {
		text := "they said: <" + echo + "> and more"
		if found(t, searcher(hard), text) != "it" {
			t.Errorf("%s: it is not found in %q", name, text)
		}
		got := searcher(hard).Redact(text)
		if !strings.HasPrefix(got, "they said: <") || !strings.HasSuffix(got, "> and more") {
			t.Errorf("%s: more than the secret is gone: %q", name, got)
		}
		if len(got) > len("they said: <[secret]> and more")+70 || !strings.Contains(got, "[secret]") {
			t.Errorf("%s: it is printed as %q", name, got)
		}
	}
}

// Characters that are written as one escape are found too, wherever in the secret they are.
func TestSecretsBeyondASCII(t *testing.T) {
	for _, value := range []string{"пароль-отчётов", "密碼密碼密碼密", "ключ🔑ключ🔑", "aå€🔑b-å€🔑", "ååååååååååååååååååååååååå-å", "geheim-ä", "ä-geheim"} {
		for name, echo := range map[string]string{
			`\uXXXX`: units(value, `\u%04x`), "%uXXXX": units(value, "%%u%04X"), "HTML": strings.ReplaceAll(strings.ReplaceAll(html.EscapeString(value), "å", "&aring;"), "€", "&euro;"),
			"HTML, by numbers": numbers(value), "JSON of HTML": quotedJSON(numbers(value)), "%XX": each(value, "%%%02x"), "plain": value, "Latin-1": latin1Of(value),
		} {
			if found(t, searcher(value), "x"+echo+"y") != "it" {
				t.Errorf("%s: %s is not found in %s", name, value, echo)
			}
			if got := searcher(value).Redact("x" + echo + "y"); got != "x[secret]y" {
				t.Errorf("%s: %s is printed as %s", name, echo, got)
			}
		}
		for runes := []rune(value); len(runes) >= 4 && len(value) >= 12; runes = runes[1:] {
			part := string(runes[:4])
			if got := searcher(value).Redact("x" + units(part, `\u%04x`) + "y"); len(secret.Fold(part)) >= 8 && !strings.Contains(got, "[secret]") {
				t.Errorf("%s of %s is printed as %s", part, value, got)
			}
		}
	}
}

func numbers(text string) string {
	var b strings.Builder
	for _, r := range text {
		fmt.Fprintf(&b, "&#%d;", r)
	}
	return b.String()
}

func latin1Of(text string) string {
	var b strings.Builder
	for i := range len(text) {
		b.WriteRune(rune(text[i]))
	}
	return b.String()
}

func lowerEscapes(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '%' {
			b.WriteString(strings.ToLower(text[i : i+3]))
			i += 2
			continue
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// The text beside a secret may look like the beginning of an escape that goes on in it:
// an attacker who writes the text around it cannot hide it.
func TestEscapesAroundASecret(t *testing.T) {
	const value = `41aabbccddee"3B`
	for _, before := range []string{"%", "%4", `\u00`, `\x`, "=", "&#", "&#x", "%u00", `\`, `\\`, "%25", "&amp;#"} {
		for _, echo := range []string{value, quotedJSON(value), url.QueryEscape(value), html.EscapeString(value), quotedJSON(url.QueryEscape(value))} {
			text := before + echo + ";"
			if found(t, searcher(value), text) != "it" {
				t.Errorf("it is not found in %q", text)
			}
			if got := searcher(value).Redact(text); strings.Contains(got, "aabb") {
				t.Errorf("%q is printed as %q", text, got)
			}
		}
	}
}

// A backslash of an escape may itself be written in another language, and the one after it as it is.
func TestBackslashesInTwoLanguages(t *testing.T) {
	const value = "s3cr3t-w0rd"
	for _, text := range []string{`%5c\u0073`, `\u005c\u0073`, `&#92;\u0073`, `&bsol;\u0073`, `=5C\u0073`, `%5C\u007%33`} {
		text = "<<" + text + value[1:] + ">>"
		if got := searcher(value).Redact(text); got != "<<[secret]>>" {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}

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
	for text, want := range map[string]bool{rsaPEM: true, "x " + ecPEM: true, jwk: true, jwkD: false, "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----": false,
		`{"kty": "RSA", "n": "AQAB", "e": "AQAB"}`: false, strings.Replace(rsaPEM, "PRIVATE", "ENCRYPTED PRIVATE", 2): true, "-----BEGIN RSA PRIVATE KEY-----": false} {
		if got := secret.PrivateKey(text); got != want {
			t.Errorf("PrivateKey(%.40q) = %v", text, got)
		}
	}
}

// Short secrets are compared with whole texts, and numbers by what they come to.
func TestShortSecrets(t *testing.T) {
	s := secret.NewSearcher([]secret.Value{{Name: "pin", Text: secret.New("271828")}, {Name: "word", Text: secret.New("passw0")}, {Name: "tiny", Text: secret.New("abc")}, {Name: "odd", Text: secret.New("a1b2==")}})
	for text, want := range map[string]string{"271828": "pin", " 271828\n": "pin", "2.71828e5": "pin", "2718280": "", "passw0": "word", "my passw0": "", "abc": "", "271828x": "", "MjcxODI4": "pin", "323731383238": "pin", "cGFzc3cw": "word", "7061737377300a": "", "YWJj": "", "a1b2==": "odd", "====": "", "YTFiMj09": "odd"} {
		if got := found(t, s, text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
	if name, err := s.Find("a", "271828", "b"); name != "pin" || err != nil {
		t.Errorf("%q, %v", name, err)
	}
	if got := s.Redact("the pin 271828 of abc"); got != "the pin [secret] of abc" {
		t.Error(got)
	}
}

// Of a secret that consists mostly of what searches pass over, folding leaves too little: it is looked for as it is.
func TestSecretsOfWhatIsPassedOver(t *testing.T) {
	for _, value := range []string{"::::::::ab", "++++++++", "a:b:c:::::", ":+ab \t:+:+", "::::::::é"} {
		s := searcher(value)
		for _, text := range []string{value, "you sent " + value + "!", value + value, url.QueryEscape(value), quotedJSON("of " + value)} {
			if found(t, s, text) != "it" {
				t.Errorf("%q is not found in %q", value, text)
			}
			if got := s.Redact("before " + text + " after"); strings.Contains(got, value) || !strings.Contains(got, "[secret]") {
				t.Errorf("%q is printed as %q", value, got)
			}
		}
		if got := found(t, s, "you sent ab, a:b:c and : + :::: alone"); got != "" {
			t.Errorf("%q is found where it is not", value)
		}
	}
	short := searcher("::a:")
	if got := short.Redact("of ::a::a: there"); got != "of [secret] there" {
		t.Error(got)
	}
	if found(t, short, "of ::a: there") != "" || found(t, short, "::a:") != "it" {
		t.Error("a short one is found within text, or not as a whole")
	}
	if got := searcher("        ").Redact("a          b"); got != "a          b" {
		t.Error(got)
	}
	public := secret.NewSearcher([]secret.Value{{Name: "it", Text: secret.New("::::::::ab")}, {Name: "id", Text: secret.New("see ::::::::ab"), Kind: secret.Public}})
	if found(t, public, "see ::::::::ab") != "" {
		t.Error("what is public is found")
	}
}

// A secret may come in pieces: all texts of an answer are searched together.
func TestPieces(t *testing.T) {
	if name, err := searcher("northern-lights").Find("northern", "-lights"); name != "it" || err != nil {
		t.Errorf("%q, %v", name, err)
	}
}

func TestFindBut(t *testing.T) {
	s := secret.NewSearcher([]secret.Value{{Name: "kept", Text: secret.New("northern-lights"), Kind: secret.Issued}, {Name: "own", Text: secret.New("northern-lights")}})
	kept := func(v secret.Value) bool { return v.Name == "kept" }
	if name, err := s.FindBut(kept, "northern-lights"); name != "own" || err != nil {
		t.Errorf("%q, %v", name, err)
	}
	if name, err := s.FindBut(func(secret.Value) bool { return true }, "x northern-lights y"); name != "" || err != nil {
		t.Errorf("%q, %v", name, err)
	}
}

// Whatever a text is, searching it takes a bounded number of comparisons: a text beyond that
// is refused, and not printed.
func TestWorkIsBounded(t *testing.T) {
	s := secret.NewSearcher(needles(600))
	for name, text := range worst(64 << 10) {
		taken, allowed, ok := s.Steps(text)
		t.Logf("%s: %.1f comparisons for each byte, %v", name, float64(taken)/float64(len(text)), ok)
		if most := 1<<15 + 8*len(text) + 24*strings.Count(text, `\`); allowed > most || taken > most+1000 {
			t.Errorf("%s: %d comparisons, %d are allowed, and at most %d are wanted", name, taken, allowed, most)
		}
		found, err := s.Find(text)
		if ok != (err == nil) && found == "" || err != nil && !errors.Is(err, secret.ErrUnsearchable) {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
		got := s.Redact(text[:4096])
		for _, v := range needles(8) {
			if strings.Contains(got, v.Text.Reveal()[30:42]) {
				t.Errorf("%s: printed as %.80q", name, got)
			}
		}
	}
}

// Of values with much in common, what is read of one is read of all: what follows is passed over at a cost, too.
func TestWorkOnSharedParts(t *testing.T) {
	var values []secret.Value
	for i := range 200 {
		values = append(values, secret.Value{Name: fmt.Sprint(i), Text: secret.New(fmt.Sprintf("%05dwhatallofthesehaveincommon", i))})
	}
	s := secret.NewSearcher(values)
	one := secret.NewSearcher([]secret.Value{{Name: "one letter", Text: secret.New(strings.Repeat("a", 48<<10))}})
	if taken, allowed, ok := one.Steps(strings.Repeat("a", 16<<10)); ok || taken > allowed+1000 {
		t.Errorf("one letter: %d comparisons of %d, %v", taken, allowed, ok)
	}
	for name, text := range map[string]string{"spaces": strings.Repeat(" ", 60<<10) + "ftheseha", "over": strings.Repeat("oftheseh ", 6<<10)} {
		if taken, allowed, ok := s.Steps(text); ok || taken > allowed+1000 {
			t.Errorf("%s: %d comparisons of %d, %v", name, taken, allowed, ok)
		}
	}
}

// Text as servers write it is well within the bounds, however much was escaped in it.
func TestHonestTextIsSearchable(t *testing.T) {
	page := strings.Repeat(`<p class="error">Client 'reports' &amp; co. failed: "C:\temp\x" 100% of &quot;x&quot; = y</p>`+"\n", 200)
	for name, text := range map[string]string{
		"HTML": page, "in JSON": quotedJSON(page), "in JSON in JSON": quotedJSON(quotedJSON(page)), "in HTML": html.EscapeString(html.EscapeString(page)),
		"in a form": url.QueryEscape(page), "twice": url.QueryEscape(url.QueryEscape(page)), "quoted-printable": quotedPrintable(page), "UTF-16 in JSON": quotedJSON(utf16Of(page, false)),
		"in JSON, three times": quotedJSON(quotedJSON(quotedJSON(`{"error": "no \"such\" client"}`))), "a page, four times": quotedJSON(quotedJSON(quotedJSON(quotedJSON(page)))),
		"in JSON of ASCII": quotedJSON(units(page, `\u%04x`)), "in a form, three times": url.QueryEscape(url.QueryEscape(url.QueryEscape(page))),
	} {
		if found(t, searcher(hard), text) != "" {
			t.Errorf("%s: a secret is found", name)
		}
	}
}

// A reference of HTML may stand for more than four bytes: for two characters, or for one with
// letters after it, since browsers take some without a semicolon. None breaks the search, or
// hides a secret beside it.
func TestReferencesToManyBytes(t *testing.T) {
	for value, texts := range map[string][]string{
		"c4n4ry-s3cr3t": {"&nesim;c4n4ry-s3cr3t", "c4n4ry-s3cr3t&nbump;", "&notes;c4n4ry-s3cr3t&regid;"},
		"&abcd;-s3cr3t": {"&ampabcd;-s3cr3t"},
	} {
		for _, text := range texts {
			if found(t, searcher(value), "before "+text+" after") != "it" {
				t.Errorf("it is not found in %s", text)
			}
		}
		if found(t, searcher(value), "&nesim; &nbump; &notes; &ampabcd;") != "" {
			t.Error("it is found where it is not")
		}
	}
}
