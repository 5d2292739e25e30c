package tokenendpoint

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"example.com/tokenkeeper/internal/strictjson"
	"example.com/tokenkeeper/internal/template"
)

// A param is one parameter of a form, a query or a flat JSON object.
type param struct {
	name   string
	values []scalar
	// list marks a parameter that is repeated in a form, and a list in JSON, even if it
	// has a single value.
	list bool
}

// A scalar is a string with places for values, or a number or boolean as it was
// written, which in JSON stays without quotes.
type scalar struct {
	text template.Template
	kind strictjson.Type
}

// one returns the parameter of a single string.
func one(name string, text template.Template) param {
	return param{name: name, values: []scalar{{text, strictjson.String}}}
}

// params compiles an object of parameters. They are sent in the order in which they
// are written.
func compileParams(ps *problems, path string, v strictjson.Value) []param {
	if v.Type == strictjson.Absent {
		return nil
	}
	if v.Type != strictjson.Object {
		ps.add(path, "", fmt.Sprintf("must be an object, not %s", v.Type), "")
		return nil
	}
	var list []param
	for _, m := range v.Members {
		at := member(path, m.Name)
		if !validParamName(ps, path, m.Name) {
			continue
		}
		p := param{name: m.Name}
		switch m.Value.Type {
		case strictjson.List:
			p.list = true
			if len(m.Value.Items) == 0 {
				ps.add(at, "", "is an empty list", "leave it out")
			}
			for i, item := range m.Value.Items {
				if item.Type != strictjson.String {
					ps.add(indexed(at, i), "", fmt.Sprintf("must be a string, not %s", item.Type), "")
					continue
				}
				p.values = append(p.values, compileScalar(ps, indexed(at, i), m.Name, item))
			}
		case strictjson.String, strictjson.Num, strictjson.Bool:
			p.values = []scalar{compileScalar(ps, at, m.Name, m.Value)}
		default:
			ps.add(at, "", fmt.Sprintf("must be a string, a number, true, false or a list of strings, not %s", m.Value.Type),
				`for a body of another shape use "request" with "json"`)
			continue
		}
		list = append(list, p)
	}
	return list
}

// scalar compiles a value that is neither a list nor an object.
func compileScalar(ps *problems, path, name string, v strictjson.Value) scalar {
	if v.Type == strictjson.String {
		return scalar{compileTemplate(ps, path, name, v.Text), v.Type}
	}
	if v.Type == strictjson.Num {
		refuseSecret(ps, path, name, v.Text)
	}
	return scalar{template.Literal(v.Text), v.Type}
}

// paramName checks the name of a parameter, which is sent as it is.
func validParamName(ps *problems, path, name string) bool {
	switch {
	case name == "":
		ps.add(path, "", "has a parameter without a name", "")
	case strings.Contains(name, "${"):
		ps.add(path, show(name), "has ${…} in a name; only values are substituted", "write the name out")
	case strings.ContainsFunc(name, unicode.IsControl):
		ps.add(path, show(name), "has a control character in a name", "")
	default:
		return true
	}
	return false
}

// expand returns the value with what it names.
func (s scalar) expand(v *template.Values) (strictjson.Value, error) {
	text, err := v.Expand(s.text)
	return strictjson.Value{Type: s.kind, Text: text.Reveal()}, err
}

// member and indexed extend a path.
func member(path, name string) string {
	if template.ValidName(strings.ReplaceAll(name, "-", "_")) {
		return path + "." + name
	}
	return path + "." + show(name)
}

func indexed(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// repeated returns the names that occur in both lists.
func repeated(a, b []param) []string {
	var names []string
	for _, p := range a {
		if slices.ContainsFunc(b, func(q param) bool { return q.name == p.name }) {
			names = append(names, p.name)
		}
	}
	return names
}
