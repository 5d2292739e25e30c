package template_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/template"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func values(pairs ...string) map[string]secret.Text {
	m := map[string]secret.Text{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = secret.New(pairs[i+1])
	}
	return m
}

func parse(t *testing.T, text string) template.Template {
	t.Helper()
	parsed, fault := template.Parse("field", text)
	if fault != nil {
		t.Fatalf("%q %s", text, fault.Detail)
	}
	return parsed
}

func TestExpand(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{"", ""},
		{"plain $ text } {", "plain $ text } {"},
		{"a${x}b${y}c", "aXbYc"},
		{"$${x}$$${x}", "${x}$${x}"},
		{"${none?'n'}${x?'n'}", "nX"},
		{"${steps.login.sid}", "S"},
		{"${join('}', x, '''', y)}", "X}'}Y"},
		{"${base64(join(':', x, y))}", "WDpZ"},
		{"${now('rfc3339', '-1h')}", "2026-11-22T11:00:00Z"},
	} {
		got, err := template.NewValues(values("x", "X", "y", "Y", "steps.login.sid", "S"), noon, nil).Expand(parse(t, row.text))
		if err != nil || got.Reveal() != row.want {
			t.Errorf("%q becomes %q, %v; want %q", row.text, got.Reveal(), err, row.want)
		}
	}
}

func TestAbsentValuesLeaveTheFieldOut(t *testing.T) {
	for _, text := range []string{"${none?}", "a${none?}b", "${hex(none?)}", "${join(':', x, none?)}"} {
		if _, err := template.NewValues(values("x", "X"), noon, nil).Expand(parse(t, text)); !errors.Is(err, template.ErrLeftOut) {
			t.Errorf("%q is %v", text, err)
		}
	}
}

// How often values are written down is known without them.
func TestMentions(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "x": 0, "${uuid()}": 0, "${x}": 1, "${x}${y?'z'}": 2, "${hex(x)}": 2, "${hex(hmac(a, join('-', b, c)))}": 8, "${join('', 'x', 'y')}": 0,
	} {
		if got := parse(t, text).Mentions(); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

func TestValuesAreNamedInOrder(t *testing.T) {
	var got []string
	for v := range template.Named(parse(t, "${a}${join(b?, c?'x')}${hex(hex(d))}")) {
		got = append(got, v.Name)
		if v.At != "field" {
			t.Errorf("%s stands at %q", v.Name, v.At)
		}
	}
	if want := []string{"a", "b", "c", "d"}; !slices.Equal(got, want) {
		t.Errorf("the values are %q, want %q", got, want)
	}
}

func TestEscapes(t *testing.T) {
	hard := values("x", `a"b\c<&`)
	for _, row := range []struct {
		name string
		t    template.Template
		want string
	}{
		{"in quotes", parse(t, `user="${x}", ${x}`).InQuotes(), `user="a\"b\\c<&", a"b\c<&`},
		{"after an escaped quote", parse(t, `"\"${x}"`).InQuotes(), `"\"a\"b\\c<&"`},
		{"XML", parse(t, `<a>${x}</a>`).Each(template.EscapeXML), `<a>a&#34;b\c&lt;&amp;</a>`},
		{"XML of a function", parse(t, `<a>${join('', x)}</a>`).Each(template.EscapeXML), `<a>a&#34;b\c&lt;&amp;</a>`},
	} {
		got, err := template.NewValues(hard, noon, nil).Expand(row.t)
		if err != nil || got.Reveal() != row.want {
			t.Errorf("%s: %q, %v; want %q", row.name, got.Reveal(), err, row.want)
		}
	}
}

// What is made of a value is handed to the caller, before it is joined and after.
func TestMadeIsCalledWithWhatIsMade(t *testing.T) {
	var made []string
	v := template.NewValues(values("key", "k-1"), noon, func(text string, _ template.Template) { made = append(made, text) })
	if _, err := v.Expand(parse(t, "x ${hex(join('', key))}")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"k-1", "6b2d31", "x 6b2d31"} {
		if !slices.Contains(made, want) {
			t.Errorf("%q was made, and %q is not told", want, made)
		}
	}
}

// A separator within a value is none.
func TestCut(t *testing.T) {
	for _, row := range []struct{ text, before, after string }{
		{"", "", ""},
		{"/a", "/a", ""},
		{"/a?", "/a", ""},
		{"?b", "", "b"},
		{"/${a?}/${b?'?'}?c=${d}&e?", "/${a?}/${b?'?'}", "c=${d}&e?"},
		{"/${join('?', a, b)}?${c}", "/${join('?', a, b)}", "${c}"},
	} {
		before, after := parse(t, row.text).Cut("?")
		if before.Written() != row.before || after.Written() != row.after {
			t.Errorf("%q is cut into %q and %q, want %q and %q", row.text, before.Written(), after.Written(), row.before, row.after)
		}
	}
}

// Whatever the text is: it is refused in words that can be printed, or it has as many values
// as it names.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "${a}", "$${a}", "${", "${a?'x'}", "${base64(a)}", "${hmac('k', a)}", "${now('unix')}", "${a.b}", "${'", "${join('}', a)}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, fault := template.Parse("field", text)
		if fault != nil {
			if fault.Detail == "" || strings.ContainsAny(fault.Detail+fault.Remedy+template.Shown(text), "\n\r\x1b\x00") {
				t.Fatalf("not to be printed: %+q", fault)
			}
			return
		}
		if _, fixed := parsed.Fixed(); fixed && strings.Contains(strings.ReplaceAll(text, "$${", ""), "${") {
			t.Fatalf("%q has no value", text)
		}
		of := map[string]secret.Text{}
		for v := range template.Named(parsed) {
			of[v.Name] = secret.New("v")
		}
		if _, err := template.NewValues(of, noon, nil).Expand(parsed); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
	})
}
