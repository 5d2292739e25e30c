package tokenendpoint

import (
	"maps"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/template"
)

// A header is one that the config sets.
type header struct {
	name  string // in canonical form
	path  string
	value template.Template
}

// validHeader is a field name of RFC 9110 section 5.1.
var validHeader = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

// headers compiles headers, sorted by name.
func compileHeaders(ps *problems, path string, given map[string]string) []header {
	var list []header
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !validHeader.MatchString(name) {
			ps.add(path, show(name), "is not the name of a header", "")
			continue
		}
		at := path + "." + name
		h := header{name: http.CanonicalHeaderKey(name), path: at}
		if reason := reserved(h.name); reason != "" {
			ps.add(at, "", reason, "remove it")
			continue
		}
		if i := slices.IndexFunc(list, func(o header) bool { return o.name == h.name }); i >= 0 {
			ps.add(at, "", "is the same header as "+list[i].path, "keep one of them")
			continue
		}
		h.value = compileTemplate(ps, at, name, given[name])
		if text, ok := h.value.Fixed(); ok && text == given[name] { // else it has been told what is wrong
			if fault := headerFault(text); fault != "" {
				ps.add(at, show(text), fault, "")
			}
		}
		h.value = h.value.InQuotes()
		list = append(list, h)
	}
	return list
}

// reserved says why a config cannot set a header, or nothing.
func reserved(name string) string {
	switch name {
	case "Host":
		return "is always that of the URL"
	case "Content-Length", "Transfer-Encoding", "Trailer", "Expect":
		return "frames the request, and is set with the body"
	case "Connection", "Keep-Alive", "Te", "Upgrade", "Http2-Settings":
		return "is about the connection, and is set with it"
	case "Accept-Encoding":
		return "decides how the answer is packed, and is set by who unpacks it"
	}
	if strings.HasPrefix(name, "Proxy-") {
		return "is for a proxy, and none is used"
	}
	return ""
}

// headerFault says why text cannot be the value of a header (RFC 9110 section 5.5), or
// nothing.
func headerFault(text string) string {
	switch {
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "has a line break or another control character, which a header cannot hold"
	case text != strings.TrimSpace(text):
		return "begins or ends with a space, which a header cannot hold"
	case text == "":
		return "is empty"
	}
	return ""
}

func (h header) expand(v *template.Values) ([]string, error) {
	text, err := v.Expand(h.value)
	if err != nil {
		return nil, err
	}
	if h.name == "Cookie" {
		if err := h.checkCookie(v); err != nil {
			return nil, err
		}
	}
	if fault := headerFault(text.Reveal()); fault != "" {
		return nil, &buildFault{h.path, "cannot be sent: with the credential's values it " + fault, "look at the values that stand in it"}
	}
	return []string{text.Reveal()}, nil
}

// checkContentType refuses a Content-Type that says of the body what it is not.
func checkContentType(ps *problems, path string, r request) {
	i := slices.IndexFunc(r.headers, func(h header) bool { return h.name == "Content-Type" })
	if i < 0 || r.body == nil || r.body.mediaType() == "" {
		return
	}
	h := r.headers[i]
	want := r.body.mediaType()
	text, fixed := h.value.Fixed()
	given, _, err := mime.ParseMediaType(text)
	switch {
	case want == "multipart/form-data":
		ps.add(h.path, show(text), "is set with the body, since it names what separates the parts", "remove it")
	case !fixed || err != nil:
		ps.add(h.path, show(text), "is not a media type", "remove it: the body sets "+want)
	case given == want || want == "application/json" && strings.HasSuffix(given, "+json"):
	default:
		ps.add(h.path, show(text), "contradicts the body, which is "+want, "remove it, or write the body as what it says")
	}
}

// checkCookie refuses values that would end a cookie and begin another (RFC 6265 section
// 4.1.1).
func (h header) checkCookie(v *template.Values) error {
	for _, t := range h.value.Substituted() {
		text, err := v.Expand(t)
		if err != nil {
			return err
		}
		if strings.ContainsFunc(text.Reveal(), func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`",;\`, r) }) {
			return &buildFault{h.path, "cannot be sent: a value in it has a character that a cookie cannot hold", "look at the values that stand in it, or encode them: ${base64url(name)}"}
		}
	}
	return nil
}
