package e2e_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"example.com/tokenkeeper/internal/simulator"
)

// TestDocumented runs the marked blocks of the documents as they are written, one after
// the other, in a copy of the repository and with its own command line installed. Those that take
// another region are run with make operations.
func TestDocumented(t *testing.T) {
	e := newEmulator(t)
	readme := blocks(t, e.root, "README.md")
	var steps []string
	for _, b := range readme {
		steps = append(steps, b.name)
	}
	if want := []string{"deploy", "provider", "read", "status"}; !slices.Equal(steps, want) {
		t.Fatalf("the README's blocks are %q, want %q", steps, want)
	}
	blocks := slices.DeleteFunc(slices.Concat(readme, blocks(t, e.root, "docs/operations.md")),
		func(b block) bool { return slices.Contains(inRegions, b.name) })
	d := &deployment{emulator: e, sim: simulator.New(simulator.Options{})}
	server := httptest.NewServer(d.sim)
	t.Cleanup(server.Close)
	d.base = server.URL

	dir := d.newClone()
	d.install(dir)
	d.write(dir, simulator.Meitner)
	for _, b := range blocks {
		if !t.Run(b.document+" "+b.name, func(t *testing.T) {
			d.t = t
			switch b.name {
			case "deploy", "provider", "remove-provider", "remove", "leftovers":
			case "paste":
				if err := os.WriteFile(filepath.Join(dir, "record.json"), []byte(pasted), 0o600); err != nil {
					t.Fatal(err)
				}
			case "detach":
				d.attach(d.output("ConsumerPolicyArn"), "application")
				d.attach(d.output("ConfigEditorPolicyArn"), "developers")
			default:
				d.ticks()
			}
			if b.name == "rename" {
				defer d.ticking()()
			}
			began := time.Now()
			cmd := d.command([]string{"VERSION=HEAD"}, "bash", "-euo", "pipefail", "-c", b.script)
			cmd.Dir = dir
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s\n%s", err, b.script, out)
			}
			t.Logf("%.1f s", time.Since(began).Seconds())
			switch b.name {
			case "deploy":
				d.allowListing()
			case "rotate", "move", "resume":
				d.wantLive(simulator.Meitner)
			case "rename":
				// In ministack, not in AWS, a secret without a value has one, which wait takes for a token.
				d.wait("a token under the new name", func() bool { d.tick(); _, ok := d.record("meitner-eu"); return ok })
				d.wantLive("meitner-eu")
			case "paste":
				if r, _ := d.record(simulator.Meitner); r.AccessToken.Reveal() != "example-by-hand" {
					t.Error("applications do not read what was pasted")
				}
			case "share":
				var policy string
				d.aws(&policy, "secretsmanager", "get-resource-policy", "--secret-id", "tokenkeeper/tokens/meitner", "--query", "ResourcePolicy")
				if !strings.Contains(policy, "210987654321") {
					t.Errorf("the secret's policy is %s", policy)
				}
			case "detach":
				d.wantDetached()
			}
		}) {
			return
		}
	}
}

// pasted is a record as a person writes it.
const pasted = `{"version": 1, "access_token": "example-by-hand", "token_type": "Bearer", "provider": "meitner",
	"expires_at": "2099-01-01T00:00:00Z", "expires_at_unix": 4070908800}`

// ticks does what the schedule would have done by the time that a reader reads on.
func (d *deployment) ticks() {
	d.t.Helper()
	// In ministack a first token takes two: see appear.
	for range 2 {
		if _, ok := d.record(simulator.Meitner); ok {
			return
		}
		out, err := d.lambda.Invoke(d.t.Context(), &lambda.InvokeInput{
			FunctionName: aws.String(d.resource("RefresherFunction")),
			Payload:      fmt.Appendf(nil, `{"tick": %q}`, time.Now().UTC().Format(time.RFC3339)),
		})
		if err != nil {
			d.t.Fatal(err)
		}
		if out.FunctionError != nil {
			d.t.Fatalf("the tick failed: %s", out.Payload)
		}
	}
	d.wantLive(simulator.Meitner)
}

// ticking sends ticks until it is stopped, for a command that waits for the next one: the schedule's
// may be most of a minute away.
func (d *deployment) ticking() (stop func()) {
	d.t.Helper()
	function := d.resource("RefresherFunction")
	ctx, cancel := context.WithCancel(d.t.Context())
	var sending sync.WaitGroup
	sending.Go(func() {
		for ctx.Err() == nil {
			_, _ = d.lambda.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String(function),
				Payload: fmt.Appendf(nil, `{"tick": %q}`, time.Now().UTC().Format(time.RFC3339))})
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	})
	return func() { cancel(); sending.Wait() }
}

// newClone copies the files that a clone would have, and makes them one.
func (d *deployment) newClone() string {
	d.t.Helper()
	dir := d.t.TempDir()
	script := `git -C "$1" ls-files -z --cached --others --exclude-standard |
		tar -C "$1" --null --files-from - -c | tar -C "$2" -x
		cd "$2" && git init --quiet && git add --all &&
		git -c user.name=test -c user.email=test@example.com -c commit.gpgsign=false commit --quiet --message clone
		git init --quiet --bare .git/origin && git remote add origin .git/origin`
	if out, err := d.command(nil, "bash", "-euo", "pipefail", "-c", script, "clone", d.root, dir).CombinedOutput(); err != nil {
		d.t.Fatalf("copying the repository: %v\n%s", err, out)
	}
	return dir
}

// install puts the command line before all others, and before sam what tells it that this
// is an emulator: the documents are for AWS.
func (d *deployment) install(dir string) {
	d.t.Helper()
	bin := d.t.TempDir()
	build := d.command(nil, "go", "build", "-o", filepath.Join(bin, "tokenkeeper"), "./cmd/tokenkeeper")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		d.t.Fatalf("building the command line: %v\n%s", err, out)
	}
	sam, err := exec.LookPath(d.command(nil, "sam").Path)
	if err != nil {
		d.t.Fatal(err)
	}
	wrapper := fmt.Sprintf("#!/bin/sh\ncase $1 in build | deploy) exec %q \"$@\" %s ;; esac\nexec %q \"$@\"\n",
		sam, strings.Join(d.samArguments(), " "), sam)
	if err := os.WriteFile(filepath.Join(bin, "sam"), []byte(wrapper), 0o700); err != nil {
		d.t.Fatal(err)
	}
	for i, variable := range d.environ {
		if path, ok := strings.CutPrefix(variable, "PATH="); ok {
			d.environ[i] = "PATH=" + bin + string(os.PathListSeparator) + path
		}
	}
}

// write puts the files that the documents take the provider's config and credential
// from where the commands look for them.
func (d *deployment) write(dir, name string) {
	d.t.Helper()
	configs, err := d.sim.Configs(d.base)
	if err != nil {
		d.t.Fatal(err)
	}
	credentials, err := d.sim.Credentials(d.base)
	if err != nil {
		d.t.Fatal(err)
	}
	for file, data := range map[string][]byte{name + ".json": configs[name], "credential.json": credentials[name]} {
		if err := os.WriteFile(filepath.Join(dir, file), data, 0o600); err != nil {
			d.t.Fatal(err)
		}
	}
}
