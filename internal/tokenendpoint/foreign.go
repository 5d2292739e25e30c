package tokenendpoint

import "example.com/tokenkeeper/internal/secret"

const (
	// longestQuote is how many characters of foreign text are printed.
	longestQuote = 256
	// longestForeign is the size of the longest text that is looked at for quoting, in
	// bytes. Cutting a longer one first could leave half a secret, which nothing would
	// recognize; redacting it takes too long.
	longestForeign = 4 << 10
)

// Quote returns text that a provider sent, fit to be printed: what known looks for and
// whatever looks like a token are gone before it is cut, and what could move a
// cursor, break a line or turn the reading direction is escaped.
func Quote(known *secret.Searcher, text string) string {
	if len(text) > longestForeign {
		return "(a text too long to be shown)"
	}
	return `"` + secret.Printable(secret.Mask(known.Redact(text)), longestQuote-2) + `"`
}
