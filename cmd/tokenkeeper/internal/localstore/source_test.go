package localstore_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/internal/refresh"
)

// planted is in every file of these tests, and in no message.
const planted = `{"client_secret": "do not print me"}`

func TestConfigs(t *testing.T) {
	dir := t.TempDir()
	inside := filepath.Join(dir, "providers", "..mounted", "inside.json")
	outside := filepath.Join(t.TempDir(), "outside.json")
	write(t, inside, planted)
	write(t, outside, planted)
	write(t, filepath.Join(dir, "credentials", "meitner.json"), planted)
	write(t, filepath.Join(dir, "tokens", "meitner.json"), planted)

	for _, row := range []struct {
		file string
		make func(t *testing.T, path string)
		name string   // empty: not listed
		err  []string // what it says, for one that is no config
	}{
		{"meitner.json", content(planted), "meitner", nil},
		{"Bad_Name.json", content(planted), "Bad_Name", nil}, // reported by the check of names
		{"empty.json", content(""), "empty", nil},
		{"link.json", link("..mounted/inside.json"), "link", nil},
		{"largest.json", content(strings.Repeat("x", 65536)), "largest", nil},

		{"#meitner.json", content(planted), "#meitner", nil},
		{"meitner.json#", content(planted), "providers/meitner.json#", []string{"does not end in .json"}},
		{"educloud.yaml", content(planted), "providers/educloud.yaml", []string{"does not end in .json", "rewrite it"}},
		{"meitner", content(planted), "providers/meitner", []string{"does not end in .json"}},
		{"README", content(planted), "providers/README", []string{"does not end in .json"}},
		{"team", folder, "providers/team", []string{"a folder", "move it up"}},
		{"folder.json", folder, "providers/folder.json", []string{"a folder"}},
		{"large.json", content(strings.Repeat("x", 65537)), "large", []string{"more than 65536 bytes"}},
		{"outside.json", link(outside), "outside", []string{"symbolic link", "in the same folder"}},
		{"credential.json", link("../credentials/meitner.json"), "credential", []string{"symbolic link", "in the same folder"}},
		{"token.json", link("..mounted/../../tokens/meitner.json"), "token", []string{"symbolic link"}},
		{"dangling.json", link("nowhere.json"), "dangling", []string{"symbolic link"}},
		{"loop.json", link("loop.json"), "loop", []string{"symbolic link"}},
		{"to-folder.json", link("..mounted"), "to-folder", []string{"not a file"}},

		{".hidden.json", content(planted), "", nil},
		{"..data", folder, "", nil},
		{".meitner.json.swp", content(planted), "", nil},
		{"meitner.json~", content(planted), "", nil},
		{"meitner.json.bak", content(planted), "", nil},
		{"meitner.json.orig", content(planted), "", nil},
		{"#meitner.json#", content(planted), "", nil},
		{".#meitner.json", link("somebody@somewhere.1234"), "", nil},
	} {
		t.Run(row.file, func(t *testing.T) {
			path := filepath.Join(dir, "providers", row.file)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			row.make(t, path)
			t.Cleanup(func() { os.Remove(path) })
			docs, err := place.Documents(t.Context(), open(t, dir))
			if err != nil {
				t.Fatal(err)
			}
			if row.name == "" {
				if len(docs) != 0 {
					t.Fatalf("it is listed, as %q", docs[0].Name)
				}
				return
			}
			if len(docs) != 1 || docs[0].Name != row.name || docs[0].Where != path {
				t.Fatalf("Configs() = %+v, want %q at %s", docs, row.name, path)
			}
			if row.err == nil {
				if docs[0].Err != nil {
					t.Errorf("it is refused: %v", docs[0].Err)
				}
				if want, _ := os.ReadFile(path); docs[0].Data.Reveal() != string(want) {
					t.Error("the text is not that of the file")
				}
				return
			}
			says(t, docs[0].Err, append(row.err, path)...)
		})
	}
}

func TestConfigsStandBesideBadOnes(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "b", "c"} {
		write(t, filepath.Join(dir, "providers", name+".json"), planted)
	}
	disk := &tracedDisk{reading: func(name string) error {
		if name == "providers/b.json" {
			return &fs.PathError{Op: "open", Path: name, Err: syscall.EACCES}
		}
		return nil
	}}
	docs, err := place.Documents(t.Context(), openOn(t, dir, disk))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, d := range docs {
		names = append(names, d.Name)
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, names); diff != "" {
		t.Fatalf("Configs() (-want +got):\n%s", diff)
	}
	if docs[0].Err != nil || docs[2].Err != nil {
		t.Errorf("good ones are refused: %v, %v", docs[0].Err, docs[2].Err)
	}
	says(t, docs[1].Err, "b.json", "permission denied", "let the user that runs this read it")
}

