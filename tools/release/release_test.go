package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The committed list is that of the modules which are linked today, and each has a licence
// that binaries may be shipped under.
func TestLicences(t *testing.T) {
	t.Chdir("../..")
	modules, err := linked(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	committed, err := os.ReadFile("docs/licences.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(committed), licences(modules)); diff != "" {
		t.Errorf("docs/licences.md is not what 'go run ./tools/release -licences' prints (-committed +now):\n%s", diff)
	}
	permissive := map[string]bool{"Apache-2.0": true, "MIT": true, "BSD-2-Clause": true, "BSD-3-Clause": true, "ISC": true}
	for _, m := range modules {
		for _, id := range m.licences {
			if !permissive[id] {
				t.Errorf("%s is under %s, which asks for more than a notice of those who ship binaries", m.path, id)
			}
		}
	}
}

// Notices are shipped with licences, also of code that lies in a folder of its own; a module
// without a licence is an error.
func TestLicensed(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"LICENSE-APACHE": "Apache License\nVersion 2.0, January 2004", "NOTICE.txt": "Copyright 2026 The Authors",
		"third/party/COPYING": "Permission is hereby granted, free of charge", "testdata/LICENSE": "Mozilla Public License, version 2.0", "license.go": "package x",
	} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700), os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	m, err := licensed("example.org/x", "v1.0.0", dir, true)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range m.texts {
		names = append(names, f.name)
	}
	if diff := cmp.Diff([]string{"LICENSE-APACHE", "NOTICE.txt", "third/party/COPYING"}, names); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"Apache-2.0", "MIT"}, m.licences); diff != "" {
		t.Error(diff)
	}
	if _, err := licensed("example.org/y", "v1.0.0", filepath.Join(dir, "third"), false); err == nil {
		t.Error("a module without a licence is taken")
	}
}

func TestIdentify(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{"Apache License\n   Version 2.0, January 2004", "Apache-2.0"},
		{"Permission is hereby granted,\nfree of charge, to any person", "MIT"},
		{"Redistributions of source code must retain ... Neither the name of", "BSD-3-Clause"},
		{"Redistributions of source code must retain", "BSD-2-Clause"},
		{"Mozilla Public License, version 2.0", "MPL-2.0"},
		{"Copyright 2026 The Authors", ""},
	} {
		if got := identify(row.text); got != row.want {
			t.Errorf("identify(%q) = %q, want %q", row.text, got, row.want)
		}
	}
}

// What is released differs from the template in the program's place, in what says how to
// build it, and in the architecture that it was built for.
func TestReleasedTemplate(t *testing.T) {
	text, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	template := string(text)
	local, err := released(template, "1.2.3", "x86_64", "function_x86_64.zip")
	if err != nil {
		t.Fatal(err)
	}
	remote, err := fromBucket(template, "1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ what, got, has string }{
		{"local", local, "\n      CodeUri: function_x86_64.zip\n"},
		{"local", local, "\n    Default: x86_64\n    AllowedValues: [x86_64]\n"},
		{"remote", remote, "\n      CodeUri: {Bucket: !Ref CodeBucket, Key: !Ref CodeKey}\n"},
		{"remote", remote, "\nParameters:\n  CodeBucket:\n"},
		{"remote", remote, "\n    AllowedValues: [arm64, x86_64]\n"},
		{"local", local, "\n    Version: {Number: \"1.2.3\"}\n"},
		{"remote", remote, "\n    Version: {Number: \"1.2.3\"}\n"},
	} {
		if !strings.Contains(row.got, row.has) {
			t.Errorf("the %s template lacks %q", row.what, row.has)
		}
	}
	for _, gone := range []string{"BuildMethod", "ContextPath", "WorkingDirectory", "tools/build"} {
		if strings.Contains(local, gone) || strings.Contains(remote, gone) {
			t.Errorf("a released template still says %q, and nothing is built there", gone)
		}
	}
	if a, b := strings.Count(local, "\n"), strings.Count(template, "\n"); b-a > 7 {
		t.Errorf("%d lines were cut from the template", b-a)
	}
	if _, err := released(strings.Replace(template, "CodeUri:", "Code:", 1), "1.2.3", "arm64", "x"); err == nil {
		t.Error("a template without a CodeUri was released")
	}
	if _, err := released(strings.Replace(template, "  Architecture:\n    Type", "  Processor:\n    Type", 1), "1.2.3", "arm64", "x"); err == nil {
		t.Error("a template without the parameter Architecture was released")
	}
}

func TestReleaseNotes(t *testing.T) {
	const changelog = "# Changelog\n\n## Unreleased\n\nNew.\n\n## 0.2.0, 2026-12-01\n\nSecond.\n\n### Fixed\n\n- It.\n\n## 0.1.0\n\nFirst.\n"
	for _, row := range []struct{ version, want string }{
		{"0.1.0", "First.\n"},
		{"0.2.0", "Second.\n\n### Fixed\n\n- It.\n"},
		{"0.3.0", "New.\n"},
		{"0.2", "New.\n"}, // not a part of 0.2.0
	} {
		if got, err := section(changelog, row.version); err != nil || got != row.want {
			t.Errorf("the notes of %s are %q, %v; want %q", row.version, got, err, row.want)
		}
	}
	if _, err := section("# Changelog\n", "0.1.0"); err == nil {
		t.Error("a version that the changelog does not know has notes")
	}
}

func TestVersionsThatAreNone(t *testing.T) {
	for _, v := range []string{"", "v0.1.0", "0.1", "0.1.0 ", "latest", "0.1.0/../x"} {
		if err := run(t.Context(), v, t.TempDir()); err == nil || !strings.Contains(err.Error(), "is not a version") {
			t.Errorf("version %q: %v", v, err)
		}
	}
}
