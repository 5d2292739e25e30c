package tokenendpoint

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	paths "example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/strictjson"
)

// An outcome says which answers are good ones, and where the others say why not. The
// zero outcome takes any status of 2xx.
type outcome struct {
	statuses []int
	// success leads to something true in a good answer.
	success paths.Condition
	// code and text are where an error is: an error in OAuth's sense, and words for people.
	code, text paths.Path
}

// outcome compiles what a response says of success.
func compileOutcome(ps *problems, path string, statuses strictjson.Value, success, code, text *string) outcome {
	var good paths.Condition
	if success != nil {
		good = understand(ps, path+".success", *success, paths.ParseCondition)
	}
	return outcome{
		statuses: compileStatuses(ps, path+".status", statuses),
		success:  good,
		code:     compilePath(ps, path+".error", code, ""),
		text:     compilePath(ps, path+".error_description", text, ""),
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
	if good, _ := o.success.Holds(doc); !good {
		return true
	}
	code, text := o.said(doc)
	return code != "" || o.code.IsZero() && text != ""
}

// said returns what an answer says of an error where the config looks for it.
func (o outcome) said(doc any) (code, text string) {
	code, _ = plainText(o.code.Find(doc).Value)
	text, _ = plainText(o.text.Find(doc).Value)
	return code, text
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
