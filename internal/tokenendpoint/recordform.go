package tokenendpoint

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
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

// A recordForm is how a provider's record looks where it is not version 1: the bare token, a
// line of text such as "Bearer ${access_token}", or JSON of the config's own. Its templates name fields of the record and nothing else, so
// no value of a credential can be meant; that none is in it by accident is seen to by the
// domain, whatever the form.
type recordForm struct{ node httprequest.Node }

// recordWords are the fields of a record that a form may name, as version 1 has them.
var recordWords = []string{"access_token", "token_type", "provider", "issued_at", "refresh_after", "expires_at", "expires_at_unix", "scope"}

// compileRecord compiles the form of the record; nil: version 1.
func compileRecord(ps *problem.List, v strictjson.Value, extra map[string]strictjson.Value) *recordForm {
	const remedy = `write "token" for the bare token, a text such as "Bearer ${access_token}", or an object such as {"token": "${access_token}", "expires": "${expires_at}"}`
	switch {
	case v.Type == strictjson.Absent:
		return nil
	case v.Type == strictjson.String && v.Text == "token":
		if len(extra) > 0 {
			ps.Add("response.extra", "", "has no place in a record that is the bare token", "remove it, or write record as an object")
		}
		return &recordForm{httprequest.One("", template.Of("access_token")).Node}
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
	form := &recordForm{httprequest.CompileNode(ps, "record", "", v)}
	vocabulary{of: "a record", known: words, record: true}.check(ps, form.node.Templates())
	for _, t := range form.node.Templates() {
		if t.Fresh() {
			ps.Add("record", "", "has something that is new each time", "name fields of the record alone")
		}
	}
	if !template.Names(form.node.Templates(), "access_token") {
		ps.Add("record", "", "does not hold the token", "write ${access_token} where consumers look for it")
	}
	return form
}

// encoder returns what writes records of that form, or nil for version 1.
func (f *recordForm) encoder() func(refresh.Record) (secret.Text, error) {
	if f == nil {
		return nil
	}
	return func(r refresh.Record) (secret.Text, error) {
		v := template.NewValues(recordValues(r), time.Time{}, nil)
		if f.node.Kind == strictjson.String {
			return f.line(v, r)
		}
		value, err := f.expand(v, r)
		if err != nil {
			return secret.Text{}, err
		}
		data, err := value.Encode()
		return secret.New(string(data)), err
	}
}

// line returns a record that is one text. Readers cannot see that a part of it is missing, as
// they can of an object, so what the answer did not have is an error.
func (f *recordForm) line(v *template.Values, r refresh.Record) (secret.Text, error) {
	for named := range f.node.Text.Values() {
		if name, extra := strings.CutPrefix(named.Name, extraPrefix); extra {
			if _, there := r.Extra[name]; !there {
				return secret.Text{}, fmt.Errorf("the answer had no %s, which record is made of", named.Name)
			}
		}
	}
	return v.Expand(f.node.Text)
}

func recordValues(r refresh.Record) map[string]secret.Text {
	values := map[string]secret.Text{
		"access_token":    r.AccessToken,
		"token_type":      secret.New(r.TokenType),
		"provider":        secret.New(r.Provider),
		"issued_at":       secret.New(r.IssuedAt.Format(time.RFC3339)),
		"refresh_after":   secret.New(r.RefreshAfter.Format(time.RFC3339)),
		"expires_at":      secret.New(r.ExpiresAt.Format(time.RFC3339)),
		"expires_at_unix": secret.New(strconv.FormatInt(r.ExpiresAt.Unix(), 10)),
		"scope":           secret.New(r.Scope),
	}
	for name, v := range r.Extra {
		text, _ := answer.PlainText(v)
		values[extraPrefix+name] = secret.New(text)
	}
	return values
}

// expand returns the record as JSON. A string that is nothing but ${expires_at_unix}
// becomes a number, and one that is nothing but ${extra.NAME} whatever the answer had.
// A field of the answer that was not there is left out.
func (f *recordForm) expand(v *template.Values, r refresh.Record) (strictjson.Value, error) {
	return f.node.ExpandWith(func(n httprequest.Node) (strictjson.Value, error) {
		name := ""
		if v, alone := n.Text.Alone(); alone && n.Kind == strictjson.String {
			name = v.Name
		}
		if extra, ok := strings.CutPrefix(name, extraPrefix); ok {
			found, there := r.Extra[extra]
			if !there {
				return strictjson.Value{}, template.ErrLeftOut
			}
			return strictjson.Of(found)
		}
		text, err := v.Expand(n.Text)
		kind := n.Kind
		if name == "expires_at_unix" {
			kind = strictjson.Num
		}
		return strictjson.Value{Type: kind, Text: text.Reveal()}, err
	})
}
