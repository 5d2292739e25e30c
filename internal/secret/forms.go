package secret

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
)

// leastForm is the length of the shortest form that is looked for, in bytes.
const leastForm = 4

// folded are the bytes that a search compares. It passes over those that are 0: white space and
// control characters, at which lines are broken and which are half of UTF-16, and +, a space in
// forms. Capitals are small, since hexadecimal comes in both.
var folded = func() (table [256]byte) {
	for c := range 256 {
		switch {
		case c <= ' ' || c == 0x7f || c == '+':
		case c >= 'A' && c <= 'Z':
			table[c] = byte(c) + 'a' - 'A'
		default:
			table[c] = byte(c)
		}
	}
	return table
}()

// Fold returns text as searches compare it.
func Fold(text string) string {
	out := make([]byte, 0, len(text))
	for i := range len(text) {
		if c := folded[text[i]]; c != 0 {
			out = append(out, c)
		}
	}
	return string(out)
}

// forms returns the ways in which value may come back in a text whose escapes are undone, folded:
// as it is, in hexadecimal, base64 and base32, where it may have been escaped before.
func forms(value string) []string {
	list := append(plainForms(value), latin1(value))
	if escapable.MatchString(value) {
		for _, inner := range escaped(value) {
			list = append(list, base64Forms(inner)...)
		}
	}
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		list = append(list, wide(value, order))
		list = append(list, base64Forms(wide(value, order))...)
	}
	return distinct(list)
}

// madeForms returns fewer of them, of a text that is already an encoding or a digest.
func madeForms(value string) []string {
	return distinct(append(base64Forms(value), value, hex.EncodeToString([]byte(value))))
}

// plainForms are value itself, and the encodings of its bytes.
func plainForms(value string) []string {
	return slices.Concat([]string{value, hex.EncodeToString([]byte(value)), spaced(value, "-"), spaced(value, ":")},
		base64Forms(value), shifted(value, 5, 5, base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString))
}

func distinct(list []string) []string {
	for i, f := range list {
		list[i] = Fold(f)
	}
	list = slices.DeleteFunc(list, func(f string) bool { return len(f) < leastForm })
	slices.Sort(list)
	return slices.Compact(list)
}

func spaced(value, separator string) string {
	return strings.ReplaceAll(fmt.Sprintf("% x", value), " ", separator)
}

// base64Forms returns value in base64, as part of a longer text such as that of Basic
// authentication.
func base64Forms(value string) []string {
	return append(shifted(value, 3, 6, base64.RawStdEncoding.EncodeToString), shifted(value, 3, 6, base64.RawURLEncoding.EncodeToString)...)
}

// shifted returns value in an encoding whose characters have that many bits, at each of the offsets
// at which it may begin: without the first and last characters, which also depend on its neighbours.
func shifted(value string, offsets, bits int, encode func([]byte) string) []string {
	var list []string
	for offset := range offsets {
		padded := append(make([]byte, offset), value...)
		list = append(list, encode(padded)[(offset*8+bits-1)/bits:len(padded)*8/bits])
	}
	return list
}

// escapable are the characters that some language escapes.
var escapable = regexp.MustCompile(`[^A-Za-z0-9._~-]`)

// escaped returns value as it is escaped before it is encoded: in forms, and in Basic
// authentication (RFC 6749 section 2.3.1), in paths, in JSON and in HTML.
func escaped(value string) []string {
	form, path := url.QueryEscape(value), url.PathEscape(value)
	list := []string{form, path, component(value), html.EscapeString(value)}
	for _, text := range []string{form, path, list[2]} {
		list = append(list, percentEscape.ReplaceAllStringFunc(text, strings.ToLower))
	}
	quoted, err := json.Marshal(value)
	if err != nil {
		return list
	}
	careful := string(quoted[1 : len(quoted)-1])
	plain := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(careful)
	for _, text := range []string{careful, plain, strings.ReplaceAll(plain, "/", `\/`)} {
		list = append(list, text, ascii(text))
	}
	return list
}

var percentEscape = regexp.MustCompile(`%[0-9A-F]{2}`)

// component is encodeURIComponent of JavaScript.
func component(value string) string {
	return strings.NewReplacer("+", "%20", "%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*").Replace(url.QueryEscape(value))
}

// ascii writes what is not ASCII as JSON may.
func ascii(quoted string) string {
	var b strings.Builder
	for _, r := range quoted {
		if r < 0x80 {
			b.WriteRune(r)
		} else {
			b.WriteString(Escaped(r))
		}
	}
	return b.String()
}

func wide(value string, order binary.AppendByteOrder) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(value)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}

// latin1 returns value as it becomes where its bytes are taken for characters.
func latin1(value string) string {
	var b strings.Builder
	for i := range len(value) {
		b.WriteRune(rune(value[i]))
	}
	return b.String()
}
