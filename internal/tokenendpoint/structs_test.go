package tokenendpoint

import (
	"reflect"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/httprequest"
	"example.com/tokenkeeper/internal/strictjson"
)

// Structs returns the names of the fields of each struct that a config is read into, by
// the name that the JSON Schema has for it.
func Structs() map[string][]string {
	all := map[string][]string{}
	var walk func(t reflect.Type)
	walk = func(t reflect.Type) {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			walk(t.Elem())
			return
		case reflect.Struct:
		default:
			return
		}
		name := strings.TrimSuffix(t.Name(), "Config")
		if t == reflect.TypeFor[httprequest.Config]() {
			name = "request"
		}
		if _, seen := all[name]; seen || t == reflect.TypeFor[strictjson.Value]() {
			return
		}
		var fields []string
		for _, f := range reflect.VisibleFields(t) {
			if f.Anonymous {
				continue // its fields are among those of t
			}
			field, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			fields = append(fields, field)
		}
		slices.Sort(fields)
		all[name] = fields
		for _, f := range reflect.VisibleFields(t) {
			if !f.Anonymous {
				walk(f.Type)
			}
		}
	}
	walk(reflect.TypeFor[config]())
	return all
}
