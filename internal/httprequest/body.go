package httprequest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/url"
	"regexp"
	"strings"

	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/strictjson"
	"example.com/tokenkeeper/internal/template"
)

// A Body is a template of a request's body. Values are encoded as the place needs that
// they land in, so that none can break out of it.
type Body interface {
	encode(*template.Values) (contentType string, data []byte, err error)
	// mediaType is the type that a Content-Type header must not contradict; empty: any.
	mediaType() string
	// Mapped returns the body with f applied to all its templates.
	Mapped(f func(template.Template) template.Template) Body
}

// BodyOf returns the parameters as a body of that kind.
func BodyOf(kind string, params []Param) Body {
	switch kind {
	case "json":
		n := Node{Kind: strictjson.Object}
		for _, p := range params {
			n.Members = append(n.Members, p.node())
		}
		return jsonBody(n)
	case "multipart":
		return multipartBody(params)
	}
	return formBody(params)
}

// A formBody is of type application/x-www-form-urlencoded.
type formBody []Param

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
			pairs = append(pairs, url.QueryEscape(p.Name)+"="+url.QueryEscape(value.Text))
		}
	}
	return strings.Join(pairs, "&"), nil
}

// A multipartBody is of type multipart/form-data (RFC 7578), of plain fields.
type multipartBody []Param

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
			if err := w.WriteField(p.Name, value.Text); err != nil {
				return "", nil, err
			}
		}
	}
	err := w.Close()
	return w.FormDataContentType(), b.Bytes(), err
}

// A textBody is of any type that the config states: see compileText.
type textBody template.Template

func (textBody) mediaType() string { return "" }

func (t textBody) encode(v *template.Values) (string, []byte, error) {
	text, err := v.Expand(template.Template(t))
	return "text/plain; charset=utf-8", []byte(text.Reveal()), err
}

// A jsonBody is a JSON value of any shape.
type jsonBody Node

func (jsonBody) mediaType() string { return "application/json" }

func (j jsonBody) encode(v *template.Values) (string, []byte, error) {
	value, err := Node(j).Expand(v)
	if err != nil {
		return "", nil, err
	}
	data, err := value.Encode()
	return j.mediaType(), data, err
}

func (f formBody) Mapped(do func(template.Template) template.Template) Body {
	return formBody(mapped(f, do))
}

func (m multipartBody) Mapped(do func(template.Template) template.Template) Body {
	return multipartBody(mapped(m, do))
}

func (t textBody) Mapped(do func(template.Template) template.Template) Body {
	return textBody(do(template.Template(t)))
}

func (j jsonBody) Mapped(do func(template.Template) template.Template) Body {
	return jsonBody(Node(j).Mapped(do))
}

// compileText compiles a body that is text of the media type kind; empty: none is stated. In XML, values
// are escaped; in what has a notation of its own here, or looks like it, they are refused.
func compileText(ps *problem.List, path, text, kind string) textBody {
	t := CompileTemplate(ps, path, "", text)
	mustStand(ps, t)
	if _, fixed := t.Fixed(); fixed || t == nil {
		return textBody(t)
	}
	shape := strings.TrimSpace(t.Outline("x"))
	plain := kind == "" || kind == "text/plain"
	instead := ""
	switch {
	case strings.Contains(kind, "xml"):
		return textBody(t.Each(template.EscapeXML))
	case strings.Contains(kind, "json"), plain && (strings.HasPrefix(shape, "{") || strings.HasPrefix(shape, "[")):
		instead = `"json", beside any Content-Type`
	case kind == "application/x-www-form-urlencoded", plain && looksLikeForm.MatchString(shape):
		instead = `"form"`
	case kind == "text/html":
		instead = "another type"
	case plain && strings.HasPrefix(shape, "<"):
		ps.Add(path, "", "looks like XML and does not say so, so that a value could become more than a value", `state it: "headers": {"Content-Type": "text/xml"}, and values are escaped`)
	}
	if instead != "" {
		ps.Add(path, "", "is, or looks like, a notation in which a value could become more than a value", "write the body as "+instead+", where values are encoded")
	}
	return textBody(t)
}

// looksLikeForm is text that a server takes for a form.
var looksLikeForm = regexp.MustCompile(`^[A-Za-z0-9_.\[\]-]+=[^\s&]*(&[A-Za-z0-9_.\[\]-]+=[^\s&]*)*$`)

// Readable breaks a body into lines.
func Readable(b Body, boundary string, data []byte) string {
	switch b.(type) {
	case formBody:
		return strings.ReplaceAll(string(data), "&", "\n&")
	case jsonBody:
		var out bytes.Buffer
		if json.Indent(&out, data, "", "  ") == nil {
			return out.String()
		}
	case multipartBody:
		var out strings.Builder
		for parts := multipart.NewReader(bytes.NewReader(data), boundary); ; {
			part, err := parts.NextPart()
			if err != nil {
				return strings.TrimSuffix(out.String(), "\n")
			}
			value, _ := io.ReadAll(part) // of memory
			fmt.Fprintf(&out, "%s: %s\n", part.FormName(), value)
		}
	}
	return string(data)
}
