// Package tokenkeeper_test holds what is true of the module as a whole.
package tokenkeeper_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "example.com/tokenkeeper/"

// deps returns the packages that those matching pattern are built from, without the
// standard library.
func deps(t *testing.T, pattern string) []string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", pattern)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd, err)
	}
	return strings.Fields(string(out))
}

// Dependencies point inwards: cmd to the adapters, the adapters to the domain, the
// domain to the standard library. Adapters do not know each other.
func TestLayout(t *testing.T) {
	ours := func(names ...string) (paths []string) {
		for _, n := range names {
			paths = append(paths, module+n)
		}
		return paths
	}
	for _, row := range []struct {
		pkg     string
		allowed []string // of this module, beside itself
		foreign bool     // other modules are allowed
	}{
		{"internal/secret", nil, false},
		{"cmd/internal/version", nil, false},
		{"internal/refresh", ours("internal/secret"), false},
		{"internal/strictjson", nil, true},
		{"internal/answer", ours("internal/secret", "internal/strictjson"), true},
		{"internal/wire", ours("internal/secret", "internal/strictjson", "internal/answer"), true},
		{"internal/problem", ours("internal/secret", "internal/strictjson", "internal/refresh"), true},
		{"internal/httprequest", ours("internal/secret", "internal/strictjson", "internal/refresh", "internal/problem", "internal/template", "internal/wire", "internal/answer"), true}, // refresh by way of problem
		{"cmd/tokenkeeper/internal/discovery", ours("internal/secret", "internal/strictjson", "internal/answer", "internal/wire"), true},
		{"cmd/internal/stack", nil, false},
		{"cmd/internal/network", nil, false},
		{"internal/template", ours("internal/secret", "internal/strictjson"), true},
		{"internal/tokenendpoint", ours("internal/problem", "internal/httprequest", "internal/answer", "internal/wire", "internal/secret", "internal/template", "internal/refresh", "internal/strictjson", "internal/signing"), true},
		{"cmd/tokenkeeper/internal/localstore", ours("internal/secret", "internal/refresh"), true},
		{"internal/awscall", ours("internal/secret", "internal/refresh"), true},
		{"internal/paramstore", ours("internal/secret", "internal/refresh", "internal/awscall"), true},
		{"internal/secretstore", ours("internal/secret", "internal/refresh", "internal/awscall"), true},
		{"internal/signing", ours("internal/secret", "internal/strictjson"), true},
		{"cmd/tokenkeeper/internal/preset", ours("internal/strictjson"), true},
		{"internal/simulator", nil, false},
		{"reader", nil, false},
	} {
		for _, dep := range deps(t, "./"+row.pkg) {
			switch {
			case dep == module+row.pkg || slices.Contains(row.allowed, dep):
			case strings.HasPrefix(dep, module):
				t.Errorf("%s imports %s", row.pkg, dep)
			case !row.foreign:
				t.Errorf("%s imports %s; it may use the standard library only", row.pkg, dep)
			}
		}
	}
}

// The Lambda is small because these never reach it.
func TestLambdaIsBuiltWithout(t *testing.T) {
	for _, dep := range deps(t, "./cmd/refresher") {
		for _, unwanted := range []string{
			"github.com/spf13/", "charm.land/", "github.com/aws/aws-sdk-go-v2/config", "text/template",
			module + "internal/simulator", module + "internal/awstest", module + "cmd/tokenkeeper",
		} {
			if strings.HasPrefix(dep, unwanted) {
				t.Errorf("cmd/refresher imports %s", dep)
			}
		}
	}
}
