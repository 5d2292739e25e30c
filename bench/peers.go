package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// peers measures what users would write instead beside ours: each refreshes the same providers
// in an account of its own, with AWS's quotas.
func peers(ctx context.Context, flags *flag.FlagSet, args []string) error {
	n := flags.Int("providers", 200, "how many are due")
	var pace pace
	pace.register(flags)
	flags.Parse(args)
	dir, err := built(ctx, runtime.GOARCH)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	build := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(dir, "peers"), ".")
	build.Dir = filepath.Join("bench", "peers")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building bench/peers: %w\n%s", err, out)
	}
	python := filepath.Join(".tools", "peers", "bin", "python")
	if _, err := os.Stat(python); err != nil {
		return fmt.Errorf("%w: run tools/install peers", err)
	}
	program := func(name string, args ...string) func(*world) (usage, error) {
		return func(w *world) (usage, error) { return w.program(ctx, name, args...) }
	}
	fmt.Printf("%d providers due, %v, %s, %d processors\n\n", *n, pace, runtime.GOARCH, runtime.NumCPU())
	fmt.Printf("%-22s %7s %10s %5s %13s %12s %7s\n", "", "s", "throttled", "lost", "not refreshed", "processor s", "MiB")
	var ours tally
	for _, peer := range []struct {
		name string
		run  func(*world) (usage, error)
	}{
		{"tokenkeeper", func(w *world) (usage, error) { return w.function(ctx, filepath.Join(dir, "bootstrap"), *n) }},
		{"Go, one by one", program(filepath.Join(dir, "peers"))},
		{"Go, 16 at a time", program(filepath.Join(dir, "peers"), "-at", "16")},
		{"Go, 64 at a time", program(filepath.Join(dir, "peers"), "-at", "64")},
		{"Python, one by one", program(python, filepath.Join("bench", "peers", "peer.py"))},
	} {
		w, err := newWorld(*n, due, []string{"meitner"}, pace) // which every client of OAuth understands
		if err != nil {
			return err
		}
		u, err := peer.run(w)
		got := w.tally(*n)
		w.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", peer.name, err)
		}
		if peer.name == "tokenkeeper" {
			ours = got
		}
		fmt.Printf("%-22s %7.1f %10d %5d %13d %12.2f %7.0f\n", peer.name, u.time.Seconds(), got.throttled, got.lost, got.old, u.processor.Seconds(), u.memory)
	}
	if ours != (tally{}) {
		return fmt.Errorf("of ours %d calls were throttled, %d tokens lost and %d providers not refreshed; none should be", ours.throttled, ours.lost, ours.old)
	}
	return nil
}

// A usage is what a process took, from its start.
type usage struct {
	time, processor time.Duration
	run             time.Duration // of that, a function's run
	memory          float64       // at its peak, in MiB
}

// A tally is what went wrong in a world.
type tally struct {
	// throttled counts calls to AWS, lost tokens that were issued and not stored, and old
	// providers whose consumers still read the former token.
	throttled, lost, old int
}

func (w *world) tally(n int) tally {
	var t tally
	for _, c := range w.aws.Calls() {
		if c.Code == "ThrottlingException" {
			t.throttled++
		}
	}
	stored := 0
	for i := range n {
		s, _ := w.aws.Secret("tokenkeeper/tokens/" + name(i))
		if v, ok := s.Current(); ok && v.Value != formerRecord {
			stored++
		}
	}
	t.lost, t.old = w.logins()-stored, n-stored
	return t
}

// function has the bootstrap do one tick.
func (w *world) function(ctx context.Context, bootstrap string, n int) (u usage, err error) {
	api, err := newRuntimeAPI()
	if err != nil {
		return u, err
	}
	defer api.Close()
	began := time.Now()
	cmd, err := api.begin(bootstrap, io.Discard, append(w.aws.Environ(), "TOKENKEEPER_TICK="+period.String(), "TOKENKEEPER_ALLOW_LOOPBACK=true")...)
	if err != nil {
		return u, err
	}
	u.run, err = api.run(ctx, n)
	u.time = time.Since(began)
	memory, unread := peak(cmd)
	end(cmd)
	u.processor, u.memory = processor(cmd), memory
	return u, errors.Join(err, unread)
}

// program runs a program to its end. Of providers that it could not refresh it says so on its
// standard error, which is not ours.
func (w *world) program(ctx context.Context, name string, args ...string) (u usage, err error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(w.aws.Environ(), "AWS_DEFAULT_REGION=eu-north-1", "PATH="+os.Getenv("PATH"), "HOME="+os.TempDir())
	var said strings.Builder
	cmd.Stderr = &said
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return u, err
	}
	ended := make(chan error)
	go func() { ended <- cmd.Wait() }()
	for looking := time.Tick(50 * time.Millisecond); ; {
		select {
		case err := <-ended:
			u.time, u.processor = time.Since(began), processor(cmd)
			if err != nil {
				err = fmt.Errorf("%w: %.2000s", err, said.String())
			}
			return u, err
		case <-looking:
			if memory, err := peak(cmd); err == nil { // else it has just ended
				u.memory = memory
			}
		}
	}
}

func processor(cmd *exec.Cmd) time.Duration {
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}
