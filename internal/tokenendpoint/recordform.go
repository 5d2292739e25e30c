package tokenendpoint

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/httprequest"
	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/strictjson"
	"example.com/tokenkeeper/internal/template"
)

// A recordForm is how a provider's record looks where it is not version 1: a line of text, or JSON
// of the config's own. Its templates name fields of the record alone, so no value of a credential
// can be meant; that none is in it by accident is seen to by the domain.
type recordForm struct{ node httprequest.Node }

// recordWords are the fields of a record that a form may name, as version 1 has them.
var recordWords = []string{"access_token", "token_type", "provider", "issued_at", "refresh_after", "expires_at", "expires_at_unix", "scope"}

// compileRecord returns what writes records in the form that a config says; nil: version 1.
func compileRecord(ps *problem.List, v strictjson.Value, extra map[string]strictjson.Value) func(refresh.Record) (secret.Text, error) {
	const remedy = `write "token" for the bare token, a text such as "Bearer ${access_token}", or an object such as {"token": "${access_token}", "expires": "${expires_at}"}`
	switch {
	case v.Type == strictjson.Absent:
		return nil
	case v.Type == strictjson.String && v.Text == "token":
		v.Text = "${access_token}"
		if len(extra) > 0 {
			ps.Add("response.extra", "", "has no place in a record that is the bare token", "remove it, or write record as an object")
		}
	case v.Type == strictjson.String && !strings.Contains(v.Text, "${"):
		ps.Add("record", problem.Show(v.Text), "is not known here", remedy)
		return nil
	case v.Type != strictjson.Object && v.Type != strictjson.String:
		ps.Add("record", "", fmt.Sprintf("must be a string or an object, not %s", v.Type), remedy)
		return nil
	}
	words := slices.Clone(recordWords)
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		words = append(words, extraPrefix+name)
	}
	form := recordForm{httprequest.CompileNode(ps, "record", "", v)}
	vocabulary{of: ofRecord, known: words}.check(ps, form.node.Templates())
	for _, t := range form.node.Templates() {
		if t.Fresh() {
			ps.Add("record", "", "has something that is new each time", "name fields of the record alone")
		}
	}
	if !template.Names(form.node.Templates(), "access_token") {
		ps.Add("record", "", "does not hold the token", "write ${access_token} where consumers look for it")
	}
	return form.encode
}

// encode writes r in that form. A string that is nothing but one field is of that field's type. A
// field of the answer that was not there is left out of an object; of a line it is an error, since
// its readers cannot see that a part is missing.
func (f recordForm) encode(r refresh.Record) (secret.Text, error) {
	fields, texts := recordFields(r), map[string]secret.Text{}
	for name, field := range fields {
		text, _ := answer.PlainText(field)
		texts[name] = secret.New(text)
	}
	v := template.NewValues(texts, time.Time{}, nil)
	if f.node.Kind == strictjson.String {
		for named := range template.Named(f.node.Text) {
			if _, there := fields[named.Name]; !there {
				return secret.Text{}, fmt.Errorf("the answer had no %s, which record is made of", named.Name)
			}
		}
		return v.Expand(f.node.Text)
	}
	value, err := f.node.ExpandWith(func(n httprequest.Node) (strictjson.Value, error) {
		alone, ok := n.Text.Alone()
		field, there := fields[alone.Name]
		switch {
		case !ok, n.Kind != strictjson.String, field == "" && alone.Optional && !strings.HasPrefix(alone.Name, extraPrefix):
			text, err := v.Expand(n.Text)
			return strictjson.Value{Type: n.Kind, Text: text.Reveal()}, err
		case !there:
			return strictjson.Value{}, template.ErrLeftOut
		}
		return strictjson.Of(field)
	})
	if err != nil {
		return secret.Text{}, err
	}
	data, err := value.Encode()
	return secret.New(string(data)), err
}

// recordFields returns the fields of r by the names that a form has for them.
func recordFields(r refresh.Record) map[string]any {
	fields := map[string]any{
		"access_token":    r.AccessToken.Reveal(),
		"token_type":      r.TokenType,
		"provider":        r.Provider,
		"issued_at":       r.IssuedAt.Format(time.RFC3339),
		"refresh_after":   r.RefreshAfter.Format(time.RFC3339),
		"expires_at":      r.ExpiresAt.Format(time.RFC3339),
		"expires_at_unix": float64(r.ExpiresAt.Unix()),
		"scope":           r.Scope,
	}
	for name, v := range r.Extra {
		fields[extraPrefix+name] = v
	}
	return fields
}
