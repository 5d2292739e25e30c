package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/simulator"
)

// What template.yaml gives the function by default, at a tick of a minute. A function of 1,769 MB
// has one processor, and others their part of it (Lambda developer guide, "Configure Lambda
// function memory").
const (
	memorySize = 512
	runTime    = 57 * time.Second
)

// core measures what two runs of one process do with the part of a processor that Lambda gives
// them: where more is due than a run has time for, and where nothing is.
func core(ctx context.Context, flags *flag.FlagSet, args []string) error {
	part := flags.Float64("part", memorySize/1769.0, "of a processor")
	many := flags.Int("due", 3000, "providers that are due; 0: this is not measured")
	idle := flags.Int("idle", 10_000, "providers that are not due; 0: this is not measured")
	var pace pace
	pace.register(flags)
	flags.Parse(args)
	dir, err := built(ctx, runtime.GOARCH)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Printf("%.2f of a processor, %v, %s\n\n", *part, pace, runtime.GOARCH)
	fmt.Printf("%-26s %9s %7s %12s %7s\n", "", "refreshed", "s", "processor s", "MiB")
	for _, scene := range []struct {
		what string
		n    int
		age  time.Duration
	}{
		{"due", *many, due},
		{"not due", *idle, time.Minute},
	} {
		if scene.n == 0 {
			continue
		}
		w, err := newWorld(scene.n, scene.age, simulator.Names(), pace)
		if err != nil {
			return err
		}
		err = w.measure(ctx, filepath.Join(dir, "bootstrap"), *part, fmt.Sprintf("%d %s", scene.n, scene.what))
		w.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// measure prints what the first two runs of a process take.
func (w *world) measure(ctx context.Context, bootstrap string, part float64, what string) error {
	api, err := newRuntimeAPI()
	if err != nil {
		return err
	}
	defer api.Close()
	cmd, err := api.begin(bootstrap, io.Discard, append(w.aws.Environ(), "TOKENKEEPER_TICK=1m", "TOKENKEEPER_ALLOW_LOOPBACK=true")...)
	if err != nil {
		return err
	}
	group, err := confine(cmd, part)
	defer func() {
		end(cmd)
		_ = os.Remove(group) // where there is one
	}()
	if err != nil {
		return err
	}
	for _, run := range []string{"first run", "second run"} {
		before, err := used(cmd)
		if err != nil {
			return err
		}
		refreshed, took, err := api.invoke(ctx, runTime)
		if err != nil {
			return err
		}
		after, err := used(cmd)
		memory, unread := peak(cmd)
		if err := errors.Join(err, unread); err != nil {
			return err
		}
		fmt.Printf("%-26s %9d %7.1f %12.2f %7.0f\n", what+", "+run, refreshed, took.Seconds(), (after - before).Seconds(), memory)
	}
	return nil
}

// confine gives a process that part of a processor, by a control group of its own (Linux,
// "cgroup-v2" and "sched-bwc"), which the caller removes when the process has ended.
func confine(cmd *exec.Cmd, part float64) (group string, err error) {
	const period = 20_000 // microseconds
	quota := int(part * period)
	root, limits := "/sys/fs/cgroup", [][2]string{{"cpu.max", fmt.Sprint(quota, " ", period)}}
	if _, err := os.Stat(filepath.Join(root, "cgroup.controllers")); err != nil {
		root = filepath.Join(root, "cpu")
		limits = [][2]string{{"cpu.cfs_period_us", strconv.Itoa(period)}, {"cpu.cfs_quota_us", strconv.Itoa(quota)}}
	}
	group = filepath.Join(root, fmt.Sprint("tokenkeeper-bench-", cmd.Process.Pid))
	if err := os.Mkdir(group, 0o755); err != nil {
		return "", fmt.Errorf("making a control group, which root may: %w", err)
	}
	for _, set := range append(limits, [2]string{"cgroup.procs", strconv.Itoa(cmd.Process.Pid)}) {
		if err := os.WriteFile(filepath.Join(group, set[0]), []byte(set[1]), 0); err != nil {
			os.Remove(group)
			return "", fmt.Errorf("limiting the processor: %w", err)
		}
	}
	return group, nil
}

// used returns the time of a processor that a process has had (proc_pid_stat(5), fields 14 and 15,
// in hundredths of a second).
func used(cmd *exec.Cmd) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("reading the time of the processor: %w", err)
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])) // the name before may have spaces
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond, err
}
