package readers_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// The readers in Go and in shell bring their own client of Secrets Manager; those
// in Python and Node are given one, as their own tests do.

func TestReadsFromSecretsManager(t *testing.T) {
	for _, language := range []string{"go", "shell"} {
		command := install(t, language)
		t.Run(language, func(t *testing.T) {
			store := newSecretsManager(t)
			store.put("tokenkeeper/tokens/meitner", hourly("A"))
			api := newAPI(t, "B", func() { store.put("tokenkeeper/tokens/meitner", hourly("B")) })
			got := run(t, command, "--secret", "tokenkeeper/tokens/meitner", api.URL)
			got.want(t, 0, "200")
			api.wantSeen(t, "A", "B")
			store.wantReads(t, 2)
		})
		t.Run(language+", nothing there", func(t *testing.T) {
			newSecretsManager(t)
			api := newAPI(t, "A")
			got := run(t, command, "--secret", "tokenkeeper/tokens/meitner", api.URL)
			got.want(t, 1, "")
			got.says(t, "ResourceNotFoundException", "reader:")
			api.wantSeen(t)
		})
	}
}

// TestScriptsShareOneRead: the shell reader keeps the record in a file, so that
// scripts that start at once, or one after the other, read it once.
func TestScriptsShareOneRead(t *testing.T) {
	command := install(t, "shell")
	store := newSecretsManager(t)
	store.put("tokenkeeper/tokens/meitner", hourly("A"))
	store.put("tokenkeeper/tokens/educloud", hourly("B"))
	runtime := t.TempDir()
	start := func(secret, url string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), command[0], command[1], "--secret", secret, url)
		cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+runtime)
		return cmd
	}

	a := newAPI(t, "A")
	var scripts sync.WaitGroup
	for range 8 {
		scripts.Go(func() {
			got := finish(t, start("tokenkeeper/tokens/meitner", a.URL))
			got.want(t, 0, "200")
		})
	}
	scripts.Wait()
	a.wantSeen(t, "A", "A", "A", "A", "A", "A", "A", "A")
	store.wantReads(t, 1)

	b := newAPI(t, "B")
	finish(t, start("tokenkeeper/tokens/educloud", b.URL)).want(t, 0, "200")
	b.wantSeen(t, "B")
	store.wantReads(t, 2)

	cached, err := filepath.Glob(filepath.Join(runtime, "tokenkeeper-reader", "*"))
	if err != nil || len(cached) == 0 {
		t.Fatalf("no cache was found: %v", err)
	}
	for _, path := range append(cached, filepath.Dir(cached[0])) {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is open to others: %v, %v", filepath.Base(path), info.Mode(), err)
		}
	}
}

// A secretsManager answers GetSecretValue from memory.
type secretsManager struct {
	mu      sync.Mutex
	secrets map[string][]byte
	reads   int
}

// newSecretsManager starts one and points the AWS SDK at it, and a stand-in for
// the AWS CLI.
func newSecretsManager(t *testing.T) *secretsManager {
	s := &secretsManager{secrets: map[string][]byte{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL":            server.URL,
		"AWS_REGION":                  "eu-north-1",
		"AWS_ACCESS_KEY_ID":           "test",
		"AWS_SECRET_ACCESS_KEY":       "test",
		"AWS_CONFIG_FILE":             os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}

	bin := t.TempDir()
	const aws = `#!/bin/bash
[[ "$1 $2 $3 $5 $6" == "secretsmanager get-secret-value --secret-id --output json" ]] || exit 252
printf '{"SecretId": "%s"}' "$4" | curl --silent --show-error --fail --data @- \
  --header 'X-Amz-Target: secretsmanager.GetSecretValue' "$AWS_ENDPOINT_URL" && exit
echo 'An error occurred (ResourceNotFoundException) when calling the GetSecretValue operation' >&2
exit 254
`
	if err := os.WriteFile(filepath.Join(bin, "aws"), []byte(aws), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	return s
}

func (s *secretsManager) put(id string, record []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets[id] = record
}

func (s *secretsManager) wantReads(t *testing.T, want int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reads != want {
		t.Errorf("the secrets were read %d times, want %d", s.reads, want)
	}
}

func (s *secretsManager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct{ SecretId string }
	if r.Header.Get("X-Amz-Target") != "secretsmanager.GetSecretValue" || json.NewDecoder(r.Body).Decode(&in) != nil {
		w.WriteHeader(http.StatusNotImplemented)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	record, ok := s.secrets[in.SecretId]
	if !ok {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"__type": "ResourceNotFoundException", "Message": "Secrets Manager can't find the specified secret."}`))
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"Name": in.SecretId, "SecretString": string(record)})
}
