package secret

import (
	"strings"
	"unicode"
)

// longestShown is how many characters of a value are shown.
const longestShown = 80

// Shown returns what a config or a file says, in quotes and in a form that may be printed. It
// should hold no secret, but people err, so what looks like one is masked.
func Shown(text string) string {
	if passwordLike(text) {
		text = Masked
	}
	return `"` + Printable(Mask(text), longestShown) + `"`
}

// passwordLike reports whether text is one word with capitals, small letters and digits, as a
// password has by most rules, and not the parts of a URL, a path or ${…}.
func passwordLike(text string) bool {
	return len(text) >= leastFound && !strings.ContainsAny(text, " \t\r\n:/.[]{}()'\"|") &&
		strings.ContainsFunc(text, unicode.IsUpper) && strings.ContainsFunc(text, unicode.IsLower) && strings.ContainsFunc(text, unicode.IsDigit)
}
