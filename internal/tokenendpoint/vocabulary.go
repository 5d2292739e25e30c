package tokenendpoint

import (
	"iter"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/strictjson"
	"example.com/tokenkeeper/internal/template"
)

// compileTemplate compiles the string of the field at path. The name is that of the field or
// parameter that the string is the value of, by which a secret is found that should not be
// there.
func compileTemplate(ps *problems, path, name, text string) template.Template {
	t, fault := template.Parse(path, text)
	if fault != nil {
		ps.add(path, template.Shown(text), fault.Detail, fault.Remedy)
		return nil
	}
	if !names([]template.Template{t}, "") && !t.Fresh() {
		refuseSecret(ps, path, name, text)
	}
	return t
}

// mustStand refuses a value that may be absent where there is nothing to leave out.
func mustStand(ps *problems, t template.Template) {
	for v := range named([]template.Template{t}) {
		if v.LeavesOut() {
			ps.add(v.At, show("${"+v.Name+"?}"), "may be absent where there is no field to leave out", "say what stands there then: ${"+v.Name+"?''}")
		}
	}
}

// named goes through the values that templates name, those in arguments too.
func named(templates []template.Template) iter.Seq[template.Value] {
	return func(yield func(template.Value) bool) {
		for _, t := range templates {
			for v := range t.Values() {
				if !yield(v) {
					return
				}
			}
		}
	}
}

// names reports whether templates name a value: that one, or any if it is empty.
func names(templates []template.Template, name string) bool {
	for v := range named(templates) {
		if name == "" || v.Name == name {
			return true
		}
	}
	return false
}

// needed returns the values that templates cannot do without, but for those that steps keep.
func needed(templates []template.Template) []template.Value {
	var list []template.Value
	for v := range named(templates) {
		if !v.Optional && !strings.HasPrefix(v.Name, stepPrefix) {
			list = append(list, v)
		}
	}
	return list
}

// A vocabulary is what the templates of one place may name.
type vocabulary struct {
	// of is what the known names belong to. Empty: any value of the credential may be named,
	// and the known names are those that earlier steps keep.
	of    string
	known []string
	// record says that the names are fields of a record, extra ones among them.
	record bool
	// open is set where a step could not be read, so that what it keeps is not known.
	open bool
}

// check notes the names in templates that are not in the vocabulary.
func (words vocabulary) check(ps *problems, templates []template.Template) {
	for v := range named(templates) {
		shown := show("${" + v.Name + "}")
		switch {
		case v.Implied || slices.Contains(words.known, v.Name):
		case words.of != "":
			words.refuse(ps, v)
		case strings.HasPrefix(v.Name, stepPrefix):
			if words.open {
				continue
			}
			remedy := `an earlier step keeps values with "response": {"keep": {"NAME": "path"}}`
			if len(words.known) > 0 {
				remedy = words.instead(v)
			}
			ps.add(v.At, shown, "names what no earlier step keeps", remedy)
		case strings.Contains(v.Name, "."):
			ps.add(v.At, shown, "is not a value of the credential or of a step", "fields of the answer can be named in record alone")
		}
	}
}

// refuse notes a name that is not among all that there are.
func (words vocabulary) refuse(ps *problems, v template.Value) {
	shown := show("${" + v.Name + "}")
	if name, ok := strings.CutPrefix(v.Name, extraPrefix); ok && words.record {
		ps.add(v.At, shown, "names what no field of response.extra is called", `say where in the answer it is: "response": {"extra": {"`+name+`": "…"}}`)
		return
	}
	ps.add(v.At, shown, "names what "+words.of+" does not have", words.instead(v))
}

// instead says which names there are, or which one was meant.
func (words vocabulary) instead(v template.Value) string {
	if near := strictjson.Nearest(v.Name, words.known); near != "" {
		return "did you mean ${" + near + "}?"
	}
	return "there are: " + strings.Join(words.known, ", ")
}
