package template_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"example.com/tokenkeeper/internal/refresh"
)

// TestOperationsTellOfAll: an operator woken by an alarm, a class or a code finds it in
// docs/operations.md.
func TestOperationsTellOfAll(t *testing.T) {
	data, err := os.ReadFile(root + "/docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	words := []string{string(refresh.Transient), string(refresh.Misconfigured), string(refresh.NeedsPerson), string(refresh.Unchanged)}
	for _, a := range alarms(t, resolve(t, nil)) {
		words = append(words, a.name)
	}
	words = append(words, codes(t)...)
	slices.Sort(words)
	for _, word := range slices.Compact(words) {
		if !strings.Contains(string(data), "`"+word+"`") {
			t.Errorf("docs/operations.md does not tell of `%s`", word)
		}
	}
}

// codes are those that the packages of the function declare, by the names of their
// constants, and those of its reasons for leaving a secret alone.
func codes(t *testing.T) []string {
	t.Helper()
	found := []string{string(refresh.NotOurs), string(refresh.Deleting)}
	for _, dir := range []string{"refresh", "paramstore", "secretstore", "tokenendpoint", "awscall"} {
		files, err := filepath.Glob(filepath.Join(root, "internal", dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files of package %s: %v", dir, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.ValueSpec:
					for i, name := range n.Names {
						if strings.HasPrefix(strings.ToLower(name.Name), "code") && i < len(n.Values) {
							found = append(found, text(n.Values[i])...)
						}
					}
				case *ast.CallExpr:
					// x.fail(code, …) of package tokenendpoint.
					if f, ok := n.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "fail" && len(n.Args) > 0 {
						found = append(found, text(n.Args[0])...)
					}
				}
				return true
			})
		}
	}
	return found
}

// text is the value of a string literal, if it is one.
func text(e ast.Expr) []string {
	if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
		if s, err := strconv.Unquote(l.Value); err == nil {
			return []string{s}
		}
	}
	return nil
}
