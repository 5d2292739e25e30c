// Release builds everything that is published of one version, into dist/:
//
//	go run ./tools/release -version 0.1.0
//
// It makes the function's zips, a bundle to deploy without Go, the command line for each
// platform with completions and man pages, an SBOM for each program, the release notes and
// checksums. Each file is a function of the commit: two clones in different folders give the
// same bytes, because the only time in them is that of the commit, and paths are trimmed.
//
// It needs Go and git, and of the network only the module proxy.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	version := flag.String("version", "", "version to release, such as 0.1.0")
	dist := flag.String("dist", "dist", "folder to write into, made anew")
	list := flag.Bool("licences", false, "print docs/licences.md instead")
	flag.Parse()
	var err error
	if *list {
		err = printLicences(ctx)
	} else {
		err = run(ctx, *version, *dist)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "release: %v\n", err)
		os.Exit(1)
	}
}

// A release is one version, built from the checkout that the process is in.
type release struct {
	version string    // without v: 0.1.0
	commit  string    // full
	time    time.Time // of the commit, UTC
	dist    string
	scratch string
}

var validVersion = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$`)

func run(ctx context.Context, version, dist string) error {
	if !validVersion.MatchString(version) {
		return fmt.Errorf("-version %q is not a version: write it as in -version 0.1.0 (semver.org), without a v", version)
	}
	r := &release{version: version, dist: dist}
	var err error
	if r.commit, err = output(ctx, nil, "git", "rev-parse", "HEAD"); err != nil {
		return err
	}
	if dirty, err := output(ctx, nil, "git", "status", "--porcelain"); err != nil {
		return err
	} else if dirty != "" {
		return fmt.Errorf("a release is made of a commit, and these files are in none; commit them, or remove them:\n%s", dirty)
	}
	stamp, err := output(ctx, nil, "git", "log", "-1", "--format=%ct")
	if err != nil {
		return err
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return fmt.Errorf("reading the time of the commit: %w", err)
	}
	r.time = time.Unix(seconds, 0).UTC()
	if r.scratch, err = os.MkdirTemp("", "tokenkeeper-release-"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(r.scratch) }()
	if err := errors.Join(os.RemoveAll(dist), os.MkdirAll(dist, 0o755)); err != nil {
		return err
	}
	return r.all(ctx)
}

// all writes every file of the release.
func (r *release) all(ctx context.Context) error {
	notices, err := r.notices(ctx)
	if err != nil {
		return err
	}
	legal := []file{notices}
	for _, name := range []string{"LICENSE", "README.md", "CHANGELOG.md"} {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		legal = append(legal, file{name: name, data: text})
	}
	functions, err := r.functions(ctx)
	if err != nil {
		return err
	}
	if err := r.bundle(functions, legal); err != nil {
		return err
	}
	if err := r.commandLine(ctx, legal); err != nil {
		return err
	}
	if err := r.releaseNotes(); err != nil {
		return err
	}
	return r.checksums()
}

// write writes one file of the release.
func (r *release) write(name string, data []byte) error {
	fmt.Printf("%9d  %s\n", len(data), name)
	return os.WriteFile(filepath.Join(r.dist, name), data, 0o644)
}

// named returns the name of a file of the release: tokenkeeper_0.1.0_ and the rest.
func (r *release) named(rest string) string { return "tokenkeeper_" + r.version + "_" + rest }

// releaseNotes writes what CHANGELOG.md says of the version, or of what is unreleased.
func (r *release) releaseNotes() error {
	text, err := os.ReadFile("CHANGELOG.md")
	if err != nil {
		return err
	}
	notes, err := section(string(text), r.version)
	if err != nil {
		return err
	}
	return r.write("release-notes.md", []byte(notes))
}

// section returns the part of a changelog under the heading "## VERSION", with or without a
// date after it, or under "## Unreleased" where there is none.
func section(changelog, version string) (string, error) {
	for _, heading := range []string{version, "Unreleased"} {
		_, after, found := strings.Cut("\n"+changelog, "\n## "+heading)
		if !found || after != "" && !strings.ContainsAny(after[:1], "\n ,(") {
			continue
		}
		_, after, _ = strings.Cut(after, "\n")
		before, _, _ := strings.Cut(after, "\n## ")
		return strings.TrimSpace(before) + "\n", nil
	}
	return "", fmt.Errorf("CHANGELOG.md has neither a heading ## %s nor ## Unreleased: write what is new under one of them", version)
}
