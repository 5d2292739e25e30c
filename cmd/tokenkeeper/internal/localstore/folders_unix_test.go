//go:build unix

package localstore_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/localstore"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// What can be stored can be read again, up to the same byte.
func TestTheLargestRecord(t *testing.T) {
	d := openOn(t, t.TempDir(), &tracedDisk{})
	lock(t, d)
	limit := d.Limits().Record
	var current refresh.VersionID
	for i, n := range []int{limit - 1, limit} {
		c := change(current, at(i))
		c.Record = secret.New(strings.Repeat("x", n))
		current = save(t, d, c).Current
		if record, err := d.Read(meitner); err != nil || len(record.Reveal()) != n {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	c := change("", at(0))
	c.Provider, c.Record = "educloud", secret.New(strings.Repeat("x", limit+1))
	_, err := d.Save(t.Context(), c)
	says(t, err, "65537 bytes", "at most 65536")
	if _, err := d.Read("educloud"); !errors.Is(err, refresh.ErrNotFound) {
		t.Errorf("%v", err)
	}
}

// Where a folder of the store is a link or a file that is reported, and nothing is
// made where they lead.
func TestFoldersThatLeadElsewhere(t *testing.T) {
	for _, row := range []struct {
		folder string
		call   func(t *testing.T, dir string) error
	}{
		{"tokens", func(t *testing.T, dir string) error { return open(t, dir).Lock() }},
		{"tokens", func(t *testing.T, dir string) error { return open(t, dir).Pause(meitner) }},
		{"tokens", func(t *testing.T, dir string) error { return open(t, dir).Resume(meitner) }},
		{"tokens", func(t *testing.T, dir string) error { _, _, err := open(t, dir).List(t.Context(), ""); return err }},
		{"tokens", func(t *testing.T, dir string) error { _, err := open(t, dir).Read(meitner); return err }},
		{"private", func(t *testing.T, dir string) error {
			return open(t, dir).Vault().Put(t.Context(), meitner, secret.New("first"), "")
		}},
		{"private", func(t *testing.T, dir string) error {
			_, err := open(t, dir).Vault().Version(t.Context(), meitner)
			return err
		}},
		{"private", func(t *testing.T, dir string) error {
			_, err := open(t, dir).Vault().Credential(t.Context(), meitner)
			return err
		}},
		{"approved", func(t *testing.T, dir string) error { _, _, err := open(t, dir).Configs(t.Context(), ""); return err }},
		{"credentials", func(t *testing.T, dir string) error {
			_, err := open(t, dir).Credential(t.Context(), meitner)
			return err
		}},
		{"credentials", func(t *testing.T, dir string) error {
			_, err := open(t, dir).CredentialVersion(t.Context(), meitner)
			return err
		}},
		{"state", func(t *testing.T, dir string) error {
			_, err := open(t, dir).Ask(refresh.Job{Only: []string{meitner}})
			return err
		}},
		{"state", func(t *testing.T, dir string) error { _, err := open(t, dir).Requests(); return err }},
		{"state", func(t *testing.T, dir string) error { _, err := open(t, dir).LastRun(); return err }},
		{"state", func(t *testing.T, dir string) error { return open(t, dir).Lock() }},
	} {
		for kind, make := range map[string]func(t *testing.T, at, elsewhere string){
			"a link out of it": func(t *testing.T, at, elsewhere string) { link(elsewhere)(t, at) },
			"a loop":           func(t *testing.T, at, _ string) { link(filepath.Base(at))(t, at) },
			"a file":           func(t *testing.T, at, _ string) { write(t, at, "") },
		} {
			dir, elsewhere := t.TempDir(), t.TempDir()
			write(t, filepath.Join(dir, "providers", "meitner.json"), "{}")
			make(t, filepath.Join(dir, row.folder), elsewhere)
			err := row.call(t, dir)
			if err == nil || errors.Is(err, refresh.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
				t.Errorf("where %s is %s: %v", row.folder, kind, err)
			}
			if made, _ := os.ReadDir(elsewhere); len(made) != 0 {
				t.Errorf("where %s is %s, this was made there: %v", row.folder, kind, made)
			}
		}
	}
}

// What is in the place of a folder is named, with what to do about it.
func TestFilesInThePlaceOfFolders(t *testing.T) {
	for name, call := range map[string]func(*localstore.Dir) error{
		"tokens":      (*localstore.Dir).Lock,
		"providers":   (*localstore.Dir).Lock,
		"credentials": (*localstore.Dir).Lock,
		"private":     func(d *localstore.Dir) error { return d.Vault().Put(t.Context(), meitner, secret.New("x"), "") },
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, name), "")
		says(t, call(open(t, dir)), filepath.Join(dir, name)+" is not a folder", "move it away")
	}
}

