package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"
)

// A runtimeAPI is Lambda's side of its functions (Lambda developer guide, "Using the Lambda
// runtime API for custom runtimes"): it hands out events and takes what comes of them.
type runtimeAPI struct {
	listener net.Listener
	server   *http.Server
	asked    chan time.Time // a function is ready for an event
	events   chan event
	answers  chan answer
}

type event struct {
	body     string
	deadline time.Time
}

type answer struct {
	body   []byte
	failed bool
}

func newRuntimeAPI() (*runtimeAPI, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for the function: %w", err)
	}
	a := &runtimeAPI{
		listener: listener,
		asked:    make(chan time.Time),
		events:   make(chan event),
		answers:  make(chan answer),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", a.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", a.take)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", a.take)
	a.server = &http.Server{Handler: mux}
	go a.server.Serve(listener)
	return a, nil
}

func (a *runtimeAPI) Close() error { return a.server.Close() }

func (a *runtimeAPI) next(w http.ResponseWriter, r *http.Request) {
	select {
	case a.asked <- time.Now():
	case <-r.Context().Done():
		return
	}
	select {
	case e := <-a.events:
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", "bench")
		w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(e.deadline.UnixMilli()))
		w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-north-1:123456789012:function:bench")
		io.WriteString(w, e.body)
	case <-r.Context().Done():
	}
}

func (a *runtimeAPI) take(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	w.WriteHeader(http.StatusAccepted)
	select {
	case a.answers <- answer{body, strings.HasSuffix(r.URL.Path, "/error")}:
	case <-r.Context().Done():
	}
}

// begin starts a function with an environment of what is given and nothing else: what the
// shell has, AWS_CA_BUNDLE first of all, makes a function start later.
func (a *runtimeAPI) begin(bootstrap string, output io.Writer, variables ...string) (*exec.Cmd, error) {
	cmd := exec.Command(bootstrap)
	cmd.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + a.listener.Addr().String(),
		"AWS_REGION=eu-north-1",
		"AWS_ACCESS_KEY_ID=bench",
		"AWS_SECRET_ACCESS_KEY=bench",
		"TOKENKEEPER_STACK=bench",
	}, variables...)
	cmd.Stdout, cmd.Stderr = output, os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the function: %w", err)
	}
	return cmd, nil
}

// ready waits until a function asks for an event, and returns when that was.
func (a *runtimeAPI) ready() (time.Time, error) {
	select {
	case at := <-a.asked:
		return at, nil
	case <-time.After(10 * time.Second):
		return time.Time{}, fmt.Errorf("the function has not asked for an event in ten seconds")
	}
}

// end ends a function as Lambda does at last, and waits until it is gone.
func end(cmd *exec.Cmd) {
	_ = cmd.Process.Kill() // it may have ended
	_ = cmd.Wait()
}
