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

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// failing returns what refuses all steps of some kinds with an error of the system.
func failing(errno syscall.Errno, ops string) func(int, step) error {
	return func(_ int, s step) error {
		if strings.Contains(ops, s.op) {
			return &fs.PathError{Op: s.op, Path: s.name, Err: errno}
		}
		return nil
	}
}

func TestDiskThatCannotBeWritten(t *testing.T) {
	for _, row := range []struct {
		name  string
		errno syscall.Errno
		ops   string
		class refresh.Class // empty: no one can help
		says  string
	}{
		{"full, no more files", syscall.ENOSPC, "create", refresh.Transient, "make room on the disk of"},
		{"full, no more bytes", syscall.ENOSPC, "write", refresh.Transient, "make room"},
		{"full, as it turns out late", syscall.ENOSPC, "sync", refresh.Transient, "make room"},
		{"full, no more names", syscall.ENOSPC, "rename", refresh.Transient, "make room"},
		{"a quota", syscall.EDQUOT, "write", refresh.Transient, "make room"},
		{"read-only since a moment ago", syscall.EROFS, "rename remove", refresh.Misconfigured, "writable"},
		{"read-only", syscall.EROFS, "create rename remove", refresh.Misconfigured, "writable"},
		{"a folder of another user", syscall.EACCES, "create rename remove", refresh.Misconfigured, "let the user that runs this read and write"},
		{"forbidden by a policy", syscall.EPERM, "create", refresh.Misconfigured, "let the user"},
		{"broken", syscall.EIO, "sync", "", "input/output error"},
		{"broken for folders", syscall.EIO, "syncdir", "", "input/output error"},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := t.TempDir()
			disk := &tracedDisk{}
			d := openOn(t, dir, disk)
			lock(t, d)
			save(t, d, change("", at(0)))

			disk.refuse = failing(row.errno, row.ops)
			check := func(err error) {
				t.Helper()
				says(t, err, filepath.Join(dir, "tokens"), meitner, row.says)
				var e *refresh.Error
				if errors.As(err, &e) != (row.class != "") || e != nil && (e.Class != row.class || e.Code != refresh.CodeStoreFailed) {
					t.Errorf("%#v is not of class %q", err, row.class)
				}
				if !errors.Is(err, row.errno) {
					t.Errorf("%v does not wrap its cause", err)
				}
				if strings.Contains(err.Error(), "access_token") {
					t.Error("the error has the record in it")
				}
			}
			_, err := d.Save(t.Context(), change(at(0), at(1)))
			check(err)
			check(d.Note(t.Context(), meitner, aNote))
			if readRecord(t, dir, meitner) != recordOf(at(0)) {
				t.Error("the token that was there is not any more")
			}

			left, _ := filepath.Glob(filepath.Join(dir, "tokens", ".tmp-*"))
			if left != nil && !strings.Contains(row.ops, "remove") {
				t.Errorf("these are left: %q", left)
			}

			disk.refuse = nil
			st, err := d.Open(t.Context(), meitner)
			if err != nil || st.Current != at(0) {
				t.Errorf("once it is mended: Open() = %+v, %v; want %q as current", st, err, at(0))
			}
			if st := save(t, d, change(at(0), at(1))); st.Current != at(1) || readRecord(t, dir, meitner) != recordOf(at(1)) {
				t.Errorf("once it is mended %q is current, want %q", st.Current, at(1))
			}
		})
	}
}

// A login that cannot be stored would end the token that is, with many providers.
func TestFullDiskIsFoundBeforeTheLogin(t *testing.T) {
	dir := t.TempDir()
	disk := &tracedDisk{}
	d := openOn(t, dir, disk)
	lock(t, d)
	save(t, d, change("", at(0)))
	disk.steps = nil
	if _, err := d.Open(t.Context(), meitner); err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, s := range disk.steps {
		asked += len(s.data)
	}
	if asked != d.Limits().Record {
		t.Errorf("room for %d bytes was asked for, and a record may have %d", asked, d.Limits().Record)
	}
	disk.refuse = failing(syscall.ENOSPC, "write")
	_, err := d.Open(t.Context(), meitner)
	says(t, err, "make room")
	disk.refuse = nil
	if left, _ := filepath.Glob(filepath.Join(dir, "tokens", ".tmp-*")); left != nil {
		t.Errorf("these are left: %q", left)
	}
}

// What failed once the record was in place is made durable by saying it again.
func TestSavingAgainAfterTheLastFlushFailed(t *testing.T) {
	dir := t.TempDir()
	disk := &tracedDisk{}
	d := openOn(t, dir, disk)
	lock(t, d)
	swapped := false
	disk.refuse = func(_ int, s step) error {
		swapped = swapped || s.op == "rename" && s.to == "tokens/meitner.json"
		if swapped && s.op == "syncdir" {
			return syscall.EIO
		}
		return nil
	}
	if _, err := d.Save(t.Context(), change("", at(0))); err == nil {
		t.Fatal("Save() succeeded, and the token may be lost")
	}
	if _, err := d.Save(t.Context(), change("", at(0))); err == nil {
		t.Error("saving again succeeded, and the token may be lost")
	}
	disk.refuse, disk.steps = nil, nil
	save(t, d, change("", at(0)))
	if diff := cmp.Diff([]step{{op: "syncdir", name: "tokens"}}, disk.steps, cmp.AllowUnexported(step{})); diff != "" {
		t.Errorf("saving once more (-want +got):\n%s", diff)
	}
}

