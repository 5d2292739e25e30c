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
	if fault := wellFormed(text, depth); fault != nil {
		return nil, Faults{*fault}
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
