//go:build unix

package localstore_test

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/localstore"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/internal/refresh"
)

func TestCredentialsAreForTheirOwnerAlone(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "credentials", "meitner.json")
	write(t, path, planted)
	d := open(t, dir)
	for _, row := range []struct {
		mode os.FileMode
		ok   bool
	}{
		{0o600, true}, {0o400, true}, {0o700, true},
		{0o640, false}, {0o604, false}, {0o620, false}, {0o602, false}, {0o610, false}, {0o601, false}, {0o644, false}, {0o666, false},
	} {
		if err := os.Chmod(path, row.mode); err != nil {
			t.Fatal(err)
		}
		doc, err := d.Credential(t.Context(), "meitner")
		if err != nil {
			t.Fatal(err)
		}
		if version, err := d.CredentialVersion(t.Context(), "meitner"); err != nil || version != doc.Version {
			t.Errorf("mode %04o: CredentialVersion() = %q, %v; want that of the document, %q", row.mode, version, err, doc.Version)
		}
		if row.ok {
			if doc.Err != nil {
				t.Errorf("mode %04o is refused: %v", row.mode, doc.Err)
			}
			continue
		}
		misconfigured(t, doc.Err, fmt.Sprintf("mode %04o", row.mode), "chmod 600 "+path)
		if !doc.Data.IsZero() {
			t.Errorf("mode %04o is refused and read", row.mode)
		}
	}
}

// Else the one that was refused would go on cooling down after chmod.
func TestModeIsPartOfACredentialsVersion(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "credentials", "meitner.json")
	write(t, path, planted)
	d := open(t, dir)
	private, err := d.CredentialVersion(t.Context(), "meitner")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if readable, _ := d.CredentialVersion(t.Context(), "meitner"); readable == private {
		t.Errorf("a file that others can read has the version %q, as without that", readable)
	}
}

func TestCredentialIsTriedAgainOnceItIsPrivate(t *testing.T) {
	j := newJob(t)
	path := filepath.Join(j.dir, "credentials", "meitner.json")
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	res, err := j.run(t, &tracedDisk{})
	if err == nil || res.Class() != refresh.Misconfigured {
		t.Fatalf("%+v, %v; want it to be misconfigured", res, err)
	}
	j.now = j.now.Add(time.Minute)
	if res, err = j.run(t, &tracedDisk{}); err != nil || res.Reason != refresh.CoolingDown {
		t.Errorf("a minute later: %s, %v; want it to be left alone", res.Reason, err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if res, err = j.run(t, &tracedDisk{}); err != nil || res.Outcome != refresh.Refreshed {
		t.Errorf("after chmod: %s, %v; want it to be refreshed", res.Outcome, err)
	}
}

func TestChmodCanBePasted(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "it's here")
	path := filepath.Join(dir, "credentials", "meitner.json")
	write(t, path, planted)
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	doc, err := open(t, dir).Credential(t.Context(), "meitner")
	if err != nil {
		t.Fatal(err)
	}
	misconfigured(t, doc.Err, `chmod 600 '`, `/it'\''s here/credentials/meitner.json'`)
}

func TestCredentialsOfAnotherUser(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "credentials", "meitner.json")
	write(t, path, planted)
	d, err := localstore.OpenAs(dir, os.Geteuid()+1)
	d = opened(t, d, err)
	doc, err := d.Credential(t.Context(), "meitner")
	if err != nil {
		t.Fatal(err)
	}
	misconfigured(t, doc.Err, fmt.Sprintf("belongs to the user with id %d", os.Geteuid()), "chown")
}

func TestFoldersThatOthersCanWriteTo(t *testing.T) {
	for _, row := range []struct {
		name      string
		dir, toks os.FileMode
		refused   string // empty: neither
	}{
		{"both private", 0o700, 0o700, ""},
		{"a directory of a group", 0o775, 0o750, ""},
		{"readable by all", 0o755, 0o755, ""},
		{"a directory for all", 0o777, 0o700, "."},
		{"tokens of a group", 0o700, 0o770, "tokens"},
		{"tokens for all", 0o700, 0o707, "tokens"},
	} {
		dir := t.TempDir()
		for path, mode := range map[string]os.FileMode{filepath.Join(dir, "tokens"): row.toks, dir: row.dir} {
			_ = os.Mkdir(path, mode)
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
		}
		err := open(t, dir).Lock()
		if row.refused != "" {
			where := filepath.Join(dir, row.refused)
			says(t, err, "others can write to "+where+" (", "chmod go-w "+where)
		} else if err != nil {
			t.Errorf("%s: Lock() failed: %v", row.name, err)
		}
	}
}

