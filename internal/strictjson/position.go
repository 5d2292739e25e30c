package strictjson

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"strings"
	"unicode"
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
		f.Remedy = hint(within, text[offset:])
	default:
		offset = len(bytes.TrimRightFunc(text[:valueAt(text, offset)], unicode.IsLetter))
		before := bytes.TrimRight(text[:offset], " \t\r\n")
		f.Remedy = hint(cmp.Or(string(before[max(len(before)-1, 0):]), nothing), text[offset:])
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

// nothing and within are what precedes the beginning of a text, and a place in a string.
const nothing, within = "\x00", "\x01"

// hints are the remedies of what begins with one of some characters after one of others; an empty
// list has all. The first that fits counts. Nothing of the text is repeated, which may be a credential.
var hints = []struct{ after, begins, remedy string }{
	{within, `\`, `write a backslash as \\, and \u with four hexadecimal digits, surrogates in pairs`},
	{within, "", `write a line break as \n, and other control characters as \u with four hexadecimal digits`},
	{nothing, "", "begin with a brace"},
	{",", "}]", "remove the comma before the closing bracket"},
	{"", "'", "write strings in double quotes"},
	{"", "/#", "JSON has no comments: use description"},
	{"", "“”", "replace the typographic quotes by plain ones"},
	{"", `"`, "put a comma or a colon before the quote"},
	{"{,:[", "", "write names and strings in double quotes, and true, false and null in lower case"},
	{`"`, "", `a string has ended before this; write a quote within one as \"`},
}

// hint guesses the mistake behind text, which comes after a character.
func hint(after string, text []byte) string {
	here, size := utf8.DecodeRune(text)
	for _, h := range hints {
		if size > 0 && (h.after == "" || strings.Contains(h.after, after)) && (h.begins == "" || strings.ContainsRune(h.begins, here)) {
			return h.remedy
		}
	}
	return ""
}
