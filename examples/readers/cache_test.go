package readers_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestShellCache: the shell reader's clock is its cache file, which these tests set back.
// Each has the token A in it and finds the token B in the record's place.
func TestShellCache(t *testing.T) {
	command := install(t, "shell")
	const never = 0 // no look has missed a new token
	type cached struct {
		refreshAfter, expires time.Duration // from now
		looked, missed        time.Duration // ago
	}
	for _, row := range []struct {
		what  string
		cache cached
		api   string // the token that it takes
		code  int
		print string
		seen  []string
	}{
		{"before refresh_after, it does not look", cached{time.Minute, time.Hour, time.Hour, never},
			"A", 0, "200", []string{"A"}},
		{"past refresh_after, it looks", cached{-time.Minute, time.Hour, 31 * time.Second, never},
			"B", 0, "200", []string{"B"}},
		{"past refresh_after, it looks every 30 s", cached{-time.Minute, time.Hour, 5 * time.Second, never},
			"A", 0, "200", []string{"A"}},
		{"past refresh_after, it looks although it has missed one", cached{-time.Minute, time.Hour, 31 * time.Second, time.Second},
			"B", 0, "200", []string{"B"}},
		{"the clock was set back", cached{-time.Minute, time.Hour, -time.Hour, never},
			"B", 0, "200", []string{"B"}},
		{"a token that is over", cached{-time.Hour, -time.Minute, time.Second, never},
			"B", 0, "200", []string{"B"}},
		{"a token that is over, and no newer one 6 s ago", cached{-time.Hour, -time.Minute, 6 * time.Second, 6 * time.Second},
			"B", 0, "200", []string{"B"}},
		{"a token that is over, and no newer one just now", cached{-time.Hour, -time.Minute, time.Millisecond, time.Millisecond},
			"B", 1, "", nil},
		{"a 401", cached{time.Minute, time.Hour, time.Second, never},
			"B", 0, "200", []string{"A", "B"}},
		{"a 401, and no newer token 6 s ago", cached{time.Minute, time.Hour, 6 * time.Second, 6 * time.Second},
			"B", 0, "200", []string{"A", "B"}},
		{"a 401, and no newer token just now", cached{time.Minute, time.Hour, time.Millisecond, time.Millisecond},
			"B", 1, "401", []string{"A"}},
	} {
		t.Run(row.what, func(t *testing.T) {
			record, runtime := writeRecord(t, hourly("A")), t.TempDir()
			read := func(url string) result {
				cmd := exec.CommandContext(t.Context(), command[0], command[1], "--file", record, url)
				cmd.Dir = filepath.Dir(record)
				cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+runtime)
				return finish(t, cmd)
			}
			read(newAPI(t, "A").URL).want(t, 0, "200")
			replace(t, record, hourly("B"))
			api := newAPI(t, row.api)
			// The time is taken last: "just now" ends in 5 s.
			path, cache := cacheIn(t, runtime)
			now := time.Now()
			token := cache["token"].(map[string]any)
			token["refresh_after"] = now.Add(row.cache.refreshAfter).Unix()
			token["expires_at"] = now.Add(row.cache.expires).Unix()
			cache["looked"] = now.Add(-row.cache.looked).Unix()
			if row.cache.missed != never {
				cache["missed"] = now.Add(-row.cache.missed).Unix()
			}
			writeCache(t, path, cache)

			got := read(api.URL)
			got.want(t, row.code, row.print)
			if row.seen == nil {
				got.says(t, "ended at", "tokenkeeper status")
			}
			api.wantSeen(t, row.seen...)
		})
	}
}

// cacheIn returns the one cache file of the shell reader, and what it holds.
func cacheIn(t *testing.T, runtime string) (path string, cache map[string]any) {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(runtime, "tokenkeeper-reader", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range all {
		if !strings.HasSuffix(file, ".lock") {
			path = file
		}
	}
	if path == "" || len(all) != 2 {
		t.Fatalf("want a cache and its lock, found %q", all)
	}
	if err := json.Unmarshal(readFile(t, path), &cache); err != nil {
		t.Fatal(err)
	}
	return path, cache
}

func writeCache(t *testing.T, path string, cache map[string]any) {
	t.Helper()
	data, err := json.Marshal(cache)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
