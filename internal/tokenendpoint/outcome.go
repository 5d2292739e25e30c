package tokenendpoint

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"example.com/tokenkeeper/internal/strictjson"
)

// An outcome says which answers are good ones, and where the others say why not. The
// zero outcome takes any status of 2xx.
type outcome struct {
	statuses []int
	// success leads to something true in a good answer.
	success expression
	// code and text are where an error is: an error in OAuth's sense, and words for people.
	code, text expression
}

// bareLiteral is a comparison with what JMESPath takes for the name of a field.
var bareLiteral = regexp.MustCompile(`([=!]=)\s*(true|false|null|-?[0-9]+)\b`)

// outcome compiles what a response says of success.
func compileOutcome(ps *problems, path string, statuses strictjson.Value, success, code, text *string) outcome {
	if success != nil && bareLiteral.MatchString(*success) {
		ps.add(path+".success", show(*success), "compares with the name of a field, since JMESPath has its own way to write values",
			"write "+show(bareLiteral.ReplaceAllString(*success, "$1 `$2`")))
		success = nil
	}
	return outcome{
		statuses: compileStatuses(ps, path+".status", statuses),
		success:  compileExpression(ps, path+".success", success, ""),
		code:     compileExpression(ps, path+".error", code, ""),
		text:     compileExpression(ps, path+".error_description", text, ""),
	}
}

// statuses reads a list of statuses that say success.
func compileStatuses(ps *problems, path string, v strictjson.Value) []int {
	const remedy = "write a list, such as [200, 201]"
	switch v.Type {
	case strictjson.Absent:
		return nil
	case strictjson.List:
	default:
		ps.add(path, "", fmt.Sprintf("must be a list of numbers, not %s", v.Type), remedy)
		return nil
	}
	var list []int
	for i, item := range v.Items {
		if item.Type != strictjson.Num {
			ps.add(indexed(path, i), "", fmt.Sprintf("must be a number, not %s", item.Type), remedy)
			continue
		}
		n, err := strconv.Atoi(item.Text)
		if err != nil || n < 200 || n > 399 {
			ps.add(indexed(path, i), item.Text, "is not a status that can mean success", "write numbers from 200 to 399; an error is never a success")
			continue
		}
		list = append(list, n)
	}
	if len(v.Items) == 0 {
		ps.add(path, "", "is an empty list", "leave it out for any status of 2xx")
	}
	return list
}

// accepts reports whether the status of an answer says success.
func (o outcome) accepts(a *answer) bool {
	if o.statuses == nil {
		return a.ok()
	}
	return slices.Contains(o.statuses, a.status)
}

// denies reports whether an answer says, where the config looks, that it is no success.
func (o outcome) denies(doc any) bool {
	if o.success.compiled != nil && !truth(o.success.find(doc)) {
		return true
	}
	code, text := o.said(doc)
	return code != "" || o.code.compiled == nil && text != ""
}

// said returns what an answer says of an error where the config looks for it.
func (o outcome) said(doc any) (code, text string) {
	code, _ = plainText(o.code.find(doc))
	text, _ = plainText(o.text.find(doc))
	return code, text
}

// truth reports whether a value is true in the sense of JMESPath.
func truth(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	}
	return true
}

// plainText returns a value of an answer as text, if it is a string, a number or a
// boolean.
func plainText(v any) (text string, ok bool) {
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}