func TestNoConfigs(t *testing.T) {
	dir := t.TempDir()
	_, err := place.Documents(t.Context(), open(t, dir))
	says(t, err, filepath.Join(dir, "providers"), "NAME.json")

	if err := os.Mkdir(filepath.Join(dir, "providers"), 0o700); err != nil {
		t.Fatal(err)
	}
	docs, err := place.Documents(t.Context(), open(t, dir))
	if err != nil || len(docs) != 0 {
		t.Errorf("an empty folder: Configs() = %v, %v; want none", docs, err)
	}
}

func TestCredential(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "credentials", "meitner.json")
	write(t, path, planted)
	d := open(t, dir)
	doc, err := d.Credential(t.Context(), "meitner")
	if err != nil || doc.Err != nil {
		t.Fatal(err, doc.Err)
	}
	if doc.Name != "meitner" || doc.Where != path || doc.Data.Reveal() != planted {
		t.Errorf("Credential() = %+v", doc)
	}
	version, err := d.CredentialVersion(t.Context(), "meitner")
	if err != nil || version != doc.Version {
		t.Errorf("CredentialVersion() = %q, %v; want that of the document, %q", version, err, doc.Version)
	}
	if len(version) != 8 || strings.Trim(version, "0123456789abcdef") != "" {
		t.Errorf("the version %q is not 8 hexadecimal digits", version)
	}
}

func TestCredentialVersionChangesWithTheFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "credentials", "meitner.json")
	write(t, path, planted)
	d := open(t, dir)
	seen := map[string]string{}
	look := func(after string) {
		t.Helper()
		version, err := d.CredentialVersion(t.Context(), "meitner")
		if err != nil {
			t.Fatal(err)
		}
		if before, ok := seen[version]; ok {
			t.Errorf("the version after %s is that after %s", after, before)
		}
		seen[version] = after
	}
	look("it was made")
	if err := os.Chtimes(path, noon, noon); err != nil {
		t.Fatal(err)
	}
	look("an edit of the same length")
	write(t, path, planted+"\n")
	if err := os.Chtimes(path, noon, noon); err != nil {
		t.Fatal(err)
	}
	look("an edit in the same instant")
	if err := os.Chtimes(path, noon, noon.Add(time.Nanosecond)); err != nil {
		t.Fatal(err)
	}
	look("an edit a nanosecond later")
}

func TestCredentialNotFound(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"meitner", "../providers/meitner", "", "a/b"} {
		d := open(t, dir)
		if _, err := d.Credential(t.Context(), name); !errors.Is(err, refresh.ErrNotFound) {
			t.Errorf("Credential(%q): %v, want ErrNotFound", name, err)
		}
		if _, err := d.CredentialVersion(t.Context(), name); !errors.Is(err, refresh.ErrNotFound) {
			t.Errorf("CredentialVersion(%q): %v, want ErrNotFound", name, err)
		}
		write(t, filepath.Join(dir, "providers", "meitner.json"), planted)
	}
}

func TestCredentialThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(t.TempDir(), "outside.json")
	write(t, outside, planted)
	path := filepath.Join(dir, "credentials", "meitner.json")
	write(t, path, strings.Repeat("x", 65537))
	d := open(t, dir)

	doc, err := d.Credential(t.Context(), "meitner")
	if err != nil {
		t.Fatal(err)
	}
	misconfigured(t, doc.Err, path, "more than 65536 bytes")
	if version, _ := d.CredentialVersion(t.Context(), "meitner"); version == "" || version != doc.Version {
		t.Errorf("it has the version %q, and the document %q: its failure would not be remembered", version, doc.Version)
	}

	os.Remove(path)
	link(outside)(t, path)
	_, err = d.Credential(t.Context(), "meitner")
	misconfigured(t, err, path, "symbolic link")

	os.Remove(path)
	write(t, path, planted)
	disk := &tracedDisk{reading: func(name string) error {
		return &fs.PathError{Op: "read", Path: name, Err: syscall.EIO}
	}}
	doc, err = openOn(t, dir, disk).Credential(t.Context(), "meitner")
	if err != nil {
		t.Fatal(err)
	}
	var e *refresh.Error
	if errors.As(doc.Err, &e) {
		t.Errorf("an error of the disk is put down to a person: %v", doc.Err)
	}
	says(t, doc.Err, path, "input/output error")
}

// says checks that an error says all of the words, and nothing secret.
func says(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one that says %q", words)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("the error is: %v\nit does not say: %s", err, w)
		}
	}
	if strings.Contains(err.Error(), "do not print me") {
		t.Error("the error has the content of a file in it")
	}
}

// misconfigured checks that an error asks a person to act, and says all of the words.
func misconfigured(t *testing.T, err error, words ...string) {
	t.Helper()
	says(t, err, words...)
	var e *refresh.Error
	if !errors.As(err, &e) || e.Class != refresh.Misconfigured || e.Remedy == "" {
		t.Errorf("%#v is not an error for a person, with a remedy", err)
	}
}

func content(s string) func(*testing.T, string) {
	return func(t *testing.T, path string) { write(t, path, s) }
}

func folder(t *testing.T, path string) {
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
}

func link(to string) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		if err := os.Symlink(to, path); err != nil {
			t.Fatal(err)
		}
	}
}
