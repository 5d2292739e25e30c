package httprequest

import (
	"encoding/base64"
	"maps"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/template"
)

// A Header is one that the config sets.
type Header struct {
	Name string // in canonical form
	// written is the name as the config has it, which HTTP/1.1 sends; HTTP/2 has small letters.
	written string
	Path    string // the field of the config
	Value   template.Template
}

// NewHeader returns the header of that name, which the field at path sets, without a value.
func NewHeader(name, path string) Header {
	h := Header{Name: http.CanonicalHeaderKey(name), Path: path, written: name}
	if h.Name == "User-Agent" {
		h.written = h.Name // net/http adds its own to any other spelling
	}
	return h
}

// ValidHeader reports whether name is a field name of RFC 9110 section 5.1.
func ValidHeader(name string) bool { return validHeader.MatchString(name) }

var validHeader = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

// CompileHeaders compiles headers, sorted by name.
func CompileHeaders(ps *problem.List, path string, given map[string]*string) []Header {
	var list []Header
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if given[name] == nil {
			continue // it is no text, which has been reported
		}
		value, at := *given[name], path+"."+name
		h := NewHeader(name, at)
		twin := slices.IndexFunc(list, func(o Header) bool { return o.Name == h.Name })
		switch reason := reserved(h.Name); {
		case !validHeader.MatchString(name):
			ps.Add(path, problem.Show(name), "is not the name of a header", "")
			continue
		case reason != "":
			ps.Add(at, "", reason, "remove it")
			continue
		case twin >= 0:
			ps.Add(at, "", "is the same header as "+list[twin].Path, "keep one of them")
			continue
		}
		h.Value = CompileTemplate(ps, at, name, value)
		if text, ok := h.Value.Fixed(); ok && text == value { // else what is wrong has been reported
			if fault := headerFault(text); fault != "" {
				ps.Add(at, problem.Show(text), fault, "")
			}
		}
		if reason := unreadable(h.Name, value); reason != "" {
			ps.Add(at, problem.Show(value), reason, "")
		}
		h.Value = h.Value.InQuotes()
		list = append(list, h)
	}
	return list
}

// reserved says why a config cannot set a Header, or nothing.
func reserved(name string) string {
	switch name {
	case "Host", "Content-Length", "Transfer-Encoding", "Trailer", "Expect", "Connection", "Keep-Alive", "Te", "Upgrade", "Http2-Settings", "Accept-Encoding":
		return "is set with the URL, the body and the connection"
	}
	switch {
	case strings.HasPrefix(name, "Proxy-"):
		return "is for a proxy, and none is used"
	case otherPath.MatchString(name):
		return "names another path than the URL, to servers that heed it"
	}
	return ""
}

// otherPath are headers by which proxies name the path of a request to servers behind them, such
// as IIS, nginx, Traefik and Envoy.
var otherPath = regexp.MustCompile(`^X-(?:(?:Envoy-)?Original|Rewrite|Forwarded|Accel)-(?:Ur[il]|Path|Prefix|Redirect)$`)

// unreadable says why the answer, or the token, that a header asks for could not be used, or
// nothing.
func unreadable(name, value string) string {
	switch {
	case name == "Dpop":
		return "proves possession of a key (RFC 9449), and the token that it gets takes more to use than the token"
	case name == "Accept" && strings.Contains(value, "xml") && !strings.ContainsAny(value, ",*"):
		return "asks for an answer in XML, which is not read: take JSON, a form or text, if the provider has one"
	}
	return ""
}

// headerFault says why text cannot be the value of a header (RFC 9110 section 5.5), or nothing.
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

func (h Header) expand(v *template.Values) ([]string, error) {
	text, err := v.Expand(h.Value)
	if err != nil {
		return nil, err
	}
	if h.Name == "Cookie" {
		if err := h.checkCookie(v); err != nil {
			return nil, err
		}
	}
	if fault := headerFault(text.Reveal()); fault != "" {
		return nil, &Fault{h.Path, "cannot be sent: with the credential's values it " + fault, "look at the values in it"}
	}
	return []string{text.Reveal()}, nil
}

