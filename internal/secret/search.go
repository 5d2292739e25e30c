package secret

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"html"
	"iter"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Forms returns the forms in which value may come back in foreign text whose escapes are
// undone (see views), the longest first; none if it has fewer than least bytes.
func Forms(value string, least int) []string {
	if len(value) < least {
		return nil
	}
	forms := []string{value, hex.EncodeToString([]byte(value))}
	// Within a longer text in base64, such as that of Basic authentication, a value
	// begins at one of three offsets; its first and last characters also depend on its
	// neighbours, and are left out.
	// For Basic authentication it is form-encoded before (RFC 6749 section 2.3.1).
	for _, inner := range []string{value, url.QueryEscape(value)} {
		for offset := range 3 {
			padded := append(make([]byte, offset), inner...)
			from, to := (offset*8+5)/6, len(padded)*8/6
			std := base64.RawStdEncoding.EncodeToString(padded)[from:to]
			forms = append(forms, std, strings.NewReplacer("+", "-", "/", "_").Replace(std))
		}
	}
	for i, f := range forms {
		forms[i] = string(spelled(f).fold().text)
	}
	forms = slices.DeleteFunc(forms, func(f string) bool { return len(f) < min(least, 4) })
	slices.SortFunc(forms, func(a, b string) int {
		return cmp.Or(len(b)-len(a), strings.Compare(a, b))
	})
	return slices.Compact(forms)
}

// A spelling is text with where in the text that was read each of its bytes comes from.
// Bytes, since two languages may share in the escaping of one character.
type spelling struct {
	text []byte
	from []span
}

// A span is a part of the text that was read.
type span struct{ begin, end int32 }

func spelled(text string) spelling {
	s := spelling{text: []byte(text), from: make([]span, len(text))}
	for i := range s.from {
		s.from[i] = span{int32(i), int32(i + 1)}
	}
	return s
}

// add appends text that comes from the n bytes of t at i.
func (s *spelling) add(text string, t spelling, i, n int) {
	from := span{t.from[i].begin, t.from[i+n-1].end}
	for range len(text) {
		s.from = append(s.from, from)
	}
	s.text = append(s.text, text...)
}

// maxEscapes is how often text is taken to have been escaped over: a form in JSON, in JSON,
// quoted in HTML. With three languages that makes at most 121 ways to read it.
const maxEscapes = 4

// views goes through all the ways in which text can be read: as it is, and with the
// escapes of JSON, URLs and HTML undone, in any order. Each of the languages in which
// secrets are echoed has several ways to write a character, so that it is easier to undo
// them all than to make them; and which of them came last cannot be seen. Only as many are
// held at a time as there are escapes: who makes a text with many must not fill the memory.
func views(text string) iter.Seq[spelling] {
	return func(yield func(spelling) bool) {
		seen := map[[sha256.Size]byte]int{} // at what depth
		var visit func(spelling, int) bool
		visit = func(s spelling, depth int) bool {
			sum := sha256.Sum256(s.text)
			if before, met := seen[sum]; met && before <= depth {
				return true
			}
			seen[sum] = depth
			if !yield(s.fold()) {
				return false
			}
			if depth == maxEscapes {
				return true
			}
			for _, escape := range []func([]byte) (string, int){backslashed, percented, entitled} {
				t := s.unescape(escape)
				if !bytes.Equal(t.text, s.text) && !visit(t, depth+1) {
					return false
				}
			}
			return true
		}
		visit(spelled(text), 0)
	}
}

