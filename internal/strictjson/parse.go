package strictjson

import (
	"bytes"
	"errors"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Number is a JSON number as it was written.
type Number string

// Parse reads one value of any shape that is nested at most depth deep: nil, a bool, a
// string, a [Number], a []any or a map[string]any. The error is [Faults], with a single one.
func Parse(data []byte, depth int) (any, error) {
	text := bytes.TrimPrefix(data, byteOrderMark)
	if faults := wellFormed(text, depth); faults != nil {
		return nil, faults
	}
	var v any
	if err := json.Unmarshal(text, &v, json.WithUnmarshalers(asWritten)); err != nil {
		return nil, Faults{syntactic(text, err)}
	}
	return v, nil
}

// asWritten reads numbers into an any as they were written.
var asWritten = json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *any) error {
	if dec.PeekKind() != '0' {
		return errors.ErrUnsupported // which asks for the usual way
	}
	number, err := dec.ReadValue()
	*v = Number(number)
	return err
})

// Canonical returns an object in the one spelling of RFC 8785, without the members
// that are named. Whole numbers keep all their digits, where that RFC would round
// those that do not fit a double: no two configs that differ may become one.
func Canonical(data []byte, without ...string) ([]byte, error) {
	members := map[string]jsontext.Value{}
	if err := json.Unmarshal(bytes.TrimPrefix(data, byteOrderMark), &members); err != nil {
		return nil, err
	}
	for _, name := range without {
		delete(members, name)
	}
	text, err := json.Marshal(members)
	if err != nil {
		return nil, err
	}
	v := jsontext.Value(text)
	err = v.Canonicalize(jsontext.CanonicalizeRawInts(false))
	return v, err
}
