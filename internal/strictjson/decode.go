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
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
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
// all of them, and not only the first, where the text is JSON; the T then has what is
// right, and zero values in the place of what is not.
func Decode[T any](data []byte) (T, error) {
	text := bytes.TrimPrefix(data, byteOrderMark)
	var v T
	if faults := wellFormed(text, maxDepth); faults != nil {
		return v, faults
	}
	if t := types[jsontext.Value(text).Kind()]; t != Object {
		return v, Faults{at(text, 0, Fault{Kind: WrongType, Detail: fmt.Sprintf("must be an object in braces, not %s", t)})}
	}
	d := decoding{text: text}
	err := json.Unmarshal(text, &v, json.WithUnmarshalers(json.UnmarshalFromFunc(d.value)))
	if wrong, ok := errors.AsType[*json.SemanticError](err); ok {
		d.note(int(wrong.ByteOffset), Fault{Kind: WrongType, Path: Path(wrong.JSONPointer), Detail: "cannot be read"})
	}
	if len(d.faults) == 0 {
		return v, err
	}
	slices.SortStableFunc(d.faults, func(a, b Fault) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column) })
	return v, d.faults
}

// A decoding collects what is wrong with a text while the library reads it.
type decoding struct {
	text   []byte
	faults Faults
}

// note notes a fault of the value or name at or after offset.
func (d *decoding) note(offset int, f Fault) {
	if len(d.faults) < maxFaults {
		d.faults = append(d.faults, at(d.text, valueAt(d.text, offset), f))
	}
}

// value judges the next value, which is for v, before the library reads it. One of another type is
// passed over. So is null, unless v is a [Value]: people write it for "none", and whether that
// means absent, empty or zero would be a guess.
func (d *decoding) value(dec *jsontext.Decoder, v any) error {
	own := reflect.TypeOf(v).Elem()
	t := own
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	want, got := cmp.Or(wanted[t.Kind()], Num), types[dec.PeekKind()]
	switch {
	case t == reflect.TypeFor[Value]():
		return errors.ErrUnsupported
	case got == want:
		if own.Kind() == reflect.Struct {
			d.unknownNames(dec, own)
		}
		return errors.ErrUnsupported // which asks for the usual way
	}
	offset := int(dec.InputOffset())
	err := dec.SkipValue()
	f := Fault{Kind: WrongType, Path: Path(dec.StackPointer()), Detail: fmt.Sprintf("must be %s, not %s", want, got)}
	if got == Null {
		f.Detail, f.Remedy = "must not be null", "leave the field out"
	}
	d.note(offset, f)
	return err
}

// unknownNames notes the members of the next value, an object, that a t does not have.
func (d *decoding) unknownNames(dec *jsontext.Decoder, t reflect.Type) {
	path := dec.StackPointer()
	if kind, n := dec.StackIndex(dec.StackDepth()); kind == '[' {
		if n > 0 {
			path = path.Parent() // of the element before it
		}
		path = path.AppendToken(strconv.FormatInt(n, 10))
	}
	known := names(t)
	begin := valueAt(d.text, int(dec.InputOffset()))
	members := jsontext.NewDecoder(bytes.NewReader(d.text[begin:]))
	_, _ = members.ReadToken() // the brace: all of it is known to be JSON
	for members.PeekKind() == '"' {
		offset := begin + int(members.InputOffset())
		token, _ := members.ReadToken()
		if name := token.String(); !slices.Contains(known, name) {
			d.note(offset, Fault{Kind: UnknownName, Path: Path(path.AppendToken(name)), Detail: "there is no such field",
				Remedy: DidYouMean(name, known, "there are: "+strings.Join(known, ", "))})
		}
		_ = members.SkipValue()
	}
}

// names returns the names that an object read into a t may have, sorted.
func names(t reflect.Type) []string {
	var list []string
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

// wanted are the types of values by what reads them; the other kinds read numbers.
var wanted = map[reflect.Kind]Type{
	reflect.String: String, reflect.Bool: Bool, reflect.Slice: List, reflect.Array: List, reflect.Map: Object, reflect.Struct: Object,
}

// wellFormed returns what is wrong with a text as JSON; nil: nothing.
func wellFormed(text []byte, depth int) Faults {
	if i := invalidUTF8(text); i >= 0 {
		return Faults{at(text, i, Fault{Kind: Syntax, Detail: "is not text in UTF-8", Remedy: "save it in that encoding"})}
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(text)) // which it reads in place
	for {
		if _, err := dec.ReadToken(); err != nil {
			return Faults{syntactic(text, err)}
		}
		if dec.StackDepth() > depth {
			return Faults{at(text, int(dec.InputOffset())-1, Fault{Kind: TooDeep, Detail: fmt.Sprintf("is nested deeper than %d", depth)})}
		}
		if dec.StackDepth() == 0 {
			break
		}
	}
	end := int(dec.InputOffset())
	if rest := bytes.TrimLeft(text[end:], " \t\r\n"); len(rest) > 0 {
		f := Fault{Kind: Syntax, Detail: "goes on after its end", Remedy: "keep one value, and remove what follows it"}
		return Faults{at(text, len(text)-len(rest), f)}
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
