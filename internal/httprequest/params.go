package httprequest

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/strictjson"
	"example.com/tokenkeeper/internal/template"
)

// A Param is one parameter of a form, a query or a flat JSON object.
type Param struct {
	Name   string
	values []scalar
	// list marks a parameter that is repeated in a form, and a list in JSON, even if it
	// has a single value.
	list bool
}

// One returns the parameter of a single string.
func One(name string, text template.Template) Param {
	return Param{Name: name, values: []scalar{{text, strictjson.String}}}
}

// CompileParams compiles an object of parameters. They are sent in the order in which they
// are written.
func CompileParams(ps *problem.List, path string, v strictjson.Value) []Param {
	if v.Type == strictjson.Absent {
		return nil
	}
	if v.Type != strictjson.Object {
		ps.Add(path, "", fmt.Sprintf("must be an object, not %s", v.Type), "")
		return nil
	}
	var list []Param
	for _, m := range v.Members {
		at := problem.Member(path, m.Name)
		if !validParamName(ps, path, m.Name) {
			continue
		}
		p := Param{Name: m.Name}
		switch m.Value.Type {
		case strictjson.List:
			p.list = true
			if len(m.Value.Items) == 0 {
				ps.Add(at, "", "is an empty list", "leave it out")
			}
			for i, item := range m.Value.Items {
				if item.Type != strictjson.String {
					ps.Add(problem.Indexed(at, i), "", fmt.Sprintf("must be a string, not %s", item.Type), "")
					continue
				}
				p.values = append(p.values, compileScalar(ps, problem.Indexed(at, i), m.Name, item))
			}
		case strictjson.String, strictjson.Num, strictjson.Bool:
			p.values = []scalar{compileScalar(ps, at, m.Name, m.Value)}
		default:
			ps.Add(at, "", fmt.Sprintf("must be a string, a number, true, false or a list of strings, not %s", m.Value.Type),
				`for a body of another shape use "request" with "json"`)
			continue
		}
		list = append(list, p)
	}
	return list
}

// paramName checks the name of a parameter, which is sent as it is.
func validParamName(ps *problem.List, path, name string) bool {
	switch {
	case name == "":
		ps.Add(path, "", "has a parameter without a name", "")
	case strings.Contains(name, "${"):
		ps.Add(path, problem.Show(name), "has ${…} in a name; only values are substituted", "write the name out")
	case strings.ContainsFunc(name, unicode.IsControl):
		ps.Add(path, problem.Show(name), "has a control character in a name", "")
	default:
		return true
	}
	return false
}

// Repeated returns the names that occur in both lists.
func Repeated(a, b []Param) []string {
	var names []string
	for _, p := range a {
		if slices.ContainsFunc(b, func(q Param) bool { return q.Name == p.Name }) {
			names = append(names, p.Name)
		}
	}
	return names
}

// node returns p as the member of a JSON object.
func (p Param) node() Member {
	if !p.list {
		return Member{p.Name, Node{Kind: p.values[0].kind, Text: p.values[0].text}}
	}
	list := Node{Kind: strictjson.List}
	for _, s := range p.values {
		list.Items = append(list.Items, Node{Kind: s.kind, Text: s.text})
	}
	return Member{p.Name, list}
}

// mapped returns parameters with f applied to their templates.
func mapped(params []Param, f func(template.Template) template.Template) []Param {
	list := slices.Clone(params)
	for i, p := range list {
		list[i].values = slices.Clone(p.values)
		for j, v := range p.values {
			list[i].values[j].text = f(v.text)
		}
	}
	return list
}
