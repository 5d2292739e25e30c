package secret

import (
	"fmt"
	"html"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// unescape adds the escapes that begin with c at byte i and go on at rest: of JSON and
// JavaScript, of URLs, of quoted-printable text (RFC 2045 section 6.7) and of HTML.
func (r *reading) unescape(c byte, i, rest int, depth uint8) {
	switch c {
	case '\\':
		r.backslashed(i, rest, depth)
	case '%':
		r.octet(i, rest, depth)
		for k := range r.readings(rest) {
			if c := r.character(rest, k); c.c == 'u' || c.c == 'U' { // escape() of JavaScript
				r.unit(i, c.to, max(depth, c.depth), '%')
			}
		}
	case '=':
		r.octet(i, rest, depth)
		for k := range r.readings(rest) {
			if c := r.character(rest, k); c.c == '\r' || c.c == '\n' { // a soft line break
				r.addText(i, c.to, max(depth, c.depth), "")
			}
		}
	case '&':
		r.entity(i, rest, depth, "")
	}
}

// backslashed adds the escapes that a backslash begins.
func (r *reading) backslashed(i, rest int, depth uint8) {
	for k := range r.readings(rest) {
		c := r.character(rest, k)
		d := max(depth, c.depth)
		switch c.c {
		case 'u':
			r.unit(i, c.to, d, '\\')
		case 'x':
			r.hex(c.to, 2, 0, d, func(v rune, to int, d uint8) { r.addText(i, to, d, string(v)) })
		case 'n', 'r', 't', 'b', 'f', 'v':
			r.addText(i, c.to, d, "") // white space
		case '\\':
			if c.depth == depth || c.to > r.run { // of two in a row none was escaped more often than the other
				r.addByte(i, c.to, d, c.c)
			}
		default:
			if c.c > ' ' && c.c < '0' || c.c > '9' && c.c < 'A' || c.c > 'Z' && c.c < 'a' || c.c > 'z' && c.c < 0x7f {
				r.addByte(i, c.to, d, c.c)
			}
		}
	}
}

// unit adds the character whose UTF-16 code unit has its four digits at rest, and where that is
// one of a pair the pair, whose other one begins with the same character. It also reads \u{1F511}.
func (r *reading) unit(i, rest int, depth uint8, again byte) {
	r.hex(rest, 4, 0, depth, func(v rune, to int, depth uint8) {
		r.addText(i, to, depth, string(v))
		if utf16.IsSurrogate(v) {
			r.pair(i, to, depth, v, again)
		}
	})
	if again == '\\' && strings.HasPrefix(r.text[min(rest, len(r.text)):], "{") {
		for n := 1; n <= 6; n++ {
			r.hex(rest+1, n, 0, depth, func(v rune, to int, depth uint8) {
				if to < len(r.text) && r.text[to] == '}' {
					r.addText(i, to+1, depth, string(v))
				}
			})
		}
	}
}

// pair adds the character of a surrogate pair whose high half was read before byte at.
func (r *reading) pair(i, at int, depth uint8, high rune, again byte) {
	for k := range r.readings(at) {
		first := r.character(at, k)
		if first.c != again {
			continue
		}
		for k := range r.readings(first.to) {
			second := r.character(first.to, k)
			if second.c != 'u' && second.c != 'U' {
				continue
			}
			r.hex(second.to, 4, 0, max(depth, first.depth, second.depth), func(low rune, to int, depth uint8) {
				if v := utf16.DecodeRune(high, low); v != utf8.RuneError {
					r.addText(i, to, depth, string(v))
				}
			})
		}
	}
}

// octet adds the byte whose two digits follow at rest.
func (r *reading) octet(i, rest int, depth uint8) {
	r.hex(rest, 2, 0, depth, func(v rune, to int, depth uint8) { r.addByte(i, to, depth, byte(v)) })
}

// hex calls f with every number that n hexadecimal digits at byte i can be read as, after v.
func (r *reading) hex(i, n int, v rune, depth uint8, f func(v rune, to int, depth uint8)) {
	if n == 0 {
		f(v, i, depth)
		return
	}
	for k := range r.readings(i) {
		c := r.character(i, k)
		if d, ok := digit(c.c); ok {
			r.hex(c.to, n-1, v<<4|d, max(depth, c.depth), f)
		}
	}
}

func digit(c byte) (rune, bool) {
	const digits = "0123456789abcdef"
	v := strings.IndexByte(digits+"ABCDEF", c)
	if v >= len(digits) {
		v -= 6
	}
	return rune(v), v >= 0
}

// longestEntity is that of the names that are read, in bytes, without & and semicolon: the longest
// of an ASCII character is DiacriticalGrave.
const longestEntity = 16

// entity reads an entity of HTML that begins at byte i and has name before byte at. (The library
// also takes those without a semicolon, whose end is not marked.)
func (r *reading) entity(i, at int, depth uint8, name string) {
	for k := range r.readings(at) {
		c := r.character(at, k)
		d := max(depth, c.depth)
		switch {
		case c.c == ';' && len(name) > 1:
			whole := "&" + name + ";"
			if text := html.UnescapeString(whole); text != whole {
				r.addText(i, c.to, d, text)
			}
		case len(name) < longestEntity && (c.c == '#' && name == "" || c.c >= '0' && c.c <= '9' || c.c >= 'a' && c.c <= 'z' || c.c >= 'A' && c.c <= 'Z'):
			r.entity(i, c.to, d, name+string([]byte{c.c}))
		}
	}
}

// Escaped returns r as an escape of JSON: \n, \u202e.
func Escaped(r rune) string {
	switch r {
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case '\t':
		return `\t`
	}
	if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
		return fmt.Sprintf(`\u%04x\u%04x`, high, low)
	}
	return fmt.Sprintf(`\u%04x`, r)
}
