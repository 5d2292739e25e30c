package tokenendpoint

import (
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/strictjson"
)

// A vocabulary is what templates may name. The zero vocabulary is that of a login: values
// of the credential, and those that earlier steps keep.
type vocabulary struct {
	// of is what the words belong to, and words are all that may be named; nil: a login's.
	of    string
	words []string
	// record says that the words are fields of a record, extra ones among them.
	record bool
}

// within runs f, which compiles templates that have words of their own. What it would note
// of a login, as uses and advice, is not about one, and is dropped.
func (c *compiler) within(v vocabulary, f func()) {
	uses, advice, outer := c.plan.uses, c.plan.advice, c.vocabulary
	c.vocabulary = v
	f()
	c.plan.uses, c.plan.advice, c.vocabulary = uses, advice, outer
}

// template compiles a string of the config. The name is that of the field or parameter
// that the string is the value of, by which a secret is told that should not be there.
func (c *compiler) template(path, name, text string) template {
	t, names, fault := parseTemplate(text)
	if fault != nil {
		c.add(path, showTemplate(text), fault.detail, fault.remedy)
		return nil
	}
	if len(names) == 0 && !t.fresh() {
		c.refuseSecret(path, name, text)
	}
	t.values(func(p part) { c.refer(path, p) })
	return t
}

// implied is the template of a value that OAuth asks for by that name.
func (c *compiler) implied(path, name string) template {
	c.plan.uses = append(c.plan.uses, use{name: name, path: path, implied: true})
	return valueOf(name)
}

// refer notes that a template names a value, which must be one that it may.
func (c *compiler) refer(path string, p part) {
	shown := "${" + p.value + "}"
	switch {
	case c.vocabulary.words != nil:
		if !slices.Contains(c.vocabulary.words, p.value) {
			remedy := "there are: " + strings.Join(c.vocabulary.words, ", ")
			if name, ok := strings.CutPrefix(p.value, extraPrefix); ok && c.vocabulary.record {
				c.add(path, show(shown), "names what no field of response.extra is called", `say where in the answer it is: "response": {"extra": {"`+name+`": "…"}}`)
				return
			}
			if near := strictjson.Nearest(p.value, c.vocabulary.words); near != "" {
				remedy = "did you mean ${" + near + "}?"
			}
			c.add(path, show(shown), "names what "+c.vocabulary.of+" does not have", remedy)
		}
	case strings.HasPrefix(p.value, stepPrefix):
		if !slices.Contains(c.kept, p.value) && !c.unread {
			remedy := `an earlier step keeps values with "response": {"keep": {"NAME": "path"}}`
			if near := strictjson.Nearest(p.value, c.kept); near != "" {
				remedy = "did you mean ${" + near + "}?"
			} else if len(c.kept) > 0 {
				remedy = "there are: " + strings.Join(c.kept, ", ")
			}
			c.add(path, show(shown), "names what no earlier step keeps", remedy)
		}
		if !p.optional {
			c.needs = append(c.needs, p.value)
		}
	case strings.Contains(p.value, "."):
		c.add(path, show(shown), "is not a value of the credential or of a step", "fields of the answer can be named in record alone")
	case !p.optional:
		c.plan.uses = append(c.plan.uses, use{name: p.value, path: path})
	}
}

// must notes that a template stands where nothing can be left out.
func (c *compiler) must(path string, t template) {
	t.values(func(p part) {
		if p.optional && p.instead == nil {
			c.add(path, show("${"+p.value+"?}"), "may be absent where there is no field to leave out", "say what stands there then: ${"+p.value+"?''}")
		}
	})
}
