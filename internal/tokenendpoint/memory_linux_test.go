package tokenendpoint_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"

	"example.com/tokenkeeper/internal/refresh"
)

// hostileAnswers are bodies that take far more memory than bytes, or a long time.
func hostileAnswers() map[string]string {
	return map[string]string{
		"small objects":     `{"access_token": "t", "expires_in": 60, "x": [` + strings.Repeat(`{"a":1},`, 120_000) + `0]}`,
		"as many as may be": `{"access_token": "t", "expires_in": 60, "x": [` + strings.Repeat(`{"a":1},`, 6000) + `0]}`,
		"one long text":     `{"access_token": "t", "expires_in": 60, "scope": "` + strings.Repeat("x", 1<<20-100) + `"}`,
		"escapes":           `{"error": "` + strings.Repeat(`%2525`, 200_000) + `"}`,
		"lists, too long":   strings.Repeat(`[`, 60) + strings.Repeat(`[],`, 1<<20) + `0` + strings.Repeat(`]`, 60),
	}
}

// mostMemory is how much more than the idle function 256 hostile answers may take, in MiB.
const mostMemory = 64

// 256 answers at once, nearly all hostile, of each kind and plain or packed, take no more than
// that, in a process of its own with the settings of cmd/refresher; and the honest ones among
// them are read. The process is built anew, since the race detector takes memory of its own.
func TestHostileAnswersAtOnce(t *testing.T) {
	const server = "TOKENKEEPER_TEST_HOSTILE_SERVER"
	if at := os.Getenv(server); at != "" {
		askAll(t, at)
		return
	}
	program := filepath.Join(t.TempDir(), "program")
	if out, err := exec.Command("go", "test", "-c", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("building the process: %v\n%s", err, out)
	}
	for name, body := range hostileAnswers() {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, _ = io.WriteString(w, body)
		_ = w.Close()
		for _, how := range []string{"plain", "packed"} {
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/honest" {
					_, _ = io.WriteString(w, granted)
					return
				}
				if how == "packed" {
					w.Header().Set("Content-Encoding", "gzip")
					_, _ = w.Write(packed.Bytes())
					return
				}
				_, _ = io.WriteString(w, body)
			})
			child := exec.Command(program, "-test.run=^TestHostileAnswersAtOnce$", "-test.v")
			child.Env = append(os.Environ(), server+"="+s.URL, "GOGC=50")
			out, err := child.CombinedOutput()
			if err != nil {
				t.Fatalf("%s, %s: %v\n%s", name, how, err, out)
			}
			_, figure, _ := strings.Cut(string(out), "more than idle: ")
			kib, err := strconv.Atoi(strings.Fields(figure + " x")[0])
			if err != nil {
				t.Fatalf("%s, %s: %v\n%s", name, how, err, out)
			}
			t.Logf("%s, %s: %d MiB more than idle", name, how, kib>>10)
			if kib>>10 > mostMemory {
				t.Errorf("%s, %s: more than %d MiB", name, how, mostMemory)
			}
		}
	}
}

// askAll logs in 256 times at once, and prints what that took.
func askAll(t *testing.T, at string) {
	p := onLoopback()
	hostile := endpoint(t, p, fmt.Sprintf(`{"token_endpoint": "%s/token", "timeout": "15s"}`, at))
	honest := endpoint(t, p, fmt.Sprintf(`{"token_endpoint": "%s/honest", "timeout": "15s"}`, at))
	_ = honest.Check(client(at))
	debug.FreeOSMemory()
	idle := memory(t, "VmRSS:")
	var logins sync.WaitGroup
	begin := make(chan struct{})
	for i := range 256 {
		logins.Go(func() {
			e := hostile
			if i%32 == 0 {
				e = honest
			}
			<-begin
			if _, err := e.Grant(t.Context(), refresh.Login{Credential: client(at)}); e == honest && err != nil {
				t.Errorf("the honest one: %v", err)
			}
		})
	}
	close(begin)
	logins.Wait()
	fmt.Printf("more than idle: %d KiB\n", memory(t, "VmHWM:")-idle)
}

// memory returns a figure of /proc/self/status, in KiB.
func memory(t *testing.T, name string) int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), name)
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kib
}
