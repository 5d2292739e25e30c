// Mutants changes the code in small ways, one at a time, and says which changes no test notices:
//
//	go run ./tools/mutants -n 300 -seed 1
//
// It negates conditions, moves their edges, swaps && and ||, + and -, leaves out factors, divisors
// and statements, returns zeros, and makes whole numbers less and more. Texts are left as they
// are: a test that notices another word in a message is worth nothing.
//
// All mutants of a package are in one build, and the environment switches one of them on, so
// that each costs a run of the tests and no build. Each test is run once without a mutant to
// record which of them it reaches; a mutant meets those tests alone, the quick ones first, and
// survives at once if there are none. It is killed if a test of its package fails, or else one of
// the packages that use it. Those that behave like the original are listed in equivalent.txt with
// the reason.
//
// The exit code is 1 if fewer than the goal of those that are not equivalent were killed.
package main

import (
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// goal is how many of the mutants are to be killed that are not equivalent.
const goal = 0.95

// A target is a package that is mutated.
type target struct {
	path string
	// tests are the packages whose tests meet the mutants: its own, and then those of users,
	// which meet what survived so far.
	tests []string
	args  []string // for tests
}

var targets = []target{
	{path: "internal/refresh", tests: []string{"internal/refresh", "internal/simulation", "cmd/refresher"}},
	{path: "internal/secretstore", tests: []string{"internal/secretstore", "cmd/refresher"}},
	{path: "cmd/tokenkeeper/internal/localstore", tests: []string{"cmd/tokenkeeper/internal/localstore"}},
	{path: "internal/awscall", tests: []string{"internal/awscall", "internal/paramstore", "internal/secretstore", "cmd/refresher"}},
	{path: "internal/wire", tests: []string{"internal/wire", "cmd/tokenkeeper/internal/discovery", "internal/tokenendpoint"}},
	{path: "internal/answer", tests: []string{"internal/answer", "internal/tokenendpoint"}},
	{path: "cmd/refresher", tests: []string{"cmd/refresher"}},
}

//go:embed equivalent.txt
var equivalentText string

// options are the flags.
type options struct {
	n       int
	seed    uint64
	only    string
	by      string
	args    string
	verbose bool
}

func main() {
	var o options
	flag.IntVar(&o.n, "n", 300, "how many mutants to try, drawn from all; 0: every one")
	flag.Uint64Var(&o.seed, "seed", 1, "which are drawn")
	flag.StringVar(&o.only, "package", "", "mutate this package alone, such as internal/refresh")
	flag.StringVar(&o.by, "by", "", "run the tests of this package alone, such as internal/simulation")
	flag.StringVar(&o.args, "args", "", "flags for the tests, such as '-worlds 4 -wires'")
	flag.BoolVar(&o.verbose, "v", false, "also print which mutants are killed, and by which tests")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

// A mutant is a site, and what became of it.
type mutant struct {
	site
	of      *mutated
	reached bool   // by a test
	killer  string // the test that failed
}

func run(o options) error {
	var paths []string
	for _, t := range targets {
		paths = append(paths, t.path)
	}
	if o.only != "" && !slices.Contains(paths, o.only) {
		return fmt.Errorf("package %s is none of those that are mutated: %s", o.only, strings.Join(paths, ", "))
	}
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()

	var all []*mutant
	known := map[string]bool{}
	for _, t := range targets {
		if o.only != "" && o.only != t.path {
			continue
		}
		if o.by != "" {
			t.tests = []string{o.by}
		}
		t.args = strings.Fields(o.args)
		p, err := build(root, filepath.Join(dir, strings.ReplaceAll(t.path, "/", "-")), t)
		if err != nil {
			return err
		}
		for m := range p.mutants() {
			all, known[m.key()] = append(all, m), true
		}
	}
	equivalent := equivalents()
	var gone []error
	for _, key := range slices.Sorted(maps.Keys(equivalent)) {
		if o.only == "" && !known[key] {
			gone = append(gone, fmt.Errorf("equivalent.txt has %q, and there is no such mutant", key))
		}
	}
	if len(gone) > 0 {
		return errors.Join(gone...)
	}
	rand.New(rand.NewPCG(o.seed, 0)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	drawn := all
	if o.n > 0 {
		drawn = all[:min(o.n, len(all))]
	}
	fmt.Printf("%d mutants; %d are tried\n", len(all), len(drawn))
	tried := slices.DeleteFunc(drawn, func(m *mutant) bool { return equivalent[m.key()] != "" })
	same := len(drawn) - len(tried)
	killed, survived := 0, 0
	var mu sync.Mutex
	err = try(tried, func(m *mutant) {
		mu.Lock()
		defer mu.Unlock()
		if m.killer != "" {
			killed++
		} else {
			survived++
		}
		soFar := fmt.Sprintf("%d killed and %d survived of %d: ", killed, survived, len(tried))
		switch {
		case m.killer == "" && !m.reached:
			fmt.Printf("%ssurvived: %v (no test reaches it)\n", soFar, m)
		case m.killer == "":
			fmt.Printf("%ssurvived: %v\n", soFar, m)
		case o.verbose:
			fmt.Printf("%skilled: %v by %s\n", soFar, m, m.killer)
		}
	})
	if err != nil {
		return err
	}
	share := float64(killed) / float64(max(len(tried), 1))
	fmt.Printf("%d killed, %d survived, %d equivalent: %.1f %% of those that are not equivalent (goal %.0f %%)\n", killed, survived, same, 100*share, 100*goal)
	if share < goal {
		return fmt.Errorf("too many survive")
	}
	return nil
}

// try has the mutants of each package meet its tests, and what survives those of its users. It
// calls done with each whose fate is known.
func try(mutants []*mutant, done func(*mutant)) error {
	left := map[*mutated][]*mutant{}
	for _, m := range mutants {
		left[m.of] = append(left[m.of], m)
	}
	for p, list := range left {
		for i, tests := range p.tests {
			if len(list) == 0 {
				break
			}
			b, err := p.testsOf(tests)
			if err != nil {
				return err
			}
			err = b.try(list, i == 0, func(m *mutant) {
				if m.killer != "" || i == len(p.tests)-1 {
					done(m)
				}
			})
			if err != nil {
				return err
			}
			list = slices.DeleteFunc(list, func(m *mutant) bool { return m.killer != "" })
		}
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
