package answer_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/internal/answer"
)

// document returns JSON as paths see it.
func document(t *testing.T, text string) any {
	t.Helper()
	d := (&answer.Message{Body: []byte(text)}).Decode("token_endpoint")
	if d.Fault != nil {
		t.Fatal(d.Fault)
	}
	return d.Value
}

func TestPaths(t *testing.T) {
	const doc = `{"token": "t", "data": {"a-b": {"x": "deep"}, "": 1}, "n": 7, "long": 9007199254740993, "list": ["a", "b", "c"], "none": null,
		"rows": [{"type": "id", "value": "i", "n": 1, "ok": false}, {"type": "access", "value": "v", "n": 2, "ok": true}, {"type": "x", "value": "x1"}, {"type": "x", "value": "x2"}, {"type": "y"}, "z"],
		"deep": {"rows": [{"by": {"kind": null, "flag": "yes"}, "all": [{"v": "w"}]}]},
		"full": [{"list": [], "object": {}, "v": "nothing"}, {"list": [0], "v": "list"}, {"object": {"a": null}, "v": "object"}, {"number": 0, "v": "number"}]}`
	for _, row := range []struct {
		path string
		want any
	}{
		{"token", "t"},
		{" token ", "t"},
		{`data."a-b".x`, "deep"},
		{`"data"."a-b"["x"]`, nil}, // not a path
		{`"to\u006ben"`, "t"},
		{"n", 7.0},
		{"long", "9007199254740993"},
		{`data . "a-b" . x`, "deep"},
		{"list[0]", "a"},
		{"list[-1]", "c"},
		{"list[3]", nil},
		{"list[-4]", nil},
		{"token[0]", nil},
		{"token.x", nil},
		{"none", nil},
		{"none.x[0]", nil},
		{"@.list[1]", "b"},
		{"rows[?type=='access'].value | [0]", "v"},
		{"rows[ ?type == 'access' ].value|[0]", nil},
		{"rows[?type == 'access'].value|[0]", "v"},
		{" rows [?type=='access' ] .value | [0] ", "v"},
		{"rows[?type==`\"access\"`].value | [0]", "v"},
		{"rows[?n==`2`].value | [0]", "v"},
		{"rows[?n==`2.0`].value | [0]", "v"},
		{"rows[?ok==`true`].value | [0]", "v"},
		{"rows[?ok].value | [0]", "v"},
		{"rows[?type=='x'].value | [0]", nil},  // two
		{"rows[?type=='y'].value | [0]", nil},  // has none
		{"rows[?type=='no'].value | [0]", nil}, // none
		{"token[?type=='no'].value | [0]", nil},
		{"deep.rows[?by.kind==`null`].all[0].v | [0]", "w"},
		{"deep.rows[?by.flag].all[-1].v | [0]", "w"},
		{"full[?list].v | [0]", "list"},
		{"full[?object].v | [0]", "object"},
		{"full[?number].v | [0]", "number"},
	} {
		p, wrong := answer.ParsePath(row.path)
		if wrong != nil && row.want != nil {
			t.Errorf("%s: %+v", row.path, wrong)
			continue
		}
		if got := p.Find(document(t, doc)).Value; !cmp.Equal(got, row.want) {
			t.Errorf("%s leads to %v, want %v", row.path, got, row.want)
		}
	}
	root, wrong := answer.ParsePath("[?type=='access'].value | [0]")
	if wrong != nil || root.Find(document(t, `[{"type": "access", "value": "v"}]`)).Value != "v" {
		t.Errorf("from the root: %+v", wrong)
	}
	if all, wrong := answer.ParsePath("@"); wrong != nil || all.Find("x").Value != "x" {
		t.Errorf("the answer itself: %+v", wrong)
	}
	if (answer.Path{}).Find(document(t, doc)).Value != nil {
		t.Error("the zero path leads somewhere")
	}
}

// What a filter compares is reported whether or not it matches, so that it can be searched
// for secrets, and so is how often it matched.
func TestWhatIsCompared(t *testing.T) {
	doc := document(t, `{"rows": [{"k": "a", "v": 1}, {"k": "b", "v": 2}, {"v": 3}, {"k": "a", "v": 4}], "s": "x"}`)
	p, _ := answer.ParsePath("rows[?k=='a'].v | [0]")
	f := p.Find(doc)
	if want := (answer.Found{Matches: 2, Compared: []any{"a", "b", nil, "a"}}); !cmp.Equal(f, want) {
		t.Errorf("%+v", f)
	}
	for text, holds := range map[string]bool{"s=='x'": true, "s == 'y'": false, "s": true, "no": false, "no==`null`": true, "rows": true} {
		c, wrong := answer.ParseCondition(text)
		if wrong != nil {
			t.Errorf("%s: %+v", text, wrong)
			continue
		}
		got, f := c.Holds(doc)
		if got != holds || len(f.Compared) != 1 {
			t.Errorf("%s: %v, having compared %v", text, got, f.Compared)
		}
	}
	if holds, _ := (answer.Condition{}).Holds(doc); !holds {
		t.Error("the zero condition does not hold")
	}
}

