//go:build unix

package localstore_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/internal/refresh"
)

// A copy counts for the credential and the provider that its place names. What others could
// have changed was not approved, and no such file falls back to the proposal.
func TestApprovedCopies(t *testing.T) {
	mode := func(bits os.FileMode, parts ...string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			if err := os.Chmod(filepath.Join(append([]string{dir, "approved"}, parts...)...), bits); err != nil {
				t.Fatal(err)
			}
		}
	}
	relink := func(target string, parts ...string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			name := filepath.Join(append([]string{dir, "approved"}, parts...)...)
			if err := os.RemoveAll(name); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(target, name); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, row := range []struct {
		name string
		do   func(t *testing.T, dir string)
		want string // the place in effect
		err  []string
	}{
		{"as it was made", func(*testing.T, string) {}, "approved/acme/meitner.json", nil},
		{"readable by others", mode(0o644, "acme", "meitner.json"), "approved/acme/meitner.json", nil},
		{"executable by others", mode(0o755, "acme", "meitner.json"), "approved/acme/meitner.json", nil},
		{"the file can be changed by the group", mode(0o664, "acme", "meitner.json"), "approved/acme/meitner.json", []string{"others can change", "chmod go-w"}},
		{"the file can be changed by all", mode(0o602, "acme", "meitner.json"), "approved/acme/meitner.json", []string{"others can change", "meitner.json"}},
		{"the credential's folder can be changed", mode(0o770, "acme"), "approved/acme/meitner.json", []string{"others can change", "chmod go-w"}},
		{"the folder can be changed", mode(0o777), "approved/acme/meitner.json", []string{"others can change"}},
		{"a link to the proposal", relink("../../providers/meitner.json", "acme", "meitner.json"), "approved/acme/meitner.json", []string{"symbolic link"}},
		{"a link to nothing", relink("nowhere.json", "acme", "meitner.json"), "approved/acme/meitner.json", []string{"symbolic link"}},
		{"all copies lie behind a link", func(t *testing.T, dir string) {
			if err := errors.Join(os.Rename(filepath.Join(dir, "approved"), filepath.Join(dir, "agreed")), os.Symlink("agreed", filepath.Join(dir, "approved"))); err != nil {
				t.Fatal(err)
			}
		}, "approved/acme/meitner.json", []string{"symbolic link", "put the file itself there"}},
		{"a folder in its place", func(t *testing.T, dir string) {
			_ = os.Remove(filepath.Join(dir, "approved/acme/meitner.json"))
			write(t, filepath.Join(dir, "approved/acme/meitner.json/x"), "")
		}, "approved/acme/meitner.json", []string{"not an approved copy"}},
		{"removed", func(t *testing.T, dir string) { _ = os.Remove(filepath.Join(dir, "approved/acme/meitner.json")) }, "providers/meitner.json", nil},
		{"all removed", func(t *testing.T, dir string) { _ = os.RemoveAll(filepath.Join(dir, "approved")) }, "providers/meitner.json", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "providers", "meitner.json"), `{"credential": "acme", "x": 1}`)
			write(t, filepath.Join(dir, "approved", "acme", "meitner.json"), `{"credential": "acme"}`)
			write(t, filepath.Join(dir, "approved", "acme", ".meitner.json.swp"), "left by an editor")
			row.do(t, dir)
			docs, err := place.Documents(t.Context(), open(t, dir))
			if err != nil {
				t.Fatal(err)
			}
			configs, _ := refresh.Effective(docs)
			if len(configs) != 1 || configs[0].Where != filepath.Join(dir, row.want) {
				t.Fatalf("got %+v, want %s", configs, row.want)
			}
			if row.err == nil && configs[0].Err != nil {
				t.Error(configs[0].Err)
			}
			if row.err != nil {
				says(t, configs[0].Err, row.err...)
			}
		})
	}
}

