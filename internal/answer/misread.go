package answer

import (
	"regexp"
	"strconv"
	"strings"

	"example.com/tokenkeeper/internal/secret"
)

// plainName is a name that needs no quotes.
var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*`)

// What people write who know JMESPath, JSONPath or jq.
var (
	bareValue   = regexp.MustCompile(`(==\s*)(true|false|null|-?[0-9]+(?:\.[0-9]+)?)(\s*(?:\]|$))`)
	doubleQuote = regexp.MustCompile(`(==\s*)"([^"'\\]*)"`)
	equalSign   = regexp.MustCompile(`([A-Za-z0-9_"\]])\s*=\s*(['"` + "`" + `A-Za-z0-9-])`)
	allItems    = regexp.MustCompile(`\[\*?\]`)
	toFirst     = regexp.MustCompile(`\s*\|\s*\[0\]\s*$`)
	firstInside = regexp.MustCompile(`\]\s*\|?\s*\[0\]\s*\.\s*(.+)$`)
	functionOf  = regexp.MustCompile(`^\s*[a-z_]+\s*\((?:'[^']*'\s*,\s*)?([^()]*)\)\s*$`)
	anyFunction = regexp.MustCompile(`[a-z_]+\s*\(`)
	operators   = regexp.MustCompile(`!=|<|>|&&|!`)
	aName       = regexp.MustCompile(`(?:^|\.)[A-Za-z0-9_\p{L}-][^.\["'` + "`" + `()|&@*?\]]*`)
)

// misread says what is wrong with a text that is no path, and what to write instead where that
// is one by ok.
func misread(text string, ok func(string) bool) *Misreading {
	const shape = `a path is like "data.token", "items[0].token" or "items[?type=='access'].token | [0]"`
	m := &Misreading{Detail: "is not a path", Remedy: shape}
	switch {
	case bareValue.MatchString(text):
		m.Detail = "compares with the name of a field: values of other types than text are written in backticks"
	case doubleQuote.MatchString(text):
		m.Detail = "compares with the name of a field: texts are written in single quotes"
	case strings.Contains(text, "||"):
		m.Detail = "chooses between places, and a path leads to one"
		m.Remedy = "write the one at which the value is"
	case anyFunction.MatchString(text):
		m.Detail, m.Remedy = "calls a function, and a path only leads to a value", "write the path to the value itself; a list of scopes is joined without being asked"
	case operators.MatchString(text):
		m.Detail, m.Remedy = "computes with values, and only == compares", "write a path that leads to something true, or one compared with a value: \"status=='ok'\""
	case strings.ContainsAny(text, ",{}"):
		m.Detail, m.Remedy = "takes several values, and a path leads to one", "take each in a field of its own"
	case strings.Contains(text, "[?") && strings.Count(text, "[?") > 1:
		m.Detail, m.Remedy = "has two filters, and a path has one at most", "use indexes for the other: items[0]"
	case strings.HasPrefix(text, "'") || strings.HasPrefix(text, "`"):
		m.Detail, m.Remedy = "is a text, and not a path", `write where in the answer the value is, such as "data.token"`
	case strings.Contains(text, "[?") || allItems.MatchString(text):
		m.Detail = "selects several values, and one is wanted"
	}
	for _, better := range attempts(text) {
		better = strings.TrimSpace(better)
		if better != text && !secret.WordLike(text) && len(better) <= longestShown && ok(better) {
			m.Remedy = "write " + strconv.Quote(better)
			break
		}
	}
	return m
}

// longestShown is the size of the longest suggestion, in bytes.
const longestShown = 80

// attempts returns what may have been meant, the likeliest first.
func attempts(text string) []string {
	t := strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(text), "$"), ".")
	t = equalSign.ReplaceAllString(t, "$1==$2")
	t = doubleQuote.ReplaceAllString(t, "$1'$2'")
	t = bareValue.ReplaceAllString(t, "$1`$2`$3")
	first, _, _ := strings.Cut(t, "||")
	list := []string{t, aName.ReplaceAllStringFunc(t, quotedName), functionOf.ReplaceAllString(t, "$1"),
		toFirst.ReplaceAllString(t, "") + " | [0]", firstInside.ReplaceAllString(t, "].$1 | [0]"), first}
	for _, l := range list {
		list = append(list, toFirst.ReplaceAllString(allItems.ReplaceAllString(l, "[0]"), ""))
	}
	return list
}

// quotedName returns a name, and a dot before it, in quotes if it needs them.
func quotedName(text string) string {
	name := strings.TrimPrefix(text, ".")
	if plainName.FindString(name) == name {
		return text
	}
	return strings.TrimSuffix(text, name) + strconv.Quote(name)
}
