package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/demo"
)

// play runs a command line in this process.
func play(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = (&cli{stdin: strings.NewReader(""), stdout: &out, stderr: &err, getenv: func(string) string { return "" }, now: time.Now}).run(ctx, args)
	return code, out.String(), err.String()
}

func TestDemo(t *testing.T) {
	defer goleak.VerifyNone(t)
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	code, stdout, stderr := play(t.Context(), "demo")
	if code != exitWell || stderr != "" || strings.Contains(stdout, "✗") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	golden(t, "testdata/demo.txt", regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(stdout, "127.0.0.1:54321"))
	empty(t, tmp)
}

func TestDemoForPrograms(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	code, stdout, _ := play(t.Context(), "demo", "--output", "json")
	var v struct {
		Happened bool
		Chapters []struct{ Facts []struct{ Happened bool } }
		Records  []struct {
			Provider    string
			AccessToken string    `json:"access_token"`
			TokenType   string    `json:"token_type"`
			ExpiresAt   time.Time `json:"expires_at"`
		}
		Status struct {
			AsOf   time.Time `json:"as_of"`
			Counts map[string]int
		}
	}
	if err := json.Unmarshal([]byte(stdout), &v); err != nil {
		t.Fatal(err)
	}
	if code != exitWell || !v.Happened || len(v.Chapters) != 6 || v.Status.Counts["ok"] != 4 {
		t.Errorf("exit code %d, %+v", code, v)
	}
	if len(v.Records) != 4 {
		t.Errorf("%d records, want 4", len(v.Records))
	}
	for _, r := range v.Records {
		if r.TokenType != "Bearer" || !r.ExpiresAt.After(v.Status.AsOf) {
			t.Errorf("the record of %s has type %q and expires at %s", r.Provider, r.TokenType, r.ExpiresAt)
		}
		if !regexp.MustCompile(`^\[\d+ characters\]$`).MatchString(r.AccessToken) {
			t.Errorf("the record of %s shows more of its token than its length", r.Provider)
		}
	}
}

// Ctrl-C in the middle of the story leaves nothing behind either.
func TestDemoStopped(t *testing.T) {
	defer goleak.VerifyNone(t)
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	ctx, cancel := context.WithCancel(t.Context())
	out := writer(func(p []byte) {
		if bytes.Contains(p, []byte("The second tick")) {
			cancel()
		}
	})
	var stderr bytes.Buffer
	code := (&cli{stdin: strings.NewReader(""), stdout: out, stderr: &stderr, getenv: os.Getenv, now: time.Now}).run(ctx, []string{"demo"})
	if code != exitUnknown || !strings.Contains(stderr.String(), "nothing is left behind") {
		t.Errorf("exit code %d, %s", code, &stderr)
	}
	empty(t, tmp)
}

// What did not happen is shown, and spoils the whole.
func TestDemoTellsWhatDidNotHappen(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	var out, stderr bytes.Buffer
	c := &cli{stdout: &out, stderr: &stderr, getenv: os.Getenv, now: time.Now, output: "text"}
	code := c.exit(c.playDemo(t.Context(), func(ctx context.Context, dir string, tell func(demo.Chapter) error) error {
		return demo.Play(ctx, dir, func(ch demo.Chapter) error {
			ch.Facts[0].Happened = false
			return tell(ch)
		})
	}))
	if code != exitAttention || stderr.Len() > 0 {
		t.Errorf("exit code %d, %s", code, &stderr)
	}
	for _, want := range []string{"✗ meitner: one login;", "This did not happen.", "Not all of that happened"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, &out)
		}
	}
	empty(t, tmp)
}

// Where the output ends, so does the demo, and leaves nothing behind.
func TestDemoThatNobodyReads(t *testing.T) {
	for _, row := range []struct {
		err  error
		says string
	}{
		{syscall.EPIPE, ""}, // as of 'tokenkeeper demo | head -1'
		{syscall.ENOSPC, "tokenkeeper: writing the output: no space left on device\n"},
	} {
		for _, output := range []string{"text", "json"} {
			tmp := t.TempDir()
			t.Setenv("TMPDIR", tmp)
			var stderr bytes.Buffer
			code := (&cli{stdin: strings.NewReader(""), stdout: refusing{row.err}, stderr: &stderr, getenv: os.Getenv, now: time.Now}).
				run(t.Context(), []string{"demo", "--output", output})
			if code != exitUnknown || stderr.String() != row.says {
				t.Errorf("%v, %s: exit code %d, %q", row.err, output, code, &stderr)
			}
			empty(t, tmp)
		}
	}
}

// A refusing writer fails.
type refusing struct{ err error }

func (w refusing) Write([]byte) (int, error) { return 0, w.err }

type writer func([]byte)

func (w writer) Write(p []byte) (int, error) {
	w(p)
	return len(p), nil
}

func empty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// golden compares got with a file, or writes it where UPDATE_SCRIPTS is set.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if os.Getenv("UPDATE_SCRIPTS") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("it reads otherwise than %s:\n%s", file, got)
	}
}
