package httprequest

import (
	"errors"
	"strings"

	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/strictjson"
	"example.com/tokenkeeper/internal/template"
)

// A Node is a JSON value whose strings are templates. Numbers and booleans are as they were
// written.
type Node struct {
	Kind    strictjson.Type
	Text    template.Template // of what is neither a list nor an object
	Items   []Node
	Members []Param
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
			n.Items = append(n.Items, CompileNode(ps, problem.Indexed(path, i), name, item))
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
		if errors.Is(err, template.ErrLeftOut) {
			continue
		}
		if err != nil {
			return out, err
		}
		out.Members = append(out.Members, strictjson.Member{Name: m.Name, Value: value})
	}
	for _, item := range n.Items {
		value, err := item.ExpandWith(leaf)
		if errors.Is(err, template.ErrLeftOut) {
			continue
		}
		if err != nil {
			return out, err
		}
		out.Items = append(out.Items, value)
	}
	return out, nil
}

// Templates returns all templates in n.
func (n Node) Templates() []template.Template {
	list := []template.Template{n.Text}
	for _, item := range n.Items {
		list = append(list, item.Templates()...)
	}
	for _, m := range n.Members {
		list = append(list, m.Node.Templates()...)
	}
	return list
}
