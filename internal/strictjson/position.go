package strictjson

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// at returns f with the position of an offset in bytes.
func at(text []byte, offset int, f Fault) Fault {
	before := text[:min(max(offset, 0), len(text))]
	line := bytes.LastIndexByte(before, '\n') + 1
	f.Line = bytes.Count(before, []byte("\n")) + 1
	f.Column = utf8.RuneCount(before[line:]) + 1
	return f
}

// valueAt returns the offset of the value at or after offset: the library's may be
// on the separators before it.
func valueAt(text []byte, offset int) int {
	offset = min(max(offset, 0), len(text))
	return len(text) - len(bytes.TrimLeft(text[offset:], " \t\r\n,:"))
}

// syntactic says what is wrong with a text that is not JSON.
func syntactic(text []byte, err error) Fault {
	f := Fault{Kind: Syntax, Detail: "is not JSON"}
	offset := len(text)
	if wrong, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		offset = int(wrong.ByteOffset)
		f.Path = Path(wrong.JSONPointer)
	}
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		f.Kind, f.Detail, f.Remedy = Duplicate, "is there twice", "keep one of them"
		offset = valueAt(text, offset)
	case len(bytes.TrimSpace(text)) == 0:
		f.Detail, offset = "is empty", len(text)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		f.Detail, f.Remedy, offset = "is not complete JSON", "close every quote, bracket and brace", len(text)
	case inString(text, offset):
		f.Remedy = hintInString(text[offset:])
	default:
		offset = valueAt(text, offset)
		for offset > 0 && isLetter(text[offset-1]) {
			offset--
		}
		f.Remedy = hint(text, offset)
	}
	return at(text, offset, f)
}

// inString reports whether a string has begun before offset and not ended. The text up
// to there is JSON.
func inString(text []byte, offset int) bool {
	in := false
	for i := 0; i < offset; i++ {
		switch {
		case text[i] == '"':
			in = !in
		case in && text[i] == '\\':
			i++
		}
	}
	return in && offset < len(text)
}

// hintInString guesses the mistake behind what cannot be in a string. Like
// hint, it repeats nothing of the text, which may be a credential.
func hintInString(rest []byte) string {
	switch {
	case bytes.HasPrefix(rest, []byte(`\u`)):
		return `write \u with four hexadecimal digits, and surrogates in pairs`
	case rest[0] == '\\':
		return `write a backslash as \\`
	case rest[0] < ' ':
		return fmt.Sprintf(`write this control character as \u%04x`, rest[0])
	}
	return ""
}

// hints are the remedies of what begins with one of some characters, after one of others that
// precedes it, or NUL at the beginning. An empty list has all. The first that fits counts.
var hints = []struct{ after, begins, remedy string }{
	{after: "\x00", remedy: "begin with a brace"},
	{after: ",", begins: "}]", remedy: "remove the comma before the closing bracket"},
	{begins: "'", remedy: "write strings in double quotes"},
	{begins: "/#", remedy: "JSON has no comments: use description"},
	{begins: "“”", remedy: "replace the typographic quotes by plain ones"},
	{begins: `"`, remedy: "put a comma or a colon before the quote"},
	{after: "{,:[", remedy: "write names and strings in double quotes, and true, false and null in lower case"},
	{after: `"`, remedy: `a string has ended before this; write a quote within one as \"`},
}

// hint guesses the mistake behind what begins at offset.
func hint(text []byte, offset int) string {
	last := "\x00"
	if before := bytes.TrimRight(text[:offset], " \t\r\n"); len(before) > 0 {
		last = string(before[len(before)-1:])
	}
	here, n := utf8.DecodeRune(text[offset:])
	for _, h := range hints {
		if n > 0 && (h.after == "" || strings.Contains(h.after, last)) && (h.begins == "" || strings.ContainsRune(h.begins, here)) {
			return h.remedy
		}
	}
	return ""
}

func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }
