package tokenendpoint

import (
	"encoding/xml"
	"mime"
	"slices"
	"strings"
)

// What lands in a header or in a text is encoded by what stands around it.

// quotedValues has the values of a header that stand between double quotes escaped as a
// quoted string needs it (RFC 9110 section 5.6.4), so that none can end it.
func quotedValues(t template) template {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace
	out := make(template, 0, len(t))
	inside := false
	for _, p := range t {
		if p.value == "" && p.function == nil {
			plain := strings.NewReplacer(`\\`, "", `\"`, "").Replace(p.literal)
			inside = inside != (strings.Count(plain, `"`)%2 == 1)
			out = append(out, p)
			continue
		}
		if inside {
			p = apply(escape, p)[0]
		}
		out = append(out, p)
	}
	return out
}

// checkCookie refuses values that would end a cookie and begin another (RFC 6265 section
// 4.1.1).
func (h header) checkCookie(v *values) error {
	for _, p := range h.value {
		if p.value == "" && p.function == nil {
			continue
		}
		text, err := v.expand(template{p})
		if err != nil {
			return err
		}
		if strings.ContainsFunc(text.Reveal(), func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`",;\`, r) }) {
			return &buildFault{h.path, "cannot be sent: a value in it has a character that a cookie cannot hold", "look at the values that stand in it, or encode them: ${base64url(name)}"}
		}
	}
	return nil
}

// compileText compiles a body that is text of the type that the headers state. In XML, values
// are escaped; in what has a notation of its own here, they are refused.
func compileText(ps *problems, path, text string, headers []header) textBody {
	t := compileTemplate(ps, path, "", text)
	mustStand(ps, t)
	kind := ""
	if i := slices.IndexFunc(headers, func(h header) bool { return h.name == "Content-Type" }); i >= 0 {
		given, _ := headers[i].value.fixed()
		kind, _, _ = mime.ParseMediaType(given)
	}
	_, fixed := t.fixed()
	instead := ""
	switch {
	case kind == "application/xml" || kind == "text/xml" || strings.HasSuffix(kind, "+xml"):
		return textBody(t.each(escapeXML))
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

func escapeXML(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder never fails
	return b.String()
}
