// Package readers_test runs every example reader as its user would: copied out of
// the repository, as a process, against an HTTP API and a record.
package readers_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// tokens in these tests start so, which makes them easy to find in an output.
const secret = "very-secret-"

func TestReaders(t *testing.T) {
	for _, language := range []string{"go", "python", "node", "shell"} {
		t.Run(language, func(t *testing.T) {
			command := install(t, language)
			for name, test := range map[string]func(*testing.T, []string){
				"a live token gets a 200":                  liveToken,
				"a token that was replaced":                replacedToken,
				"a 401 that stands":                        standing401,
				"a token that is over":                     tokenOver,
				"no record":                                noRecord,
				"a record of a later version":              laterVersion,
				"what is no record":                        notARecord,
				"no TLS":                                   noTLS,
				"a redirect to another host":               redirectElsewhere,
				"called wrongly":                           calledWrongly,
				"the token in no argument and environment": tokenOutOfSight,
			} {
				t.Run(name, func(t *testing.T) { test(t, command) })
			}
		})
	}
}

// TestOwnTests runs the tests that two of the readers have in their own language,
// where threads and a clock can be had.
func TestOwnTests(t *testing.T) {
	for name, command := range map[string][]string{
		"python": {"python3", "-B", "-m", "unittest"},
		"node":   {"node", "--test"},
	} {
		t.Run(name, func(t *testing.T) {
			needTools(t)
			dir := t.TempDir()
			for _, file := range files(t, name) {
				copyFile(t, file, filepath.Join(dir, filepath.Base(file)))
			}
			cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
			cmd.Dir = dir
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func liveToken(t *testing.T, command []string) {
	api := newAPI(t, "A")
	got := run(t, command, "--file", writeRecord(t, hourly("A")), api.URL)
	got.want(t, 0, "200")
	api.wantSeen(t, "A")
}

func replacedToken(t *testing.T, command []string) {
	path := writeRecord(t, hourly("A"))
	api := newAPI(t, "B", func() { replace(t, path, hourly("B")) })
	got := run(t, command, "--file", path, api.URL)
	got.want(t, 0, "200")
	api.wantSeen(t, "A", "B")
}

func standing401(t *testing.T, command []string) {
	api := newAPI(t, "other")
	got := run(t, command, "--file", writeRecord(t, hourly("A")), api.URL)
	got.want(t, 1, "401")
	api.wantSeen(t, "A")
}

func tokenOver(t *testing.T, command []string) {
	api := newAPI(t, "A")
	ended := time.Now().Add(-time.Minute)
	got := run(t, command, "--file", writeRecord(t, record("A", ended.Add(-time.Hour), nil)), api.URL)
	got.want(t, 1, "")
	got.says(t, `"meitner"`, ended.UTC().Format(time.RFC3339), "tokenkeeper status")
	api.wantSeen(t)
}

func noRecord(t *testing.T, command []string) {
	api := newAPI(t, "A")
	got := run(t, command, "--file", filepath.Join(t.TempDir(), "meitner.json"), api.URL)
	got.want(t, 1, "")
	got.says(t, "meitner.json", "reader:")
	api.wantSeen(t)
}

func laterVersion(t *testing.T, command []string) {
	api := newAPI(t, "A")
	got := run(t, command, "--file", writeRecord(t, record("A", time.Now(), map[string]any{"version": 2})), api.URL)
	got.want(t, 1, "")
	got.says(t, "version", "upgrade")
	api.wantSeen(t)
}

func notARecord(t *testing.T, command []string) {
	for _, data := range [][]byte{
		nil,
		[]byte("null"),
		[]byte(secret + "A"),
		[]byte(`"` + secret + `A"`),
		[]byte(`{"client_id": "c", "client_secret": "` + secret + `A"}`),
		append(hourly("A"), hourly("A")...),
		record("A\r\nX-Header: y", time.Now(), nil),
		record("A", time.Now(), map[string]any{"refresh_after": secret + "A"}),
		record("A", time.Now(), map[string]any{"token_type": nil}),
	} {
		api := newAPI(t, "A")
		got := run(t, command, "--file", writeRecord(t, data), api.URL)
		got.want(t, 1, "")
		got.says(t, "record")
		api.wantSeen(t)
	}
}

func noTLS(t *testing.T, command []string) {
	for _, url := range []string{"http://api.invalid/", "http://127.0.0.1.api.invalid/", "http://localhost@api.invalid/"} {
		got := run(t, command, "--file", writeRecord(t, hourly("A")), url)
		got.want(t, 1, "")
		got.says(t, "use https")
	}
}

func redirectElsewhere(t *testing.T, command []string) {
	elsewhere := newAPI(t, "A")
	api := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	t.Cleanup(api.Close)
	home := t.TempDir() // with settings that would send the token on, or print it
	for _, name := range []string{".curlrc", "_curlrc"} {
		if err := os.WriteFile(filepath.Join(home, name), []byte("location-trusted\nverbose\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("HOME", home)
	t.Setenv("CURL_HOME", home)
	run(t, command, "--file", writeRecord(t, hourly("A")), api.URL)
	for _, got := range elsewhere.all() {
		if got != "" {
			t.Error("the token was sent to the host that a redirect named")
		}
	}
}

func calledWrongly(t *testing.T, command []string) {
	for _, args := range [][]string{
		{},
		{"https://api.example/"},
		{"--file", "a.json"},
		{"--file", "a.json", "--secret", "b", "https://api.example/"},
		{"--unknown", "a", "https://api.example/"},
	} {
		got := run(t, command, args...)
		got.want(t, 2, "")
		got.says(t, "usage")
	}
}

// tokenOutOfSight puts a program before each one that a reader could start and
// looks at the arguments and the environment that it was given.
func tokenOutOfSight(t *testing.T, command []string) {
	bin, seen := t.TempDir(), filepath.Join(t.TempDir(), "seen")
	if err := os.WriteFile(seen, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tool := range []string{"jq", "curl", "cat", "flock", "mv", "rm", "sha256sum", "chmod", "mkdir"} {
		path, err := exec.LookPath(tool)
		if err != nil {
			t.Fatal(err)
		}
		script := "#!/bin/bash\n{ printf '%s\\n' \"$@\"; export -p; } >>'" + seen + "'\nexec '" + path + "' \"$@\"\n"
		if err := os.WriteFile(filepath.Join(bin, tool), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))

	api := newAPI(t, "A")
	got := run(t, command, "--file", writeRecord(t, hourly("A")), api.URL)
	got.want(t, 0, "200")
	data, err := os.ReadFile(seen)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(data, []byte(secret)) {
		t.Error("the token is among the arguments or in the environment of a program")
	}
}

// install returns how a reader is started. It is one file, so that one is copied to
// a folder of its own; the one in Go is built.
func install(t *testing.T, language string) []string {
	t.Helper()
	needTools(t)
	dir := t.TempDir()
	if language == "go" {
		for _, file := range append(files(t, "go"), files(t, "../../reader")...) {
			readFile(t, file) // so that go test notices when one of them changes
		}
		binary := filepath.Join(dir, "reader")
		if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./go").CombinedOutput(); err != nil {
			t.Fatalf("building the reader in Go: %v\n%s", err, out)
		}
		return []string{binary}
	}
	reader := map[string]struct {
		interpreter []string
		file        string
	}{
		"python": {[]string{"python3", "-B"}, "python/tokenkeeper_reader.py"},
		"node":   {[]string{"node"}, "node/tokenkeeper-reader.mjs"},
		"shell":  {[]string{"bash"}, "shell/tokenkeeper-reader.sh"},
	}[language]
	copied := filepath.Join(dir, filepath.Base(reader.file))
	copyFile(t, reader.file, copied)
	return append(reader.interpreter, copied)
}

func needTools(t *testing.T) {
	t.Helper()
	for _, tool := range []struct {
		need  string
		check []string
	}{
		{"Go", []string{"go", "version"}},
		{"Python 3.10 or later", []string{"python3", "-c", "import sys; sys.exit(sys.version_info < (3, 10))"}},
		{"Node 20 or later", []string{"node", "-e", "process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)"}},
		{"bash", []string{"bash", "--version"}},
		{"curl", []string{"curl", "--version"}},
		{"jq", []string{"jq", "--version"}},
		{"flock (util-linux)", []string{"flock", "--version"}},
	} {
		if err := exec.CommandContext(t.Context(), tool.check[0], tool.check[1:]...).Run(); err != nil {
			t.Fatalf("the readers' tests need %s: %v", tool.need, err)
		}
	}
}

// An api answers 200 to one token and 401 to all others.
type api struct {
	URL string

	mu   sync.Mutex
	seen []string // Authorization
}

// newAPI starts one. It calls before401 before it answers 401.
func newAPI(t *testing.T, takes string, before401 ...func()) *api {
	a := &api{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		got := r.Header.Get("Authorization")
		a.seen = append(a.seen, got)
		if got != "Bearer "+secret+takes {
			for _, call := range before401 {
				call()
			}
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	t.Cleanup(server.Close)
	a.URL = server.URL + "/v1"
	return a
}

func (a *api) all() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.seen)
}

func (a *api) wantSeen(t *testing.T, tokens ...string) {
	t.Helper()
	var want []string
	for _, token := range tokens {
		want = append(want, "Bearer "+secret+token)
	}
	if got := a.all(); !slices.Equal(got, want) {
		t.Errorf("the API saw %q, want %q", got, want)
	}
}

// A result is what a reader printed and how it ended.
type result struct {
	stdout, stderr string
	code           int
}

// run starts a reader in an empty folder, with a runtime directory of its own, and
// holds it to one thing always: it prints no token.
func run(t *testing.T, command []string, args ...string) result {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], slices.Concat(command[1:], args)...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+t.TempDir())
	return finish(t, cmd)
}

func finish(t *testing.T, cmd *exec.Cmd) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	got := result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
	if strings.Contains(got.stdout+got.stderr, secret) {
		t.Error("the reader printed a token")
	}
	return got
}

func (r result) want(t *testing.T, code int, stdout string) {
	t.Helper()
	if r.code != code || strings.TrimSpace(r.stdout) != stdout {
		t.Errorf("exit code %d, printed %q, want %d and %q; standard error:\n%s", r.code, r.stdout, code, stdout, r.stderr)
	}
}

func (r result) says(t *testing.T, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(r.stderr, part) {
			t.Errorf("standard error does not say %q:\n%s", part, r.stderr)
		}
	}
}

// hourly is the record of a token issued now that lives for an hour.
func hourly(token string) []byte { return record(token, time.Now(), nil) }

func record(token string, issued time.Time, fields map[string]any) []byte {
	issued = issued.UTC().Truncate(time.Second)
	all := map[string]any{
		"version":         1,
		"access_token":    secret + token,
		"token_type":      "Bearer",
		"provider":        "meitner",
		"issued_at":       issued.Format(time.RFC3339),
		"refresh_after":   issued.Add(36 * time.Minute).Format(time.RFC3339),
		"expires_at":      issued.Add(time.Hour).Format(time.RFC3339),
		"expires_at_unix": issued.Add(time.Hour).Unix(),
	}
	for name, value := range fields {
		all[name] = value
	}
	data, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return data
}

func writeRecord(t *testing.T, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "meitner.json")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// replace puts a record in place as the store does, by renaming.
func replace(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path+".new", data, 0o600); err != nil {
		t.Error(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Error(err)
	}
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*.*"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no files in %s: %v", dir, err)
	}
	return found
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	if err := os.WriteFile(to, readFile(t, from), 0o600); err != nil {
		t.Fatal(err)
	}
}
