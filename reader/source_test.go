package reader_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/tokenkeeper/reader"
)

func TestFileReadsWhatIsThereNow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "meitner.json")
	source := reader.File(path)

	_, err := source.Record(t.Context())
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "tokenkeeper status") {
		t.Errorf("got %v, want an error that says what to do", err)
	}
	for _, want := range []string{"one", "two"} {
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := source.Record(t.Context()); err != nil || string(got) != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
}

func TestFileRefusesWhatIsTooLargeToBeARecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "meitner.json")
	if err := os.WriteFile(path, bytes.Repeat([]byte("x"), 65537), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := reader.File(path).Record(t.Context()); err == nil || !strings.Contains(err.Error(), "65536 bytes") {
		t.Errorf("got %v", err)
	}
}

func TestFileDoesNotReadForAContextThatEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := reader.File("testdata/record_v1.json").Record(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
