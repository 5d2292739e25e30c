package e2e_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"example.com/tokenkeeper/internal/simulator"
)

// apis are what the tokens open, behind a simulator.
var apis = map[string]string{
	simulator.Meitner:   "/meitner/directory/v1/school",
	simulator.EduCloud:  "/educloud/example",
	simulator.METI:      "/meti/sources",
	simulator.METILogin: "/meti-login/sources",
}

// A consumer is an example reader, installed as the application that it is copied
// into would be, and the key of a user who may read every record.
type consumer struct {
	*emulator
	language string
	command  []string
	key      []string
}

func newConsumers(e *emulator, key []string) []consumer {
	e.t.Helper()
	dir := e.t.TempDir()
	examples := filepath.Join(e.root, "examples", "readers")
	reader := filepath.Join(dir, "reader")
	if out, err := e.command(nil, "go", "build", "-o", reader, "./examples/readers/go").CombinedOutput(); err != nil {
		e.t.Fatalf("building the reader in Go: %v\n%s", err, out)
	}
	// Node looks for the SDK beside the module, and upwards.
	module := filepath.Join(dir, "tokenkeeper-reader.mjs")
	text, err := os.ReadFile(filepath.Join(examples, "node", "tokenkeeper-reader.mjs"))
	if err != nil {
		e.t.Fatal(err)
	}
	if err := os.WriteFile(module, text, 0o600); err != nil {
		e.t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(e.root, ".tools", "node", "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		e.t.Fatal(err)
	}
	return []consumer{
		{e, "go", []string{reader}, key},
		{e, "python", []string{filepath.Join(e.root, ".tools", "sam", "bin", "python"), "-B",
			filepath.Join(examples, "python", "tokenkeeper_reader.py")}, key},
		{e, "node", []string{"node", module}, key},
		{e, "shell", []string{"bash", filepath.Join(examples, "shell", "tokenkeeper-reader.sh")}, key},
	}
}

// get sends one GET with the provider's token, and returns the status that the
// consumer prints.
func (c consumer) get(t *testing.T, provider, url string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	variables := append(c.key[:len(c.key):len(c.key)], "XDG_RUNTIME_DIR="+t.TempDir())
	cmd := c.emulator.command(variables, c.command[0], append(c.command[1:], "--secret", "tokenkeeper/tokens/"+provider, url)...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Errorf("the reader in %s: %v\n%s", c.language, err, &stderr)
	}
	return string(bytes.TrimSpace(stdout.Bytes()))
}

// attach attaches a policy of the stack's to a role, a user and a group.
func (e *emulator) attach(policy, name string) {
	e.t.Helper()
	e.aws(nil, "iam", "create-role", "--role-name", name, "--assume-role-policy-document", `{"Version": "2012-10-17", "Statement":
		{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}}`)
	e.aws(nil, "iam", "create-user", "--user-name", name)
	e.aws(nil, "iam", "create-group", "--group-name", name)
	for _, kind := range []string{"role", "user", "group"} {
		e.aws(nil, "iam", "attach-"+kind+"-policy", "--"+kind+"-name", name, "--policy-arn", policy)
	}
}

// wantDetached checks that no policy of the stack's is attached: ministack would delete it
// all the same, IAM would not.
func (e *emulator) wantDetached() {
	e.t.Helper()
	var policies []struct {
		PolicyName      string
		AttachmentCount int
	}
	e.aws(&policies, "iam", "list-policies", "--scope", "Local", "--query", "Policies")
	if len(policies) == 0 {
		e.t.Error("the stack has no policies")
	}
	for _, p := range policies {
		if p.AttachmentCount > 0 {
			e.t.Errorf("%s is attached to %d", p.PolicyName, p.AttachmentCount)
		}
	}
}

// newConsumer makes a user with the policy for consumers, and returns its key.
func (e *emulator) newConsumer() []string {
	e.t.Helper()
	e.aws(nil, "iam", "create-user", "--user-name", "application")
	e.aws(nil, "iam", "attach-user-policy", "--user-name", "application", "--policy-arn", e.output("ConsumerForAllPolicyArn"))
	var key struct {
		AccessKey struct{ AccessKeyId, SecretAccessKey string }
	}
	e.aws(&key, "iam", "create-access-key", "--user-name", "application")
	return []string{"AWS_ACCESS_KEY_ID=" + key.AccessKey.AccessKeyId, "AWS_SECRET_ACCESS_KEY=" + key.AccessKey.SecretAccessKey}
}
