package template

import (
	"slices"
	"strings"
)

// Written returns t as a config has it. Values of the names that are given are there, so that they
// are written without a question mark.
func (t Template) Written(given ...string) string {
	var b strings.Builder
	for _, p := range t {
		if p.substituted() {
			b.WriteString("${" + p.written(given) + "}")
		}
		b.WriteString(p.literal)
	}
	return b.String()
}

func (p part) written(given []string) string {
	switch {
	case p.function != nil:
		args := make([]string, len(p.args))
		for i, a := range p.args {
			args[i] = a[0].written(given) // it is one
		}
		name, _, _ := strings.Cut(p.function.signature, "(")
		return name + "(" + strings.Join(args, ", ") + ")"
	case p.value.Name == "":
		return quoted(p.literal)
	case !p.value.Optional, slices.Contains(given, p.value.Name):
		return p.value.Name
	case p.value.Instead == nil:
		return p.value.Name + "?"
	}
	return p.value.Name + "?" + quoted(*p.value.Instead)
}

func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
