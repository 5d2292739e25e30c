package terminal_test

import (
	"strings"
	"testing"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
)

// An object ends at its own closing brace, however it was written.
func TestObject(t *testing.T) {
	for _, object := range []string{
		`{}`, `{"a": "b"}`, "{\n \"a\": \"}\",\n \"b\": [\"{\"]\n}", `{"a": "\\"}`, `{"a": "\"}"}`, " \n\t{\"a\": {\"b\": {}}}",
	} {
		rest := "\nrm -rf ~\n{}"
		if at, err := terminal.Object([]byte(object + rest)); err != nil || at != len(object) {
			t.Errorf("%q ends at %d, %v; want %d", object, at, err, len(object))
		}
		for i := range len(object) {
			if at, err := terminal.Object([]byte(object[:i])); err != nil || at >= 0 {
				t.Errorf("%q ends at %d, %v", object[:i], at, err)
			}
		}
	}
	for _, text := range []string{"client_id", `"a"`, "  x{}"} {
		if at, err := terminal.Object([]byte(text)); err == nil || !strings.Contains(err.Error(), "{") {
			t.Errorf("%q is taken for an object that ends at %d", text, at)
		}
	}
}
