package secret

import (
	"html"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// unescape adds the escapes that begin with c at byte i and go on at rest: of JSON and
// JavaScript, of URLs, of quoted-printable text (RFC 2045 section 6.7) and of HTML.
func (r *reading) unescape(c byte, i, rest int, depth uint8) {
	if rest >= len(r.text) {
		return
	}
	switch c {
	case '\\':
		r.backslashed(i, rest, depth)
	case '%':
		r.byteAt(i, rest, depth)
		r.each(rest, func(c byte, at int, d uint8) {
			if c == 'u' || c == 'U' { // escape() of JavaScript
				r.unit(at, '%', func(v rune, to int, inner uint8) { r.addText(i, to, max(depth, d, inner), string(v)) })
			}
		})
	case '=':
		r.byteAt(i, rest, depth)
		r.each(rest, func(c byte, at int, d uint8) {
			if c == '\r' || c == '\n' { // a soft line break
				r.addText(i, at, max(depth, d), "")
			}
		})
	case '&':
		r.entity(i, rest, depth, "")
	}
}

// backslashed adds the escapes that a backslash begins.
func (r *reading) backslashed(i, rest int, depth uint8) {
	r.each(rest, func(c byte, at int, d uint8) {
		if c == '\\' && d != depth && strings.Trim(r.text[i:at], `\`) == "" {
			return // of two in a row none was escaped more often than the other
		}
		d = max(depth, d)
		switch {
		case c == 'u':
			r.unit(at, '\\', func(v rune, to int, inner uint8) { r.addText(i, to, max(d, inner), string(v)) })
		case c == 'x':
			r.hex(at, 2, func(v rune, to int, inner uint8) { r.addText(i, to, max(d, inner), string(v)) })
		case strings.IndexByte("nrtbfv", c) >= 0:
			r.addText(i, at, d, "") // white space
		case c > ' ' && c < '0' || c > '9' && c < 'A' || c > 'Z' && c < 'a' || c > 'z' && c < 0x7f:
			r.addByte(i, at, d, c)
		}
	})
}

// unit reads the four digits of a UTF-16 code unit, and where that is one of a pair the
// other one, which begins with the same character. It also reads \u{1F511}.
func (r *reading) unit(i int, again byte, f func(v rune, to int, depth uint8)) {
	r.hex(i, 4, func(v rune, to int, depth uint8) {
		f(v, to, depth)
		if !utf16.IsSurrogate(v) {
			return
		}
		r.each(to, func(c byte, at int, d1 uint8) {
			if c != again {
				return
			}
			r.each(at, func(c byte, at int, d2 uint8) {
				if c != 'u' && c != 'U' {
					return
				}
				r.hex(at, 4, func(low rune, to int, d3 uint8) {
					if pair := utf16.DecodeRune(v, low); pair != utf8.RuneError {
						f(pair, to, max(depth, d1, d2, d3))
					}
				})
			})
		})
	})
	if again == '\\' && strings.HasPrefix(r.text[min(i, len(r.text)):], "{") {
		for n := 1; n <= 6; n++ {
			r.hex(i+1, n, func(v rune, to int, depth uint8) {
				if to < len(r.text) && r.text[to] == '}' {
					f(v, to+1, depth)
				}
			})
		}
	}
}

// byteAt adds the byte whose two digits follow at rest.
func (r *reading) byteAt(i, rest int, depth uint8) {
	if rest+1 < len(r.text) && len(r.at(rest)) == 0 && len(r.at(rest+1)) == 0 { // in almost every text
		high, ok := digit(r.text[rest])
		low, both := digit(r.text[rest+1])
		if r.steps -= 2; ok && both {
			r.addByte(i, rest+2, depth, byte(high<<4|low))
		}
		return
	}
	var first, second [maxReadings + 1]character
	for _, high := range r.characters(rest, first[:0]) {
		h, ok := digit(high.c)
		if !ok {
			continue
		}
		for _, low := range r.characters(high.to, second[:0]) {
			if l, ok := digit(low.c); ok {
				r.addByte(i, low.to, max(depth, high.depth, low.depth), byte(h<<4|l))
			}
		}
	}
}

// hex reads n hexadecimal digits at byte i.
func (r *reading) hex(i, n int, f func(v rune, to int, depth uint8)) {
	if i+n <= len(r.text) && r.ends[i] == r.ends[i+n] { // in almost every text: no escapes begin there
		var v rune
		for j := i; j < i+n; j++ {
			d, ok := digit(r.text[j])
			if r.steps--; !ok {
				return
			}
			v = v<<4 | d
		}
		f(v, i+n, 0)
		return
	}
	r.each(i, func(c byte, to int, depth uint8) {
		v, ok := digit(c)
		switch {
		case !ok:
		case n == 1:
			f(v, to, depth)
		default:
			r.hex(to, n-1, func(low rune, to int, d uint8) {
				f(v<<(4*(n-1))|low, to, max(depth, d))
			})
		}
	})
}

func digit(c byte) (rune, bool) {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0'), true
	case c >= 'a' && c <= 'f':
		return rune(c - 'a' + 10), true
	case c >= 'A' && c <= 'F':
		return rune(c - 'A' + 10), true
	}
	return 0, false
}

// longestEntity is in bytes, without & and semicolon: the names that matter here are short.
const longestEntity = 10

// entity reads an entity of HTML that begins at byte i and has name so far. (The library
// also takes those without a semicolon, whose end is not marked.)
func (r *reading) entity(i, at int, depth uint8, name string) {
	r.each(at, func(c byte, to int, d uint8) {
		d = max(depth, d)
		switch {
		case c == ';' && len(name) > 1:
			whole := "&" + name + ";"
			if text := html.UnescapeString(whole); text != whole {
				r.addText(i, to, d, text)
			}
		case len(name) < longestEntity && (c == '#' && name == "" || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'):
			r.entity(i, to, d, name+string([]byte{c}))
		}
	})
}
