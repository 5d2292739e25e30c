package status_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
	"example.com/tokenkeeper/internal/refresh"
)

// Of every code in operations.md, status says more than its class does.
func TestEveryCodeHasAdvice(t *testing.T) {
	codes := documented(t)
	if len(codes) < 60 {
		t.Fatalf("only %d codes were found: %q", len(codes), codes)
	}
	for _, class := range []refresh.Class{refresh.Transient, refresh.Misconfigured, refresh.NeedsPerson} {
		nothing := said(class, "nobody_knows")
		for _, code := range codes {
			if said(class, code) == nothing {
				t.Errorf("of %s, class %s, nothing is said but: %s", code, class, nothing)
			}
		}
	}
}

// What is AWS's or ours is not blamed on the provider.
func TestWhoIsBlamed(t *testing.T) {
	for _, code := range documented(t) {
		ours := strings.HasPrefix(code, "aws_") || strings.HasPrefix(code, "kms_") || strings.HasPrefix(code, "secret_being") ||
			code == refresh.CodeStoreFailed || code == refresh.CodeSourceFailed || code == refresh.CodeClaimed || code == "canceled"
		line := judged(refresh.Transient, code)
		if ours && (strings.HasPrefix(line.Wrong, "The provider") || strings.Contains(line.Remedy, "ask the provider")) {
			t.Errorf("%s: %s %s", code, line.Wrong, line.Remedy)
		}
	}
}

// judged is what is said of a failed attempt.
func judged(class refresh.Class, code string) status.Line {
	s := with(subject(20*time.Minute), noted(class, code, time.Minute))
	return status.Judge([]status.Subject{s}, nil, schedule, guide, now).Lines[0]
}

// said is what is said to be wrong, without the code.
func said(class refresh.Class, code string) string {
	wrong, _, _ := strings.Cut(judged(class, code).Wrong, " (")
	return wrong
}

var (
	// codeRow is a row of a table, and its first cell.
	codeRow = regexp.MustCompile("(?m)^\\| (`[^|]*) \\|")
	inCode  = regexp.MustCompile("`([a-z0-9_]+)`")
)

// documented returns the codes that docs/operations.md has tables of.
func documented(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, tables, ok := strings.Cut(string(text), "\n## Codes\n")
	if !ok {
		t.Fatal("docs/operations.md has no codes")
	}
	tables, _, _ = strings.Cut(tables, "\n## ")
	var codes []string
	for _, row := range codeRow.FindAllStringSubmatch(tables, -1) {
		for _, code := range inCode.FindAllStringSubmatch(row[1], -1) {
			codes = append(codes, strings.Replace(code[1], "xx", "99", 1)) // http_5xx
		}
	}
	return codes
}
