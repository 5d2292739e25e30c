package explain

import (
	"fmt"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/template"
)

// Symbols stand for values in a text that is shown and not sent: words that no encoding but base64
// changes, so that the text is built as any other, by the same code. In what was built, they become
// ${…}.
type Symbols struct {
	names []string // the values that there are; nil: that is not known
	words []string // the symbols so far, each a word and its value
}

// NewSymbols returns symbols for the values of those names; nil: it is not known which there
// are, so that those that may be left out are shown with a question mark.
func NewSymbols(names []string) *Symbols { return &Symbols{names: names} }

// Shown returns text with its symbols as they are shown.
func (s *Symbols) Shown(text string) string { return strings.NewReplacer(s.words...).Replace(text) }

// symbol returns the word for what is shown as that.
func (s *Symbols) symbol(shown string) string {
	for i := 0; i < len(s.words); i += 2 {
		if s.words[i+1] == shown {
			return s.words[i]
		}
	}
	word := fmt.Sprintf("tokenkeeper0symbol%dx", len(s.words)/2)
	s.words = append(s.words, word, shown)
	return word
}

// absent reports whether a value is known to be missing where that is allowed.
func (s *Symbols) absent(v template.Value) bool {
	return s.names != nil && v.Optional && !strings.Contains(v.Name, ".") && !slices.Contains(s.names, v.Name)
}

// Substitution returns the symbol of a value or a function.
func (s *Symbols) Substitution(t template.Template) (string, error) {
	alone, isValue := t.Alone()
	for v := range template.Named(t) {
		switch {
		case !s.absent(v):
		case v.LeavesOut():
			return "", template.ErrLeftOut
		case isValue:
			return *alone.Instead, nil
		}
	}
	return s.symbol(t.Written(s.names...)), nil
}

// Encoded returns what an encoding made of text, or a symbol of that where it hides those in text:
// base64, by which HTTP Basic authentication has what it sends.
func (s *Symbols) Encoded(text, encoded string) string {
	if shown := s.Shown(text); shown != text && s.Shown(encoded) == encoded {
		return s.symbol("base64(" + shown + ")")
	}
	return encoded
}