// fold leaves out white space, at which texts are broken over lines, control characters,
// and the + that stands for a space in forms (and with it those that do not), and makes
// capitals small, since hexadecimal comes in both.
func (s spelling) fold() spelling {
	var t spelling
	for i := 0; i < len(s.text); {
		r, n := utf8.DecodeRune(s.text[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			t.add(string(s.text[i:i+1]), s, i, 1)
		case unicode.IsSpace(r) || unicode.IsControl(r) || r == '+':
		default:
			t.add(string(unicode.ToLower(r)), s, i, n)
		}
		i += n
	}
	return t
}

// unescape undoes one layer of the escapes of one language.
func (s spelling) unescape(escape func([]byte) (string, int)) spelling {
	var t spelling
	for i := 0; i < len(s.text); {
		text, n := escape(s.text[i:])
		if n == 0 {
			text, n = string(s.text[i:i+1]), 1
		}
		t.add(text, s, i, n)
		i += n
	}
	return t
}

// percented returns what the percent-escape at the beginning of b stands for, and how long
// it is; zero: there is none.
func percented(b []byte) (text string, n int) {
	if b[0] == '%' {
		if v, ok := digits(b, 1, 2); ok {
			return string([]byte{byte(v)}), 3
		}
	}
	return "", 0
}

// longestEntity is in bytes: the names in HTML that matter here are short.
const longestEntity = 12

var entity = regexp.MustCompile(`^&#?[0-9A-Za-z]+;`)

// entitled does the same for an entity of HTML. (The library also takes those without a
// semicolon, of which one cannot tell where they end.)
func entitled(b []byte) (text string, n int) {
	if b[0] != '&' {
		return "", 0
	}
	name := string(entity.Find(b[:min(len(b), longestEntity)]))
	if text = html.UnescapeString(name); text == name {
		return "", 0
	}
	return text, len(name)
}

// backslashed does the same for an escape of JSON, or one of JavaScript.
func backslashed(b []byte) (text string, n int) {
	if b[0] != '\\' || len(b) < 2 {
		return "", 0
	}
	switch c := b[1]; c {
	case 'u':
		unit, ok := digits(b, 2, 4)
		if !ok {
			return "", 0
		}
		if low, ok := digits(b, 8, 4); ok && utf16.IsSurrogate(rune(unit)) && b[6] == '\\' && b[7] == 'u' {
			return string(utf16.DecodeRune(rune(unit), rune(low))), 12
		}
		return string(rune(unit)), 6
	case 'x':
		if v, ok := digits(b, 2, 2); ok {
			return string(rune(v)), 4
		}
	case 'n', 'r', 't', 'b', 'f':
		return " ", 2
	case '"', '\\', '/', '\'':
		return string(c), 2
	}
	return "", 0
}

// digits reads n hexadecimal digits of b.
func digits(b []byte, from, n int) (uint64, bool) {
	if from+n > len(b) {
		return 0, false
	}
	v, err := strconv.ParseUint(string(b[from:from+n]), 16, 32)
	return v, err == nil
}

// Found returns the index of a set of needles of which text holds one, or -1.
func Found(text string, sets [][]string) int {
	for v := range views(text) {
		for i, needles := range sets {
			if slices.ContainsFunc(needles, func(n string) bool { return bytes.Contains(v.text, []byte(n)) }) {
				return i
			}
		}
	}
	return -1
}

// maxQuoted is how much of a foreign text is quoted at most, in bytes; what is shown of it
// is a few hundred.
const maxQuoted = 16384

// Redact replaces each of the needles in text, and leaves out what follows its first part.
func Redact(text string, needles []string) string {
	hidden := make([]bool, min(len(text), maxQuoted))
	cut := len(text) > maxQuoted
	text = text[:len(hidden)]
	for v := range views(text) {
		for _, n := range needles {
			for from := 0; ; {
				i := bytes.Index(v.text[from:], []byte(n))
				if i < 0 {
					break
				}
				i += from
				from = i + len(n)
				for j := v.from[i].begin; j < v.from[from-1].end; j++ {
					hidden[j] = true
				}
			}
		}
	}
	if cut {
		// The beginning of a needle may stand there.
		for i := len(hidden) / 2; i < len(hidden); i++ {
			hidden[i] = true
		}
	}
	var b strings.Builder
	for i := range len(text) {
		switch {
		case !hidden[i]:
			b.WriteByte(text[i])
		case i == 0 || !hidden[i-1]:
			b.WriteString(redacted)
		}
	}
	return b.String()
}
