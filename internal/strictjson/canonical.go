package strictjson

import (
	"bytes"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

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
