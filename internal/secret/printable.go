package secret

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Masked replaces what looks like a secret.
const Masked = "[masked]"

var (
	// tokenLike are runs that tokens, keys and hashes are made of.
	tokenLike = regexp.MustCompile(`[A-Za-z0-9+/=_.~%-]{20,}`)
	// harmless are those that people need: a UUID, by which a provider finds the request in its
	// log; words joined by dots, hyphens or underscores.
	harmless = regexp.MustCompile(`^(?:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\.?|/{0,2}[A-Za-z]{1,24}[0-9]?(?:[._/-]{1,2}[A-Za-z]{1,24}[0-9]?)*[./]?)$`)
)

// Mask replaces what looks like a token, a key or a hash in text: an answer may hold one that no
// credential knows.
func Mask(text string) string {
	return tokenLike.ReplaceAllStringFunc(text, func(run string) string {
		if harmless.MatchString(run) {
			return run
		}
		return Masked
	})
}

// Printable returns text in at most that many characters of one line, with what is not
// printable escaped as in JSON.
func Printable(text string, most int) string {
	var b strings.Builder
	left := most - 1 // one for the ellipsis
	for i := 0; i < len(text); {
		c, n := printed(text[i:])
		if c == `"` || c == `\` {
			c = `\` + c
		}
		size := utf8.RuneCountInString(c)
		if size > left && (size > left+1 || i+n < len(text)) {
			return b.String() + "…"
		}
		b.WriteString(c)
		left -= size
		i += n
	}
	return b.String()
}

// printed returns the first character of text as it may be printed, and its size in bytes.
func printed(text string) (c string, size int) {
	switch r, n := utf8.DecodeRuneInString(text); {
	case r == utf8.RuneError && n == 1:
		return `\ufffd`, n
	case !unicode.IsPrint(r) || obeyed(text):
		return Escaped(r), n
	default:
		return text[:n], n
	}
}

// obeyed reports whether text begins like a command that CI runners obey anywhere in a line: of Azure
// Pipelines, or, in its former form, of GitHub Actions.
func obeyed(text string) bool {
	return strings.HasPrefix(text, "##vso[") || strings.HasPrefix(text, "##[")
}

// Visible returns text in one line, with what is not printable, or a command to a CI runner, escaped as
// in JSON.
func Visible(text string) string { return VisibleBut(text, "") }

// VisibleBut does the same, but for the characters in kept. JSON means the same afterwards.
func VisibleBut(text, kept string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		c, n := printed(text[i:])
		if strings.Contains(kept, text[i:i+n]) {
			c = text[i : i+n]
		}
		b.WriteString(c)
		i += n
	}
	return b.String()
}

// longestShown is how many characters of a value are shown.
const longestShown = 80

// Shown returns a value that a config or a file states, in quotes and fit to be printed. It should
// hold no secret, but people err: what may be one is masked.
func Shown(text string) string {
	if WordLike(text) {
		text = Masked
	}
	return Named(text)
}

// Named returns a name, or a word that is known, in quotes and in a form that may be printed.
func Named(text string) string { return `"` + Printable(Mask(text), longestShown) + `"` }

// WordLike reports whether text is one long word or several, and no part of a URL, a path, a media
// type or ${…}: nothing distinguishes such words from a password.
func WordLike(text string) bool {
	return len(text) >= LeastFound && !strings.ContainsAny(text, ":/.[]{}()'\"|`") && !strings.Contains(text, "== ")
}
