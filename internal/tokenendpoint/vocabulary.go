package tokenendpoint

import (
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/strictjson"
	"example.com/tokenkeeper/internal/template"
)

// needed returns the values that templates cannot do without, but for those that steps keep.
func needed(templates []template.Template) []template.Value {
	var list []template.Value
	for v := range template.Named(templates...) {
		if !v.Optional && !strings.HasPrefix(v.Name, stepPrefix) {
			list = append(list, v)
		}
	}
	return list
}

// ofRecord are the fields of a record, extra ones among them.
const ofRecord = "a record"

// A vocabulary is what the templates of one place may name.
type vocabulary struct {
	// of is what the known names belong to. Empty: any value of the credential may be named,
	// and the known names are those that earlier steps keep.
	of    string
	known []string
}

// check notes the names in templates that are not in the vocabulary.
func (words vocabulary) check(ps *problem.List, templates []template.Template) {
	for v := range template.Named(templates...) {
		shown := problem.Show("${" + v.Name + "}")
		switch {
		case v.Implied || slices.Contains(words.known, v.Name):
		case words.of == ofRecord && strings.HasPrefix(v.Name, extraPrefix):
			ps.Add(v.At, shown, "names what no field of response.extra is called", `say where in the answer it is: "response": {"extra": {"`+v.Name[len(extraPrefix):]+`": "…"}}`)
		case words.of != "":
			ps.Add(v.At, shown, "names what "+words.of+" does not have", words.instead(v))
		case strings.HasPrefix(v.Name, stepPrefix):
			if slices.ContainsFunc(ps.Found, func(p refresh.Problem) bool { return strings.HasPrefix(p.Path, "steps") }) {
				continue // what a step keeps is not known where it cannot be read
			}
			remedy := `an earlier step keeps values with "response": {"keep": {"NAME": "path"}}`
			if len(words.known) > 0 {
				remedy = words.instead(v)
			}
			ps.Add(v.At, shown, "names what no earlier step keeps", remedy)
		case strings.Contains(v.Name, "."):
			ps.Add(v.At, shown, "is not a value of the credential or of a step", "fields of the answer can be named in record alone")
		}
	}
}

// instead says which names there are, or which one was meant.
func (words vocabulary) instead(v template.Value) string {
	if near := strictjson.Nearest(v.Name, words.known); near != "" {
		return "did you mean ${" + near + "}?"
	}
	return "there are: " + strings.Join(words.known, ", ")
}

// stepPrefix begins the names of values that steps keep. Names of a credential's own
// values have no dots, so the two share one map, and everything that is redacted of the
// one is redacted of the other.
const stepPrefix = "steps."

// extraPrefix begins the names of fields of a record that an answer gives.
const extraPrefix = "extra."

// refreshToken is the value of the ticket of a provider that rotates them
// (see refresh.Provider.Rotates): it comes from the vault, never from the credential.
const refreshToken = "refresh_token"

// valueName reads the name of a credential's value.
func valueName(ps *problem.List, path string, given *string, missing string) string {
	if given == nil {
		return missing
	}
	if !template.ValidName(*given) {
		// Not shown: it may be the value itself.
		ps.Add(path, "", "is not the name of a credential's value", `put the value itself in the credential, and write its name here, such as "private_key"`)
		return missing
	}
	return *given
}
