package terminal_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
)

// screen returns a screen that is no terminal, and what was written to it.
func screen() (*terminal.Screen, *bytes.Buffer) {
	var b bytes.Buffer
	return terminal.New(&b, func(string) string { return "" }), &b
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                             "0s",
		1500 * time.Millisecond:       "2s",
		59 * time.Second:              "59s",
		time.Minute:                   "1m",
		95 * time.Second:              "1m 35s",
		2*time.Minute + 1*time.Second: "2m",
		59 * time.Minute:              "59m",
		time.Hour:                     "1h 00m",
		47*time.Hour + 5*time.Minute:  "47h 05m",
		50 * time.Hour:                "2d 02h",
		-30 * time.Second:             "-30s",
	} {
		if got := terminal.Span(d); got != want {
			t.Errorf("%v is written %q, want %q", d, got, want)
		}
	}
}

func TestParagraphKeepsCommandsWhole(t *testing.T) {
	s, out := screen()
	command := "tokenkeeper status --dir /a/path/that/is/rather/long"
	s.Paragraph("  → ", "When that is done, and not before it is over:", command)
	want := "  → When that is done, and not before it is over:\n    " + command + "\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestParagraphKeepsLineBreaks(t *testing.T) {
	s, out := screen()
	s.Paragraph("", "one\ntwo\n\nthree")
	if got := out.String(); got != "one\ntwo\n\nthree\n" {
		t.Errorf("got %q", got)
	}
}

// A table fits into 80 columns, and every name in it can be read whole.
func TestTableBreaksLongNames(t *testing.T) {
	s, out := screen()
	long := strings.Repeat("abcdefghij", 6) + "abc"
	s.Table(terminal.Table{
		Headers: []string{"PROVIDER", "STATE", "EXPIRES IN", "NEXT"},
		Rows: []terminal.Row{
			{Cells: []terminal.Cell{{Text: long}, {Text: "short_lived"}, {Text: "47h 05m"}, {Text: "after an edit"}},
				Below: []terminal.Below{{Text: "What is wrong."}, {Mark: "→ ", Text: "What to do."}}},
			{Cells: []terminal.Cell{{Text: "acme"}, {Text: "ok"}, {Text: "1h"}, {Text: "-"}}},
		},
	})
	for line := range strings.Lines(out.String()) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("a line of %d columns: %s", n, line)
		}
	}
	want := `PROVIDER                                  STATE        EXPIRES IN  NEXT
abcdefghijabcdefghijabcdefghijabcdefghij  short_lived  47h 05m     after an edit
abcdefghijabcdefghijabc
  What is wrong.
  → What to do.
acme                                      ok           1h          -
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Where the columns do not fit beside each other, no word is broken.
func TestTableThatDoesNotFit(t *testing.T) {
	s, out := screen()
	long := strings.Repeat("word ", 16)
	s.Table(terminal.Table{
		Headers: []string{"PROVIDER", "STATE", "WHAT ELSE THERE IS"},
		Rows: []terminal.Row{
			{Cells: []terminal.Cell{{Text: "acme"}, {Text: "short_lived"}, {Text: long}}, Below: []terminal.Below{{Text: "What is wrong."}}},
			{Cells: []terminal.Cell{{Text: "meitner"}, {Text: "ok"}, {Text: "-"}}},
		},
	})
	want := `acme
  STATE               short_lived
  WHAT ELSE THERE IS  word word word word word word word word word word word
                      word word word word word
  What is wrong.
meitner
  STATE               ok
  WHAT ELSE THERE IS  -
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestNoColorOutsideTerminals(t *testing.T) {
	s, out := screen()
	s.Line("%s", s.Paint(terminal.Bad, "failing"))
	if got := out.String(); got != "failing\n" {
		t.Errorf("got %q", got)
	}
}

func TestSides(t *testing.T) {
	s, out := screen()
	s.Sides("left", "right")
	s.Sides(strings.Repeat("l", 70), "right of it")
	lines := strings.Split(out.String(), "\n")
	if len(lines[0]) != 80 || lines[1] != strings.Repeat("l", 70) || lines[2] != "right of it" {
		t.Errorf("got %q", lines)
	}
}

// Colour is for terminals, unless their owner wants none.
func TestColor(t *testing.T) {
	tty, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tty.Close() })
	for _, row := range []struct {
		name string
		env  map[string]string
		want string
	}{
		{"a terminal", nil, "\x1b[32mok\x1b[m"},
		{"a terminal with NO_COLOR", map[string]string{"NO_COLOR": "1"}, "ok"},
		{"a terminal with NO_COLOR that is empty", map[string]string{"NO_COLOR": ""}, "\x1b[32mok\x1b[m"},
		{"a dumb terminal", map[string]string{"TERM": "dumb"}, "ok"},
	} {
		s := terminal.New(tty, func(name string) string { return row.env[name] })
		if got := s.Paint(terminal.Good, "ok"); got != row.want {
			t.Errorf("on %s: %q, want %q", row.name, got, row.want)
		}
	}
}

// Whatever is written, nothing moves the cursor, changes a title or turns the reading
// direction.
func TestForeignTextIsEscaped(t *testing.T) {
	const foreign = "read\x1b[31m\x1b]0;title\a\u009b2J \u202eadmin\u2066\r\x00\u200b"
	s, out := screen()
	s.Line("scope %s", foreign)
	s.Paragraph("→ ", foreign, foreign)
	s.Sides(foreign, foreign)
	s.Table(terminal.Table{Headers: []string{"A"}, Rows: []terminal.Row{{Cells: []terminal.Cell{{Text: foreign}}}}})
	text := out.String()
	if strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
		t.Errorf("%q is written", text)
	}
	if !strings.Contains(text, `\u202eadmin`) {
		t.Errorf("it is not escaped but gone: %q", text)
	}
}

// What a config editor has written is no command to the CI that checks it.
func TestRunnersObeyNothing(t *testing.T) {
	s, out := screen()
	s.Line("%s", "::add-mask::x")
	s.Paragraph("  ", strings.Repeat("word ", 15)+"::error::x\n##vso[task.complete]")
	s.Line("p: unknown field \"%s\"", "##vso[task.setvariable variable=PATH]x")
	s.Table(terminal.Table{Headers: []string{"NAME"}, Rows: []terminal.Row{{Cells: []terminal.Cell{{Text: "###[group]x"}}}, {Cells: []terminal.Cell{{Text: "a::b"}}}}})
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") || strings.Contains(line, "##vso[") {
			t.Errorf("%q", line)
		}
	}
	if n := strings.Count(out.String(), `\`); n != 5 || !strings.Contains(out.String(), "\na::b") {
		t.Errorf("%d escapes in %s", n, out)
	}
}

// What a remedy has people run can be pasted: it is in one line, also within other words.
func TestParagraphKeepsCommandsInTextWhole(t *testing.T) {
	const own = "'tokenkeeper refresh-token put meitner --stack acme/eu-north-1/tokenkeeper'"
	const other = "aws logs create-log-group --region eu-north-1 --log-group-name tokenkeeper-RefresherLog-3x"
	s, out := screen()
	s.Paragraph("  → ", "obtain a new one from the provider, and put it in with "+own+"; or make the group again: "+other)
	want := "  → obtain a new one from the provider, and put it in with\n    " + own + ";\n    or make the group again:\n    " + other + "\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
