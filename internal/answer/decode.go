package answer

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"example.com/tokenkeeper/internal/strictjson"
)

// maxDepth is how deep an answer may be nested.
const maxDepth = 64

// A Document is the body of an answer, decoded: JSON or a form.
type Document struct {
	// Value is nil, a bool, a float64, a string, a []any or a map[string]any; nil also where
	// there is a Fault. A number that a float64 does not hold exactly is a string with its text:
	// an identifier such as 9007199254740993 would be another.
	Value any
	// Text is the body in UTF-8; empty where that cannot be had.
	Text []byte
	// Fault is why there is no value, for callers that need one.
	Fault *Fault
}

// Decode reads the body of m. The place is the field of the config that says where it was
// asked for, such as "token_endpoint". A form is read where it says that it is one, or has one
// of the names.
func (m *Message) Decode(place string, names ...string) Document {
	text, wrong := m.text()
	fault := func(code, what, remedy string) Document {
		return Document{Text: text, Fault: &Fault{Code: code, Detail: fmt.Sprintf("answered %d with %s", m.Status, what), Remedy: remedy}}
	}
	if m.Cut {
		return fault(CodeTooLarge, m.Describe(false), "look at "+place+": no token is that long")
	}
	switch {
	case len(bytes.TrimSpace(m.Body)) == 0 || wrong == "" && len(bytes.TrimSpace(text)) == 0:
		return fault(CodeEmpty, "an empty body", "")
	case wrong != "":
		return fault(CodeNotJSON, wrong, "this is the provider's fault: JSON is in UTF-8 (RFC 8259 section 8.1), or its Content-Type has to state the charset")
	}
	if tooManyValues(text, maxDepth) {
		return fault(CodeTooLarge, fmt.Sprintf("more values than the %d that are read", MostValues), "look at "+place+": no answer with a token has that many")
	}
	v, err := parseJSON(text)
	if err == nil {
		return Document{Value: v, Text: text}
	}
	if fields, ok := m.fields(text, names); ok {
		return Document{Value: fields, Text: text}
	}
	faults, _ := errors.AsType[strictjson.Faults](err) // Parse returns no other error
	switch faults[0].Kind {
	case strictjson.Duplicate:
		return fault(CodeBadJSON, "JSON with a duplicate name, so that it says two things", "this is the provider's fault: inform them")
	case strictjson.TooDeep:
		return fault(CodeBadJSON, fmt.Sprintf("JSON nested deeper than %d", maxDepth), "")
	}
	return fault(CodeNotJSON, m.Describe(false)+", which is not JSON", "look at "+place+": a token endpoint answers with JSON, and a page for people does not")
}

// Describe says of a body that is not quoted its type and size, and whether it was decoded.
func (m *Message) Describe(decoded bool) string {
	kind := m.MediaType()
	switch {
	case m.Lost:
		return "a body that broke off"
	case m.Cut:
		return fmt.Sprintf("more than %d bytes", MaxBody)
	case len(bytes.TrimSpace(m.Body)) == 0:
		return "an empty body"
	case kind == "text/html":
		return fmt.Sprintf("an HTML page of %d bytes", len(m.Body))
	case decoded:
		return fmt.Sprintf("%d bytes of JSON that hold no error message", len(m.Body))
	case kind == "":
		return fmt.Sprintf("%d bytes of no stated type", len(m.Body))
	}
	return fmt.Sprintf("%d bytes of %s", len(m.Body), kind)
}

// MediaType returns the type that m states of its body, without parameters; "": none that is one.
func (m *Message) MediaType() string {
	kind, _, _ := mime.ParseMediaType(m.Header.Get("Content-Type"))
	return mediaType.FindString(kind)
}

var mediaType = regexp.MustCompile(`^[a-z]{1,20}/[a-z0-9.+-]{1,100}$`)

// pairs is how a form begins.
var pairs = regexp.MustCompile(`^[A-Za-z0-9_.%+-]{1,64}=[^\s<>"{}]*(?:&|$)`)

// form returns the values of a body that is a form, as old servers answer: one that says so, or
// looks so; nil of any other.
func (m *Message) form(text []byte) (values url.Values, says bool) {
	body := bytes.TrimSpace(text)
	says = m.MediaType() == "application/x-www-form-urlencoded"
	if tooManyValues(text, len(text)) || !says && !pairs.Match(body) {
		return nil, false
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, false
	}
	return values, says
}

// fields returns those of a form that says that it is one, or has one of the names. One with a
// duplicate name means two things, and is none.
func (m *Message) fields(text []byte, names []string) (map[string]any, bool) {
	values, known := m.form(text)
	fields := map[string]any{}
	for name, all := range values {
		if len(all) != 1 {
			return nil, false
		}
		fields[name] = all[0]
		known = known || name == "error" || slices.Contains(names, name)
	}
	return fields, known
}

func parseJSON(data []byte) (any, error) {
	v, err := strictjson.Parse(data, maxDepth)
	return Replaced(v, decoded), err
}

// decoded returns a number, as strictjson parses it, as in [Document].
func decoded(v any) any {
	text, ok := v.(strictjson.Number)
	if !ok {
		return v
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil || !exact(string(text), f) {
		return string(text)
	}
	return f
}

// exact reports whether f, read from text, loses none of its digits: up to 15 a fraction, which is
// never exact in binary, loses nothing that matters.
func exact(text string, f float64) bool {
	mantissa, _, _ := strings.Cut(strings.ToLower(text), "e")
	digits := strings.TrimLeft(strings.TrimPrefix(mantissa, "-"), "0.")
	return len(digits)-strings.Count(digits, ".") <= 15 || strconv.FormatFloat(f, 'f', -1, 64) == text
}

// PlainText returns a value of an answer as text, if it is a string, a number or a boolean.
func PlainText(v any) (text string, ok bool) {
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}
