package secret_test

import (
	"encoding/json"
	"errors"
	"html"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"example.com/tokenkeeper/internal/secret"
)

// A language undoes its escapes in a whole text; ok is false if the text is not of it.
type language func(text string) (plain string, ok bool)

func number(text string, base int) uint64 {
	n, _ := strconv.ParseUint(text, base, 32)
	return n
}

// languages are those that a search reads, as a decoder of each one reads them.
var languages = []language{
	func(text string) (string, bool) { // URLs
		return regexp.MustCompile(`%[0-9A-Fa-f]{2}`).ReplaceAllStringFunc(text, func(e string) string {
			return string([]byte{byte(number(e[1:], 16))})
		}), true
	},
	func(text string) (string, bool) { // escape() of JavaScript
		return regexp.MustCompile(`%u[0-9A-Fa-f]{4}`).ReplaceAllStringFunc(text, func(e string) string {
			return string(utf16.Decode([]uint16{uint16(number(e[2:], 16))}))
		}), true
	},
	func(text string) (string, bool) { // JSON
		escapes := regexp.MustCompile(`\\(?:u[0-9A-Fa-f]{4}|["\\/]|[nrtbf])`)
		if strings.Contains(escapes.ReplaceAllString(text, ""), `\`) {
			return "", false
		}
		return escapes.ReplaceAllStringFunc(text, func(e string) string {
			switch e[1] {
			case 'u':
				return string(utf16.Decode([]uint16{uint16(number(e[2:], 16))}))
			case '"', '\\', '/':
				return e[1:]
			}
			return " "
		}), true
	},
	func(text string) (string, bool) { // HTML
		return regexp.MustCompile(`&(?:#[0-9]{1,6}|#x[0-9A-Fa-f]{1,5}|[a-z]{2,6});`).ReplaceAllStringFunc(text, html.UnescapeString), true
	},
	func(text string) (string, bool) { // quoted-printable
		return regexp.MustCompile(`=(?:[0-9A-Fa-f]{2}|\r?\n)`).ReplaceAllStringFunc(text, func(e string) string {
			if e = strings.TrimSpace(e[1:]); e == "" {
				return ""
			}
			return string([]byte{byte(number(e, 16))})
		}), true
	},
}

// Whatever is read in a text by undoing up to four layers of escapes, of any languages and in
// any order, is found in the text, and is not printed.
func FuzzSearch(f *testing.F) {
	for _, seed := range []struct {
		text   string
		layers []byte
		at     uint
	}{
		{"the secret is c4n4ry-s3cr3t", nil, 14},
		{`%5Cu0063%5Cu0034n4ry-s3%2563r3t`, []byte{0, 2, 0}, 0},
		{`&amp;#x63;4n4ry-s&quot;%u0063r3t\\u0041`, []byte{3, 3, 1, 2, 2}, 0},
		{`=63=344=6E4ry=\r\n-s3cr3t`, []byte{4}, 0},
		{`\\\\\\\"c4n4ry\\\\\\\\s3cr3t\\\"`, []byte{2, 2, 2}, 0},
		{`\%5Cu0063` + "4n4ry-s3cr3t", []byte{0, 2, 2}, 0},
		{`%u5BC6%u78BC\u5bc6\u78bc&#x5bc6;&race;&#78BC;`, []byte{1, 2, 3}, 2},
		{strings.Repeat("%25", 40) + "41c4n4ry-s3cr3t", []byte{0, 0, 0, 0}, 3},
	} {
		f.Add(seed.text, seed.layers, seed.at)
	}
	f.Fuzz(func(t *testing.T, text string, layers []byte, at uint) {
		if len(text) > 1<<12 || len(layers) > 4 {
			return
		}
		plain := text
		for _, l := range layers {
			next, ok := languages[int(l)%len(languages)](plain)
			if !ok {
				return
			}
			plain = next
		}
		// The secret is a part of what was read.
		at %= uint(len(plain) + 1)
		value := plain[at:min(len(plain), int(at)+12)]
		if len(secret.Fold(value)) < 8 || strings.TrimSpace(value) != value || !utf8.ValidString(value) {
			return
		}
		s := searcher(value)
		name, err := s.Find(text)
		if errors.Is(err, secret.ErrUnsearchable) {
			if taken, allowed, _ := s.Steps(text); taken < allowed/2 && !strings.Contains(text, `\\`) {
				t.Fatalf("%q is refused after %d comparisons of %d", text, taken, allowed)
			}
			if got := s.Redact(text); got != "[secret]" {
				t.Fatalf("%q is printed as %q", text, got)
			}
			return
		}
		if name != "it" {
			t.Fatalf("%q is not found in %q", value, text)
		}
		if got := s.Redact(text); len(layers) == 0 && strings.Contains(got, value) && !strings.Contains("[secret]", value) {
			t.Fatalf("%q is left in %q", value, got)
		}
	})
}

// What is printed is printable, and can be read back.
func FuzzPrintable(f *testing.F) {
	for _, seed := range []string{"", "plain", `"\`, "\x1b[31mred\a", "a\u202eb\u2066c\u009b", "\xff\xfe", "\U000e0041", strings.Repeat("å", 300), "\u00ad\u200b\ufeff", "a ##vso[task.complete]", "###[add-path]##[x"} {
		f.Add(seed, 40)
	}
	f.Fuzz(func(t *testing.T, text string, most int) {
		most = 8 + int(uint(most)%1000)
		odd := func(r rune) bool { return !unicode.IsPrint(r) }
		cut, whole := secret.Printable(text, most), secret.Visible(text)
		if strings.ContainsFunc(cut, odd) || strings.ContainsFunc(whole, odd) {
			t.Fatalf("not printable: %q, %q", cut, whole)
		}
		if n := utf8.RuneCountInString(cut); n > most {
			t.Fatalf("%d characters of %d", n, most)
		}
		valid := strings.ToValidUTF8(text, "\ufffd")
		if full := secret.Printable(text, 12*len(text)+8); utf8.ValidString(text) {
			var back string
			if err := json.Unmarshal([]byte(`"`+full+`"`), &back); err != nil || back != valid {
				t.Fatalf("%q is printed as %q, and read as %q, %v", text, full, back, err)
			}
		}
		document, err := json.Marshal(valid)
		if err != nil {
			t.Fatal(err)
		}
		var back string
		if shown := secret.Visible(string(document)); json.Unmarshal([]byte(shown), &back) != nil || back != valid || strings.ContainsFunc(shown, odd) {
			t.Fatalf("%q is printed as %s", text, shown)
		}
		if obeyed := regexp.MustCompile(`##(vso)?\[`); obeyed.MatchString(cut + "\n" + whole + "\n" + secret.Visible(string(document))) {
			t.Fatalf("a CI runner obeys %q", text)
		}
		if secret.Visible(whole) != whole {
			t.Fatalf("%q is changed again", whole)
		}
		if kept := secret.VisibleBut(text, "\n"); strings.Count(kept, "\n") != strings.Count(text, "\n") || strings.ContainsFunc(strings.ReplaceAll(kept, "\n", ""), odd) {
			t.Fatalf("%q is printed as %q", text, kept)
		}
	})
}
