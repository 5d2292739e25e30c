// Package outline shows a config leaf by leaf, whole, to the person who decides whether it
// may use a credential: what changed, which values of the credential it takes where they
// exist, and what of the answers it gives to consumers or to a probe.
//
// It knows JSON and the notation ${…}, and not what the fields mean, so that no field of a
// config is left out because it was forgotten here.
package outline

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/strictjson"
)

// A Leaf is a value of a config that has no others in it. Both texts are in one line, with
// what is not printable escaped; neither is cut.
type Leaf struct {
	// Path leads to it, such as "steps[0].request.url".
	Path string `json:"path"`
	// Value is it, as JSON.
	Value string `json:"value"`
}

// Of returns the leaves of a config in the order in which they were written. A text that is
// no JSON is one leaf without a path.
func Of(config string) []Leaf {
	v, err := strictjson.Decode[strictjson.Value]([]byte(config))
	if err != nil {
		return []Leaf{{"", strconv.QuoteToGraphic(config)}}
	}
	return leaves(nil, "", v)
}

func leaves(list []Leaf, path string, v strictjson.Value) []Leaf {
	switch {
	case len(v.Items) > 0:
		for i, item := range v.Items {
			list = leaves(list, path+"["+strconv.Itoa(i)+"]", item)
		}
		return list
	case len(v.Members) > 0:
		for _, m := range v.Members {
			list = leaves(list, join(path, m.Name), m.Value)
		}
		return list
	}
	text, err := v.Encode()
	if err != nil {
		text = []byte(strconv.Quote(v.Text))
	}
	return append(list, Leaf{path, secret.Visible(string(text))})
}

// plainName is a name that reads well in a path.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

func join(path, name string) string {
	if !plainName.MatchString(name) {
		name = strconv.QuoteToGraphic(name)
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

// A Change is a leaf that two configs do not have alike. Old or New is empty where one has
// no such leaf.
type Change struct {
	Path string `json:"path"`
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
}

// Changes returns what is changed in new, in its order, and then what it leaves out. Texts
// that differ in white space alone, or in the order of their members, have no change.
func Changes(old, new string) []Change {
	was, is := Of(old), Of(new)
	find := func(list []Leaf, path string) string {
		if i := slices.IndexFunc(list, func(l Leaf) bool { return l.Path == path }); i >= 0 {
			return list[i].Value
		}
		return ""
	}
	var changes []Change
	for _, l := range is {
		if before := find(was, l.Path); before != l.Value {
			changes = append(changes, Change{l.Path, before, l.Value})
		}
	}
	for _, l := range was {
		if find(is, l.Path) == "" {
			changes = append(changes, Change{l.Path, l.Value, ""})
		}
	}
	return changes
}

// optional is a value that may be missing, outside of literals.
var optional = regexp.MustCompile(`([A-Za-z_][A-Za-z0-9_]*)\s*\?`)

// Optional returns the values of the credential that a config sends from the day on which
// the credential has them: those written ${name?}.
func Optional(list []Leaf) []string {
	var names []string
	for _, l := range list {
		for _, e := range expressions(l.Value) {
			for _, m := range optional.FindAllStringSubmatch(e, -1) {
				if !slices.Contains(names, m[1]) {
					names = append(names, m[1])
				}
			}
		}
	}
	slices.Sort(names)
	return names
}

// expressions returns what is between ${ and } in a text, without its literals. One that
// has no end goes to that of the text.
func expressions(text string) []string {
	var list []string
	for {
		_, rest, found := strings.Cut(text, "${")
		if !found {
			return list
		}
		var e strings.Builder
		quoted, end := false, len(rest)
		for i := range len(rest) {
			if rest[i] == '}' && !quoted {
				end = i
				break
			}
			if rest[i] == '\'' {
				quoted = !quoted
			} else if !quoted {
				e.WriteByte(rest[i])
			}
		}
		list, text = append(list, e.String()), rest[end:]
	}
}

// Reaching returns the leaves that decide what of the answers reaches a record, later
// requests or a probe.
func Reaching(list []Leaf) []Leaf {
	return slices.DeleteFunc(slices.Clone(list), func(l Leaf) bool {
		top, _, _ := strings.Cut(l.Path, ".")
		top, _, _ = strings.Cut(top, "[")
		switch top {
		case "response", "record", "probe", "signed_jwt":
			return false
		}
		return !strings.Contains(l.Path, ".response.")
	})
}
