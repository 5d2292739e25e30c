package cloudformation

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A noValue is the value of AWS::NoValue: whatever has it is left out.
type noValue struct{}

// A resolver is one resolution. It panics with a resolveError at what it does not know,
// which recovered turns into what Resolve and Outputs return.
type resolver struct {
	template *Template
	values   map[string]any // of parameters, pseudo parameters and the variables of a Sub
}

type resolveError struct{ error }

func (r *resolver) fail(at *yaml.Node, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if at != nil {
		text = fmt.Sprintf("line %d: %s", at.Line, text)
	}
	panic(resolveError{fmt.Errorf("resolving the template: %s", text)})
}

// recovered ends a panic of a resolver, deferred, and sets err to its error.
func recovered(err *error) {
	v := recover()
	if v == nil {
		return
	}
	e, ours := v.(resolveError)
	if !ours {
		panic(v)
	}
	*err = e
}

// value resolves everything in a node.
func (r *resolver) value(n *yaml.Node) any {
	if name, argument := function(n); name != "" {
		return r.call(name, argument)
	}
	switch n.Kind {
	case yaml.MappingNode:
		object := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			if v := r.value(n.Content[i+1]); v != (noValue{}) {
				object[n.Content[i].Value] = v
			}
		}
		return object
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range n.Content {
			if v := r.value(item); v != (noValue{}) {
				list = append(list, v)
			}
		}
		return list
	case yaml.ScalarNode:
		var v any
		if err := n.Decode(&v); err != nil {
			r.fail(n, "%v", err)
		}
		return v
	case 0: // the resource has no properties
		return map[string]any{}
	}
	r.fail(n, "a node of kind %d", n.Kind)
	return nil
}

// function reports whether a node is an intrinsic function, in its short spelling (!Sub) or
// its long one (Fn::Sub:), and what it is applied to.
func function(n *yaml.Node) (name string, argument *yaml.Node) {
	if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
		plain := *n
		plain.Tag = ""
		if n.Kind == yaml.ScalarNode {
			plain.Tag = "!!str"
		}
		return n.Tag[1:], &plain
	}
	if n.Kind == yaml.MappingNode && len(n.Content) == 2 {
		key := n.Content[0].Value
		if long, ok := strings.CutPrefix(key, "Fn::"); ok {
			return long, n.Content[1]
		}
		if key == "Ref" {
			return key, n.Content[1]
		}
	}
	return "", nil
}

func (r *resolver) call(name string, n *yaml.Node) any {
	switch name {
	case "Ref":
		return r.ref(n, n.Value)
	case "GetAtt":
		return n.Value
	case "Sub":
		return r.sub(n)
	case "If":
		if r.condition(n.Content[0].Value) {
			return r.value(n.Content[1])
		}
		return r.value(n.Content[2])
	case "FindInMap":
		keys := r.texts(n)
		v, ok := r.template.mappings[keys[0]][keys[1]][keys[2]]
		if !ok {
			r.fail(n, "no %s in the mappings", strings.Join(keys, "."))
		}
		return v
	case "Join":
		return strings.Join(r.texts(n.Content[1]), r.text(n.Content[0]))
	case "Split":
		var parts []any
		for part := range strings.SplitSeq(r.text(n.Content[1]), r.text(n.Content[0])) {
			parts = append(parts, part)
		}
		return parts
	case "Select":
		list, _ := r.value(n.Content[1]).([]any)
		i, err := strconv.Atoi(r.text(n.Content[0]))
		if err != nil || i < 0 || i >= len(list) {
			r.fail(n, "no element %s in a list of %d", r.text(n.Content[0]), len(list))
		}
		return list[i]
	case "Equals":
		return r.text(n.Content[0]) == r.text(n.Content[1])
	case "Not":
		return r.value(n.Content[0]) != true
	case "And", "Or":
		for _, operand := range n.Content {
			if (r.value(operand) == true) == (name == "Or") {
				return name == "Or"
			}
		}
		return name == "And"
	case "Condition":
		return r.condition(n.Value)
	case "EachMemberEquals": // of a list, which a parameter has as a text
		for member := range strings.SplitSeq(r.text(n.Content[0]), ",") {
			if member != r.text(n.Content[1]) {
				return false
			}
		}
		return true
	}
	r.fail(n, "the function %s is not known here", name)
	return nil
}

// ref is the value of a parameter; of a resource, its name.
func (r *resolver) ref(at *yaml.Node, name string) any {
	if v, ok := r.values[name]; ok {
		return v
	}
	if _, ok := r.template.resources[name]; !ok {
		r.fail(at, "nothing is named %s", name)
	}
	return name
}

var variable = regexp.MustCompile(`\$\{[^}]*\}`)

func (r *resolver) sub(n *yaml.Node) string {
	text, inner := n, r
	if n.Kind == yaml.SequenceNode {
		text = n.Content[0]
		variables, _ := r.value(n.Content[1]).(map[string]any)
		inner = &resolver{r.template, map[string]any{}}
		for _, values := range []map[string]any{r.values, variables} {
			for name, v := range values {
				inner.values[name] = v
			}
		}
	}
	return variable.ReplaceAllStringFunc(text.Value, func(v string) string {
		name := v[2 : len(v)-1]
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + literal + "}"
		}
		if resource, attribute, ok := strings.Cut(name, "."); ok {
			r.ref(n, resource)
			return resource + "." + attribute
		}
		return fmt.Sprint(inner.ref(n, name))
	})
}

func (r *resolver) condition(name string) bool {
	n, ok := r.template.conditions[name]
	if !ok {
		r.fail(nil, "there is no condition %s", name)
	}
	return r.value(&n) == true
}

func (r *resolver) text(n *yaml.Node) string { return fmt.Sprint(r.value(n)) }

// texts is a list, or the parameter of a type that is one.
func (r *resolver) texts(n *yaml.Node) []string {
	v := r.value(n)
	list, ok := v.([]any)
	if !ok {
		return []string{fmt.Sprint(v)}
	}
	texts := make([]string, len(list))
	for i, item := range list {
		texts[i] = fmt.Sprint(item)
	}
	return texts
}
