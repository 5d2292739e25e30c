package tokenendpoint

import (
	"bytes"
	"errors"
	"mime"
	"mime/multipart"
	"net/url"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/strictjson"
	"example.com/tokenkeeper/internal/template"
)

// A body is a template of a request's body. Values are encoded as the place needs that
// they land in, so that none can break out of it.
type body interface {
	encode(*template.Values) (contentType string, data []byte, err error)
	// mediaType is the type that a Content-Type header must not contradict; empty: any.
	mediaType() string
	// mapped returns the body with f applied to all its templates.
	mapped(f func(template.Template) template.Template) body
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

func (f formBody) encode(v *template.Values) (string, []byte, error) {
	text, err := f.text(v)
	return f.mediaType(), []byte(text), err
}

func (f formBody) text(v *template.Values) (string, error) {
	var pairs []string
	for _, p := range f {
		for _, s := range p.values {
			value, err := s.expand(v)
			if errors.Is(err, template.ErrLeftOut) {
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

func (m multipartBody) encode(v *template.Values) (string, []byte, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range m {
		for _, s := range p.values {
			value, err := s.expand(v)
			if errors.Is(err, template.ErrLeftOut) {
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
type textBody template.Template

func (textBody) mediaType() string { return "" }

func (t textBody) encode(v *template.Values) (string, []byte, error) {
	text, err := v.Expand(template.Template(t))
	return "text/plain; charset=utf-8", []byte(text.Reveal()), err
}

// A jsonBody is a JSON value of any shape.
type jsonBody node

func (jsonBody) mediaType() string { return "application/json" }

func (j jsonBody) encode(v *template.Values) (string, []byte, error) {
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

func (n node) expand(v *template.Values) (strictjson.Value, error) {
	out := strictjson.Value{Type: n.kind}
	switch n.kind {
	case strictjson.Object:
		for _, m := range n.members {
			value, err := m.node.expand(v)
			if errors.Is(err, template.ErrLeftOut) {
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
	return n.value.expand(v)
}

// mapped returns parameters with f applied to their templates.
func mapped(params []param, f func(template.Template) template.Template) []param {
	list := slices.Clone(params)
	for i, p := range list {
		list[i].values = slices.Clone(p.values)
		for j, v := range p.values {
			list[i].values[j].text = f(v.text)
		}
	}
	return list
}

func (f formBody) mapped(do func(template.Template) template.Template) body {
	return formBody(mapped(f, do))
}

func (m multipartBody) mapped(do func(template.Template) template.Template) body {
	return multipartBody(mapped(m, do))
}

func (t textBody) mapped(do func(template.Template) template.Template) body {
	return textBody(do(template.Template(t)))
}

func (j jsonBody) mapped(do func(template.Template) template.Template) body {
	return jsonBody(node(j).mapped(do))
}

func (n node) mapped(do func(template.Template) template.Template) node {
	n.value.text = do(n.value.text)
	n.items, n.members = slices.Clone(n.items), slices.Clone(n.members)
	for i := range n.items {
		n.items[i] = n.items[i].mapped(do)
	}
	for i := range n.members {
		n.members[i].node = n.members[i].node.mapped(do)
	}
	return n
}

// templates returns all templates in n.
func (n node) templates() (list []template.Template) {
	n.mapped(func(t template.Template) template.Template {
		list = append(list, t)
		return t
	})
	return list
}

// compileText compiles a body that is text of the type that the headers state. In XML, values
// are escaped; in what has a notation of its own here, they are refused.
func compileText(ps *problems, path, text string, headers []header) textBody {
	t := compileTemplate(ps, path, "", text)
	mustStand(ps, t)
	kind := ""
	if i := slices.IndexFunc(headers, func(h header) bool { return h.name == "Content-Type" }); i >= 0 {
		given, _ := headers[i].value.Fixed()
		kind, _, _ = mime.ParseMediaType(given)
	}
	_, fixed := t.Fixed()
	instead := ""
	switch {
	case kind == "application/xml" || kind == "text/xml" || strings.HasSuffix(kind, "+xml"):
		return textBody(t.Each(template.EscapeXML))
	case kind == "application/json" || strings.HasSuffix(kind, "+json"):
		instead = "json"
	case kind == "application/x-www-form-urlencoded":
		instead = "form"
	case kind == "text/html":
		instead = "another type"
	}
	if instead != "" && !fixed && t != nil {
		ps.add(path, "", "is of the type "+kind+", in which a value could become more than a value", "write the body as "+instead+", where values are encoded")
	}
	return textBody(t)
}
