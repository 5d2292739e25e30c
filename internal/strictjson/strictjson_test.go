package strictjson_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/internal/strictjson"
)

type document struct {
	Name   *string           `json:"name"`
	Count  *int              `json:"count"`
	Open   *bool             `json:"open"`
	Words  []string          `json:"words"`
	Labels map[string]string `json:"labels"`
	Inner  *struct {
		Path *string `json:"path"`
	} `json:"inner"`
	Any strictjson.Value `json:"any"`
}

func TestDecode(t *testing.T) {
	const text = "\xEF\xBB\xBF" + ` {"name": "å", "count": 3, "open": true, "words": ["a"], "labels": {"x": "y"},
		"inner": {"path": "p"}, "any": {"n": null, "big": 9007199254740993, "a": ["", {}, true, "&<\u00e5"]}} `
	d, err := strictjson.Decode[document]([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if *d.Name != "å" || *d.Count != 3 || !*d.Open || d.Words[0] != "a" || d.Labels["x"] != "y" || *d.Inner.Path != "p" {
		t.Errorf("read as %+v", d)
	}
	const want = `{"n":null,"big":9007199254740993,"a":["",{},true,"&<å"]}`
	if got, err := d.Any.Encode(); err != nil || string(got) != want {
		t.Errorf("the value of any type comes back as %s, %v; want %s", got, err, want)
	}
}

// Each row is a slip, and what is said of it.
func TestDecodeSaysWhatIsWrong(t *testing.T) {
	for _, row := range []struct{ name, text, want string }{
		{"empty", "", "line 1, column 1: is empty"},
		{"blank", " \n ", "line 2, column 2: is empty"},
		{"null", "null", "line 1, column 1: must be an object in braces, not null"},
		{"a list", `[1]`, "line 1, column 1: must be an object in braces, not a list"},
		{"an unknown name", `{"nmae": 1}`, `line 1, column 2: nmae: there is no such field; did you mean "name"?`},
		{"another case", `{"Name": "x"}`, `line 1, column 2: Name: there is no such field; did you mean "name"?`},
		{"a far name", `{"inner": {"zzzzzzzz": 1}}`, `line 1, column 12: inner.zzzzzzzz: there is no such field; there are: path`},
		{"a name twice", "{\"name\": \"a\",\n \"name\": \"b\"}", "line 2, column 2: name: is there twice; keep one of them"},
		{"a name twice, escaped", `{"name": "a", "n\u0061me": "b"}`, "line 1, column 15: name: is there twice; keep one of them"},
		{"a number for a string", `{"name": 3}`, "line 1, column 10: name: must be a string, not a number"},
		{"a string for a number", `{"count": "3"}`, "line 1, column 11: count: must be a number, not a string"},
		{"a string for a bool", `{"open": "true"}`, "line 1, column 10: open: must be true or false, not a string"},
		{"a string for a list", `{"words": "a b"}`, "line 1, column 11: words: must be a list, not a string"},
		{"a number in a list", `{"words": ["a", 2]}`, "line 1, column 17: words[1]: must be a string, not a number"},
		{"a list for an object", `{"labels": []}`, "line 1, column 12: labels: must be an object, not a list"},
		{"null for a string", `{"name": null}`, "line 1, column 10: name: must not be null; leave the field out"},
		{"null in a list", `{"words": [null]}`, "line 1, column 12: words[0]: must not be null; leave the field out"},
		{"two documents", `{} {}`, "line 1, column 4: goes on after its end; keep one value, and remove what follows it"},
		{"trailing comma", "{\"name\": \"x\",\n}", "line 2, column 1: is not JSON; remove the comma before the closing bracket"},
		{"single quotes", `{'name': 'x'}`, "line 1, column 2: is not JSON; write strings in double quotes"},
		{"a comment", "{\n// why\n\"name\": \"x\"}", "line 2, column 1: is not JSON; JSON has no comments: use description"},
		{"typographic quotes", `{“name”: "x"}`, "line 1, column 2: is not JSON; replace the typographic quotes by plain ones"},
		{"bare names", `{name: "x"}`, "line 1, column 2: is not JSON; write names and strings in double quotes, and true, false and null in lower case"},
		{"a missing comma", `{"name": "x" "count": 1}`, "line 1, column 14: is not JSON; put a comma or a colon before the quote"},
		{"a quote in a string", `{"name": "x"y"}`, `line 1, column 13: is not JSON; a string has ended before this; write a quote within one as \"`},
		{"a backslash in a string", `{"name": "C:\secret"}`, `line 1, column 13: name: is not JSON; write a backslash as \\, and \u with four hexadecimal digits, surrogates in pairs`},
		{"a line break in a string", "{\"name\": \"x\ny\"}", `line 1, column 12: name: is not JSON; write a line break as \n, and other control characters as \u with four hexadecimal digits`},
		{"an open brace", `{"name": "x"`, "line 1, column 13: is not complete JSON; close every quote, bracket and brace"},
		{"an open quote", `{"name": "x`, "line 1, column 12: name: is not complete JSON; close every quote, bracket and brace"},
		{"Latin-1", "{\"name\": \"\xe5\"}", "line 1, column 11: is not text in UTF-8; save it in that encoding"},
		{"UTF-16", "{\x00}\x00", "line 1, column 2: is not text in UTF-8; save it in that encoding"},
		{"a surrogate", `{"name": "\ud800"}`, `line 1, column 11: name: is not JSON; write a backslash as \\, and \u with four hexadecimal digits, surrogates in pairs`},
		{"depth", `{"any": ` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, "line 1, column 40: is nested deeper than 32"},
		{"a strange name", `{"a\u001b[31mb": 1}`, `line 1, column 2: "a\x1b[31mb": there is no such field; there are: any, count, inner, labels, name, open, words`},
	} {
		_, err := strictjson.Decode[document]([]byte(row.text))
		if err == nil {
			t.Errorf("%s: accepted", row.name)
			continue
		}
		if err.Error() != row.want {
			t.Errorf("%s:\n got %s\nwant %s", row.name, err, row.want)
		}
	}
}

func TestDecodeFindsAllFaults(t *testing.T) {
	const text = `{
  "nmae": {"a,b{": [1, 2]}, "words": ["a", 1, null],
  "count": "x",
  "inner": {"pathh": "p", "path": 1},
  "labels": {"a": 1, "b": "two", "c": null}
, "open": true}`
	d, err := strictjson.Decode[document]([]byte(text))
	var faults strictjson.Faults
	if !errors.As(err, &faults) {
		t.Fatalf("error %v", err)
	}
	var paths []string
	for _, f := range faults {
		paths = append(paths, f.Path)
	}
	want := []string{"nmae", "words[1]", "words[2]", "count", "inner.pathh", "inner.path", "labels.a", "labels.c"}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	if faults[4].Line != 4 || faults[7].Line != 5 {
		t.Errorf("positions: %v", faults)
	}
	if d.Open == nil || d.Labels["b"] != "two" {
		t.Errorf("the members that are right are lost: %+v", d)
	}
}

// Faults are in the order of the text, and no more than can be read.
func TestDecodeOrdersFaults(t *testing.T) {
	_, err := strictjson.Decode[document]([]byte(`{"count": "x", "inner": {"path": 1, "pathh": ""}, "nmae": 1, "words": [` + strings.Repeat("0,", 50) + `0]}`))
	var faults strictjson.Faults
	if !errors.As(err, &faults) || len(faults) != 40 {
		t.Fatalf("%d faults: %v", len(faults), err)
	}
	for i, want := range []string{"count", "inner.path", "inner.pathh", "nmae", "words[0]"} {
		if faults[i].Path != want {
			t.Errorf("fault %d is of %s, want %s", i, faults[i].Path, want)
		}
	}
}

// A fault within a list has the index of its element, whichever is wrong.
func TestDecodeCountsElements(t *testing.T) {
	type steps struct {
		Steps []*struct {
			Name string `json:"name"`
		} `json:"steps"`
	}
	_, err := strictjson.Decode[steps]([]byte(`{"steps": [{"nam": "a"}, {"name": "b"}, {"name": "c", "x-y": [], "name2": {}}, 4]}`))
	const want = `line 1, column 13: steps[0].nam: there is no such field; did you mean "name"?
line 1, column 55: steps[2].x-y: there is no such field; there are: name
line 1, column 66: steps[2].name2: there is no such field; did you mean "name"?
line 1, column 80: steps[3]: must be an object, not a number`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestParse(t *testing.T) {
	got, err := strictjson.Parse([]byte("\xEF\xBB\xBF"+` {"a": [1, 9007199254740993, 1e400, "x", null, true], "": {}}`), 8)
	want := any(map[string]any{
		"a": []any{strictjson.Number("1"), strictjson.Number("9007199254740993"), strictjson.Number("1e400"), "x", nil, true},
		"":  map[string]any{},
	})
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := strictjson.Parse([]byte(` "token" `), 8); got != "token" || err != nil {
		t.Errorf("a string alone: %v, %v", got, err)
	}
	for name, text := range map[string]string{
		"duplicate names": `{"a": 1, "a": 2}`,
		"trailing data":   `{} x`,
		"bad UTF-8":       "\"\xff\"",
		"depth":           strings.Repeat("[", 9) + strings.Repeat("]", 9),
		"a depth bomb":    strings.Repeat("[", 1<<20),
		"truncated":       `{"a": `,
		"empty":           "",
	} {
		if v, err := strictjson.Parse([]byte(text), 8); err == nil {
			t.Errorf("%s: read as %v", name, v)
		}
	}
}

func TestOf(t *testing.T) {
	v, err := strictjson.Of(map[string]any{"b": []any{nil, true, 3600.0, 0.5, "<å>"}, "a": map[string]any{}})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"a":{},"b":[null,true,3600,0.5,"<å>"]}`
	if got, err := v.Encode(); err != nil || string(got) != want {
		t.Errorf("is %s, %v; want %s", got, err, want)
	}
	if v, err := strictjson.Of([]any{"\xff"}); err == nil {
		t.Errorf("bytes that are no text are %+v", v)
	}
}

func TestCanonical(t *testing.T) {
	for _, row := range []struct{ name, text, want string }{
		{"order, space and escapes do not count", "\xEF\xBB\xBF" + `{ "b" : "\u00e5", "a" : [ 1.0, 1e2 ] }`, `{"a":[1,100],"b":"å"}`},
		{"members are left out", `{"timeout": "1s", "a": {"timeout": 1}, "description": "x"}`, `{"a":{"timeout":1}}`},
		{"large numbers keep their digits", `{"a": 9007199254740993}`, `{"a":9007199254740993}`},
	} {
		got, err := strictjson.Canonical([]byte(row.text), "timeout", "description")
		if err != nil || string(got) != row.want {
			t.Errorf("%s: got %s, %v; want %s", row.name, got, err, row.want)
		}
	}
	if _, err := strictjson.Canonical([]byte(`[]`)); err == nil {
		t.Error("a list has no members, and was accepted")
	}
}

func TestNearest(t *testing.T) {
	known := []string{"client_id", "client_secret", "token_endpoint", "scope", "form", "json"}
	for word, want := range map[string]string{
		"client-secret": "client_secret", "clientSecret": "client_secret", "CLIENT_ID": "client_id", "secret": "",
		"tokenendpoint": "token_endpoint", "scopes": "scope", "scoep": "scope", "from": "form", "jsn": "json",
		"": "", "x": "", strings.Repeat("client_id", 100): "",
	} {
		if got := strictjson.Nearest(word, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

// Whatever comes in, each fault has a place in it, and what is accepted once is
// accepted again in its canonical form.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{}`, `{"name": "x", "words": ["a"]}`, `{"nmae": 1, "count": "x",}`, `{"any": [[[[]]]]}`, `{"inner": {"a,b": null}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := strictjson.Decode[document](text)
		var faults strictjson.Faults
		if errors.As(err, &faults) {
			for _, fault := range faults {
				if fault.Line < 1 || fault.Column < 1 || fault.Detail == "" {
					t.Fatalf("incomplete: %+v", fault)
				}
			}
			return
		}
		if err != nil {
			t.Fatalf("error %v", err)
		}
		canonical, err := strictjson.Canonical(text)
		if err != nil {
			t.Fatalf("accepted, but has no canonical form: %v", err)
		}
		again, err := strictjson.Decode[document](canonical)
		if err != nil {
			t.Fatalf("canonical form %s: %v", canonical, err)
		}
		again.Any, d.Any = strictjson.Value{}, strictjson.Value{} // its order and numbers are not kept
		if !cmp.Equal(d, again) {
			t.Fatalf("%s means %+v, %s means %+v", text, d, canonical, again)
		}
		if v, err := strictjson.Parse(text, 32); err != nil || v == nil {
			t.Fatalf("decoded, but not parsed: %v", err)
		}
	})
}
