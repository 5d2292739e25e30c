package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// A function is the bootstrap, built as sam build does, under AWS's own Runtime
// Interface Emulator: the runtime of Lambda without its isolation, as it is in
// Lambda's images for containers. SAM brings it along.
type function struct {
	url     string
	output  *output
	invoked map[string]bool // the events in files, by name
}

// newFunction starts one for this machine's processor. The variables are its whole
// environment, as Lambda would set it.
func newFunction(t *testing.T, variables ...string) *function {
	t.Helper()
	f := &function{output: &output{}, invoked: make(map[string]bool)}
	address := freeAddress(t)
	f.url = "http://" + address + "/2015-03-31/functions/function/invocations"
	cmd := exec.Command(interfaceEmulator(t),
		"--runtime-interface-emulator-address", address,
		"--runtime-api-address", freeAddress(t),
		bootstrap(t))
	cmd.Env = append(variables, "AWS_LAMBDA_FUNCTION_TIMEOUT=57")
	cmd.Stdout, cmd.Stderr = f.output, f.output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// It ends the bootstrap first, which has a process group of its own.
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		_ = cmd.Wait() // ended by a signal
		if t.Failed() {
			t.Logf("the function's output:\n%s", f.output)
		}
	})
	f.await(t, address)
	return f
}

// bootstrap builds it with the recipe that sam build uses, and returns its path.
func bootstrap(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("make", "build-RefresherFunction", "GOARCH="+runtime.GOARCH, "ARTIFACTS_DIR="+dir)
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
	return filepath.Join(dir, "bootstrap")
}

func interfaceEmulator(t *testing.T) string {
	t.Helper()
	machine := map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]
	pattern := "../.tools/sam/lib/python*/site-packages/samcli/local/rapid/aws-lambda-rie-" + machine
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) != 1 {
		t.Fatalf("there is no Runtime Interface Emulator at %s: run tools/install sam", pattern)
	}
	return found[0]
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// await waits until the emulator listens.
func (f *function) await(t *testing.T, address string) {
	t.Helper()
	for began := time.Now(); time.Since(began) < 10*time.Second; time.Sleep(10 * time.Millisecond) {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return
		}
	}
	t.Fatalf("the Runtime Interface Emulator does not listen at %s:\n%s", address, f.output)
}

// An invocation is what one event came to: a report, why the event was ignored, or
// the error that Lambda counts.
type invocation struct {
	Providers    []providerReport
	Ignored      string
	ErrorType    string `json:"errorType"`
	ErrorMessage string `json:"errorMessage"`
}

type providerReport struct {
	Provider string
	Outcome  refresh.Outcome
	Reason   refresh.Reason
	Class    refresh.Class
	Code     string
}

// event invokes the function with one of the files in events.
func (f *function) event(t *testing.T, name string) invocation {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../events", name))
	if err != nil {
		t.Fatal(err)
	}
	f.invoked[name] = true
	response, err := http.Post(f.url, "application/json", bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	var i invocation
	if err != nil || json.Unmarshal(body, &i) != nil {
		t.Fatalf("%s: status %d, %v: %s", name, response.StatusCode, err, body)
	}
	return i
}

// want says what is not as it should be, of those that a run has looked at: each is
// "provider outcome reason", in the order of their names.
func (i invocation) want(t *testing.T, reports ...string) {
	t.Helper()
	var got []string
	for _, p := range i.Providers {
		got = append(got, fmt.Sprintf("%s %s %s", p.Provider, p.Outcome, p.Reason))
	}
	if g, w := strings.Join(got, "\n"), strings.Join(reports, "\n"); g != w || i.Ignored != "" || i.ErrorType != "" {
		t.Errorf("got\n%s\n%s%s %s\nwant\n%s", g, i.Ignored, i.ErrorType, i.ErrorMessage, w)
	}
}

// An output is what the function and the emulator have written.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
