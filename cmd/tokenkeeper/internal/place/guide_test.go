package place_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/internal/awstest"
)

// A command that removes a secret of one deployment does not meet another one's.
func TestRemoveCommandOnAWS(t *testing.T) {
	account := awstest.Start(awstest.Options{})
	t.Cleanup(account.Close)
	for _, variable := range account.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	a, err := place.OpenAWS(t.Context(), place.Options{Region: "eu-west-1", Stated: place.Deployment{Stack: "staging", Namespace: "keeper"}})
	if err != nil {
		t.Fatal(err)
	}
	want := "aws secretsmanager delete-secret --secret-id keeper/tokens/acme --recovery-window-in-days 7 --region eu-west-1"
	if diff := cmp.Diff(want, a.Guide().RemoveCommand("acme")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// folder makes a folder with these files in it.
func folder(t *testing.T, files map[string]string) place.Folder {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := place.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f.As("my folder")
}

func TestCommandsInAFolder(t *testing.T) {
	const public, here = `{"token_endpoint": "https://login.acme.example/token"}`, `{"token_endpoint": "http://127.0.0.1:8787/token", "scop": 1}`
	for _, row := range []struct {
		name   string
		files  map[string]string
		verb   string
		want   string
		runner string
	}{
		{"no config", nil, "check", "tokenkeeper check --dir 'my folder'", "tokenkeeper run --dir 'my folder' --every 1m"},
		{"no provider on this machine", map[string]string{"providers/acme.json": public, "providers/broken.json": "{"}, "check",
			"tokenkeeper check --dir 'my folder'", "tokenkeeper run --dir 'my folder' --every 1m"},
		{"one on this machine, wrong otherwise too", map[string]string{"providers/acme.json": public, "providers/here.json": here}, "check",
			"tokenkeeper check --dir 'my folder' --allow-loopback", "tokenkeeper run --dir 'my folder' --allow-loopback --every 1m"},
		{"a command that asks nobody", map[string]string{"providers/here.json": here}, "resume",
			"tokenkeeper resume --dir 'my folder'", "tokenkeeper run --dir 'my folder' --allow-loopback --every 1m"},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := folder(t, row.files)
			if diff := cmp.Diff([]string{row.want, row.runner}, []string{f.Guide().Command(row.verb, ""), f.Guide().Runner}); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// What was removed as the guide says is gone, and so is what lost its record and its config.
func TestWhatIsLeftOfAToken(t *testing.T) {
	f := folder(t, map[string]string{
		"providers/new.json":         "{}",
		"tokens/.new.state.json":     `{"format":1}`,
		"tokens/old.json":            "{}",
		"tokens/.old.state.json":     `{"format":1}`,
		"tokens/.removed.state.json": `{"format":1}`,
		"tokens/.paused-once.paused": "",
	})
	states, err := f.States(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, st := range states {
		names = append(names, st.Name)
	}
	if diff := cmp.Diff([]string{"new", "old"}, names); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if described, err := f.Describe(t.Context(), []string{"new", "removed"}); err != nil || len(described) != 1 || described[0].Name != "new" {
		t.Errorf("Describe() = %+v, %v", described, err)
	}
	if diff := cmp.Diff("rm -f 'my folder/tokens/old.json' 'my folder/tokens/.old'.*", f.Guide().RemoveCommand("old")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
