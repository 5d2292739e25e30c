package tokenendpoint

import (
	"bytes"
	"errors"
	"mime/multipart"
	"net/url"
	"strings"

	"example.com/tokenkeeper/internal/strictjson"
)

// A body is a template of a request's body. Values are encoded as the place needs that
// they land in, so that none can break out of it.
type body interface {
	encode(*values) (contentType string, data []byte, err error)
	// mediaType is the type that a Content-Type header must not contradict; empty: any.
	mediaType() string
	templates() []template
}

// bodyOf returns the parameters as a body of that kind.
func bodyOf(kind string, params []param) body {
	switch kind {
	case "json":
		n := node{kind: strictjson.Object}
		for _, p := range params {
			n.members = append(n.members, p.node())
		}
		return jsonBody(n)
	case "multipart":
		return multipartBody(params)
	}
	return formBody(params)
}

// A formBody is of type application/x-www-form-urlencoded.
type formBody []param

func (f formBody) mediaType() string { return "application/x-www-form-urlencoded" }

func (f formBody) encode(v *values) (string, []byte, error) {
	text, err := f.text(v)
	return f.mediaType(), []byte(text), err
}

func (f formBody) text(v *values) (string, error) {
	var pairs []string
	for _, p := range f {
		for _, s := range p.values {
			value, err := s.expand(v)
			if errors.Is(err, errLeftOut) {
				continue
			}
			if err != nil {
				return "", err
			}
			pairs = append(pairs, url.QueryEscape(p.name)+"="+url.QueryEscape(value.Text))
		}
	}
	return strings.Join(pairs, "&"), nil
}

// A multipartBody is of type multipart/form-data (RFC 7578), of plain fields.
type multipartBody []param

func (multipartBody) mediaType() string { return "multipart/form-data" }

func (m multipartBody) encode(v *values) (string, []byte, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range m {
		for _, s := range p.values {
			value, err := s.expand(v)
			if errors.Is(err, errLeftOut) {
				continue
			}
			if err != nil {
				return "", nil, err
			}
			if err := w.WriteField(p.name, value.Text); err != nil {
				return "", nil, err
			}
		}
	}
	err := w.Close()
	return w.FormDataContentType(), b.Bytes(), err
}

// A textBody is of any type that the config states: see encodedText.
type textBody template

func (textBody) mediaType() string { return "" }

func (t textBody) encode(v *values) (string, []byte, error) {
	text, err := v.expand(template(t))
	return "text/plain; charset=utf-8", []byte(text.Reveal()), err
}

// A jsonBody is a JSON value of any shape.
type jsonBody node

func (jsonBody) mediaType() string { return "application/json" }

func (j jsonBody) encode(v *values) (string, []byte, error) {
	value, err := node(j).expand(v)
	if err != nil {
		return "", nil, err
	}
	data, err := value.Encode()
	return j.mediaType(), data, err
}

// A node is a JSON value whose strings are templates.
type node struct {
	kind    strictjson.Type
	value   scalar
	items   []node
	members []namedNode
}

type namedNode struct {
	name string
	node node
}

// node compiles a JSON value; name is that of the member that it is the value of.
func compileNode(ps *problems, path, name string, v strictjson.Value) node {
	n := node{kind: v.Type}
	switch v.Type {
	case strictjson.Object:
		for _, m := range v.Members {
			if strings.Contains(m.Name, "${") {
				ps.add(path, show(m.Name), "has ${…} in a name; only values are substituted", "write the name out")
				continue
			}
			n.members = append(n.members, namedNode{m.Name, compileNode(ps, member(path, m.Name), m.Name, m.Value)})
		}
	case strictjson.List:
		for i, item := range v.Items {
			n.items = append(n.items, compileNode(ps, indexed(path, i), name, item))
		}
	default:
		n.value = compileScalar(ps, path, name, v)
	}
	return n
}

// node returns p as the member of a JSON object.
func (p param) node() namedNode {
	if !p.list {
		return namedNode{p.name, node{kind: p.values[0].kind, value: p.values[0]}}
	}
	list := node{kind: strictjson.List}
	for _, s := range p.values {
		list.items = append(list.items, node{kind: s.kind, value: s})
	}
	return namedNode{p.name, list}
}

func (n node) expand(v *values) (strictjson.Value, error) {
	out := strictjson.Value{Type: n.kind}
	switch n.kind {
	case strictjson.Object:
		for _, m := range n.members {
			value, err := m.node.expand(v)
			if errors.Is(err, errLeftOut) {
				continue
			}
			if err != nil {
				return out, err
			}
			out.Members = append(out.Members, strictjson.Member{Name: m.name, Value: value})
		}
		return out, nil
	case strictjson.List:
		for _, item := range n.items {
			value, err := item.expand(v)
			if errors.Is(err, errLeftOut) {
				continue
			}
			if err != nil {
				return out, err
			}
			out.Items = append(out.Items, value)
		}
		return out, nil
	}
	return n.value.expand(v)
}

func (f formBody) templates() []template {
	var list []template
	for _, p := range f {
		for _, s := range p.values {
			list = append(list, s.text)
		}
	}
	return list
}

func (m multipartBody) templates() []template { return formBody(m).templates() }

func (t textBody) templates() []template { return []template{template(t)} }

func (j jsonBody) templates() []template { return node(j).templates() }

func (n node) templates() []template {
	list := []template{n.value.text}
	for _, item := range n.items {
		list = append(list, item.templates()...)
	}
	for _, m := range n.members {
		list = append(list, m.node.templates()...)
	}
	return list
}
