package httprequest

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/strictjson"
	"example.com/tokenkeeper/internal/template"
)

// One returns the parameter of a single string.
func One(name string, text template.Template) Param {
	return Param{name, Node{Kind: strictjson.String, Text: text}}
}

// eachValue calls f with each parameter that is sent and its value.
func eachValue(params []Param, v *template.Values, f func(name, value string) error) error {
	for _, p := range params {
		nodes := []Node{p.Node}
		if p.Node.Kind == strictjson.List {
			nodes = p.Node.Items
		}
		for _, n := range nodes {
			value, err := n.Expand(v)
			if errors.Is(err, template.ErrLeftOut) {
				continue
			}
			if err == nil {
				err = f(p.Name, value.Text)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
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
		switch m.Value.Type {
		case strictjson.List:
			if len(m.Value.Items) == 0 {
				ps.Add(at, "", "is an empty list", "leave it out")
			}
			ps.Words(at, m.Value) // which notes what is no string
		case strictjson.String, strictjson.Num, strictjson.Bool:
		default:
			ps.Add(at, "", fmt.Sprintf("must be a string, a number, true, false or a list of strings, not %s", m.Value.Type),
				`for a body of another shape use "request" with "json"`)
			continue
		}
		list = append(list, Param{m.Name, CompileNode(ps, at, m.Name, m.Value)})
	}
	return list
}

// validParamName checks the name of a parameter, which is sent as it is.
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
