package localstore_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/localstore"
	"example.com/tokenkeeper/internal/refresh"
)

// An interrupted change is one to a secret, cut short at some step.
type interrupted struct {
	name    string
	prepare func(t *testing.T, d *localstore.Dir, disk *tracedDisk)
	// to is the version that do makes current, if it does.
	to refresh.VersionID
	do func(t *testing.T, d *localstore.Dir) error
}

func saving(c refresh.Change) func(*testing.T, *localstore.Dir) error {
	return func(t *testing.T, d *localstore.Dir) error {
		_, err := d.Save(t.Context(), c)
		return err
	}
}

var aNote = refresh.Note{Class: refresh.Misconfigured, Code: "invalid_client",
	Since: noon, Last: noon, Tries: 1, Next: noon.Add(time.Hour), Credential: "9f3a11c2"}

func interruptions() []interrupted {
	nothing := func(*testing.T, *localstore.Dir, *tracedDisk) {}
	token := func(t *testing.T, d *localstore.Dir, _ *tracedDisk) { save(t, d, change("", at(0))) }
	return []interrupted{
		{"opening a secret", nothing, "", func(t *testing.T, d *localstore.Dir) error {
			_, err := d.Open(t.Context(), meitner)
			return err
		}},
		{"the first token", nothing, at(0), saving(change("", at(0)))},
		{"a later token", token, at(1), saving(change(at(0), at(1)))},
		{"a later token beside a note", func(t *testing.T, d *localstore.Dir, disk *tracedDisk) {
			token(t, d, disk)
			note(t, d, aNote)
		}, at(1), saving(change(at(0), at(1)))},
		{"what an interrupted run has left", func(t *testing.T, d *localstore.Dir, disk *tracedDisk) {
			token(t, d, disk)
			put(t, d, disk, change(at(0), at(1)))
		}, at(1), saving(refresh.Change{Provider: meitner, From: at(0), To: at(1)})},
		{"another token than an interrupted run has left", func(t *testing.T, d *localstore.Dir, disk *tracedDisk) {
			token(t, d, disk)
			put(t, d, disk, change(at(0), at(1)))
		}, at(2), saving(change(at(0), at(2)))},
		{"the third token", func(t *testing.T, d *localstore.Dir, disk *tracedDisk) {
			token(t, d, disk)
			save(t, d, change(at(0), at(1)))
		}, at(2), saving(change(at(1), at(2)))},
		{"a note", token, "", func(t *testing.T, d *localstore.Dir) error {
			return d.Note(t.Context(), meitner, aNote)
		}},
		{"the end of a note", func(t *testing.T, d *localstore.Dir, disk *tracedDisk) {
			token(t, d, disk)
			note(t, d, aNote)
		}, "", func(t *testing.T, d *localstore.Dir) error {
			return d.Note(t.Context(), meitner, refresh.Note{})
		}},
		{"a pause", token, "", func(t *testing.T, d *localstore.Dir) error { return d.Pause(meitner) }},
		{"the end of a pause", func(t *testing.T, d *localstore.Dir, disk *tracedDisk) {
			token(t, d, disk)
			if err := d.Pause(meitner); err != nil {
				t.Fatal(err)
			}
		}, "", func(t *testing.T, d *localstore.Dir) error { return d.Resume(meitner) }},
	}
}

func note(t *testing.T, d *localstore.Dir, n refresh.Note) {
	t.Helper()
	if err := d.Note(t.Context(), meitner, n); err != nil {
		t.Fatal(err)
	}
}

// An outcome is what can be found after a change was interrupted.
type outcome struct {
	states  []refresh.State
	records []string
}

