package localstore_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Of a state in another format, or of none that we have written, nothing is known: the token
// beside it counts as another program's, and is replaced.
func TestAStateThatIsNotOurs(t *testing.T) {
	for name, edit := range map[string]func(state string) string{
		"ours":           func(state string) string { return state },
		"another format": func(state string) string { return strings.Replace(state, `"format":1`, `"format":2`, 1) },
		"no format":      func(state string) string { return strings.Replace(state, `"format":1,`, ``, 1) },
		"cut off":        func(state string) string { return state[:len(state)/2] },
		"nothing":        func(string) string { return "" },
		"no versions":    func(state string) string { return strings.Replace(state, `"versions"`, `"others"`, 1) },
	} {
		dir := t.TempDir()
		d := openOn(t, dir, &tracedDisk{})
		lock(t, d)
		save(t, d, change("", at(0)))
		file := filepath.Join(dir, "tokens", ".meitner.state.json")
		state, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		write(t, file, edit(string(state)))
		st, err := d.Open(t.Context(), "meitner")
		if _, ours := st.Current.Parse(); err != nil || ours != (name == "ours") || st.Current == "" {
			t.Errorf("%s: %+v, %v", name, st, err)
		}
		remove(t, filepath.Join(dir, "tokens", "meitner.json"))
		if st := stateOf(t, dir); !st.Exists || !st.Owned || st.Current != "" {
			t.Errorf("%s, and no record: %+v", name, st)
		}
	}
}

// A file that cannot be read is none that is missing: nothing is decided on it, and it is left as
// it is.
func TestFilesThatCannotBeRead(t *testing.T) {
	for _, file := range []string{"tokens/meitner.json", "tokens/.meitner.state.json", "tokens/.meitner.next.json"} {
		dir := t.TempDir()
		d := openOn(t, dir, &tracedDisk{})
		lock(t, d)
		save(t, d, change("", at(0)))
		d.Close()
		bad := &tracedDisk{reading: func(name string) error {
			if name == file {
				return &fs.PathError{Op: "read", Path: name, Err: errors.New("input/output error")}
			}
			return nil
		}}
		d = openOn(t, dir, bad)
		lock(t, d)
		for name, call := range map[string]func() error{
			"Open": func() error { _, err := d.Open(t.Context(), "meitner"); return err },
			"Save": func() error { _, err := d.Save(t.Context(), change(at(0), at(1))); return err },
		} {
			if err := call(); err == nil || !strings.Contains(err.Error(), "input/output error") {
				t.Errorf("%s, where %s cannot be read: %v", name, file, err)
			}
		}
		if got := readRecord(t, dir, "meitner"); got != recordOf(at(0)) {
			t.Errorf("where %s cannot be read, the record is %q", file, got)
		}
		states, _, err := d.List(t.Context(), "")
		if err != nil || len(states) != 1 || states[0].Current != "unreadable" {
			t.Errorf("where %s cannot be read, %+v are listed: %v", file, states, err)
		}
	}
}

// A folder of tokens that cannot be listed is none that is empty; one that is missing is.
func TestAFolderThatCannotBeListed(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	if states, _, err := d.List(t.Context(), ""); err != nil || len(states) != 0 {
		t.Errorf("without the folder: %v, %v", states, err)
	}
	write(t, filepath.Join(dir, "tokens"), "a file")
	if states, _, err := d.List(t.Context(), ""); err == nil {
		t.Errorf("%v are listed in a file", states)
	}
}
