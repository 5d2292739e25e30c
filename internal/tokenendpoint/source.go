package tokenendpoint

import (
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	paths "example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/strictjson"
)

// A source is where in an answer a value is. The zero source leads nowhere.
type source struct {
	path   paths.Path // into the body
	header string     // in canonical form
	cookie string
	whole  bool // the body itself, as text
	// after stands before the value and is no part of it, such as "Bearer ".
	after string
}

// source compiles the notation of a source: a path into the body, or an object that says
// where else the value is. Where none is stated, the path is that of missing.
func compileSource(ps *problems, path string, v strictjson.Value, missing string) source {
	const remedy = `write a path, or {"header": "…"}, {"cookie": "…"} or {"body": "text"}`
	switch v.Type {
	case strictjson.Absent:
		return source{path: compilePath(ps, path, nil, missing)}
	case strictjson.String:
		return source{path: compilePath(ps, path, &v.Text, "")}
	case strictjson.Object:
	default:
		ps.add(path, "", fmt.Sprintf("must be a string or an object, not %s", v.Type), remedy)
		return source{}
	}
	var s source
	places, unknown := 0, false
	for _, m := range v.Members {
		at := member(path, m.Name)
		if !ps.oneOfNames(at, m.Name, "header", "cookie", "body", "after") {
			unknown = true
			continue
		}
		if m.Value.Type != strictjson.String {
			unknown = true
			ps.add(at, "", fmt.Sprintf("must be a string, not %s", m.Value.Type), "")
			continue
		}
		text := m.Value.Text
		switch m.Name {
		case "header":
			places++
			if !validHeader.MatchString(text) {
				ps.add(at, show(text), "is not the name of a header", "")
			}
			s.header = http.CanonicalHeaderKey(text)
		case "cookie":
			places++
			if !validHeader.MatchString(text) {
				ps.add(at, show(text), "is not the name of a cookie", "")
			}
			s.cookie = text
		case "body":
			places++
			if text != "text" {
				ps.add(at, show(text), "is not known here", `write {"body": "text"} where the whole body is the value, or a path into it`)
			}
			s.whole = true
		case "after":
			s.after = text
		}
	}
	if places != 1 && !unknown {
		ps.add(path, "", fmt.Sprintf("names %d places where one is wanted", places), remedy)
	}
	return s
}

// oneOfNames checks the name of a field where a type of our own reads the object.
func (ps *problems) oneOfNames(path, name string, known ...string) bool {
	for _, k := range known {
		if name == k {
			return true
		}
	}
	remedy := "there are: " + strings.Join(known, ", ")
	if near := strictjson.Nearest(name, known); near != "" {
		remedy = `did you mean "` + near + `"?`
	}
	ps.add(path, "", "there is no such field", remedy)
	return false
}

// isZero reports whether s leads nowhere.
func (s source) isZero() bool { return s.path.IsZero() && s.inBody() }

// inBody reports whether the value is within JSON.
func (s source) inBody() bool { return s.header == "" && s.cookie == "" && !s.whole }

// String says where it is, for errors.
func (s source) String() string {
	switch {
	case s.header != "":
		return "in the header " + s.header
	case s.cookie != "":
		return "in the cookie " + show(s.cookie)
	case s.whole:
		return "in the body as a whole"
	}
	return "at " + show(s.path.String())
}

// uncut returns the value with what stands before it, in an answer whose body, if it is
// JSON, was prepared by numbers; nil: there is none, or there are several.
func (s source) uncut(a *answer, doc any) (found any) {
	switch {
	case s.header != "":
		if all := a.header.Values(s.header); len(all) == 1 {
			found = strings.TrimSpace(all[0])
		}
	case s.cookie != "":
		if c := a.cookie(s.cookie); c != nil {
			found = c.Value
		}
	case s.whole:
		text := strings.TrimSpace(strings.TrimPrefix(string(a.body), "\uFEFF"))
		if text != "" {
			found = text
		}
	default:
		found = s.path.Find(doc).Value
	}
	return found
}

// find returns the value that is meant, or nil.
func (s source) find(a *answer, doc any) any {
	found := s.uncut(a, doc)
	if text, ok := found.(string); ok && s.after != "" {
		if len(text) < len(s.after) || !strings.EqualFold(text[:len(s.after)], s.after) {
			return nil
		}
		return strings.TrimSpace(text[len(s.after):])
	}
	return found
}

// cookie returns the cookie that an answer sets, or nil: none of that name, several, or
// one that it takes away.
func (a *answer) cookie(name string) *http.Cookie {
	if name == "" {
		return nil
	}
	var found *http.Cookie
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if c.Name != name {
			continue
		}
		if found != nil {
			return nil
		}
		found = c
	}
	if found != nil && (found.MaxAge < 0 || found.Value == "") {
		return nil
	}
	return found
}

// cookieLifetime returns how long a cookie says it lives (RFC 6265 section 5.2: Max-Age
// goes before Expires); ok is false where it does not.
func (s source) cookieLifetime(a *answer) (life span, ok bool) {
	if s.cookie == "" {
		return span{}, false
	}
	c := a.cookie(s.cookie)
	switch {
	case c == nil:
		return span{}, false
	case c.MaxAge > 0:
		return span{length: saturate(float64(c.MaxAge), time.Second)}, true
	case !c.Expires.IsZero():
		return span{length: c.Expires.Sub(a.date())}, true
	}
	return span{}, false
}

// form returns the fields of a body that is a form and says so, as old servers answer.
// One in which a name stands twice means two things, and is none.
func (a *answer) form() (map[string]any, bool) {
	kind, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, false
	}
	values, err := url.ParseQuery(strings.TrimSpace(string(a.body)))
	if err != nil {
		return nil, false
	}
	fields := make(map[string]any, len(values))
	for name, all := range values {
		if len(all) != 1 {
			return nil, false
		}
		fields[name] = all[0]
	}
	return fields, true
}