// What is no copy is reported and is no provider's config; where copies cannot be listed, no
// proposal runs.
func TestWhatIsNoCopy(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "providers", "meitner.json"), "{}")
	write(t, filepath.Join(dir, "approved", "meitner.json"), "{}")
	write(t, filepath.Join(dir, "approved", "acme", "meitner.yaml"), "{}")
	write(t, filepath.Join(dir, "approved", "acme", "team", "meitner.json"), "{}")
	if err := os.Symlink("acme", filepath.Join(dir, "approved", "linked")); err != nil {
		t.Fatal(err)
	}
	docs, err := place.Documents(t.Context(), open(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	configs, idle := refresh.Effective(docs)
	var names []string
	for _, c := range configs {
		names = append(names, c.Name)
		if c.Name != "meitner" {
			says(t, c.Err, "not an approved copy", "tokenkeeper approve")
		}
	}
	want := []string{"meitner", "approved/acme/meitner.yaml", "approved/acme/team", "approved/linked", "approved/meitner.json"}
	if diff := cmp.Diff(want, names); diff != "" || len(idle) != 0 {
		t.Errorf("%v (-want +got):\n%s", idle, diff)
	}

	if err := os.RemoveAll(filepath.Join(dir, "approved")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "approved"), "a file")
	if docs, err := place.Documents(t.Context(), open(t, dir)); err == nil {
		t.Errorf("Configs() = %v", docs)
	}
}

// What is read before a login is what was listed, of one provider, with its credential.
func TestLatest(t *testing.T) {
	dir := t.TempDir()
	for _, file := range []string{"providers/p", "providers/q", "approved/p/p", "approved/c/p", "approved/c/q", "approved/other/p", "credentials/c", "credentials/p"} {
		write(t, filepath.Join(dir, file+".json"), `{"credential": "c"}`)
	}
	d := open(t, dir)
	latest := func(credential string) (places []string) {
		t.Helper()
		listed, err := place.Documents(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		read := d.Latest(t.Context(), []refresh.Wanted{{Provider: "p", Credential: credential}})[0]
		docs, c, err := read.Configs, read.Credential, read.Err
		if err == nil && c.Name != credential {
			t.Errorf("the credential is %q", c.Name)
		}
		if err != nil && !errors.Is(err, refresh.ErrNotFound) {
			t.Error(err)
		}
		for _, doc := range docs {
			i := slices.IndexFunc(listed, func(l refresh.Document) bool { return l.Where == doc.Where })
			if i < 0 || listed[i].Version != doc.Version || listed[i].Approver != doc.Approver || (listed[i].Err == nil) != (doc.Err == nil) {
				t.Errorf("%+v is not as it was listed", doc)
			}
			place, _ := filepath.Rel(dir, doc.Where)
			places = append(places, place)
		}
		return places
	}
	for _, row := range []struct {
		do         func()
		credential string
		want       []string
	}{
		{func() {}, "p", []string{"providers/p.json", "approved/p/p.json"}},
		{func() {}, "c", []string{"providers/p.json", "approved/p/p.json", "approved/c/p.json"}},
		{func() {}, "none", []string{"providers/p.json", "approved/p/p.json"}},
		{func() {}, "../c", []string{"providers/p.json", "approved/p/p.json"}},
		{func() { _ = os.Chmod(filepath.Join(dir, "approved/c"), 0o777) }, "c", []string{"providers/p.json", "approved/p/p.json", "approved/c/p.json"}},
		{func() { _ = os.Remove(filepath.Join(dir, "approved/p/p.json")) }, "c", []string{"providers/p.json", "approved/c/p.json"}},
		{func() { _ = os.RemoveAll(filepath.Join(dir, "approved")) }, "c", []string{"providers/p.json"}},
		{func() { _ = os.Remove(filepath.Join(dir, "providers/p.json")) }, "c", nil},
	} {
		row.do()
		if diff := cmp.Diff(row.want, latest(row.credential)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.credential, diff)
		}
	}
	write(t, filepath.Join(dir, "approved"), "a file in the place of the folder")
	if read := d.Latest(t.Context(), []refresh.Wanted{{Provider: "p", Credential: "c"}})[0]; read.Err == nil {
		t.Errorf("Latest() = %v", read.Configs)
	}
}
