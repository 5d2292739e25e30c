package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// A platform is one that the command line is built for, in Go's words.
type platform struct{ os, arch string }

var platforms = []platform{
	{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}, {"windows", "amd64"}, {"windows", "arm64"},
}

// architectures are those that Lambda offers: its word, and Go's.
var architectures = []struct{ lambda, goarch string }{{"arm64", "arm64"}, {"x86_64", "amd64"}}

// output runs a command with variables beside those of this process, and returns what it
// prints, without white space around it.
func output(ctx context.Context, env []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, stderr.Bytes())
	}
	return strings.TrimSpace(string(out)), nil
}

// built returns where build leaves a program.
func (r *release) built(p platform, pkg string) string {
	return filepath.Join(r.scratch, p.os+"-"+p.arch+"-"+filepath.Base(pkg))
}

// build compiles one program and returns it.
func (r *release) build(ctx context.Context, p platform, pkg string, flags ...string) ([]byte, error) {
	path := r.built(p, pkg)
	args := []string{"build", "-mod=readonly", "-trimpath", "-o", path,
		"-ldflags", "-s -w -X example.com/tokenkeeper/cmd/internal/version.release=" + r.version}
	_, err := output(ctx, []string{"GOOS=" + p.os, "GOARCH=" + p.arch, "CGO_ENABLED=0", "GOFLAGS=", "GOAMD64=v1"}, "go", append(append(args, flags...), pkg)...)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// functions writes the function's zips, a bootstrap alone in each, and their SBOMs; they
// are returned by Lambda's word for the architecture.
func (r *release) functions(ctx context.Context) (map[string][]byte, error) {
	zips := map[string][]byte{}
	for _, a := range architectures {
		program, err := r.build(ctx, platform{"linux", a.goarch}, "./cmd/refresher", "-buildvcs=false", "-tags", "lambda.norpc")
		if err != nil {
			return nil, err
		}
		if zips[a.lambda], err = zipped([]file{{name: "bootstrap", data: program, executable: true}}, r.time); err != nil {
			return nil, err
		}
		if err := r.write(r.named("function_"+a.lambda+".zip"), zips[a.lambda]); err != nil {
			return nil, err
		}
		if err := r.sbom(program, "function_"+a.lambda); err != nil {
			return nil, err
		}
	}
	return zips, nil
}

// commandLine writes an archive for each platform: the program, completions, man pages,
// licences.
func (r *release) commandLine(ctx context.Context, legal []file) error {
	pages, err := r.pages(ctx)
	if err != nil {
		return err
	}
	for _, p := range platforms {
		program, err := r.build(ctx, p, "./cmd/tokenkeeper", "-buildvcs=false")
		if err != nil {
			return err
		}
		name := "tokenkeeper"
		if p.os == "windows" {
			name += ".exe"
		}
		files := append([]file{{name: name, data: program, executable: true}}, pages...)
		files = append(files, legal...)
		what := p.os + "_" + p.arch
		archive, ending := tarred, ".tar.gz"
		if p.os == "windows" {
			archive, ending = zipped, ".zip"
		}
		data, err := archive(files, r.time)
		if err != nil {
			return err
		}
		if err := r.write(r.named(what+ending), data); err != nil {
			return err
		}
		if err := r.sbom(program, what); err != nil {
			return err
		}
	}
	return nil
}

// shells are those with a completion, and the names under which each looks for one.
var shells = []struct{ shell, name string }{
	{"bash", "completions/tokenkeeper.bash"}, {"zsh", "completions/_tokenkeeper"},
	{"fish", "completions/tokenkeeper.fish"}, {"powershell", "completions/tokenkeeper.ps1"},
}

// pages returns the completions and the man pages, which the command line itself prints.
func (r *release) pages(ctx context.Context) ([]file, error) {
	here := platform{runtime.GOOS, runtime.GOARCH}
	if _, err := r.build(ctx, here, "./cmd/tokenkeeper", "-buildvcs=false"); err != nil {
		return nil, err
	}
	program := r.built(here, "./cmd/tokenkeeper")
	var files []file
	for _, s := range shells {
		text, err := output(ctx, nil, program, "completion", s.shell)
		if err != nil {
			return nil, err
		}
		files = append(files, file{name: s.name, data: []byte(text + "\n")})
	}
	dir := filepath.Join(r.scratch, "man")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	date := fmt.Sprintf("SOURCE_DATE_EPOCH=%d", r.time.Unix())
	if _, err := output(ctx, []string{date, "GOFLAGS="}, program, "man", dir); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		files = append(files, file{name: "man/man1/" + e.Name(), data: data})
	}
	return files, nil
}