func TestWhatPeopleDoToTokens(t *testing.T) {
	for _, row := range []struct {
		name string
		do   func(t *testing.T, tokens string)
		want refresh.State // the id of one that is not ours counts as "foreign"
	}{
		{"nothing", func(*testing.T, string) {}, refresh.State{Current: at(0), Note: aNote}},
		{"the record is edited", func(t *testing.T, tokens string) {
			write(t, filepath.Join(tokens, "meitner.json"), recordOf(at(0))+"\n")
		}, refresh.State{Current: "foreign", Note: aNote}},
		{"the record is emptied", func(t *testing.T, tokens string) {
			write(t, filepath.Join(tokens, "meitner.json"), "")
		}, refresh.State{Current: "foreign", Note: aNote}},
		{"the record is removed", func(t *testing.T, tokens string) {
			remove(t, filepath.Join(tokens, "meitner.json"))
		}, refresh.State{Note: aNote}},
		{"the state is removed", func(t *testing.T, tokens string) {
			remove(t, filepath.Join(tokens, ".meitner.state.json"))
		}, refresh.State{Current: "foreign"}},
		{"the state is no JSON", func(t *testing.T, tokens string) {
			write(t, filepath.Join(tokens, ".meitner.state.json"), "{")
		}, refresh.State{Current: "foreign"}},
		{"the state is of a later release", func(t *testing.T, tokens string) {
			write(t, filepath.Join(tokens, ".meitner.state.json"), `{"format": 2, "versions": []}`)
		}, refresh.State{Current: "foreign"}},
		{"the state is of another record", func(t *testing.T, tokens string) {
			write(t, filepath.Join(tokens, ".meitner.state.json"), `{"format": 1, "versions": [{"id": "`+string(at(5))+`", "record_sha256": "00"}]}`)
		}, refresh.State{Current: "foreign"}},
		{"a next is written", func(t *testing.T, tokens string) {
			write(t, filepath.Join(tokens, ".meitner.next.json"), recordOf(at(7)))
		}, refresh.State{Current: at(0), Note: aNote}},
		{"both are removed", func(t *testing.T, tokens string) {
			remove(t, filepath.Join(tokens, "meitner.json"))
			remove(t, filepath.Join(tokens, ".meitner.state.json"))
		}, refresh.State{}},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := t.TempDir()
			d := openOn(t, dir, &tracedDisk{})
			lock(t, d)
			save(t, d, change("", at(0)))
			note(t, d, aNote)
			row.do(t, filepath.Join(dir, "tokens"))

			want := row.want
			want.Name = meitner
			want.Exists = want.Current != "" || want.Note != (refresh.Note{})
			want.Owned = want.Exists
			got := stateOf(t, dir)
			if _, ours := got.Current.Parse(); !ours && got.Current != "" {
				got.Current = "foreign"
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the state (-want +got):\n%s", diff)
			}

			// It is a matter of one run.
			st, err := d.Open(t.Context(), meitner)
			if err != nil {
				t.Fatal(err)
			}
			save(t, d, change(st.Current, at(9)))
			if st := stateOf(t, dir); st.Current != at(9) || st.Next != "" || readRecord(t, dir, meitner) != recordOf(at(9)) {
				t.Errorf("after one more run the state is %+v, want %q as current", st, at(9))
			}
		})
	}
}

// One record that cannot be read does not hide the others.
func TestUnreadableRecordStopsNoOthers(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	lock(t, d)
	save(t, d, change("", at(0)))
	if err := os.Mkdir(filepath.Join(dir, "tokens", "educloud.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	states, err := refresh.Pages(t.Context(), d.List)
	if err != nil || len(states) != 2 || states[1].Current != at(0) {
		t.Fatalf("List() = %+v, %v; want two", states, err)
	}
	if _, ours := states[0].Current.Parse(); ours || states[0].Current == "" || !states[0].Owned {
		t.Errorf("List() has %+v, want a version that is not ours, which is due", states[0])
	}
	_, err = d.Open(t.Context(), "educloud")
	says(t, err, "educloud", "not a file", "move it away")
}

// What the next version was is no longer there when it is to become current.
func TestPromotingWhatIsGone(t *testing.T) {
	dir := t.TempDir()
	disk := &tracedDisk{}
	d := openOn(t, dir, disk)
	lock(t, d)
	save(t, d, change("", at(0)))
	put(t, d, disk, change(at(0), at(1)))
	remove(t, filepath.Join(dir, "tokens", ".meitner.next.json"))
	_, err := d.Save(t.Context(), refresh.Change{Provider: meitner, From: at(0), To: at(1)})
	says(t, err, "is gone")
	if readRecord(t, dir, meitner) != recordOf(at(0)) {
		t.Error("the token that was there is not any more")
	}
}

func TestRecordsThatNobodyCouldRead(t *testing.T) {
	d := open(t, t.TempDir())
	lock(t, d)
	c := change("", at(0))
	c.Record = secret.New(strings.Repeat("x", 65537))
	_, err := d.Save(t.Context(), c)
	says(t, err, "65537 bytes")
	c.To = "by hand"
	_, err = d.Save(t.Context(), c)
	says(t, err, "not one of our ids")
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}
