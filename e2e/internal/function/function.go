// Package function runs the built function as Lambda runs it: the bootstrap as a
// process of its own, which takes its events from the runtime API and answers there.
package function

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Build makes the bootstrap for this machine as sam build does, and returns its path.
func Build(t *testing.T, root string) string {
	t.Helper()
	architectures := map[string]string{"amd64": "x86_64", "arm64": "arm64"}
	architecture, ok := architectures[runtime.GOARCH]
	if !ok {
		t.Fatalf("Lambda has no processors of the kind %s", runtime.GOARCH)
	}
	return BuildFor(t, root, architecture)
}

// BuildFor makes it for one of the template's architectures.
func BuildFor(t *testing.T, root, architecture string) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "make", "--no-print-directory",
		"--file", filepath.Join("tools", "build", architecture, "Makefile"),
		"build-RefresherFunction", "ARTIFACTS_DIR="+dir)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the bootstrap for %s: %v\n%s", architecture, err, out)
	}
	return filepath.Join(dir, "bootstrap")
}

// A Function is a bootstrap that waits for events.
type Function struct {
	t       *testing.T
	Timeout time.Duration // of each event
	output  *os.File
	read    int64 // how much of the output was returned
	events  chan []byte
	results chan Result
	exited  chan error
}

// A Result is what came of one event.
type Result struct {
	Payload []byte   // the answer or, of a failed invocation, what Lambda would receive
	Failed  bool     // the function returned an error
	Lines   [][]byte // what it has printed since the event before
}

// Start runs a bootstrap until the test ends. Timeout is what each event is given.
func Start(t *testing.T, bootstrap string, timeout time.Duration, environ []string) *Function {
	t.Helper()
	output, err := os.Create(filepath.Join(t.TempDir(), "output"))
	if err != nil {
		t.Fatal(err)
	}
	f := &Function{t: t, Timeout: timeout, output: output,
		events: make(chan []byte), results: make(chan Result), exited: make(chan error, 1)}
	api := httptest.NewServer(f)
	cmd := exec.Command(bootstrap)
	cmd.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(api.URL, "http://"),
		"AWS_LAMBDA_FUNCTION_NAME=refresher",
	}, environ...)
	cmd.Stdout, cmd.Stderr = output, output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { f.exited <- cmd.Wait(); close(f.exited) }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		for range f.exited {
		}
		api.CloseClientConnections()
		api.Close()
		output.Close()
	})
	return f
}

// Invoke hands the function one event and waits for what comes of it.
func (f *Function) Invoke(event string) Result {
	f.t.Helper()
	select {
	case f.events <- []byte(event):
	case err := <-f.exited:
		f.t.Fatalf("the function ended before it took an event: %v\n%s", err, bytes.Join(f.lines(), nil))
	}
	select {
	case r := <-f.results:
		r.Lines = f.lines()
		return r
	case err := <-f.exited:
		f.t.Fatalf("the function ended: %v\n%s", err, bytes.Join(f.lines(), nil))
	}
	panic("unreachable: Fatalf does not return")
}

// ServeHTTP is the runtime API (AWS Lambda developer guide, "Using the Lambda runtime API
// for custom runtimes").
func (f *Function) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	const invocations = "/2018-06-01/runtime/invocation/"
	switch id, what, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, invocations), "/"); {
	case id == "next":
		select {
		case event := <-f.events:
			header := w.Header()
			header.Set("Content-Type", "application/json")
			header.Set("Lambda-Runtime-Aws-Request-Id", "8f5e2ce4-2a3c-4a33-9d7c-1f0e3a4c5b6d")
			header.Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(f.Timeout).UnixMilli()))
			header.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-north-1:123456789012:function:refresher")
			_, _ = w.Write(event)
		case <-r.Context().Done():
		}
	case what == "response", what == "error":
		payload, err := io.ReadAll(r.Body)
		if err != nil {
			return // the function was killed
		}
		w.WriteHeader(http.StatusAccepted)
		select {
		case f.results <- Result{Payload: payload, Failed: what == "error"}:
		case <-r.Context().Done():
		}
	default:
		http.NotFound(w, r)
	}
}

// lines are those that were written since the last call: the function writes to a file, so
// that all it wrote before it answered is there.
func (f *Function) lines() [][]byte {
	data, err := io.ReadAll(io.NewSectionReader(f.output, f.read, 1<<40))
	if err != nil {
		f.t.Fatal(err)
	}
	f.read += int64(len(data))
	var lines [][]byte
	for line := range bytes.Lines(data) {
		lines = append(lines, line)
	}
	return lines
}

// Metrics are those that CloudWatch would make of the lines, by name ("Specification:
// Embedded metric format").
func (r Result) Metrics(t *testing.T) map[string]float64 {
	t.Helper()
	metrics := map[string]float64{}
	for _, line := range r.Lines {
		var directive struct {
			AWS struct {
				CloudWatchMetrics []struct{ Metrics []struct{ Name string } }
			} `json:"_aws"`
		}
		var members map[string]any
		if json.Unmarshal(line, &directive) != nil || json.Unmarshal(line, &members) != nil {
			t.Fatalf("a line that is no object: %s", line)
		}
		for _, d := range directive.AWS.CloudWatchMetrics {
			for _, m := range d.Metrics {
				value, ok := members[m.Name].(float64)
				if !ok {
					t.Fatalf("metric %s is %v", m.Name, members[m.Name])
				}
				metrics[m.Name] = value
			}
		}
	}
	return metrics
}