// expect runs c without interruption and returns what may be found if it is interrupted
// at any instant: all as before, all as after, and the new token stored beside the old.
func (c interrupted) expect(t *testing.T) outcome {
	t.Helper()
	dir := t.TempDir()
	d, disk := c.begin(t, dir)
	before, record := stateOf(t, dir), readRecord(t, dir, meitner)
	if err := c.do(t, d); err != nil {
		t.Fatal(err)
	}
	after := stateOf(t, dir)
	if c.to != "" && after.Current != c.to {
		t.Fatalf("%q is current, want %q", after.Current, c.to)
	}
	if len(disk.steps) == 0 {
		t.Fatal("nothing was written")
	}
	out := outcome{
		states:  []refresh.State{before, after},
		records: []string{record, readRecord(t, dir, meitner)},
	}
	if c.to != "" {
		// The state file is there first, and says nothing of a token by itself.
		empty := refresh.State{Name: meitner, Exists: true, Owned: true, Note: before.Note, Current: before.Current}
		stored := empty
		stored.Next = c.to
		out.states = append(out.states, empty, stored)
	}
	return out
}

// begin makes the state in which c begins, on a disk that has taken no steps yet.
func (c interrupted) begin(t *testing.T, dir string) (*localstore.Dir, *tracedDisk) {
	t.Helper()
	disk := &tracedDisk{}
	d := openOn(t, dir, disk)
	lock(t, d)
	c.prepare(t, d, disk)
	disk.steps = nil
	return d, disk
}

// check checks what is found in dir after c was interrupted, and that one more run brings
// it to its end.
func (c interrupted) check(t *testing.T, dir string, want outcome) {
	t.Helper()
	found := stateOf(t, dir)
	if !slices.Contains(want.states, found) {
		t.Errorf("the state is none that may be found:\n%+v\nwant one of:\n%+v", found, want.states)
	}
	record := readRecord(t, dir, meitner)
	if !slices.Contains(want.records, record) {
		t.Errorf("consumers read %q, want one of %q", record, want.records)
	}
	if current := found.Current; current != "" && record != recordOf(current) || current == "" && record != "" {
		t.Errorf("%q is current, and consumers read %q", current, record)
	}

	d := openOn(t, dir, &tracedDisk{})
	defer d.Close()
	lock(t, d)
	if c.to != "" && found.Next == c.to {
		save(t, d, refresh.Change{Provider: meitner, From: found.Current, To: c.to}) // no login
	} else if err := c.do(t, d); err != nil {
		t.Errorf("one more run failed: %v", err)
	}
	if diff := cmp.Diff(want.states[1], stateOf(t, dir)); diff != "" {
		t.Errorf("after one more run (-want +got):\n%s", diff)
	}
	if got := readRecord(t, dir, meitner); got != want.records[1] {
		t.Errorf("after one more run consumers read %q, want %q", got, want.records[1])
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "tokens", ".tmp-*")); left != nil {
		t.Errorf("after one more run these are left: %q", left)
	}
}

func TestKilledBeforeEveryStep(t *testing.T) {
	for _, c := range interruptions() {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			want := c.expect(t)
			for n := 0; ; n++ {
				dir := t.TempDir()
				d, disk := c.begin(t, dir)
				disk.refuse = killedAt(n)
				err := c.do(t, d)
				d.Close() // the system releases the lock of a process that is dead
				if err == nil {
					return
				}
				if !errors.Is(err, errKilled) {
					t.Fatalf("killed before step %d: %v", n, err)
				}
				c.check(t, dir, want)
				if t.Failed() {
					t.Fatalf("killed before step %d, after %+v", n, disk.steps)
				}
			}
		})
	}
}

// A killed writer's token is never left where it is not looked for.
func TestKilledWritersAreCleanedUpAfter(t *testing.T) {
	dir := t.TempDir()
	disk := &tracedDisk{}
	d := openOn(t, dir, disk)
	lock(t, d)
	disk.refuse = func(_ int, s step) error {
		if s.op == "rename" || s.op == "remove" {
			return errKilled
		}
		return nil
	}
	if _, err := d.Save(t.Context(), change("", at(0))); err == nil {
		t.Fatal("Save() succeeded without a rename")
	}
	d.Close()
	lock(t, open(t, dir))
	files, err := os.ReadDir(filepath.Join(dir, "tokens"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Name() != ".lock" && f.Name() != ".pid" {
			t.Errorf("%s is left", f.Name())
		}
	}
}
