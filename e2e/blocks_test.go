package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A block is a piece of shell in a document that its author marked as one to be run:
//
//	<!-- run: NAME -->
//	```sh
type block struct {
	document, name, script string
}

// blockNamed is one of a document's.
func blockNamed(t *testing.T, root, document, name string) block {
	t.Helper()
	for _, b := range blocks(t, root, document) {
		if b.name == name {
			return b
		}
	}
	t.Fatalf("%s has no block %s", document, name)
	return block{}
}

// blocks are those of one document, in order.
func blocks(t *testing.T, root, document string) []block {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, document))
	if err != nil {
		t.Fatal(err)
	}
	var found []block
	lines := strings.Split(string(data), "\n")
	for i := 0; i < len(lines); i++ {
		name, marked := strings.CutPrefix(lines[i], "<!-- run: ")
		if !marked {
			continue
		}
		name, closed := strings.CutSuffix(name, " -->")
		if !closed || i+1 >= len(lines) || lines[i+1] != "```sh" {
			t.Fatalf("%s:%d: a mark must be followed by a line ```sh", document, i+1)
		}
		end := i + 2
		for end < len(lines) && lines[end] != "```" {
			end++
		}
		if end == len(lines) {
			t.Fatalf("%s:%d: the block does not end", document, i+2)
		}
		found = append(found, block{document, name, strings.Join(lines[i+2:end], "\n")})
		i = end
	}
	return found
}
