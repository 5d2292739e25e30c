package answer

import (
	"math"
	"strconv"
	"strings"

	"example.com/tokenkeeper/internal/strictjson"
)

// maxDepth is how deep an answer may be nested.
const maxDepth = 64

// parseJSON reads one JSON value: nil, a bool, a float64, a string, a []any or a
// map[string]any. A number that a float64 does not hold exactly is a string with its text: an
// identifier such as 9007199254740993 would be another.
func parseJSON(data []byte) (any, error) {
	v, err := strictjson.Parse(data, maxDepth)
	return Numbers(v), err
}

// Numbers returns v, as strictjson parses it, with its numbers replaced so.
func Numbers(v any) any {
	switch v := v.(type) {
	case strictjson.Number:
		f, err := strconv.ParseFloat(string(v), 64)
		if err != nil || math.IsInf(f, 0) || !exact(string(v), f) {
			return string(v)
		}
		return f
	case []any:
		for i := range v {
			v[i] = Numbers(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = Numbers(v[name])
		}
	}
	return v
}

// exact reports whether f, read from text, loses none of its digits. A fraction is
// never exact in binary and loses nothing that matters up to 15 digits.
func exact(text string, f float64) bool {
	mantissa, _, _ := strings.Cut(strings.ToLower(text), "e")
	digits := strings.TrimLeft(strings.NewReplacer("-", "", ".", "").Replace(mantissa), "0")
	if len(digits) <= 15 {
		return true
	}
	return strconv.FormatFloat(f, 'f', -1, 64) == text
}
