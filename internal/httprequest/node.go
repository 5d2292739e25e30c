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

// A Node is a JSON value whose strings are templates. Numbers and booleans are as they were
// written.
type Node struct {
	Kind    strictjson.Type
	Text    template.Template // of what is neither a list nor an object
	Members []Param           // of an object; of a list, its items, without names
}

// A Param is one parameter of a form or a query, or a member of a JSON object. In a form, a
// parameter that is a list is repeated for each of its items.
type Param struct {
	Name string
	Node Node
}

// CompileNode compiles a JSON value; name is that of the member that it is the value of.
func CompileNode(ps *problem.List, path, name string, v strictjson.Value) Node {
	n := Node{Kind: v.Type}
	switch v.Type {
	case strictjson.Object:
		for _, m := range v.Members {
			if strings.Contains(m.Name, "${") {
				ps.Add(path, problem.Show(m.Name), "has ${…} in a name; only values are substituted", "write the name out")
				continue
			}
			n.Members = append(n.Members, Param{m.Name, CompileNode(ps, problem.Member(path, m.Name), m.Name, m.Value)})
		}
	case strictjson.List:
		for i, item := range v.Items {
			n.Members = append(n.Members, Param{"", CompileNode(ps, problem.Indexed(path, i), name, item)})
		}
	default:
		n.Text = template.Literal(v.Text)
		switch v.Type {
		case strictjson.String:
			n.Text = CompileTemplate(ps, path, name, v.Text)
		case strictjson.Num:
			refuseSecret(ps, path, name, v.Text)
		}
	}
	return n
}

// Expand returns the value with what it names, or [template.ErrLeftOut]. Members and items
// that are left out are not in it.
func (n Node) Expand(v *template.Values) (strictjson.Value, error) {
	return n.ExpandWith(func(n Node) (strictjson.Value, error) {
		text, err := v.Expand(n.Text)
		return strictjson.Value{Type: n.Kind, Text: text.Reveal()}, err
	})
}

// ExpandWith does so with leaf for all that is neither a list nor an object.
func (n Node) ExpandWith(leaf func(Node) (strictjson.Value, error)) (strictjson.Value, error) {
	out := strictjson.Value{Type: n.Kind}
	if n.Kind != strictjson.Object && n.Kind != strictjson.List {
		return leaf(n)
	}
	for _, m := range n.Members {
		value, err := m.Node.ExpandWith(leaf)
		switch {
		case errors.Is(err, template.ErrLeftOut):
		case err != nil:
			return out, err
		case n.Kind == strictjson.List:
			out.Items = append(out.Items, value)
		default:
			out.Members = append(out.Members, strictjson.Member{Name: m.Name, Value: value})
		}
	}
	return out, nil
}

// Templates returns all templates in n.
func (n Node) Templates() []template.Template {
	list := []template.Template{n.Text}
	for _, m := range n.Members {
		list = append(list, m.Node.Templates()...)
	}
	return list
}

// One returns the parameter of a single string.
func One(name string, text template.Template) Param {
	return Param{name, Node{Kind: strictjson.String, Text: text}}
}

// pairs returns the names and values of parameters, a pair for each item of a list.
func pairs(params []strictjson.Member) (list [][2]string) {
	for _, p := range params {
		if p.Value.Type != strictjson.List {
			p.Value.Items = []strictjson.Value{p.Value}
		}
		for _, item := range p.Value.Items {
			list = append(list, [2]string{p.Name, item.Text})
		}
	}
	return list
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
