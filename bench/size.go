package main

import (
	"archive/zip"
	"cmp"
	"context"
	"debug/elf"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const (
	// mostBootstrap and mostZip are in MiB.
	mostBootstrap = 12
	mostZip       = 4.5
)

// size prints what the symbols of each module add up to, and beside it the module's part of
// the bootstrap. Half of that are tables by which the runtime finds functions, lines and
// types, which have no symbols of their own and are shared out in proportion.
func size(ctx context.Context, flags *flag.FlagSet, args []string) error {
	arch := flags.String("arch", "arm64", "for which processor: arm64 or amd64")
	flags.Parse(args)
	dir, err := built(ctx, *arch)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	// The same with its symbols, which are the names of what is in it.
	named := filepath.Join(dir, "named")
	if out, err := goBuild(ctx, *arch, "-o", named, "./cmd/refresher").CombinedOutput(); err != nil {
		return fmt.Errorf("building the bootstrap with symbols: %w\n%s", err, out)
	}
	modules, err := moduleOf(ctx, *arch)
	if err != nil {
		return err
	}
	sizes, err := symbolSizes(named, modules)
	if err != nil {
		return err
	}
	bootstrap, err := os.Stat(filepath.Join(dir, "bootstrap"))
	if err != nil {
		return err
	}
	empty, err := os.Stat(filepath.Join(dir, "empty"))
	if err != nil {
		return err
	}
	zipped, err := zipSize(filepath.Join(dir, "bootstrap"))
	if err != nil {
		return err
	}

	total := uint64(bootstrap.Size())
	var symbols uint64
	for _, n := range sizes {
		symbols += n
	}
	fmt.Printf("%12s%12s%7s\n", "symbols, KiB", "in all, KiB", "%")
	line := func(name string, n uint64) {
		part := float64(n) / float64(symbols)
		fmt.Printf("%12.1f%12.1f%7.1f  %s\n", float64(n)/1024, part*float64(total)/1024, 100*part, name)
	}
	for _, name := range slices.SortedFunc(maps.Keys(sizes), func(a, b string) int {
		return cmp.Or(cmp.Compare(sizes[b], sizes[a]), cmp.Compare(a, b))
	}) {
		line(name, sizes[name])
	}
	line("all", symbols)
	fmt.Printf("\nbootstrap, %s: %.2f MiB, zipped %.2f MiB; an empty function: %.2f MiB\n", *arch, mib(total), mib(zipped), mib(uint64(empty.Size())))
	if mib(total) >= mostBootstrap || mib(zipped) >= mostZip {
		return fmt.Errorf("less than %d MiB is promised of the bootstrap, and less than %.1f MiB of its zip", mostBootstrap, mostZip)
	}
	return nil
}

func mib(n uint64) float64 { return float64(n) / (1 << 20) }

const (
	standardLibrary = "standard library and runtime"
	ours            = "example.com/tokenkeeper"
)

// moduleOf returns the module of each package that the bootstrap is built from.
func moduleOf(ctx context.Context, arch string) (map[string]string, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-tags", "lambda.norpc",
		"-f", "{{.ImportPath}} {{with .Module}}{{.Path}}{{end}}", "./cmd/refresher")
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%v: %w", cmd, err)
	}
	modules := map[string]string{"main": ours}
	for line := range strings.Lines(string(out)) {
		pkg, module, _ := strings.Cut(strings.TrimSpace(line), " ")
		modules[pkg] = cmp.Or(module, standardLibrary)
	}
	return modules, nil
}

// symbolSizes returns the sizes of what is named in a binary and takes room in its file, added
// up by module.
func symbolSizes(path string, modules map[string]string) (map[string]uint64, error) {
	file, err := elf.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the bootstrap: %w", err)
	}
	defer file.Close()
	all, err := file.Symbols()
	if err != nil {
		return nil, fmt.Errorf("reading the symbols of the bootstrap: %w", err)
	}
	sizes := make(map[string]uint64)
	for _, s := range all {
		if int(s.Section) >= len(file.Sections) || file.Sections[s.Section].Type == elf.SHT_NOBITS {
			continue
		}
		if module := modules[packageOf(s.Name)]; module != "" {
			sizes[module] += s.Size
		}
	}
	return sizes, nil
}

// packageOf returns the import path in the name of a symbol, such as
// "net/http.(*Client).Do" or "type:.eq.net/url.URL"; empty: there is none.
func packageOf(symbol string) string {
	symbol, _, _ = strings.Cut(symbol, "[") // of what type a generic function is made for
	for _, prefix := range []string{"type:.eq.", "type:.hash.", "go:itab."} {
		symbol = strings.TrimPrefix(symbol, prefix)
	}
	symbol = strings.TrimLeft(symbol, "*")
	slash := strings.LastIndexByte(before(symbol, "("), '/') + 1
	name, _, found := strings.Cut(symbol[slash:], ".")
	if !found {
		return ""
	}
	// The linker escapes what would be taken for the end of the path.
	return symbol[:slash] + strings.ReplaceAll(name, "%2e", ".")
}

func before(s, sep string) string {
	s, _, _ = strings.Cut(s, sep)
	return s
}

// zipSize returns the size of the zip that a file makes, as sam package compresses it.
func zipSize(path string) (uint64, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	var n counter
	w := zip.NewWriter(&n)
	entry, err := w.Create("bootstrap")
	if err == nil {
		_, err = io.Copy(entry, file)
	}
	if err := errors.Join(err, w.Close()); err != nil {
		return 0, fmt.Errorf("zipping the bootstrap: %w", err)
	}
	return uint64(n), nil
}

// A counter counts what is written to it.
type counter uint64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
