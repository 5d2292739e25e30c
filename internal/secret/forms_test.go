package secret_test

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"mime/quotedprintable"
	"net/url"
	"strings"
	"testing"
	"unicode/utf16"

	"example.com/tokenkeeper/internal/secret"
)

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
		"base32, shifted by two":                  base32.StdEncoding.EncodeToString([]byte("us" + hard)),
		"base32, shifted by four":                 base32.StdEncoding.EncodeToString([]byte("user" + hard)),
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

// A reference of HTML may represent more than four bytes: for two characters, or for one with
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

// References of HTML by names, those of two letters and of the longest names among them, are read
// wherever in a secret they are.
func TestReferencesByName(t *testing.T) {
	names := strings.NewReplacer("fj", "&fjlig;", "`", "&DiacriticalGrave;", "|", "&VerticalLine;", "_", "&UnderBar;", "{", "&lbrace;", ".", "&period;")
	for _, value := range []string{"fjord-s3cr3t", "s3cr3t-of-the-fjord", "s3cr3t-fj", "`s3c|r3t_{x}.fj`", "0123456789abcdefjklmnopqrstuv", "abcdefj.0123456789-fj-abcdefghfj"} {
		text := "before " + names.Replace(value) + " after"
		if found(t, searcher(value), text) != "it" {
			t.Errorf("it is not found in %s", text)
		}
		if got := searcher(value).Redact(text); got != "before [secret] after" {
			t.Errorf("%s becomes %s", text, got)
		}
	}
}

// A text that merely resembles a secret, as scopes and URLs may, is none.
func TestHonestTextsLikeASecret(t *testing.T) {
	for value, texts := range map[string][]string{
		"read_write_all":           {"read/write/all", "read:write:all", "openid https://api.example.com/read/write/all"},
		"api:reports:read":         {"apireportsread", "api/reports/read", "api_reports_read"},
		"contoso_prod_reports":     {"https://login.example.com/contoso/prod/reports"},
		"https://id.example.com/x": {"https://id.example.com_x", "https//id.example.com/x"},
	} {
		for _, text := range texts {
			if name := found(t, searcher(value), text); name != "" {
				t.Errorf("%s is found in %s", value, text)
			}
			if got := searcher(value).Redact(text); len(value) < 12 && got != text {
				t.Errorf("%s becomes %s", text, got)
			}
		}
		if found(t, searcher(value), "scope: "+value) != "it" {
			t.Errorf("%s is not found as it is", value)
		}
	}
}
