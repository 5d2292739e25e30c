package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

var compileError = regexp.MustCompile(`(?m)^([^\s:]+\.go):(\d+):\d+: `)

// A mutated package has all of its mutants in.
type mutated struct {
	target
	root, dir string // of the repository, and for what is built
	sources   []*source
	out       map[int]bool // sites that do not compile, such as a constant where the language wants one
}

// build finds the sites of a target, and those that compile.
func build(root, dir string, t target) (*mutated, error) {
	sources, err := load(root, "./"+t.path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	p := &mutated{t, root, dir, sources, map[int]bool{}}
	for {
		if err := p.write(); err != nil {
			return nil, err
		}
		output, err := p.run("build", "-gcflags=-e", "-o", os.DevNull, "./"+t.path)
		if err == nil {
			return p, nil
		}
		if !p.leaveOut(output) {
			return nil, fmt.Errorf("building %s with its mutants: %w\n%s", t.path, err, output)
		}
	}
}

// write writes the sources as they are compiled.
func (p *mutated) write() error {
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for _, s := range p.sources {
		to := filepath.Join(p.dir, filepath.Base(s.path))
		if err := os.WriteFile(to, s.mutated(p.out), 0o644); err != nil {
			return err
		}
		overlay.Replace[s.path] = to
	}
	text, err := json.Marshal(overlay)
	if err != nil {
		return err
	}
	return os.WriteFile(p.overlay(), text, 0o644)
}

func (p *mutated) overlay() string { return filepath.Join(p.dir, "overlay.json") }

// run runs the go tool over what was written.
func (p *mutated) run(command string, args ...string) ([]byte, error) {
	cmd := exec.Command("go", append([]string{command, "-overlay", p.overlay()}, args...)...)
	cmd.Dir = p.root
	return cmd.CombinedOutput()
}

// testsOf builds the tests of a package.
func (p *mutated) testsOf(pkg string) (binary, error) {
	path := filepath.Join(p.dir, strings.ReplaceAll(pkg, "/", "-")+".test")
	if output, err := p.run("test", "-c", "-vet=off", "-o", path, "./"+pkg); err != nil {
		return binary{}, fmt.Errorf("building the tests of %s: %w\n%s", pkg, err, output)
	}
	return binary{pkg, path, filepath.Join(p.root, pkg), p.args}, nil
}

// mutants returns those that compile.
func (p *mutated) mutants() iter.Seq[*mutant] {
	return func(yield func(*mutant) bool) {
		for _, s := range p.sources {
			for _, site := range s.sites {
				if !p.out[site.id] && !yield(&mutant{site: site, of: p}) {
					return
				}
			}
		}
	}
}

// leaveOut leaves out the sites on the lines that errors name, and reports whether there were any.
func (p *mutated) leaveOut(output []byte) bool {
	some := false
	for scan := bufio.NewScanner(bytes.NewReader(output)); scan.Scan(); {
		m := compileError.FindStringSubmatch(scan.Text())
		if m == nil {
			continue
		}
		line, _ := strconv.Atoi(m[2])
		for _, s := range p.sources {
			if filepath.Base(s.path) != filepath.Base(m[1]) {
				continue
			}
			for _, site := range s.sites {
				if site.line == line && !p.out[site.id] {
					p.out[site.id], some = true, true
				}
			}
		}
	}
	return some
}
