package explain_test

import (
	"errors"
	"testing"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/explain"
	"example.com/tokenkeeper/internal/template"
)

func parse(t *testing.T, text string) template.Template {
	t.Helper()
	parsed, fault := template.Parse("field", text)
	if fault != nil {
		t.Fatalf("%q: %+v", text, fault)
	}
	return parsed
}

// What is shown of a template is how it was written, with what is done to it on its way.
func TestSymbols(t *testing.T) {
	for _, row := range []struct {
		text  string
		names []string
		want  string
	}{
		{"Basic ${base64(join(':', id, key))}", nil, "Basic ${base64(join(':', id, key))}"},
		{"${a?}${b?'it''s'}", nil, "${a?}${b?'it''s'}"},
		{"${a?}", []string{"a"}, "${a}"},
		{"$${a}${a}", nil, "${a}${a}"},
		{"${a?'x'} ${hex(a?'x')} ${hex(b)}", []string{"b"}, "x ${hex(a?'x')} ${hex(b)}"},
		{"${steps.login.a?}", []string{"b"}, "${steps.login.a?}"},
	} {
		s := explain.NewSymbols(row.names)
		got, err := template.Symbolic(s).Expand(parse(t, row.text))
		if shown := s.Shown(got.Reveal()); err != nil || shown != row.want {
			t.Errorf("%q is shown as %q, %v; want %q", row.text, shown, err, row.want)
		}
	}
}

// What is left out where it is sent is left out where it is shown.
func TestSymbolsOfAbsentValues(t *testing.T) {
	for _, text := range []string{"${a?}", "x ${hex(join('-', b, a?))}", "x${b}${a?}"} {
		s := explain.NewSymbols([]string{"b"})
		if got, err := template.Symbolic(s).Expand(parse(t, text)); !errors.Is(err, template.ErrLeftOut) {
			t.Errorf("%q is shown as %q, %v", text, s.Shown(got.Reveal()), err)
		}
	}
}
