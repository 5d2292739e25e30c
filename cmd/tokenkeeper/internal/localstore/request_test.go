package localstore_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/localstore"
	"example.com/tokenkeeper/internal/refresh"
)

// A request is there until it is answered or withdrawn, and its answer until it is read.
func TestRequests(t *testing.T) {
	dir := t.TempDir()
	d, err := localstore.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	requests := func(want ...localstore.Request) {
		t.Helper()
		got, err := d.Requests()
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
	requests() // nothing was asked for yet
	ask := func(job refresh.Job) localstore.Request {
		t.Helper()
		id, err := d.Ask(job)
		if err != nil {
			t.Fatal(err)
		}
		return localstore.Request{ID: id, Job: job}
	}
	first := ask(refresh.Job{Only: []string{"meitner"}, Force: true})
	requests(first)
	if data, err := d.Answered(first.ID); data != nil || err != nil {
		t.Errorf("answered before it was: %q, %v", data, err)
	}
	if err := d.Answer(first.ID, []byte("done")); err != nil {
		t.Error(err)
	}
	requests()
	for _, want := range []string{"done", ""} {
		if data, err := d.Answered(first.ID); string(data) != want || err != nil {
			t.Errorf("the answer is %q, %v; want %q", data, err, want)
		}
	}
	second := ask(refresh.Job{Only: []string{"a", "b"}})
	for range 2 {
		if err := d.Withdraw(second.ID); err != nil {
			t.Error(err)
		}
		requests()
	}

	// What is no request is removed, and what is being written is left alone.
	folder := filepath.Join(dir, "state", "requests")
	for name, text := range map[string]string{"X.json": "{", "Y.json": `{"refresh": []}`, "Z.json": `{"force": true}`, ".new.json": "{", "other.txt": "x"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	third := ask(refresh.Job{Only: []string{"a"}})
	requests(third)
	entries, _ := os.ReadDir(folder)
	var left []string
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if diff := cmp.Diff([]string{".new.json", third.ID + ".json", "other.txt"}, left); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
}

// Where the folder cannot be used that is reported with its name, and nothing counts as asked.
func TestRequestsThatCannotBeLeft(t *testing.T) {
	dir := t.TempDir()
	d, err := localstore.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := os.WriteFile(filepath.Join(dir, "state"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"Ask":        func() error { _, err := d.Ask(refresh.Job{Only: []string{"a"}}); return err },
		"Requests":   func() error { _, err := d.Requests(); return err },
		"Answer":     func() error { return d.Answer("X", nil) },
		"Answered":   func() error { _, err := d.Answered("X"); return err },
		"Withdraw":   func() error { return d.Withdraw("X") },
		"SetLastRun": func() error { return d.SetLastRun(localstore.LastRun{By: "cron"}) },
		"LastRun":    func() error { _, err := d.LastRun(); return err },
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), "state") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A client takes its answer away without the lock, also at the moment at which a new holder of the
// lock clears what former ones have left.
func TestAnAnswerThatIsTakenMeanwhile(t *testing.T) {
	dir := t.TempDir()
	d := openOn(t, dir, &tracedDisk{})
	id, err := d.Ask(refresh.Job{Only: []string{"meitner"}})
	if err == nil {
		err = d.Answer(id, []byte("{}"))
	}
	if err != nil {
		t.Fatal(err)
	}
	taken := 0
	other := openOn(t, dir, &tracedDisk{refuse: func(_ int, s step) error {
		if s.op != "remove" || !strings.Contains(s.name, id) {
			return nil
		}
		taken++
		return os.Remove(filepath.Join(dir, s.name))
	}})
	if err := other.Lock(); err != nil || taken != 1 {
		t.Errorf("%d answers were taken: %v", taken, err)
	}
}

// A request that cannot be read is removed, one that is withdrawn meanwhile is not there, and one
// that cannot be removed is reported.
func TestRequestsThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "state", "requests")
	disk := &tracedDisk{reading: func(name string) error {
		if strings.HasSuffix(name, "/W.json") {
			remove(t, filepath.Join(folder, "W.json"))
		}
		return nil
	}}
	d := openOn(t, dir, disk)
	fill := func() {
		write(t, filepath.Join(folder, "A.json"), `{"refresh": ["meitner"]}`)
		write(t, filepath.Join(folder, "B.json"), `{"refresh": ["`+strings.Repeat("x", 65536)+`"]}`)
		write(t, filepath.Join(folder, "W.json"), `{"refresh": ["meitner"]}`)
	}
	fill()
	found, err := d.Requests()
	if len(found) != 1 || found[0].ID != "A" || err != nil {
		t.Errorf("%+v, %v", found, err)
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "*")); len(left) != 1 {
		t.Errorf("these are left: %q", left)
	}
	fill()
	disk.refuse = failing(syscall.EIO, "remove")
	if found, err := d.Requests(); !errors.Is(err, syscall.EIO) || found != nil {
		t.Errorf("%+v, %v", found, err)
	}
}
