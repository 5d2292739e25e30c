package strictjson

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A Kind distinguishes faults that a caller may want to word in its own way.
type Kind int

const (
	// Syntax: the text is not JSON, or not one value of it. It is the only fault.
	Syntax Kind = iota
	// Duplicate: an object has the same name twice. It is the only fault.
	Duplicate
	// TooDeep: values are nested deeper than is read. It is the only fault.
	TooDeep
	// UnknownName: an object has a name that nothing is called here.
	UnknownName
	// WrongType: a value is of another kind, or in another form, than expected.
	WrongType
)

// A Fault is one thing that is wrong with a text. Nothing in it is taken from the
// text but names, so that it may be printed even where the values are secret.
type Fault struct {
	Kind Kind
	// Path leads to the place, such as "response.extra" or "scope[1]"; empty: the
	// whole text.
	Path string
	// Line and Column are where it was seen, both from 1; a column is a character.
	Line, Column int
	// Detail says what is wrong, and Remedy what to write instead; it may be empty.
	Detail, Remedy string
}

func (f Fault) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "line %d, column %d: ", f.Line, f.Column)
	if f.Path != "" {
		b.WriteString(f.Path + ": ")
	}
	b.WriteString(f.Detail)
	if f.Remedy != "" {
		b.WriteString("; " + f.Remedy)
	}
	return b.String()
}

// Faults are all that is wrong with a text: an error, if not empty.
type Faults []Fault

func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.Error()
	}
	return strings.Join(lines, "\n")
}

// longestName is how many characters of a name are printed.
const longestName = 64

// Path writes a JSON pointer as people write a path: "response.extra", "scope[1]".
// Names that would not read well in it are quoted and cut.
func Path(p jsontext.Pointer) string {
	var b strings.Builder
	for name := range p.Tokens() {
		if _, err := strconv.ParseUint(name, 10, 32); err == nil && b.Len() > 0 {
			b.WriteString("[" + name + "]")
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(printable(name))
	}
	return b.String()
}

// plainName is one that reads well in a path.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// printable returns a name as it may appear in a path.
func printable(name string) string {
	if len(name) <= longestName && plainName.MatchString(name) {
		return name
	}
	if runes := []rune(name); len(runes) > longestName {
		name = string(runes[:longestName]) + "…"
	}
	return strconv.QuoteToGraphic(name)
}
