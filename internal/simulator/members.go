package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// A member is one name and value of a JSON object. Lists of them keep what a
// map loses: order and repetition.
type member struct {
	name  string
	value json.RawMessage
}

var errNotObject = errors.New("the body is not one JSON object")

// readMembers returns the members of the one JSON object that text holds.
func readMembers(text []byte) ([]member, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return nil, errNotObject
	}
	var members []member
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, errNotObject
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, errNotObject
		}
		members = append(members, member{name.(string), value})
	}
	if _, err := dec.Token(); err != nil {
		return nil, errNotObject
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errNotObject
	}
	return members, nil
}

// writeMembers returns the object again. Values are written as they are, so
// that a fault can put in what is no JSON at all.
func writeMembers(members []member) []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range members {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(marshal(m.name))
		b.WriteByte(':')
		b.Write(m.value)
	}
	b.WriteByte('}')
	return b.Bytes()
}

// marshal returns v in JSON. It is given nothing that cannot be written so.
func marshal(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic("simulator: writing JSON: " + err.Error())
	}
	return text
}
