package answer

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Accepts reports whether the status says success.
func (o Outcome) Accepts(m *Message) bool {
	if o.Statuses == nil {
		return m.OK()
	}
	return slices.Contains(o.Statuses, m.Status)
}

// Denied reports whether an answer, whose status says success, says that the login failed. Where
// the config says what success or an error is, that decides alone; a description never does.
func (s Selection) Denied() bool {
	object, _ := s.Document.Value.(map[string]any)
	switch {
	case !s.wanted.Success.IsZero():
		return !s.holds
	case !s.wanted.Error.IsZero():
		return !saysNothing(s.code)
	}
	return object["ok"] == false || !saysNothing(object["error"])
}

// saysNothing reports whether a value, where an error would be, says that there is none:
// nothing, a zero, a word such as "ok", or an object whose code is one of these.
func saysNothing(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case float64:
		return v == 0
	case string:
		return noError.MatchString(strings.TrimSpace(v))
	case []any:
		return !slices.ContainsFunc(v, func(item any) bool { return !saysNothing(item) })
	case map[string]any:
		for _, name := range codeNames {
			if text, _ := PlainText(v[name]); text != "" {
				return noError.MatchString(text)
			}
		}
		for _, inner := range v {
			if !saysNothing(inner) {
				return false
			}
		}
		return true
	}
	return false
}

var (
	// noError is what providers write where an error would be.
	noError = regexp.MustCompile(`(?i)^(?:|0+|200|ok|success|none|null|false|n/?a|-|no[ _]?error)$`)
	// codeNames are where objects have the code of an error.
	codeNames = []string{"code", "status", "type"}
	// textNames are where answers and errors have words for people, without separators and in
	// small letters.
	textNames = []string{"errordescription", "errormessage", "errormsg", "errmsg", "errorsummary", "message", "msg", "detail", "title", "reason", "faultstring"}
	// errorNames are where answers have an error, or a list of them.
	errorNames = []string{"error", "errors", "errormessages", "fault"}
	separators = strings.NewReplacer("_", "", "-", "")
)

// Said is what an answer says of an error.
type Said struct {
	// Code is a word, perhaps a registered one.
	Code string
	Text string
}

// Said returns what the answer says of an error, where the config says, or in the members that RFC
// 6749 section 5.2, RFC 9457 and common use have for it. No other part of an answer is ever quoted.
func (s Selection) Said() (said Said) {
	code, _ := PlainText(s.code)
	text, _ := PlainText(s.text)
	if saysNothing(s.code) {
		code = ""
	}
	if code != "" || text != "" {
		if said.Text = text; word.MatchString(code) {
			said.Code = code
		} else if text == "" {
			said.Text = code
		}
		return said
	}
	object, _ := s.Document.Value.(map[string]any)
	code, _ = object["error"].(string)
	inner, _ := object["error"].(map[string]any)
	for _, name := range slices.Backward(codeNames) { // the first counts; a number may be the status once more
		if text, _ := inner[name].(string); strings.TrimSpace(text) != "" {
			code = text
		}
	}
	if word.MatchString(code) && !saysNothing(code) {
		said.Code = code
	}
	said.Text = textOf(s.Document.Value)
	return said
}

// textOf returns the words for people in an answer, those of its error first, which may be the
// error itself.
func textOf(answer any) string {
	object, ok := firstOf(answer).(map[string]any)
	if !ok {
		return ""
	}
	members := map[string]any{}
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(object))) {
		members[strings.ToLower(separators.Replace(name))] = object[name]
	}
	for _, name := range errorNames {
		text, _ := firstOf(members[name]).(string)
		if name == "error" && word.MatchString(text) || saysNothing(text) {
			text = textOf(members[name])
		}
		if text != "" {
			return text
		}
	}
	for _, name := range textNames {
		if text, _ := members[name].(string); strings.TrimSpace(text) != "" {
			return text
		}
	}
	return ""
}

// firstOf returns the first item of a list (of errors in JSON:API and GraphQL, and the whole answer
// of Salesforce), and all else as it is.
func firstOf(v any) any {
	if list, ok := v.([]any); ok && len(list) > 0 {
		return list[0]
	}
	return v
}