// What JMESPath has beyond that is refused, with what to write instead.
func TestWhatToWriteInstead(t *testing.T) {
	for text, remedy := range map[string]string{
		"$.data.token":                   `write "data.token"`,
		"$data.token":                    `write "data.token"`,
		"data.expires-in":                `write "data.\"expires-in\""`,
		"data.access-token[0]":           `write "data.\"access-token\"[0]"`,
		"tokens[?type=='a'].value":       `write "tokens[?type=='a'].value | [0]"`,
		"tokens[?type=='a'] | [0].value": `write "tokens[?type=='a'].value | [0]"`,
		"tokens[?type=='a'][0].value":    `write "tokens[?type=='a'].value | [0]"`,
		`tokens[?type=="a"].value | [0]`: `write "tokens[?type=='a'].value | [0]"`,
		"tokens[?n==1].value | [0]":      "write \"tokens[?n==`1`].value | [0]\"",
		"tokens[?main==true].value":      "write \"tokens[?main==`true`].value | [0]\"",
		"tokens[*].value":                `write "tokens[0].value"`,
		"tokens[].value | [0]":           `write "tokens[0].value"`,
		"token || jwt":                   `write "token"`,
		"join(' ', scopes)":              `write "scopes"`,
		"join(' ', scopes[*].name)":      `write "scopes[0].name"`,
		"to_string(id)":                  `write "id"`,
		"join('.', [a, b])":              "write the path to the value itself",
		"contains(roles, 'admin')":       "write the path to the value itself",
		"starts_with(token, 'a')":        "write the path to the value itself",
		"no_such_function(a)":            `write "a"`,
		"{a: x, b: y}":                   "take each in a field of its own",
		"[a, b]":                         "take each in a field of its own",
		"a && b":                         "a path that leads to something true",
		"a[?b!='c'].d | [0]":             "a path that leads to something true",
		"a[?b > `1`].c | [0]":            "a path that leads to something true",
		"a[::-1]":                        "a path is like",
		"a[?b=='c'].d | [1]":             "a path is like",
		"a[?b=='c'].d":                   `write "a[?b=='c'].d | [0]"`,
		`a[?b=="` + strings.Repeat("c", 63) + `"].d | [0]`: "write \"a[?b=='ccc",
		`a[?b=="` + strings.Repeat("c", 64) + `"].d | [0]`: "a path is like",
		"a[?b].c[?d].e | [0]":                              "use indexes for the other",
		"'Bearer'":                                         "write where in the answer",
		"`1`":                                              "write where in the answer",
		"":                                                 "leave it out",
		"a.":                                               "a path is like",
		"[":                                                "a path is like",
		"a b":                                              `write "\"a b\""`,
		"a\u0080":                                          `write "\"a\\u0080\""`,
		strings.Repeat("(", 1000):                          "a path is like",
		"a[?b==`[1]`].c | [0]":                             "a path is like",
		"a[?b==`{`].c | [0]":                               "takes",
		"a[12345678901]":                                   "a path is like",
		"token_type=='x'":                                  "a path is like",
	} {
		p, wrong := answer.ParsePath(text)
		if wrong == nil {
			t.Errorf("%s is taken, as %v", text, p)
			continue
		}
		if detail := map[string]string{
			`tokens[?type=="a"].value | [0]`: "single quotes", "tokens[?n==1].value | [0]": "backticks", "tokens[*].value": "several values",
			"tokens[].value | [0]": "several values", "tokens[?type=='a'].value": "several values", "token || jwt": "chooses", "to_string(id)": "calls a function",
			"data.expires-in": "is not a path",
		}[text]; !strings.Contains(wrong.Detail, detail) {
			t.Errorf("%s: %s; want %s", text, wrong.Detail, detail)
		}
		if wrong.Detail == "" || !strings.Contains(wrong.Remedy, remedy) && text != "a[?b==`{`].c | [0]" {
			t.Errorf("%s: %s; %s\nwant %s", text, wrong.Detail, wrong.Remedy, remedy)
		}
	}
	if _, wrong := answer.ParsePath(strings.Repeat("a", 1024)); wrong != nil {
		t.Errorf("the longest: %+v", wrong)
	}
	if _, wrong := answer.ParsePath(strings.Repeat("a", 1025)); wrong == nil || !strings.Contains(wrong.Detail, "1024") {
		t.Errorf("a long one: %+v", wrong)
	}
	for text, remedy := range map[string]string{
		"ok == true": "write \"ok == `true`\"", "code==0": "write \"code==`0`\"", `status == "OK"`: "write \"status == 'OK'\"",
		"status = 'OK'": "write \"status=='OK'\"", "code != `0`": "a path that leads to something true", "$.ok": `write "ok"`,
	} {
		if _, wrong := answer.ParseCondition(text); wrong == nil || !strings.Contains(wrong.Remedy, remedy) {
			t.Errorf("condition %s: %+v", text, wrong)
		}
	}
	if p, wrong := answer.ParseType("'Bearer'"); wrong != nil || p.Find(nil).Value != "Bearer" {
		t.Errorf("a type: %+v", wrong)
	}
}

// No path makes the parser panic, and one that is taken is taken as it is printed.
func FuzzPath(f *testing.F) {
	for _, seed := range []string{"@", "a.b[0]", `"x y"[-1]`, "a[?b=='c'].d | [0]", "[?b].d | [0]", "a==`1`", "'x'"} {
		f.Add(seed)
	}
	doc := map[string]any{"a": []any{map[string]any{"b": "c", "d": "e"}}}
	f.Fuzz(func(t *testing.T, text string) {
		p, wrong := answer.ParsePath(text)
		if (wrong == nil) == p.IsZero() || wrong == nil && p.String() != text {
			t.Errorf("%q: %v, %v", text, p, wrong)
		}
		p.Find(doc)
		if c, wrong := answer.ParseCondition(text); wrong == nil {
			c.Holds(doc)
		}
	})
}
