package signing

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"

	"example.com/tokenkeeper/internal/strictjson"
)

// encode returns v in JSON, members in the order of their names. The error is, or wraps,
// a [*Fault] that names members and types, but no values: they may be a credential's.
func encode(v any) ([]byte, error) {
	v, err := encodable(v)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, &Fault{"cannot be written as JSON", "use text, numbers, true, false, lists and objects"}
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// encodable returns v as encoding/json writes it without changing anything: that package
// would replace invalid UTF-8, write an empty number as 0, and quote a wrong one in its
// error.
func encodable(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, int, int64:
		return v, nil
	case string:
		if !utf8.ValidString(v) {
			return nil, &Fault{"is not text in UTF-8", "correct its encoding"}
		}
		return v, nil
	case strictjson.Number:
		return encodable(json.Number(v))
	case json.Number:
		if first := append([]byte(v), 0)[0]; first != '-' && (first < '0' || first > '9') || !json.Valid([]byte(v)) {
			return nil, &Fault{"is not a number of JSON", "write it in digits"}
		}
		return v, nil
	case []string:
		list := make([]any, len(v))
		for i, s := range v {
			list[i] = s
		}
		return encodable(list)
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			var err error
			if list[i], err = encodable(e); err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
		}
		return list, nil
	case map[string]any:
		object := make(map[string]any, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if !utf8.ValidString(name) {
				return nil, &Fault{"has a name that is not text in UTF-8", "correct its encoding"}
			}
			var err error
			if object[name], err = encodable(v[name]); err != nil {
				return nil, fmt.Errorf("%.40q: %w", name, err)
			}
		}
		return object, nil
	}
	return nil, &Fault{fmt.Sprintf("is a %T, which has no one form in JSON", v), "use text, whole numbers, true, false, lists and objects"}
}
