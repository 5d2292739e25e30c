package tokenkeeper_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	featureRow  = regexp.MustCompile(`(?m)^\| ([0-9]+) \| (.+?) \| (yes|no|in part)\b(.*?) \| (.*?) \|$`)
	namedTest   = regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9_]+)`")
	namedPage   = regexp.MustCompile(`\]\(([^)]+)\)`)
	definedTest = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9_]+)\(`)
	testedTable = regexp.MustCompile(`(?m)^\|.*\| test \|\n\|[-|]+\|\n((?:\|.*\|\n)+)`)
)

// definedTests returns the tests of all modules, by name.
func definedTests(t *testing.T) map[string]bool {
	t.Helper()
	list, err := exec.Command("git", "ls-files", "-z", "*_test.go").Output()
	if err != nil {
		t.Fatal(err)
	}
	defined := map[string]bool{}
	for path := range bytes.SplitSeq(bytes.TrimRight(list, "\x00"), []byte{0}) {
		text, err := os.ReadFile(string(path))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range definedTest.FindAllSubmatch(text, -1) {
			defined[string(m[1])] = true
		}
	}
	return defined
}

// Each row of docs/security.md about an asset, a person or an attack names tests that exist.
func TestSecurity(t *testing.T) {
	page, err := os.ReadFile("docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	defined, rows := definedTests(t), 0
	for _, table := range testedTable.FindAllStringSubmatch(string(page), -1) {
		for row := range strings.Lines(table[1]) {
			rows++
			cells := strings.Split(strings.Trim(strings.TrimSpace(row), "|"), "|")
			if !namedTest.MatchString(cells[len(cells)-1]) {
				t.Errorf("docs/security.md: no test is named in %s", row)
			}
		}
	}
	if rows < 35 {
		t.Errorf("docs/security.md has %d rows with tests, want 35 or more", rows)
	}
	for _, m := range namedTest.FindAllStringSubmatch(string(page), -1) {
		if !defined[m[1]] {
			t.Errorf("docs/security.md names %s, and there is no such test", m[1])
		}
	}
}

// Each row of docs/features.md names a test or a page that exists.
func TestFeatures(t *testing.T) {
	defined := definedTests(t)
	page, err := os.ReadFile("docs/features.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := featureRow.FindAllStringSubmatch(string(page), -1)
	if len(rows) != 60 {
		t.Errorf("docs/features.md has %d rows, want 60", len(rows))
	}
	for _, row := range rows {
		number, why, shown := row[1], row[4], row[5]
		tests, pages := namedTest.FindAllStringSubmatch(shown, -1), namedPage.FindAllStringSubmatch(shown, -1)
		if len(tests)+len(pages) == 0 {
			t.Errorf("row %s names neither a test nor a page", number)
		}
		for _, m := range tests {
			if !defined[m[1]] {
				t.Errorf("row %s names %s, and there is no such test", number, m[1])
			}
		}
		for _, m := range pages {
			if _, err := os.Stat(filepath.Join("docs", m[1])); err != nil {
				t.Errorf("row %s: %v", number, err)
			}
		}
		if row[3] != "yes" && !strings.HasPrefix(why, ":") {
			t.Errorf("row %s says %q without a reason", number, row[3])
		}
	}
}
