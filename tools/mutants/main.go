// Mutants changes the code in small ways, one at a time, and says which changes no test notices:
//
//	go run ./tools/mutants -n 300 -seed 1
//
// All mutants of a package are in one build, and the environment switches one of them on, so
// that each costs a run of the tests and no build. A mutant is killed if the tests of its
// package fail, or those of the packages that use it. Those that behave like the
// original are listed in equivalent.txt with the reason.
//
// The exit code is 1 if fewer than the goal of those that are not equivalent were killed.
package main

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// goal is how many of the mutants are to be killed that are not equivalent.
const goal = 0.95

// targets are the packages that are mutated, and the tests beside their own that use them.
var targets = []struct {
	path  string
	users []string
}{
	{"internal/refresh", []string{"cmd/refresher", "internal/simulation"}},
	{"internal/secretstore", []string{"cmd/refresher"}},
	{"internal/localstore", nil},
	{"internal/awscall", []string{"internal/secretstore", "cmd/refresher"}},
	{"internal/wire", []string{"internal/tokenendpoint"}},
	{"internal/answer", []string{"internal/tokenendpoint"}},
	{"cmd/refresher", nil},
}

//go:embed equivalent.txt
var equivalentText string

func main() {
	n := flag.Int("n", 300, "how many mutants to try, drawn from all; 0: every one")
	seed := flag.Uint64("seed", 1, "which are drawn")
	only := flag.String("package", "", "mutate this package alone, such as internal/refresh")
	flag.Parse()
	if err := run(*n, *seed, *only); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(n int, seed uint64, only string) error {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()

	equivalent := equivalents()
	var all []site
	tests := map[string][]testBinary{} // by file
	first := 0
	for _, target := range targets {
		if only != "" && only != target.path {
			continue
		}
		sources, err := load(root, "./"+target.path, first)
		if err != nil {
			return err
		}
		binaries, out, err := build(root, filepath.Join(dir, strings.ReplaceAll(target.path, "/", "-")), sources, append([]string{target.path}, target.users...))
		if err != nil {
			return err
		}
		if dies(root, 0, binaries) {
			return fmt.Errorf("the tests of %s, or of its users, fail without a mutant", target.path)
		}
		for _, s := range sources {
			tests[s.name] = binaries
			for _, site := range s.sites {
				first = max(first, site.id)
				if !out[site.id] {
					all = append(all, site)
				}
			}
		}
	}
	drawn := rand.New(rand.NewPCG(seed, 0)).Perm(len(all))
	if n > 0 && n < len(drawn) {
		drawn = drawn[:n]
	}
	fmt.Printf("%d mutants; %d are tried\n", len(all), len(drawn))
	killed, survived, same := 0, 0, 0
	for _, i := range drawn {
		switch s := all[i]; {
		case equivalent[s.key()] != "":
			same++
		case dies(root, s.id, tests[s.file]):
			killed++
		default:
			survived++
			fmt.Printf("survived: %s:%d: %s: %s\n", s.file, s.line, s.kind, s.code)
		}
	}
	share := float64(killed) / float64(max(killed+survived, 1))
	fmt.Printf("%d killed, %d survived, %d equivalent: %.1f %% of those that are not equivalent (goal %.0f %%)\n", killed, survived, same, 100*share, 100*goal)
	if share < goal {
		return fmt.Errorf("too many survive")
	}
	return nil
}

// equivalents reads equivalent.txt: a line for each, "key # reason".
func equivalents() map[string]string {
	list := map[string]string{}
	for line := range strings.Lines(equivalentText) {
		key, reason, ok := strings.Cut(strings.TrimSpace(line), " # ")
		if ok && !strings.HasPrefix(line, "#") {
			list[key] = reason
		}
	}
	return list
}

var compileError = regexp.MustCompile(`(?m)^([^\s:]+\.go):(\d+):\d+: `)

// build compiles the tests of packages with all mutants in. A site that does not compile, such
// as a constant where the language wants one, is left out.
func build(root, dir string, sources []*source, packages []string) (binaries []testBinary, out map[int]bool, err error) {
	out = map[int]bool{}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, nil, err
	}
	for range 40 {
		overlay := struct{ Replace map[string]string }{map[string]string{}}
		for _, s := range sources {
			to := filepath.Join(dir, filepath.Base(s.path))
			if err := os.WriteFile(to, s.mutated(out), 0o644); err != nil {
				return nil, nil, err
			}
			overlay.Replace[s.path] = to
		}
		text, err := json.Marshal(overlay)
		if err != nil {
			return nil, nil, err
		}
		list := filepath.Join(dir, "overlay.json")
		if err := os.WriteFile(list, text, 0o644); err != nil {
			return nil, nil, err
		}
		cmd := exec.Command("go", "build", "-gcflags=-e", "-overlay", list, "./"+packages[0])
		if packages[0] == "cmd/refresher" {
			cmd.Args = append(cmd.Args[:2], append([]string{"-o", os.DevNull}, cmd.Args[2:]...)...)
		}
		cmd.Dir = root
		output, err := cmd.CombinedOutput()
		if err == nil {
			break
		}
		if !leaveOut(output, sources, out) {
			return nil, nil, fmt.Errorf("building %s with its mutants: %w\n%s", packages[0], err, output)
		}
	}
	for _, p := range packages {
		binary := filepath.Join(dir, strings.ReplaceAll(p, "/", "-")+".test")
		cmd := exec.Command("go", "test", "-c", "-vet=off", "-overlay", filepath.Join(dir, "overlay.json"), "-o", binary, "./"+p)
		cmd.Dir = root
		if output, err := cmd.CombinedOutput(); err != nil {
			return nil, nil, fmt.Errorf("building the tests of %s: %w\n%s", p, err, output)
		}
		binaries = append(binaries, testBinary{p, binary})
	}
	return binaries, out, nil
}

// leaveOut leaves out the sites on the lines that errors name, and reports whether there were any.
func leaveOut(output []byte, sources []*source, out map[int]bool) bool {
	some := false
	for scan := bufio.NewScanner(bytes.NewReader(output)); scan.Scan(); {
		m := compileError.FindStringSubmatch(scan.Text())
		if m == nil {
			continue
		}
		line, _ := strconv.Atoi(m[2])
		for _, s := range sources {
			if filepath.Base(s.path) != filepath.Base(m[1]) {
				continue
			}
			for _, site := range s.sites {
				if site.line == line && !out[site.id] {
					out[site.id], some = true, true
				}
			}
		}
	}
	return some
}

// A testBinary is the tests of a package, built.
type testBinary struct{ pkg, path string }

// dies reports whether tests fail with the mutant switched on.
func dies(root string, id int, tests []testBinary) bool {
	for _, t := range tests {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
		cmd := exec.CommandContext(ctx, t.path, "-test.failfast", "-test.short", "-test.timeout=150s")
		cmd.Dir = filepath.Join(root, t.pkg)
		cmd.Env = append(os.Environ(), "MUTANT="+strconv.Itoa(id))
		err := cmd.Run()
		cancel()
		if err != nil {
			return true
		}
	}
	return false
}
