package template

import (
	"encoding/xml"
	"strings"
)

// Each returns t with f applied to every value in it, and to what functions give, as
// where a value must be encoded and the text around it must not.
func (t Template) Each(f func(string) string) Template {
	out := make(Template, len(t))
	for i, p := range t {
		out[i] = p
		if p.value.Name != "" || p.function != nil {
			out[i] = part{call: f, arg: Template{p}}
		}
	}
	return out
}

// InQuotes returns t with the values between double quotes escaped as a quoted
// string needs it (RFC 9110 section 5.6.4), so that none can end it.
func (t Template) InQuotes() Template {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace
	out := make(Template, 0, len(t))
	inside := false
	for _, p := range t {
		if p.value.Name == "" && p.function == nil {
			plain := strings.NewReplacer(`\\`, "", `\"`, "").Replace(p.literal)
			inside = inside != (strings.Count(plain, `"`)%2 == 1)
		} else if inside {
			p = part{call: escape, arg: Template{p}}
		}
		out = append(out, p)
	}
	return out
}

// Substituted returns the values in t, and what functions give, each by itself.
func (t Template) Substituted() []Template {
	var list []Template
	for _, p := range t {
		if p.value.Name != "" || p.function != nil {
			list = append(list, Template{p})
		}
	}
	return list
}

// EscapeXML escapes text for an element or an attribute of XML.
func EscapeXML(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder never fails
	return b.String()
}
