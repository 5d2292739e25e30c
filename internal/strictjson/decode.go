// Package strictjson reads JSON that must be right: what people write, where a typo
// must be reported and not guessed at; and what strangers answer, where one document
// must not mean two things.
//
// Both readings refuse what RFC 8259 leaves to chance: duplicate names, invalid UTF-8,
// anything after the value. Both accept a byte order mark, which some editors add.
// [Decode] also refuses unknown names, names in another case and null, and says of each
// fault where it is. [Parse] takes any value and keeps its numbers as they were written.
package strictjson

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxFaults is how many faults of one text are reported.
const maxFaults = 40

// maxDepth is how deep a decoded text may be nested: more than any is by right.
const maxDepth = 32

var byteOrderMark = []byte("\xEF\xBB\xBF")

// Decode reads an object into a T, whose fields have json tags. The error is [Faults]:
// if the text is JSON at all, each member that is wrong and not only the first; the T
// then has the members that are right.
func Decode[T any](data []byte) (T, error) {
	text := bytes.Clone(bytes.TrimPrefix(data, byteOrderMark))
	var v T
	if fault := wellFormed(text, maxDepth); fault != nil {
		return v, Faults{*fault}
	}
	if t := typeOf(jsontext.Value(text).Kind()); t != Object {
		f := at(text, 0, Fault{Kind: WrongType, Detail: fmt.Sprintf("must be an object in braces, not %s", t)})
		return v, Faults{f}
	}

	// The library stops at the first fault. What it stopped at is blanked out, which
	// leaves everything else in its place, and the rest is read again.
	var faults Faults
	for len(faults) < maxFaults {
		v = *new(T)
		err := json.Unmarshal(text, &v, json.RejectUnknownMembers(true), json.WithUnmarshalers(noNull))
		if err == nil {
			break
		}
		wrong, ok := errors.AsType[*json.SemanticError](err)
		if !ok {
			return v, append(faults, at(text, 0, Fault{Kind: Syntax, Detail: "cannot be read"}))
		}
		faults = append(faults, semantic(text, wrong))
		if !blank(text, wrong.JSONPointer) {
			break
		}
	}
	if len(faults) > 0 {
		return v, faults
	}
	return v, nil
}

// noNull refuses null wherever a T has a field of its own for the value: people write
// it for "none", and whether that means absent, empty or zero would be a guess.
var noNull = json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v any) error {
	if _, whatever := v.(*Value); whatever || dec.PeekKind() != 'n' {
		return errors.ErrUnsupported // which asks for the usual way
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	return &json.SemanticError{
		ByteOffset:  dec.InputOffset() - int64(len("null")),
		JSONPointer: dec.StackPointer(),
		Err:         errNull,
	}
})

var errNull = errors.New("must not be null")

// semantic says what the library found wrong.
func semantic(text []byte, wrong *json.SemanticError) Fault {
	f := Fault{Kind: WrongType, Path: Path(wrong.JSONPointer)}
	switch {
	case errors.Is(wrong.Err, json.ErrUnknownName):
		f.Kind = UnknownName
		f.Detail = "there is no such field"
		known := names(wrong.GoType)
		f.Remedy = DidYouMean(wrong.JSONPointer.LastToken(), known, "there are: "+strings.Join(known, ", "))
	case errors.Is(wrong.Err, errNull):
		f.Detail, f.Remedy = errNull.Error(), "leave the field out"
	default:
		f.Detail = fmt.Sprintf("must be %s, not %s", typeName(wrong.GoType), typeOf(wrong.JSONKind))
	}
	return at(text, valueAt(text, int(wrong.ByteOffset)), f)
}

// names returns the names that an object read into a t may have, sorted.
func names(t reflect.Type) []string {
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	var list []string
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

// typeName returns the type of values that are read into a t.
func typeName(t reflect.Type) Type {
	if t == nil {
		return "something else"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return typeName(t.Elem())
	case reflect.String:
		return String
	case reflect.Bool:
		return Bool
	case reflect.Slice, reflect.Array:
		return List
	case reflect.Map, reflect.Struct:
		return Object
	}
	return Num
}

// wellFormed returns what is wrong with text as JSON, or nil.
func wellFormed(text []byte, depth int) *Fault {
	if i := invalidUTF8(text); i >= 0 {
		f := at(text, i, Fault{Kind: Syntax, Detail: "is not text in UTF-8", Remedy: "save it in that encoding"})
		return &f
	}
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	for {
		if _, err := dec.ReadToken(); err != nil {
			f := syntactic(text, err)
			return &f
		}
		if dec.StackDepth() > depth {
			f := at(text, int(dec.InputOffset())-1, Fault{Kind: TooDeep, Detail: fmt.Sprintf("is nested deeper than %d", depth)})
			return &f
		}
		if dec.StackDepth() == 0 {
			break
		}
	}
	end := int(dec.InputOffset())
	if rest := bytes.TrimLeft(text[end:], " \t\r\n"); len(rest) > 0 {
		f := at(text, len(text)-len(rest), Fault{Kind: Syntax, Detail: "goes on after its end", Remedy: "keep one value, and remove what follows it"})
		return &f
	}
	return nil
}

// invalidUTF8 returns the offset of the first byte of text that is not UTF-8, or -1.
// NUL is valid, but in a text it means another encoding.
func invalidUTF8(text []byte) int {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 || r == 0 {
			return i
		}
		i += n
	}
	return -1
}
