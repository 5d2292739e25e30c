package answer

import (
	"iter"
	"maps"
	"slices"
)

// Parts goes through v, a value of a decoded answer, and all that it is made of: each with the
// name of the member that it is, or "". Members come in the order of their names.
func Parts(v any) iter.Seq2[string, any] {
	return func(yield func(string, any) bool) { parts("", v, yield) }
}

func parts(name string, v any, yield func(string, any) bool) bool {
	if !yield(name, v) {
		return false
	}
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			if !parts("", item, yield) {
				return false
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if !parts(name, v[name], yield) {
				return false
			}
		}
	}
	return true
}

// Replaced returns v, which it changes, with what leaf makes of everything in it that is
// neither a list nor an object.
func Replaced(v any, leaf func(any) any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = Replaced(v[i], leaf)
		}
		return v
	case map[string]any:
		for name := range v {
			v[name] = Replaced(v[name], leaf)
		}
		return v
	}
	return leaf(v)
}
