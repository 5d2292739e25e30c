package strictjson

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// A Number is a JSON number as it was written.
type Number string

// Parse reads one value of any shape that is nested at most depth deep: nil, a bool, a
// string, a [Number], a []any or a map[string]any. The error is [Faults]:
// there is one.
func Parse(data []byte, depth int) (any, error) {
	text := bytes.TrimPrefix(data, byteOrderMark)
	if fault := wellFormed(text, depth); fault != nil {
		return nil, Faults{*fault}
	}
	v, err := value(jsontext.NewDecoder(bytes.NewReader(text)))
	if err != nil {
		return nil, Faults{syntactic(text, err)}
	}
	return v, nil
}

// value reads the next value of dec, which was found well-formed and shallow.
func value(dec *jsontext.Decoder) (any, error) {
	t, err := dec.ReadToken()
	if err != nil {
		return nil, err
	}
	switch t.Kind() {
	case 't', 'f':
		return t.Bool(), nil
	case '"':
		return t.String(), nil
	case '0':
		return Number(t.String()), nil
	case '[':
		list := []any{}
		for dec.PeekKind() != ']' {
			v, err := value(dec)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := dec.ReadToken()
		return list, err
	case '{':
		object := map[string]any{}
		for dec.PeekKind() != '}' {
			name, err := dec.ReadToken()
			if err != nil {
				return nil, err
			}
			key := name.String() // the token ends with the next read
			if object[key], err = value(dec); err != nil {
				return nil, err
			}
		}
		_, err := dec.ReadToken()
		return object, err
	}
	return nil, nil
}
