package e2e_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"example.com/tokenkeeper/internal/simulator"
)

// released is a version that no changelog has.
const released = "99.0.0"

// TestReleased is a release from beginning to end: two clones in different folders give the
// same bytes; what is published is all there; and the bundle, without the sources, deploys and
// keeps a token.
func TestReleased(t *testing.T) {
	e := newEmulator(t)
	dist := release(t, e.root, filepath.Join(t.TempDir(), "a"))
	again := release(t, e.root, filepath.Join(t.TempDir(), "a", "folder", "with", "a-longer-name"))
	if a, b := digests(t, dist), digests(t, again); a != b {
		t.Errorf("two clones of the same commit gave\n%s\nand\n%s", a, b)
	}
	whole(t, dist)
	runs(t, dist)

	bundle := t.TempDir()
	unzip(t, filepath.Join(dist, "tokenkeeper_"+released+"_deploy.zip"), bundle)
	template := "template-x86_64.yaml"
	if runtime.GOARCH == "arm64" {
		template = "template.yaml"
	}
	cmd := e.command(nil, "sam", "deploy", "--template-file", template, "--region", region, "--parameter-overrides", "EndpointUrl="+e.url)
	cmd.Dir = bundle
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("sam deploy of the bundle: %v\n%s", err, out)
	}
	e.allowListing()
	d := &deployment{emulator: e, sim: simulator.New(simulator.Options{})}
	server := httptest.NewServer(d.sim)
	t.Cleanup(server.Close)
	d.base = server.URL
	d.configure(simulator.Meitner, simulator.Meitner)
	// The second time, because ministack gives the empty secret of the first a version.
	for range 2 {
		if _, err := e.lambda.Invoke(t.Context(), &lambda.InvokeInput{
			FunctionName: aws.String(e.resource("RefresherFunction")),
			Payload:      fmt.Appendf(nil, `{"refresh": [%q]}`, simulator.Meitner),
		}); err != nil {
			t.Fatal(err)
		}
	}
	d.wantLive(simulator.Meitner)

	upgrade := blockNamed(t, bundle, "DEPLOY.md", "upgrade")
	cmd = e.command(nil, "bash", "-euo", "pipefail", "-c", upgrade.script+" --template-file "+template)
	cmd.Dir = bundle
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "No changes to deploy") {
		t.Errorf("deployed again, the parameters are not those of the stack: %v\n%s", err, out)
	}
}

// release clones the repository into dir, releases from there, and returns what came of it.
func release(t *testing.T, root, dir string) string {
	t.Helper()
	for _, args := range [][]string{
		{"git", "clone", "--quiet", root, dir},
		{"go", "-C", dir, "run", "./tools/release", "-version", released},
	} {
		if out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	return filepath.Join(dir, "dist")
}

func digests(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(data), e.Name())
	}
	return b.String()
}

// whole checks that each file which is promised is there, and that sha256sum finds the
// checksums right.
func whole(t *testing.T, dist string) {
	t.Helper()
	want := []string{"checksums.txt", "release-notes.md"}
	add := func(what ...string) {
		for _, w := range what {
			want = append(want, "tokenkeeper_"+released+"_"+w)
		}
	}
	add("deploy.zip")
	for _, arch := range []string{"arm64", "x86_64"} {
		add("function_"+arch+".zip", "function_"+arch+".cdx.json")
	}
	for _, goos := range []string{"linux", "darwin", "windows"} {
		for _, arch := range []string{"amd64", "arm64"} {
			ending := map[bool]string{true: ".zip", false: ".tar.gz"}[goos == "windows"]
			add(goos+"_"+arch+ending, goos+"_"+arch+".cdx.json")
		}
	}
	slices.Sort(want)
	var got []string
	entries, err := os.ReadDir(dist)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if !slices.Equal(got, want) {
		t.Errorf("the release has\n%q\nwant\n%q", got, want)
	}
	check := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", "--quiet", "checksums.txt")
	check.Dir = dist
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("sha256sum: %v\n%s", err, out)
	}
	for _, arch := range []string{"arm64", "x86_64"} {
		files := entriesOf(t, filepath.Join(dist, "tokenkeeper_"+released+"_function_"+arch+".zip"))
		if len(files) != 1 || files[0].Name != "bootstrap" || files[0].Mode().Perm() != 0o755 || files[0].UncompressedSize64 > maxBootstrap {
			t.Errorf("the function for %s is not one small executable bootstrap", arch)
		}
	}
}

// runs checks that the command line of this platform knows its version, and comes with a man
// page and a completion for each shell.
func runs(t *testing.T, dist string) {
	t.Helper()
	dir := t.TempDir()
	archive := filepath.Join(dist, "tokenkeeper_"+released+"_linux_"+runtime.GOARCH+".tar.gz")
	if out, err := exec.CommandContext(t.Context(), "tar", "-xzf", archive, "-C", dir).CombinedOutput(); err != nil {
		t.Fatalf("tar: %v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), filepath.Join(dir, "tokenkeeper"), "version").CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "tokenkeeper "+released+",") {
		t.Errorf("tokenkeeper version: %v\n%s", err, out)
	}
	for _, row := range []struct{ file, has string }{
		{"man/man1/tokenkeeper-status.1", "tokenkeeper " + released},
		{"completions/tokenkeeper.bash", "complete"},
		{"completions/_tokenkeeper", "#compdef tokenkeeper"},
		{"completions/tokenkeeper.fish", "complete -c tokenkeeper"},
		{"completions/tokenkeeper.ps1", "Register-ArgumentCompleter"},
		{"THIRD_PARTY_NOTICES.txt", "Go standard library"},
		{"LICENSE", "Apache License"},
	} {
		text, err := os.ReadFile(filepath.Join(dir, row.file))
		if err != nil || !bytes.Contains(text, []byte(row.has)) {
			t.Errorf("%s in the archive has no %q (%v)", row.file, row.has, err)
		}
	}
}

func entriesOf(t *testing.T, path string) []*zip.File {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = z.Close() })
	return z.File
}

func unzip(t *testing.T, path, dir string) {
	t.Helper()
	for _, f := range entriesOf(t, path) {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(f.Name)), data, f.Mode()); err != nil {
			t.Fatal(err)
		}
	}
}
