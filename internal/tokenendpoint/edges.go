package tokenendpoint

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"example.com/tokenkeeper/internal/refresh"
)

// Edges says which values of a credential begin or end with what cannot be seen, as what is
// copied from a page or a mail often does. It may be meant, so that no run stops for it.
func Edges(c refresh.Credential) []string {
	var list []string
	for _, name := range c.Names() {
		value := c.Values[name].Reveal()
		if strings.HasPrefix(name, stepPrefix) || strings.Contains(value, "-----BEGIN ") {
			continue
		}
		first, _ := utf8.DecodeRuneInString(value)
		last, _ := utf8.DecodeLastRuneInString(value)
		if what := unseen(first); what != "" {
			list = append(list, fmt.Sprintf("%s begins with %s", name, what))
		}
		if what := unseen(last); what != "" {
			list = append(list, fmt.Sprintf("%s ends with %s", name, what))
		}
	}
	return list
}

var invisible = map[rune]string{
	utf8.RuneError: "", ' ': "a space", '\t': "a tab", '\n': "a line break", '\r': "a line break",
	'\u00A0': "a no-break space", '\u202F': "a no-break space", '\u200B': "a zero-width space", '\uFEFF': "a byte order mark",
}

// unseen names a character that cannot be seen at the end of a text, or returns "".
func unseen(r rune) string {
	if name, ok := invisible[r]; ok {
		return name
	}
	if unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Z, r) {
		return fmt.Sprintf("an invisible character (%U)", r)
	}
	return ""
}
