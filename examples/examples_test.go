package examples_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// Every config works with the credential of its name, as a user would begin who copies
// both.
func TestProvidersFitTheirCredentials(t *testing.T) {
	files, err := filepath.Glob("providers/*.json")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d configs: %v", len(files), err)
	}
	read := func(path string) refresh.Document {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		return refresh.Document{Name: name, Where: path, Data: secret.New(string(data))}
	}
	parser := tokenendpoint.New(tokenendpoint.Options{})
	for _, path := range files {
		p, err := parser.Provider(read(path))
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		c, err := parser.Credential(read("credentials/" + filepath.Base(path)))
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		for _, problem := range p.Endpoint.(*tokenendpoint.Endpoint).Check(c) {
			t.Errorf("%v", problem)
		}
	}
}
