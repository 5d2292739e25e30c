package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Ticks fall on full intervals of the clock, do not overlap, and end with the context.
func TestEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(20 * time.Second) // the bubble's clock begins at midnight
		ctx, cancel := context.WithCancel(t.Context())
		midnight := time.Now().Truncate(24 * time.Hour)
		var ticks []string
		asked := 0
		each(ctx, time.Now, time.Minute, func(context.Context) {
			ticks = append(ticks, time.Since(midnight).String())
			switch len(ticks) {
			case 2:
				time.Sleep(130 * time.Second) // two ticks are missed, and not made up for
			case 4:
				cancel()
			}
		}, func(context.Context) { asked++ })
		if diff := cmp.Diff([]string{"20s", "1m0s", "4m0s", "5m0s"}, ticks); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if asked < 120 || asked > 165 { // two minutes and forty seconds between the runs
			t.Errorf("it looked for requests %d times", asked)
		}
	})
}

// A run that is under way when the end is asked for is the last one, and is not cut off.
func TestEachEndsAfterTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		runs, ended := 0, 0
		go func() {
			time.Sleep(5 * time.Second)
			cancel()
		}()
		each(ctx, time.Now, time.Minute, func(context.Context) {
			runs++
			time.Sleep(10 * time.Second)
			ended++
		}, func(context.Context) {})
		if runs != 1 || ended != 1 {
			t.Errorf("%d runs began and %d ended, want one", runs, ended)
		}
	})
}

func TestStoppedBySignal(t *testing.T) {
	dir := t.TempDir()
	err := errors.Join(os.Mkdir(filepath.Join(dir, "providers"), 0o700), os.WriteFile(filepath.Join(dir, "providers", "meitner.json"), []byte("{}"), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var stderr bytes.Buffer
	c := &cli{stdin: strings.NewReader(""), stdout: io.Discard, stderr: &stderr, getenv: os.Getenv, now: time.Now}
	if code := c.run(ctx, []string{"config", "list", "--dir", dir}); code != exitUnknown || stderr.String() != "tokenkeeper: stopped before it was done\n" {
		t.Errorf("exit code %d\n%s", code, &stderr)
	}
}
