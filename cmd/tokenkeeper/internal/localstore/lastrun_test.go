package localstore_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/localstore"
)

func TestLastRun(t *testing.T) {
	dir := t.TempDir()
	d, err := localstore.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if got, err := d.LastRun(); err != nil || got != (localstore.LastRun{}) {
		t.Errorf("before the first run: %+v, %v", got, err)
	}
	want := localstore.LastRun{Completed: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC), By: "cron", Version: "1.0.0", Tick: 60, CacheAge: 300}
	for _, want.Error = range []string{"", "no configs"} {
		if err := d.SetLastRun(want); err != nil {
			t.Fatal(err)
		}
		got, err := d.LastRun()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	file := filepath.Join(dir, "state", "last-run.json")
	for _, text := range []string{"", "{", `{"tick_seconds":"soon"}`} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := d.LastRun(); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%q is read: %v", text, err)
		}
	}
}
