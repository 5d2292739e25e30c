package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// slow is how long a test of a user may take; those that take longer are left out. A package's
// own tests all count.
const slow = 5 * time.Second

// A binary is the tests of a package, built.
type binary struct {
	pkg, path string
	dir       string // of the package: where its tests run
	args      []string
}

// A test is one of them, how long it takes without a mutant, and which mutants it reaches.
type test struct {
	name    string
	took    time.Duration
	reaches map[int]bool
}

// try runs the tests against the mutants, until one fails, and calls tried with each.
func (b binary) try(mutants []*mutant, own bool, tried func(*mutant)) error {
	limit := slow
	if own {
		limit = time.Hour
	}
	tests, err := b.record(limit)
	if err != nil {
		return err
	}
	slices.SortStableFunc(tests, func(x, y test) int { return int(x.took - y.took) })
	atOnce(len(mutants), func(i int) {
		m := mutants[i]
		for _, batch := range batches(m.id, tests) {
			m.reached = true
			if m.killer = b.fails(m.id, batch); m.killer != "" {
				break
			}
		}
		tried(m)
	})
	return nil
}

var testName = regexp.MustCompile(`(?m)^(Test|Fuzz|Example).*$`)

// record runs each test once without a mutant, and returns those that end in time.
func (b binary) record(limit time.Duration) ([]test, error) {
	list, err := b.command(context.Background(), "-test.list", ".").Output()
	if err != nil {
		return nil, fmt.Errorf("listing the tests of %s: %w", b.pkg, err)
	}
	names := testName.FindAllString(string(list), -1)
	tests, errs := make([]test, len(names)), make([]error, len(names))
	atOnce(len(names), func(i int) { tests[i], errs[i] = b.recordOne(names[i], limit) })
	return slices.DeleteFunc(tests, func(t test) bool { return t.took > limit }), errors.Join(errs...)
}

func (b binary) recordOne(name string, limit time.Duration) (test, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	file := b.path + "-" + name
	cmd := b.command(ctx, "-test.run", "^"+name+"$")
	cmd.WaitDelay = time.Second // for processes that the test started
	cmd.Env = append(os.Environ(), "MUTANT_REACHED="+file)
	begun := time.Now()
	if out, err := cmd.CombinedOutput(); ctx.Err() != nil {
		return test{took: time.Since(begun)}, nil
	} else if err != nil {
		return test{}, fmt.Errorf("%s of %s fails without a mutant: %w\n%s", name, b.pkg, err, out)
	}
	t := test{name: name, took: time.Since(begun), reaches: map[int]bool{}}
	reached, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return test{}, err
	}
	for _, line := range bytes.Fields(reached) {
		if id, err := strconv.Atoi(string(line)); err == nil {
			t.reaches[id] = true
		}
	}
	return t, nil
}

// batches returns the tests that reach a mutant, in batches that take longer and longer.
func batches(id int, tests []test) [][]test {
	var list [][]test
	var took time.Duration
	end := time.Second
	for _, t := range tests {
		if !t.reaches[id] {
			continue
		}
		if took += t.took; len(list) == 0 || took > end {
			list = append(list, nil)
			took, end = t.took, 3*end
		}
		list[len(list)-1] = append(list[len(list)-1], t)
	}
	return list
}

var failedTest = regexp.MustCompile(`(?m)^--- FAIL: (\S+)`)

// fails runs tests with a mutant switched on, for three times as long as they take without, and
// some time to start in. It returns what failed.
func (b binary) fails(id int, tests []test) string {
	limit := 10 * time.Second
	var names []string
	for _, t := range tests {
		limit += 3 * t.took
		names = append(names, t.name)
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := b.command(ctx, "-test.failfast", "-test.run", "^("+strings.Join(names, "|")+")$")
	cmd.Env = append(os.Environ(), "MUTANT="+strconv.Itoa(id))
	cmd.WaitDelay = time.Second // for processes that the tests started
	out, err := cmd.CombinedOutput()
	name := failedTest.FindSubmatch(out)
	switch {
	case err == nil:
		return ""
	case name != nil:
		return string(name[1]) + " of " + b.pkg
	case ctx.Err() != nil:
		return fmt.Sprintf("the time limit of %v for %d tests of %s", limit, len(names), b.pkg)
	}
	return fmt.Sprintf("a crash of %d tests of %s", len(names), b.pkg)
}

func (b binary) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, b.path, append(args, b.args...)...)
	cmd.Dir = b.dir
	return cmd
}

// atOnce calls f with 0 to n-1, two at a time.
func atOnce(n int, f func(int)) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, 2)
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			f(i)
		})
	}
	wg.Wait()
}
