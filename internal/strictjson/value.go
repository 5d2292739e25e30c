package strictjson

import (
	"bytes"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Type is one of the types of JSON values.
type Type string

// The types of values, as they are called in what people read.
const (
	Absent Type = "" // no value at all
	Null   Type = "null"
	Bool   Type = "true or false"
	Num    Type = "a number"
	String Type = "a string"
	List   Type = "a list"
	Object Type = "an object"
)

// types are those of values by how they begin; of what begins none, Absent.
var types = map[jsontext.Kind]Type{'n': Null, 't': Bool, 'f': Bool, '0': Num, '"': String, '[': List, '{': Object}

// A Value is a value of whatever type, for fields that take several. Unlike other
// fields of a T it may be null. The zero Value is absent.
type Value struct {
	Type Type
	// Text is a string, or a number, true, false or null as it was written.
	Text string
	// Items are those of a list.
	Items []Value
	// Members are those of an object, in the order in which they were written.
	Members []Member
}

// A Member is a name and its value.
type Member struct {
	Name  string
	Value Value
}

// Text returns the string of that text, and Int a whole number.
func Text(text string) Value { return Value{Type: String, Text: text} }
func Int(n int64) Value      { return Value{Type: Num, Text: strconv.FormatInt(n, 10)} }

// Texts returns the list of those strings.
func Texts(texts []string) Value {
	v := Value{Type: List}
	for _, t := range texts {
		v.Items = append(v.Items, Text(t))
	}
	return v
}

// Of returns a value as encoding/json decodes it: nil, a bool, a float64, a string, a []any or a
// map[string]any, whose members it sorts. Text that is not UTF-8 is an error.
func Of(v any) (of Value, _ error) {
	data, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return Value{}, err
	}
	return of, json.Unmarshal(data, &of)
}

// UnmarshalJSONFrom reads the next value of dec.
func (v *Value) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*v = Value{Type: types[dec.PeekKind()]}
	if v.Type == List {
		return json.UnmarshalDecode(dec, &v.Items)
	}
	t, err := dec.ReadToken()
	if err != nil {
		return err
	}
	if v.Type != Object {
		v.Text = t.String()
		return nil
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return err
		}
		m := Member{Name: name.String()} // the token ends with the next read
		if err := m.Value.UnmarshalJSONFrom(dec); err != nil {
			return err
		}
		v.Members = append(v.Members, m)
	}
	_, err = dec.ReadToken()
	return err
}

// MarshalJSONTo writes v; an absent value as null.
func (v Value) MarshalJSONTo(enc *jsontext.Encoder) error {
	switch v.Type {
	case Absent, Null:
		return enc.WriteToken(jsontext.Null)
	case String:
		return enc.WriteToken(jsontext.String(v.Text))
	case List:
		return json.MarshalEncode(enc, v.Items)
	case Object:
		if err := enc.WriteToken(jsontext.BeginObject); err != nil {
			return err
		}
		for _, m := range v.Members {
			if err := enc.WriteToken(jsontext.String(m.Name)); err != nil {
				return err
			}
			if err := m.Value.MarshalJSONTo(enc); err != nil {
				return err
			}
		}
		return enc.WriteToken(jsontext.EndObject)
	}
	return enc.WriteValue(jsontext.Value(v.Text))
}

// Encode returns v as JSON, without white space and with numbers as they were written.
func (v Value) Encode() ([]byte, error) {
	var b bytes.Buffer
	err := json.MarshalWrite(&b, v)
	return b.Bytes(), err
}
