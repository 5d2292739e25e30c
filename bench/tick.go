package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/simulator"
)

const (
	// mostMemory is what the process may take at its peak, in MiB. The template gives
	// the function 512.
	mostMemory = 64
	// What template.yaml gives a run at a tick of five minutes.
	period, timeout = 5 * time.Minute, 240 * time.Second
	// How a run is limited; see internal/refresh and internal/awscall.
	workers       = 256
	writesASecond = 40
	readsASecond  = 35
)

// tick measures one run in which every provider is due: its peak memory, and its time
// beside the least that it could be.
func tick(ctx context.Context, flags *flag.FlagSet, args []string) error {
	n := flags.Int("providers", 1000, "how many are due")
	var pace pace
	pace.register(flags)
	flags.Parse(args)
	dir, err := built(ctx, runtime.GOARCH)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	w, err := newWorld(*n, due, simulator.Names(), pace)
	if err != nil {
		return err
	}
	defer w.Close()

	u, err := w.function(ctx, filepath.Join(dir, "bootstrap"), *n)
	if err != nil {
		return err
	}

	fmt.Printf("%d providers due, %v, %s, %d processors\n\n", *n, pace, runtime.GOARCH, runtime.NumCPU())
	fmt.Printf("peak memory %9.1f MiB\ntime        %9.1f s\n\nIt could not be less than\n", u.memory, u.run.Seconds())
	for _, f := range floors(*n, pace, u.processor) {
		fmt.Printf("%9.1f s   %s\n", f.time.Seconds(), f.because)
	}
	fmt.Printf("\ncalls to AWS\n%s", w.calls())
	if u.memory >= mostMemory {
		return fmt.Errorf("the peak was %.1f MiB; less than %d is promised", u.memory, mostMemory)
	}
	return nil
}

// run has a function do one tick, and returns how long that took. It is wrong if not all of
// n providers were refreshed.
func (a *runtimeAPI) run(ctx context.Context, n int) (time.Duration, error) {
	refreshed, took, err := a.invoke(ctx, timeout)
	if err == nil && refreshed != n {
		err = fmt.Errorf("%d of %d providers were refreshed", refreshed, n)
	}
	return took, err
}

// invoke has a function do one tick, in so much time, and returns how many providers it has
// refreshed, and how long that took.
func (a *runtimeAPI) invoke(ctx context.Context, timeout time.Duration) (refreshed int, took time.Duration, _ error) {
	if _, err := a.ready(); err != nil {
		return 0, 0, err
	}
	began := time.Now()
	a.events <- event{body: `{"tick":"<aws.scheduler.scheduled-time>"}`, deadline: began.Add(timeout)}
	var got answer
	select {
	case got = <-a.answers:
	case <-time.After(timeout):
		return 0, 0, fmt.Errorf("the run has not ended in %v", timeout)
	case <-ctx.Done():
		return 0, 0, ctx.Err()
	}
	took = time.Since(began)
	var report refresh.Summary
	if got.failed || json.Unmarshal(got.body, &report) != nil {
		return 0, took, fmt.Errorf("the run failed: %.2000s", got.body)
	}
	refreshed = report.Counts[refresh.Refreshed]
	for _, p := range report.Providers {
		if report.Counts == nil && p.Outcome == refresh.Refreshed {
			refreshed++
		}
	}
	return refreshed, took, nil
}

// A floor is a time below which a run cannot be.
type floor struct {
	time    time.Duration
	because string
}

// floors returns them, the highest first.
func floors(n int, pace pace, cpu time.Duration) []floor {
	pages := (n+9)/10 + (n+99)/100
	rate := func(calls, perSecond int) time.Duration {
		return time.Duration(calls) * time.Second / time.Duration(perSecond)
	}
	all := []floor{
		{rate(2*n, writesASecond), fmt.Sprintf("two writes each, %d a second", writesASecond)},
		{rate((n+2)/3+(n+9)/10, readsASecond), fmt.Sprintf("pages of configs, and what three logins need in a call, %d a second", readsASecond)},
		{time.Duration(n) * (pace.login + 4*pace.latency) / workers, fmt.Sprintf("a login and four calls each, by %d workers", workers)},
		{time.Duration(pages)*pace.latency + pace.login + 4*pace.latency, "the pages one after the other, then one provider"},
		{cpu / time.Duration(runtime.NumCPU()), fmt.Sprintf("%.1f s of processor time", cpu.Seconds())},
	}
	slices.SortFunc(all, func(a, b floor) int { return int(b.time - a.time) })
	return all
}

// peak returns the most memory that a process has had resident, in MiB.
func peak(cmd *exec.Cmd) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("reading the peak of memory: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		var kib float64
		if n, _ := fmt.Sscanf(line, "VmHWM: %f kB", &kib); n == 1 {
			return kib / 1024, nil
		}
	}
	return 0, errors.New("reading the peak of memory: the process has ended, or the kernel does not say")
}

// calls lists how often each action was called.
func (w *world) calls() string {
	counts := make(map[string]int)
	for _, c := range w.aws.Calls() {
		counts[c.Action]++
		if c.Code != "" {
			counts[c.Action+", answered "+c.Code]++
		}
	}
	var lines []string
	for action, count := range counts {
		lines = append(lines, fmt.Sprintf("%9d     %s\n", count, action))
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[14:], b[14:]) })
	return strings.Join(lines, "")
}
