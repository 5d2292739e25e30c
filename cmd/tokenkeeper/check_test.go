package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// A faultyParser has a bug that one config brings out.
type faultyParser struct{ *tokenendpoint.Parser }

func (p faultyParser) Provider(d refresh.Document) (refresh.Provider, error) {
	if d.Name == "educloud" {
		panic("c4n@ry")
	}
	return p.Parser.Provider(d)
}

func (p faultyParser) Lacking(d refresh.Document, c refresh.Credential) refresh.Problems {
	if d.Name == "educloud" {
		panic("c4n@ry")
	}
	return p.Parser.Lacking(d, c)
}

// A config that brings out a bug is a problem of its own: what is wrong with the others is
// found all the same.
func TestCheckGoesOnAfterAPanic(t *testing.T) {
	dir := t.TempDir()
	for file, content := range map[string]string{
		"providers/educloud.json":   `{"token_endpoint": "https://educloud.example/token"}`,
		"providers/meitner.json":    `{"token_endpoint": "https://meitner.example/token", "scopes": "a"}`,
		"credentials/educloud.json": `{"client_id": "a", "client_secret": "b", "allowed_hosts": ["educloud.example"]}`,
		"credentials/meitner.json":  `{"client_id": "a", "allowed_hosts": ["meitner.example"]}`,
	} {
		path := filepath.Join(dir, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	folder, err := place.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	k := checker{place: folder, parser: faultyParser{tokenendpoint.New(tokenendpoint.Options{})}, schedule: folder.Schedule(), read: true}
	v, err := k.check(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	text := v.Problems.Error()
	for _, want := range []string{"educloud.json: a panic of type string", "scopes", "client_secret"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %q", want, text)
		}
	}
	if strings.Contains(text, "c4n@ry") {
		t.Errorf("the value of the panic is in %q", text)
	}
}
