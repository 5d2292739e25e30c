package httprequest

import (
	"encoding/base64"
	"slices"

	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/template"
)

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
	return []Header{BasicHeader(path, pair[0], pair[1])}, slices.Collect(pair[0].Values())
}
