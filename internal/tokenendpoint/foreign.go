package tokenendpoint

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"example.com/tokenkeeper/internal/refresh"
)

const (
	// longestQuote is how many characters of foreign text are printed.
	longestQuote = 256
	// longestForeign is the size of the longest text that is looked at for quoting, in
	// bytes. Cutting a longer one first could leave half a secret, which nothing would
	// recognize; redacting it takes too long.
	longestForeign = 4 << 10
)

// quote returns text that a provider sent, fit to be printed: the credential's values
// and whatever looks like a token are gone before it is cut, and what could move a
// cursor, break a line or turn the reading direction is escaped.
func quote(c refresh.Credential, text string) string {
	if len(text) > longestForeign {
		return "(a text too long to be shown)"
	}
	return `"` + printable(mask(c.Redact(text)), longestQuote-2) + `"`
}

// masked stands for what looks like a secret.
const masked = "[masked]"

var (
	// tokenLike are runs that tokens, keys and hashes are made of.
	tokenLike = regexp.MustCompile(`[A-Za-z0-9+/=_.~%-]{20,}`)
	// harmless are those of them that people need: a UUID, by which a provider finds
	// the request in its log; words joined by dots, hyphens or underscores.
	harmless = regexp.MustCompile(`^(?:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\.?|/{0,2}[A-Za-z]{1,24}[0-9]?(?:[._/-]{1,2}[A-Za-z]{1,24}[0-9]?)*[./]?)$`)
)

// mask replaces what looks like a token, a key or a hash in text: the provider's own
// answer may hold one that no credential knows.
func mask(text string) string {
	return tokenLike.ReplaceAllStringFunc(text, func(run string) string {
		if harmless.MatchString(run) {
			return run
		}
		return masked
	})
}

// printable returns text in at most that many characters of one line, with what is not
// printable escaped as in a Go string.
func printable(text string, most int) string {
	var b strings.Builder
	left := most - 1 // one for the ellipsis
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		piece := text[i : i+n]
		switch {
		case r == utf8.RuneError && n == 1:
			piece = `\ufffd`
		case r == '"' || r == '\\':
			piece = `\` + piece
		case !unicode.IsPrint(r):
			piece = escaped(r)
		}
		size := utf8.RuneCountInString(piece)
		if size > left && (size > left+1 || i+n < len(text)) {
			return b.String() + "…"
		}
		b.WriteString(piece)
		left -= size
		i += n
	}
	return b.String()
}

func escaped(r rune) string {
	switch r {
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case '\t':
		return `\t`
	}
	const hex = "0123456789abcdef"
	digits := []byte{}
	for shift := 28; shift >= 0; shift -= 4 {
		if d := r >> shift & 15; d != 0 || len(digits) > 0 || shift < 16 {
			digits = append(digits, hex[d])
		}
	}
	if len(digits) > 4 {
		return `\U` + strings.Repeat("0", 8-len(digits)) + string(digits)
	}
	return `\u` + string(digits)
}
