package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// packagesNothingElse types what is typed by a user who has not built, in a folder that holds a
// credential: each must fail before anything is uploaded, and say what to do first.
func packagesNothingElse(t *testing.T, d *deployment) {
	dir := sources(t, d.root)
	if err := os.WriteFile(filepath.Join(dir, "credential.json"), []byte(`{"client_secret": "example"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	in := func(name string, args ...string) (string, error) {
		cmd := d.command(nil, name, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	refused := func(more ...string) {
		t.Helper()
		args := slices.Concat([]string{"deploy"}, d.samArguments(), more)
		if out, err := in("sam", args...); err == nil || !strings.Contains(out, "run-sam-build-first") {
			t.Errorf("sam %s, without a build: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	refused()
	refused("--template-file", "template.yaml")
	for _, command := range [][]string{append([]string{"sam", "build"}, d.samArguments()...), {"make", "clean"}} {
		if out, err := in(command[0], command[1:]...); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
		}
	}
	refused()

	var buckets []string
	d.aws(&buckets, "s3api", "list-buckets", "--query", "Buckets[].Name")
	for _, bucket := range buckets {
		var keys []string
		d.aws(&keys, "s3api", "list-objects-v2", "--bucket", bucket, "--query", "Contents[].Key")
		if len(keys) > 0 {
			t.Errorf("uploaded to %s: %q", bucket, keys)
		}
	}
	var stacks []string
	d.aws(&stacks, "cloudformation", "list-stacks", "--query", "StackSummaries[?StackName=='"+stackName+"'].StackName")
	if len(stacks) > 0 {
		t.Errorf("there is a stack: %q", stacks)
	}
}

// sources copies what git knows of the repository, as a clone has it.
func sources(t *testing.T, root string) string {
	t.Helper()
	list := exec.CommandContext(t.Context(), "git", "ls-files", "-z")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		info, err := os.Stat(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue // deleted and not yet committed
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(root, name))
		if err == nil {
			err = os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), data, info.Mode())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
