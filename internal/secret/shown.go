package secret

import "strings"

// longestShown is how many characters of a value are shown.
const longestShown = 80

// Shown returns a value that a config or a file states, in quotes and in a form that may be printed. It
// should hold no secret, but people err: what may be one is masked.
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
