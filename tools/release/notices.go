package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A module is one that a released program is built from, with the texts of its licences.
type module struct {
	path, version string
	licences      []string // SPDX identifiers, sorted
	texts         []file   // named within the module
}

// notices returns the file with the licence and the notices of every module that is linked
// into a program, as MIT, BSD and Apache-2.0 (section 4) want them to go with it.
func (r *release) notices(ctx context.Context) (file, error) {
	modules, err := linked(ctx)
	if err != nil {
		return file{}, err
	}
	var b bytes.Buffer
	b.WriteString("tokenkeeper is built from the Go modules below. Each is followed by its licence and notices.\n")
	for _, m := range modules {
		fmt.Fprintf(&b, "\n%s\n%s %s (%s)\n", strings.Repeat("=", 78), m.path, m.version, strings.Join(m.licences, ", "))
		for _, t := range m.texts {
			fmt.Fprintf(&b, "\n--- %s\n\n%s\n", t.name, bytes.TrimSpace(bytes.ReplaceAll(t.data, []byte("\r\n"), []byte("\n"))))
		}
	}
	return file{name: "THIRD_PARTY_NOTICES.txt", data: b.Bytes()}, nil
}

// linked returns the modules that the programs are built from, on any platform, with Go's
// own library first. A module without a licence that is known here is an error.
func linked(ctx context.Context) ([]module, error) {
	dirs := map[string]string{} // path and version to folder
	for _, p := range platforms {
		list, err := output(ctx, []string{"GOOS=" + p.os, "GOARCH=" + p.arch, "CGO_ENABLED=0", "GOFLAGS="}, "go", "list", "-mod=readonly", "-deps", "-tags", "lambda.norpc",
			"-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}\t{{.Dir}}{{end}}{{end}}", "./cmd/tokenkeeper", "./cmd/refresher")
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(list) {
			if name, dir, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
				dirs[name] = dir
			}
		}
	}
	goVersion, err := output(ctx, nil, "go", "env", "GOVERSION")
	if err != nil {
		return nil, err
	}
	root, err := output(ctx, nil, "go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	library, err := licensed("Go standard library", goVersion, root, false)
	if err != nil {
		return nil, err
	}
	modules := []module{library}
	var errs []error
	for name, dir := range dirs {
		path, version, _ := strings.Cut(name, " ")
		m, err := licensed(path, version, dir, true)
		modules, errs = append(modules, m), append(errs, err)
	}
	slices.SortFunc(modules[1:], func(a, b module) int { return strings.Compare(a.path, b.path) })
	return modules, errors.Join(errs...)
}

var legalName = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)(\.[a-z]+|-[a-z0-9.-]+)?$`)

// licensed reads the licences and notices in a module's folder; deep: in those below it as
// well, where code of others is kept with its own licence.
func licensed(path, version, dir string, deep bool) (module, error) {
	m := module{path: path, version: version}
	err := filepath.WalkDir(dir, func(at string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && at != dir && (!deep || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || !legalName.MatchString(d.Name()) || strings.HasSuffix(d.Name(), ".go"):
			return nil
		}
		text, err := os.ReadFile(at)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, at)
		if err != nil {
			return err
		}
		m.texts = append(m.texts, file{name: filepath.ToSlash(name), data: text})
		if id := identify(string(text)); id != "" && !slices.Contains(m.licences, id) {
			m.licences = append(m.licences, id)
		}
		return nil
	})
	slices.Sort(m.licences)
	if err == nil && len(m.licences) == 0 {
		err = fmt.Errorf("module %s %s: no licence that is known here was found in it: read it, and teach identify its words", path, version)
	}
	return m, err
}

// identify returns the SPDX identifier of a licence by sentences of its own; "" where none
// of them is in the text, as in a notice.
func identify(text string) string {
	plain := strings.Join(strings.Fields(text), " ")
	has := func(s string) bool { return strings.Contains(plain, s) }
	switch {
	case has("Apache License") && has("Version 2.0, January 2004"), has("Licensed under the Apache License, Version 2.0"):
		return "Apache-2.0"
	case has("Mozilla Public License") && has("2.0"):
		return "MPL-2.0"
	case has("Permission is hereby granted, free of charge"):
		return "MIT"
	case has("Permission to use, copy, modify, and/or distribute"), has("Permission to use, copy, modify, and distribute"):
		return "ISC"
	case has("Redistributions of source code must retain"):
		if has("Neither the name") || has("may be used to endorse or promote") {
			return "BSD-3-Clause"
		}
		return "BSD-2-Clause"
	}
	return ""
}

// licences returns docs/licences.md. It names no versions, so that an upgrade changes it only
// if a licence changes, or a module comes or goes.
func licences(modules []module) string {
	var b strings.Builder
	b.WriteString("# Licences\n\nThe programs are built from these modules, by `go run ./tools/release -licences`. A release\n" +
		"has the texts in THIRD_PARTY_NOTICES.txt.\n\n| module | licences |\n|---|---|\n")
	for _, m := range modules {
		fmt.Fprintf(&b, "| %s | %s |\n", m.path, strings.Join(m.licences, ", "))
	}
	return b.String()
}

func printLicences(ctx context.Context) error {
	modules, err := linked(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Print(licences(modules))
	return err
}
