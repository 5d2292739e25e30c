package httprequest

import (
	"bytes"
	"mime/multipart"
	"net/url"
	"regexp"
	"strings"

	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/strictjson"
	"example.com/tokenkeeper/internal/template"
)

// A Body is a template of a request's body: a JSON value, or the object or text that another
// kind is made of. Values are encoded as the place needs that they land in, so that none can
// break out of it. The zero Body is none.
type Body struct {
	Kind string // form, json, multipart or text; empty: there is no body
	node Node
}

// BodyOf returns the parameters as a body of that kind: form, json or multipart.
func BodyOf(kind string, params []Param) Body {
	return Body{kind, Node{Kind: strictjson.Object, Members: params}}
}

// mediaTypes are those of kinds of bodies, which a Content-Type header must not contradict.
var mediaTypes = map[string]string{
	"form":      "application/x-www-form-urlencoded",
	"json":      "application/json",
	"multipart": "multipart/form-data", // RFC 7578
}

func (b Body) encode(v *template.Values) (contentType string, data []byte, err error) {
	value, err := b.node.Expand(v)
	if err != nil {
		return "", nil, err
	}
	switch b.Kind {
	case "json":
		data, err = value.Encode()
	case "multipart":
		var out bytes.Buffer
		w := multipart.NewWriter(&out)
		for _, p := range pairs(value.Members) {
			_ = w.WriteField(p[0], p[1]) // to memory
		}
		err = w.Close()
		return w.FormDataContentType(), out.Bytes(), err
	case "text":
		return "text/plain; charset=utf-8", []byte(value.Text), nil
	default:
		data = []byte(encodeForm(value.Members))
	}
	return mediaTypes[b.Kind], data, err
}

// encodeForm returns parameters as application/x-www-form-urlencoded.
func encodeForm(params []strictjson.Member) string {
	var list []string
	for _, p := range pairs(params) {
		list = append(list, url.QueryEscape(p[0])+"="+url.QueryEscape(p[1]))
	}
	return strings.Join(list, "&")
}

// compileText compiles a body that is text of the media type kind; empty: none is stated. In XML,
// values are escaped; in what has a notation of its own here, or looks like it, they are refused.
func compileText(ps *problem.List, path, text, kind string) Body {
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

func textBody(t template.Template) Body { return Body{"text", Node{Kind: strictjson.String, Text: t}} }

// looksLikeForm is text that a server takes for a form.
var looksLikeForm = regexp.MustCompile(`^[A-Za-z0-9_.\[\]-]+=[^\s&]*(&[A-Za-z0-9_.\[\]-]+=[^\s&]*)*$`)
