package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
)

// odd are texts that move a cursor, turn the reading direction or begin a line of their own.
var odd = []string{"\x1b[2J", "a\u202eb", "\u009b31m", "a\rb", "a\nb", "\U000e0041", "\u2066x"}

// Lines of a log are printed so that none of them does that, as text and as JSON; the JSON means
// the same.
func TestLogsArePrintable(t *testing.T) {
	for _, text := range odd {
		object, err := json.Marshal(map[string]string{"msg": "m " + text, "level": "ERROR", "provider": text, "error": text, "remedy": text, "code": text, "stack": text})
		if err != nil {
			t.Fatal(err)
		}
		raw := strings.NewReplacer(`\u001b`, "\x1b", `\n`, "\n", `\r`, "\r").Replace(string(object)) // no JSON any more
		for _, line := range []string{string(object), raw, text} {
			for _, output := range []string{"json", "text"} {
				var out bytes.Buffer
				c := &cli{stdout: &out, output: output, now: time.Now}
				v := &logsView{cli: c, screen: terminal.New(&out, os.Getenv)}
				if err := v.line(place.LogLine{At: time.Now(), Text: line}); err != nil {
					t.Fatal(err)
				}
				if strings.ContainsFunc(strings.ReplaceAll(out.String(), "\n", ""), func(r rune) bool { return !unicode.IsPrint(r) }) {
					t.Errorf("%q is printed as %q", line, out.String())
				}
				if output == "json" && strings.Count(out.String(), "\n") != 1 {
					t.Errorf("%q is printed in several lines: %q", line, out.String())
				}
				var before, after any
				if output == "json" && json.Unmarshal([]byte(line), &before) == nil && (json.Unmarshal(out.Bytes(), &after) != nil || !equal(before, after)) {
					t.Errorf("%q becomes %q", line, out.String())
				}
			}
		}
	}
}

func equal(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return bytes.Equal(x, y)
}

// A record of another program whose token does that is none.
func TestTokensArePrintable(t *testing.T) {
	for _, token := range odd {
		dir := t.TempDir()
		record, err := json.Marshal(map[string]any{"version": 1, "access_token": "t" + token, "expires_at": time.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		for _, folder := range []string{"tokens", "providers"} {
			if err := os.Mkdir(filepath.Join(dir, folder), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "tokens", "erp.json"), record, 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := place.OpenFolder(dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readRecord(f, "erp", time.Now()); err == nil || strings.Contains(err.Error(), token) {
			t.Errorf("%q: %v", token, err)
		}
		_ = f.Close()
	}
}