// CheckContentType refuses a Content-Type that says of the body what it is not.
func CheckContentType(ps *problem.List, headers []Header, body Body) {
	i := slices.IndexFunc(headers, func(h Header) bool { return h.Name == "Content-Type" })
	want := mediaTypes[body.Kind]
	if i < 0 || want == "" {
		return
	}
	h := headers[i]
	text, fixed := h.Value.Fixed()
	given, _, err := mime.ParseMediaType(text)
	switch {
	case want == "multipart/form-data":
		ps.Add(h.Path, problem.Show(text), "is set with the body, since it names what separates the parts", "remove it")
	case !fixed || err != nil:
		ps.Add(h.Path, problem.Show(text), "is not a media type", "remove it: the body sets "+want)
	case given == want:
	case want == "application/json" && given != "application/x-www-form-urlencoded" && given != "multipart/form-data" && given != "text/html":
		// JSON goes by many names: application/json-rpc, application/x-amz-json-1.1, text/plain.
	default:
		ps.Add(h.Path, problem.Show(text), "contradicts the body, which is "+want, "remove it, or write the body as what it says")
	}
}

// checkCookie refuses values that would end a cookie and begin another (RFC 6265 section 4.1.1).
func (h Header) checkCookie(v *template.Values) error {
	for _, t := range h.Value.Substituted() {
		text, err := v.Expand(t)
		if err != nil {
			return err
		}
		if strings.ContainsFunc(text.Reveal(), func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`",;\`, r) }) {
			return &Fault{h.Path, "cannot be sent: a value in it has a character that a cookie cannot hold", "look at the values in it, or encode them: ${base64url(name)}"}
		}
	}
	return nil
}

// A Fault is why a request cannot be built with the values that a credential has.
// It says nothing of the values themselves.
type Fault struct{ Path, Detail, Remedy string }

func (f *Fault) Error() string { return f.Detail }

// contentType returns the media type that headers state, or "".
func contentType(headers []Header) string {
	i := slices.IndexFunc(headers, func(h Header) bool { return h.Name == "Content-Type" })
	if i < 0 {
		return ""
	}
	given, _ := headers[i].Value.Fixed()
	kind, _, _ := mime.ParseMediaType(given)
	return kind
}

// BasicHeader is HTTP Basic authentication (RFC 7617) with two templates.
func BasicHeader(path string, user, password template.Template) Header {
	toBase64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	h := NewHeader("Authorization", path)
	h.Value = slices.Concat(template.Literal("Basic "), template.Apply(toBase64, slices.Concat(user, template.Literal(":"), password)))
	return h
}

// compileBasic compiles the header that two names of values make, beside others, and returns
// the value in it that must not hold a colon. An empty name is an empty value, as where an
// API key is sent as a user without a password.
func compileBasic(ps *problem.List, path string, names []string, others []Header) (header []Header, user []template.Value) {
	if len(names) != 2 || names[0] == "" && names[1] == "" {
		ps.Add(path, "", "is not a list of the names of two values of the credential", `write "basic": ["username", "password"]; "" is an empty value`)
		return nil, nil
	}
	if slices.ContainsFunc(others, func(h Header) bool { return h.Name == "Authorization" }) {
		ps.Add(path, "", "sets the header Authorization, which headers sets as well", "keep one of the two")
		return nil, nil
	}
	var pair [2]template.Template
	for i, name := range names {
		switch {
		case name == "":
		case !template.ValidName(name):
			// Not shown: it may be the value itself.
			ps.Add(problem.Indexed(path, i), "", "is not the name of a credential's value", `write the name alone, such as "username", and put the value in the credential`)
		case passedOn(name):
			ps.Add(problem.Indexed(path, i), problem.Name(name), "is not the credential's own, and would be encoded", "send it as a parameter or in a header: ${"+name+"}")
		default:
			pair[i], _ = template.Parse(problem.Indexed(path, i), "${"+name+"}") // a valid name is one
		}
	}
	return []Header{BasicHeader(path, pair[0], pair[1])}, slices.Collect(template.Named(pair[0]))
}
