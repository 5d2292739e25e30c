package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/trial"
	"example.com/tokenkeeper/internal/simulator"
)

// status --watch looks at the interval, shows what has become of it meanwhile, and ends with the
// exit code of what it showed last.
func TestWatch(t *testing.T) {
	sim := simulator.New(simulator.Options{})
	defer sim.Close()
	files, err := trial.For(sim, "http://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := files.Write(dir); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var looks []time.Time
		var last []byte
		out := writer(func(p []byte) {
			if !bytes.Contains(p, []byte(" as of ")) {
				return
			}
			last = append([]byte(nil), p...)
			switch looks = append(looks, time.Now()); len(looks) {
			case 2:
				if err := os.Remove(filepath.Join(dir, "providers", "meitner.json")); err != nil {
					t.Error(err)
				}
			case 4:
				cancel()
			}
		})
		var stderr bytes.Buffer
		code := (&cli{stdin: bytes.NewReader(nil), stdout: out, stderr: &stderr, getenv: func(string) string { return "" }, now: time.Now}).
			run(ctx, []string{"status", "--dir", dir, "--watch=10s"})
		if code != exitNotServed || len(looks) != 4 || looks[3].Sub(looks[0]) != 30*time.Second {
			t.Errorf("exit code %d after looks at %v\n%s", code, looks, &stderr)
		}
		if !bytes.Contains(last, []byte("3 providers")) {
			t.Errorf("what it showed last is %q", last)
		}
	})
}
