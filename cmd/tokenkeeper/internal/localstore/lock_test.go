package localstore_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/localstore"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/internal/refresh"
)

func TestOneWriterAtATime(t *testing.T) {
	dir := t.TempDir()
	first, second := open(t, dir), open(t, dir)
	lock(t, first)
	lock(t, first) // again: it has it
	says(t, second.Lock(), filepath.Join(dir, "tokens"), "process "+strconv.Itoa(os.Getpid())+" is writing", "end it")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	lock(t, second)
	save(t, second, change("", at(0)))
}

func TestWriterThatLeftNoName(t *testing.T) {
	dir := t.TempDir()
	lock(t, open(t, dir))
	if err := os.Remove(filepath.Join(dir, "tokens", ".pid")); err != nil {
		t.Fatal(err)
	}
	says(t, open(t, dir).Lock(), "another process is writing")
}

func TestReadingNeedsNoLock(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "providers", "meitner.json"), "{}")
	writer, other := open(t, dir), open(t, dir)
	if states, err := refresh.Pages(t.Context(), other.List); err != nil || len(states) != 0 {
		t.Errorf("before there is a folder for tokens: List() = %v, %v; want none", states, err)
	}
	if _, err := other.Read(meitner); !errors.Is(err, refresh.ErrNotFound) {
		t.Errorf("before there is a token: Read(): %v, want ErrNotFound", err)
	}
	lock(t, writer)
	save(t, writer, change("", at(0)))
	if states, err := refresh.Pages(t.Context(), other.List); err != nil || len(states) != 1 || states[0].Current != at(0) {
		t.Errorf("List() = %v, %v; want %q", states, err, at(0))
	}
	if record, err := other.Read(meitner); err != nil || record.Reveal() != recordOf(at(0)) {
		t.Errorf("Read(): %v, or another record than was saved", err)
	}
	if docs, err := place.Documents(t.Context(), other); err != nil || len(docs) != 1 {
		t.Errorf("Configs() = %v, %v; want one", docs, err)
	}
	if err := other.Pause(meitner); err != nil {
		t.Errorf("Pause() failed: %v", err)
	}
	if st, err := writer.Open(t.Context(), meitner); err != nil || !st.Paused {
		t.Errorf("paused by another process, and the writer sees %+v, %v", st, err)
	}
}

func TestWritingNeedsTheLock(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	for name, f := range map[string]func() error{
		"Open": func() error { _, err := d.Open(t.Context(), meitner); return err },
		"Save": func() error { _, err := d.Save(t.Context(), change("", at(0))); return err },
		"Note": func() error { return d.Note(t.Context(), meitner, aNote) },
	} {
		if err := f(); err == nil {
			t.Errorf("%s() succeeded", name)
		} else {
			says(t, err, "lock it first")
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("this was made: %v, %v", entries, err)
	}
}

func TestOpenOfWhatIsNoDirectory(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	_, err := localstore.Open(missing)
	says(t, err, missing)
	write(t, missing, "")
	_, err = localstore.Open(missing)
	says(t, err, missing)
}

func TestPauseOfAnUnknownProvider(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "providers", "meitner.json"), "{}")
	d := open(t, dir)
	says(t, d.Pause("metiner"), `pausing "metiner"`, filepath.Join(dir, "providers", "metiner.json"))
	says(t, d.Resume("../x"), `resuming "../x"`, "not allowed")
	for _, step := range []struct {
		do     func(string) error
		paused bool
	}{{d.Pause, true}, {d.Pause, true}, {d.Resume, false}, {d.Resume, false}} {
		if err := step.do(meitner); err != nil {
			t.Fatal(err)
		}
		if st := stateOf(t, dir); st.Paused != step.paused {
			t.Errorf("Paused is %v, want %v", st.Paused, step.paused)
		}
	}
}

// Names come from folders that a person fills, and must lead nowhere else.
func TestNamesStayInTheirFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "credentials", "meitner.json"), planted)
	d := open(t, dir)
	lock(t, d)
	for _, name := range []string{"../credentials/meitner", "..", "", "a/b", "A"} {
		c := change("", at(0))
		c.Provider = name
		if _, err := d.Save(t.Context(), c); err == nil {
			t.Errorf("Save(%q) succeeded", name)
		}
		if _, err := d.Open(t.Context(), name); err == nil {
			t.Errorf("Open(%q) succeeded", name)
		}
		if err := d.Note(t.Context(), name, aNote); err == nil {
			t.Errorf("Note(%q) succeeded", name)
		}
		if _, err := d.Read(name); err == nil {
			t.Errorf("Read(%q) succeeded", name)
		}
	}
}
