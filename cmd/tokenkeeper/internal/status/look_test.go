package status_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
	"example.com/tokenkeeper/internal/refresh"
)

// A faultyParser has a bug that one config brings out.
type faultyParser struct{ refresh.Parser }

func (faultyParser) Provider(d refresh.Document) (refresh.Provider, error) {
	if d.Name == "educloud" {
		panic("c4n@ry")
	}
	return refresh.Provider{Name: d.Name, Where: d.Where, Credential: d.Name}, nil
}

// Of a config that brings out a bug status says so, as a run does, and of the others what
// stands.
func TestAPanicOverAConfigStopsNoOther(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "providers"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"educloud", "meitner"} {
		if err := os.WriteFile(filepath.Join(dir, "providers", name+".json"), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	folder, err := place.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	l := status.Lookout{Place: folder, Parser: faultyParser{}, Schedule: schedule, Now: now}
	report, err := l.Look(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	wrong := map[string]string{}
	for _, line := range report.Lines {
		wrong[line.Provider] = line.Wrong
	}
	if got := wrong["educloud"]; !strings.Contains(got, "a panic of type string") || strings.Contains(got, "c4n@ry") {
		t.Errorf("of educloud it says %q", got)
	}
	if got, want := wrong["meitner"], "No run has asked for one yet."; got != want {
		t.Errorf("of meitner it says %q, want %q", got, want)
	}
	if err := l.Find(t.Context(), "meitner"); err != nil {
		t.Errorf("Find() failed: %v", err)
	}
}
