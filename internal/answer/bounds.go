package answer

import (
	"bytes"
	"encoding/json"
)

// MostValues is how many values an answer may have; an object counts as four, for the memory that
// it takes.
const MostValues = 32 << 10

// tooManyValues reports whether JSON has more. Other text has as many as it has of the
// characters that separate values. Of JSON nested deeper than deepest it says no: strictly,
// nothing is read of it.
func tooManyValues(text []byte, deepest int) bool {
	left, depth := MostValues, 0
	for i := 0; i < len(text) && left >= 0; i++ {
		switch text[i] {
		case '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			if depth++; depth > deepest {
				return false
			}
			left -= 2
			if text[i] == '{' {
				left -= 2
			}
		case '}', ']':
			depth--
		case ',', '&':
			left--
		}
	}
	return left < 0
}

// topLevel returns the texts and numbers that are members of the object that text is, of a name
// that occurs twice the last: what can be had of an answer that has too many values.
func topLevel(text []byte) map[string]any {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if t, _ := dec.Token(); t != json.Delim('{') {
		return nil
	}
	found := map[string]any{}
	for dec.More() && len(found) < MostValues/4 {
		name, err := dec.Token()
		var raw json.RawMessage
		if err != nil || dec.Decode(&raw) != nil {
			return found
		}
		if raw[0] == '{' || raw[0] == '[' {
			continue
		}
		var v any
		if json.Unmarshal(raw, &v) == nil {
			if _, isNumber := v.(float64); isNumber {
				v = json.Number(raw)
			}
			found[name.(string)] = v
		}
	}
	return found
}