func TestFoldersOfPeopleThatAllCanWriteTo(t *testing.T) {
	for _, folder := range []string{"providers", "credentials"} {
		dir := t.TempDir()
		path := filepath.Join(dir, folder)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		for mode, refused := range map[os.FileMode]bool{0o755: false, 0o775: false, 0o777: true, 0o702: true} {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			d, err := localstore.Open(dir)
			d = opened(t, d, err)
			switch err := d.Lock(); {
			case refused:
				says(t, err, "others can write to "+path+" (", "chmod go-w "+path)
			case err != nil:
				t.Errorf("%s of mode %04o: Lock() failed: %v", folder, mode, err)
			}
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestTokensOfAnotherUser(t *testing.T) {
	dir := t.TempDir()
	lock(t, open(t, dir)) // makes the folder
	d, err := localstore.OpenAs(dir, os.Geteuid()+1)
	d = opened(t, d, err)
	says(t, d.Lock(), filepath.Join(dir, "tokens")+" belongs to the user with id", "chown")
}

func TestModesOfWhatIsWritten(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	disk := &tracedDisk{}
	d := openOn(t, dir, disk)
	lock(t, d)
	save(t, d, change("", at(0)))
	put(t, d, disk, change(at(0), at(1)))
	note(t, d, aNote)
	if err := d.Pause(meitner); err != nil {
		t.Fatal(err)
	}
	if fi, err := os.Stat(filepath.Join(dir, "tokens")); err != nil || fi.Mode().Perm() != 0o700 {
		t.Errorf("tokens: %v, %v; want mode 0700", fi, err)
	}
	entries, err := os.ReadDir(filepath.Join(dir, "tokens"))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 6 { // the record, its state, the next, the pause, the lock, its holder
		t.Errorf("%d files, want 6: %v", len(entries), entries)
	}
	for _, e := range entries {
		if fi, err := e.Info(); err != nil || fi.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want mode 0600", e.Name(), fi, err)
		}
	}
}

// A lock, or the note of who holds it, is no link: another file would be made or overwritten.
func TestLinksInThePlaceOfTheLock(t *testing.T) {
	for _, name := range []string{".lock", ".pid"} {
		for _, to := range []string{"outside", "there"} {
			dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), to)
			write(t, filepath.Join(dir, "providers", "meitner.json"), planted)
			write(t, filepath.Join(dir, "credentials", "there"), planted)
			if err := os.Mkdir(filepath.Join(dir, "tokens"), 0o700); err != nil {
				t.Fatal(err)
			}
			if to == "there" {
				elsewhere = "../credentials/there"
			}
			if err := os.Symlink(elsewhere, filepath.Join(dir, "tokens", name)); err != nil {
				t.Fatal(err)
			}
			says(t, open(t, dir).Lock(), name, "move it away")
			if _, err := os.Lstat(elsewhere); err == nil {
				t.Errorf("%s was made by way of %s", elsewhere, name)
			}
			if data, err := os.ReadFile(filepath.Join(dir, "credentials", "there")); err != nil || string(data) != planted {
				t.Errorf("by way of %s, a credential became %q, %v", name, data, err)
			}
		}
	}
}

// A file that becomes a pipe once it was looked at is not waited for either.
func TestAPipeInThePlaceOfAFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "providers", "meitner.json")
	d := open(t, dir)
	write(t, file, planted)
	stop := make(chan struct{})
	swapped := make(chan error, 1)
	go func() {
		for {
			select {
			case <-stop:
				swapped <- nil
				return
			default:
			}
			_ = os.Remove(file)
			if err := syscall.Mkfifo(file, 0o600); err != nil {
				swapped <- err
				return
			}
			_ = os.Remove(file)
			if err := os.WriteFile(file, []byte(planted), 0o600); err != nil {
				swapped <- err
				return
			}
		}
	}()
	for range 500 {
		if _, err := place.Documents(t.Context(), d); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	if err := <-swapped; err != nil {
		t.Error(err)
	}
}

// Opening a pipe would wait for a writer.
func TestPipesAreNotOpened(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	lock(t, d)
	write(t, filepath.Join(dir, "providers", "other.json"), planted)
	write(t, filepath.Join(dir, "credentials", "other.json"), planted)
	for _, folder := range []string{"providers", "credentials", "tokens"} {
		if err := syscall.Mkfifo(filepath.Join(dir, folder, "meitner.json"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	docs, err := place.Documents(t.Context(), d)
	if err != nil || len(docs) != 2 {
		t.Fatalf("Configs() = %v, %v; want two", docs, err)
	}
	says(t, docs[0].Err, "not a file")
	doc, err := d.Credential(t.Context(), meitner)
	if err != nil {
		t.Fatal(err)
	}
	misconfigured(t, doc.Err, "not a file")
	_, err = d.Open(t.Context(), meitner)
	says(t, err, "not a file", "move it away")
	if _, err := d.Read(meitner); err == nil {
		t.Error("Read() succeeded")
	}
	states, err := refresh.Pages(t.Context(), d.List)
	if err != nil || len(states) != 1 {
		t.Fatalf("List() = %v, %v; want one", states, err)
	}
	if _, ours := states[0].Current.Parse(); ours || states[0].Current == "" {
		t.Errorf("it has the version %q, want one that is not ours", states[0].Current)
	}
}