// A folder that cannot be made is reported as such, not as what it was made for.
func TestFoldersThatCannotBeMade(t *testing.T) {
	for name, call := range map[string]func(*localstore.Dir) error{
		"tokens":  (*localstore.Dir).Lock,
		"state":   func(d *localstore.Dir) error { return d.SetLastRun(localstore.LastRun{}) },
		"private": func(d *localstore.Dir) error { return d.Vault().Put(t.Context(), meitner, secret.New("x"), "") },
	} {
		dir := t.TempDir()
		d := open(t, dir)
		remove(t, dir) // which stays open
		says(t, call(d), "mkdir", " "+name+": ")
	}
}

// A file or folder that is removed once it was listed is not there, and the others count.
func TestConfigsThatAreRemovedMeanwhile(t *testing.T) {
	dir := t.TempDir()
	for _, file := range []string{"providers/meitner", "providers/nobel", "providers/zuse", "approved/acme/meitner", "approved/acme/nobel", "approved/educloud/meitner", "approved/zenith/meitner"} {
		write(t, filepath.Join(dir, filepath.FromSlash(file)+".json"), "{}")
	}
	disk := &tracedDisk{reading: func(name string) error {
		switch name {
		case "approved/acme/meitner.json":
			remove(t, filepath.Join(dir, "approved", "acme", "nobel.json"))
			return os.RemoveAll(filepath.Join(dir, "approved", "educloud"))
		case "providers/meitner.json":
			remove(t, filepath.Join(dir, "providers", "nobel.json"))
		}
		return nil
	}}
	docs, _, err := openOn(t, dir, disk).Configs(t.Context(), "")
	var left []string
	for _, doc := range docs {
		left = append(left, doc.Approver+"/"+doc.Name)
		if doc.Err != nil {
			t.Error(doc.Err)
		}
	}
	if diff := cmp.Diff([]string{"/meitner", "/zuse", "acme/meitner", "zenith/meitner"}, left); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// A record of another program has an id that depends on all of it, and only on it.
func TestTheIDOfARecordThatIsNotOurs(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]refresh.VersionID{"": "foreign-e3b0c44298fc1c14", "abc": "foreign-ba7816bf8f01cfea"} {
		write(t, filepath.Join(dir, "tokens", "meitner.json"), text)
		if st := stateOf(t, dir); st.Current != want {
			t.Errorf("%q has the id %q, want %q", text, st.Current, want)
		}
	}
}

// A problem has the place of the file once, and what to do only where that is known.
func TestWhatIsWrongWithADocument(t *testing.T) {
	for _, row := range []struct {
		err  error
		want refresh.Problem
	}{
		{syscall.EACCES, refresh.Problem{Detail: "permission denied", Remedy: "let the user that runs this read it"}},
		{syscall.EIO, refresh.Problem{Detail: "input/output error"}},
		{syscall.ELOOP, refresh.Problem{Detail: "too many levels of symbolic links"}},
	} {
		dir := t.TempDir()
		row.want.Where = filepath.Join(dir, "providers", "meitner.json")
		write(t, row.want.Where, planted)
		if err := os.Chmod(row.want.Where, 0o755); err != nil {
			t.Fatal(err)
		}
		disk := &tracedDisk{reading: func(name string) error { return &fs.PathError{Op: "open", Path: name, Err: row.err} }}
		docs, _, err := openOn(t, dir, disk).Configs(t.Context(), "")
		if err != nil || len(docs) != 1 {
			t.Fatalf("%v, %v", docs, err)
		}
		if diff := cmp.Diff(error(refresh.Problems{row.want}), docs[0].Err); diff != "" {
			t.Errorf("%v (-want +got):\n%s", row.err, diff)
		}
	}
}
