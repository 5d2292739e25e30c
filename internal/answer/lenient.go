package answer

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// DecodeLeniently returns what can be had of a body, for what must not be lost: of a duplicate name
// the last, and nothing of what follows the first value. A number is a float64 if it is written as
// one, and else its text, so that no digit is lost either.
func (m *Message) DecodeLeniently() Document {
	text, wrong := m.text()
	if wrong != "" {
		text = m.Body
		if decoded, err := charsets["utf-16"].NewDecoder().Bytes(text); err == nil && hasUTF16Mark(text) {
			text = decoded
		}
	}
	if tooManyValues(text, len(text)) {
		return Document{Value: Replaced(any(topLevel(text)), asWritten), Text: text, Fault: &Fault{Code: CodeTooLarge}}
	}
	// The text before an object may be a guard, or the name of a function.
	for _, at := range []int{0, bytes.IndexByte(text, '{')} {
		if at < 0 || at > longestGuard {
			continue
		}
		dec := json.NewDecoder(bytes.NewReader(text[at:]))
		dec.UseNumber()
		var doc any
		if err := dec.Decode(&doc); err == nil {
			return Document{Value: Replaced(doc, asWritten), Text: text}
		}
	}
	values, _ := m.form(text)
	if values == nil {
		return Document{Text: text, Fault: &Fault{Code: CodeNotJSON}}
	}
	fields := map[string]any{}
	for name, all := range values {
		fields[name] = all[len(all)-1]
	}
	return Document{Value: fields, Text: text}
}

// longestGuard is the longest text before an object that is passed over, in bytes.
const longestGuard = 64

// asWritten returns a number so.
func asWritten(v any) any {
	n, ok := v.(json.Number)
	if !ok {
		return v
	}
	if f, err := n.Float64(); err == nil && strconv.FormatFloat(f, 'f', -1, 64) == n.String() {
		return f
	}
	return n.String()
}
