package stack_test

import (
	"strings"
	"testing"

	"example.com/tokenkeeper/cmd/internal/stack"
)

// No place lies inside another, nor a name space inside a place of another.
func TestPlacesAreDisjoint(t *testing.T) {
	for _, n := range []stack.Namespace{"tokenkeeper", "teams/a", "a.b-c_d"} {
		if wrong := n.Wrong(); len(wrong) > 0 {
			t.Errorf("%s must be %s", n, wrong)
		}
		all := []string{n.Providers() + "/", n.Approved() + "/", n.Credentials() + "/", "/" + n.CredentialSecrets() + "x", "/" + n.Tokens(), "/" + n.Private()}
		for i, a := range all {
			for j, b := range all {
				if i != j && strings.HasPrefix(a, b) && !(i == 3 && j == 2) {
					t.Errorf("%s lies inside %s", a, b)
				}
			}
		}
	}
	for _, n := range []stack.Namespace{"", "/a", "a/", "a//b", "aws", "SSM-x", "a b", "tokenkeeper/tokens", "private", "x/approved/y", stack.Namespace(strings.Repeat("a", 201))} {
		if len(n.Wrong()) == 0 {
			t.Errorf("%q is allowed", n)
		}
	}
}

// What the function takes for true is true for the command line as well.
func TestBool(t *testing.T) {
	for value, want := range map[string]bool{"true": true, "1": true, "TRUE": true, "T": true, "false": false, "0": false, "": false, "yes": false} {
		if stack.Bool(value, false) != want {
			t.Errorf("%q is %v", value, !want)
		}
	}
	if !stack.Bool("", true) || stack.Bool("0", true) {
		t.Error("what is not set is not what applies otherwise")
	}
}
