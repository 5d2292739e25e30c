package tokenendpoint

import (
	"iter"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/strictjson"
)

// compileTemplate compiles the string of the field at path. The name is that of the field or
// parameter that the string is the value of, by which a secret is found that should not be
// there.
func compileTemplate(ps *problems, path, name, text string) template {
	t, fault := parseTemplate(path, text)
	if fault != nil {
		ps.add(path, showTemplate(text), fault.detail, fault.remedy)
		return nil
	}
	if !names([]template{t}, "") && !t.fresh() {
		refuseSecret(ps, path, name, text)
	}
	return t
}

// mustStand refuses a value that may be absent where there is nothing to leave out.
func mustStand(ps *problems, t template) {
	for p := range named([]template{t}) {
		if p.optional && p.instead == nil {
			ps.add(p.at, show("${"+p.value+"?}"), "may be absent where there is no field to leave out", "say what stands there then: ${"+p.value+"?''}")
		}
	}
}

// named goes through the values that templates name, those in arguments too.
func named(templates []template) iter.Seq[part] {
	return func(yield func(part) bool) {
		more := true
		for _, t := range templates {
			t.values(func(p part) { more = more && yield(p) })
		}
	}
}

// names reports whether templates name a value: that one, or any if it is empty.
func names(templates []template, name string) bool {
	for p := range named(templates) {
		if name == "" || p.value == name {
			return true
		}
	}
	return false
}

// needed returns the values that templates cannot do without, but for those that steps keep.
func needed(templates []template) []part {
	var list []part
	for p := range named(templates) {
		if !p.optional && !strings.HasPrefix(p.value, stepPrefix) {
			list = append(list, p)
		}
	}
	return list
}

// A vocabulary is what the templates of one place may name.
type vocabulary struct {
	// of is what the words belong to. Empty: values of the credential may be named, any, and
	// the words are those that earlier steps keep.
	of    string
	words []string
	// record says that the words are fields of a record, extra ones among them.
	record bool
	// open is set where a step could not be read, so that what it keeps is not known.
	open bool
}

// check notes the names in templates that are not in v.
func (v vocabulary) check(ps *problems, templates []template) {
	for p := range named(templates) {
		switch {
		case p.implied || slices.Contains(v.words, p.value):
		case v.of != "":
			v.refuse(ps, p)
		case strings.HasPrefix(p.value, stepPrefix):
			if !v.open {
				remedy := `an earlier step keeps values with "response": {"keep": {"NAME": "path"}}`
				if len(v.words) > 0 {
					remedy = v.instead(p)
				}
				ps.add(p.at, show("${"+p.value+"}"), "names what no earlier step keeps", remedy)
			}
		case strings.Contains(p.value, "."):
			ps.add(p.at, show("${"+p.value+"}"), "is not a value of the credential or of a step", "fields of the answer can be named in record alone")
		}
	}
}

// refuse notes a name that is not among all that there are.
func (v vocabulary) refuse(ps *problems, p part) {
	shown := show("${" + p.value + "}")
	if name, ok := strings.CutPrefix(p.value, extraPrefix); ok && v.record {
		ps.add(p.at, shown, "names what no field of response.extra is called", `say where in the answer it is: "response": {"extra": {"`+name+`": "…"}}`)
		return
	}
	ps.add(p.at, shown, "names what "+v.of+" does not have", v.instead(p))
}

// instead says which names there are, or which one was meant.
func (v vocabulary) instead(p part) string {
	if near := strictjson.Nearest(p.value, v.words); near != "" {
		return "did you mean ${" + near + "}?"
	}
	return "there are: " + strings.Join(v.words, ", ")
}
