package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/secret"
)

const (
	stackName = "tokenkeeper"
	region    = "us-east-1"
)

// An emulator is ministack with the tools that a user has: sam and aws.
type emulator struct {
	t       *testing.T
	root    string // of the repository
	url     string
	environ []string
	ssm     *ssm.Client
	secrets *secretsmanager.Client
	lambda  *lambda.Client

	resources map[string]string // the physical ids that were looked up
}

func newEmulator(t *testing.T) *emulator {
	t.Helper()
	url := os.Getenv("TOKENKEEPER_MINISTACK_URL")
	if url == "" {
		t.Fatal("TOKENKEEPER_MINISTACK_URL is not set: run tools/test emulators, which starts ministack and sets it")
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	// The two commands alone: the environments that they are from have a python each.
	bin := t.TempDir()
	for name, set := range map[string]string{"sam": "sam", "aws": "localstack"} {
		tool := filepath.Join(root, ".tools", set, "bin", name)
		if _, err := os.Stat(tool); err != nil {
			t.Fatalf("%v: run tools/install", err)
		}
		if err := os.Symlink(tool, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	e := &emulator{t: t, root: root, url: url, resources: map[string]string{}}
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "AWS_") && !strings.HasPrefix(variable, "PATH=") {
			e.environ = append(e.environ, variable)
		}
	}
	e.environ = append(e.environ,
		"PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"),
		"AWS_ENDPOINT_URL="+url,
		"AWS_DEFAULT_REGION="+region,
		"AWS_REGION="+region,
		"AWS_ACCESS_KEY_ID=test",
		"AWS_SECRET_ACCESS_KEY=test",
		"AWS_CONFIG_FILE="+os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE="+os.DevNull,
		"AWS_PAGER=",
		"SAM_CLI_TELEMETRY=0",
	)
	cfg := awstest.ConfigFor(url, region)
	e.ssm = ssm.NewFromConfig(cfg)
	e.secrets = secretsmanager.NewFromConfig(cfg)
	e.lambda = lambda.NewFromConfig(cfg)
	return e
}

// command is one of the user's, in the root of the repository; later variables
// stand over earlier ones.
func (e *emulator) command(variables []string, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(e.t.Context(), name, args...)
	cmd.Env = append(e.environ[:len(e.environ):len(e.environ)], variables...)
	cmd.Dir = e.root
	if !strings.Contains(name, "/") {
		for _, variable := range e.environ {
			if path, ok := strings.CutPrefix(variable, "PATH="); ok {
				if found, err := lookPath(name, path); err == nil {
					cmd.Path, cmd.Err = found, nil
				}
			}
		}
	}
	return cmd
}

// lookPath is exec.LookPath for another PATH than this process has.
func lookPath(name, path string) (string, error) {
	for _, dir := range filepath.SplitList(path) {
		if found, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return found, nil
		}
	}
	return "", exec.ErrNotFound
}

// sam runs it as the README says to, with what emulators need.
func (e *emulator) sam(args ...string) string {
	e.t.Helper()
	began := time.Now()
	out, err := e.command(nil, "sam", args...).CombinedOutput()
	if err != nil {
		e.t.Fatalf("sam %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	e.t.Logf("sam %s: %.1f s", args[0], time.Since(began).Seconds())
	return string(out)
}

// samArguments are the environment of samconfig.toml for this machine, and the parameters of
// the template, which override all that are there.
func (e *emulator) samArguments(parameters ...string) []string {
	environment, architecture := "ministack", "x86_64"
	if runtime.GOARCH == "arm64" {
		environment, architecture = "ministack-arm64", "arm64"
	}
	args := []string{"--config-env", environment, "--parameter-overrides",
		"Architecture=" + architecture, "EndpointUrl=" + e.url}
	return append(args, parameters...)
}

// aws runs the AWS CLI and reads what it answers into out, unless that is nil.
func (e *emulator) aws(out any, args ...string) {
	e.t.Helper()
	// SQS's commands ignore AWS_ENDPOINT_URL.
	cmd := e.command(nil, "aws", append(args, "--output", "json", "--endpoint-url", e.url)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		e.t.Fatalf("aws %s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
	if out != nil && stdout.Len() > 0 {
		if err := json.Unmarshal(stdout.Bytes(), out); err != nil {
			e.t.Fatalf("aws %s: %v", strings.Join(args, " "), err)
		}
	}
}

// resource is the physical id of one of the stack's, which it keeps for as long as it lives.
func (e *emulator) resource(logical string) string {
	e.t.Helper()
	if id, ok := e.resources[logical]; ok {
		return id
	}
	var id string
	e.aws(&id, "cloudformation", "describe-stack-resource", "--stack-name", stackName,
		"--logical-resource-id", logical, "--query", "StackResourceDetail.PhysicalResourceId")
	e.resources[logical] = id
	return id
}

func (e *emulator) output(key string) string {
	e.t.Helper()
	var value string
	e.aws(&value, "cloudformation", "describe-stacks", "--stack-name", stackName,
		"--query", "Stacks[0].Outputs[?OutputKey=='"+key+"'] | [0].OutputValue")
	return value
}

// schedule is the one that the stack has, as the API describes it.
func (e *emulator) schedule() map[string]any {
	e.t.Helper()
	var names []string
	e.aws(&names, "scheduler", "list-schedules", "--query", "Schedules[].Name")
	if len(names) != 1 {
		e.t.Fatalf("the schedules are %q", names)
	}
	var schedule map[string]any
	e.aws(&schedule, "scheduler", "get-schedule", "--name", names[0])
	return schedule
}

// allowListing makes up for ministack, which takes the listing of a path for an
// action on every parameter there is, and so refuses it to the role: AWS takes it
// for one on the path (Service Authorization Reference, AWS Systems Manager).
func (e *emulator) allowListing() {
	e.t.Helper()
	e.aws(nil, "iam", "put-role-policy", "--role-name", e.resource("RefresherRole"), "--policy-name", "ministack",
		"--policy-document", `{"Version": "2012-10-17", "Statement":
			{"Effect": "Allow", "Action": "ssm:GetParametersByPath", "Resource": "*"}}`)
}

func (e *emulator) putConfig(name string, config []byte) {
	e.t.Helper()
	e.putParameter("/tokenkeeper/providers/"+name, types.ParameterTypeString, config)
}

func (e *emulator) putCredential(name string, credential []byte) {
	e.t.Helper()
	e.putParameter("/tokenkeeper/credentials/"+name, types.ParameterTypeSecureString, credential)
}

func (e *emulator) putParameter(name string, kind types.ParameterType, value []byte) {
	e.t.Helper()
	_, err := e.ssm.PutParameter(e.t.Context(), &ssm.PutParameterInput{
		Name: aws.String(name), Value: aws.String(string(value)), Type: kind, Overwrite: aws.Bool(true)})
	if err != nil {
		e.t.Fatal(err)
	}
}

// A record is what applications read, as far as it is looked at here.
type record struct {
	Provider    string      `json:"provider"`
	AccessToken secret.Text `json:"-"`
	ExpiresAt   time.Time   `json:"expires_at"`
}

// record returns that of a provider, if there is one with a token.
func (e *emulator) record(name string) (record, bool) {
	var r struct {
		record
		AccessToken string `json:"access_token"`
	}
	out, err := e.secrets.GetSecretValue(e.t.Context(), &secretsmanager.GetSecretValueInput{
		SecretId: aws.String("tokenkeeper/tokens/" + name)})
	if err != nil || json.Unmarshal([]byte(aws.ToString(out.SecretString)), &r) != nil {
		return record{}, false
	}
	r.record.AccessToken = secret.New(r.AccessToken)
	return r.record, r.AccessToken != ""
}

// state is the note beside a provider's secret; empty: there is none.
func (e *emulator) state(name string) string {
	out, err := e.secrets.DescribeSecret(e.t.Context(), &secretsmanager.DescribeSecretInput{
		SecretId: aws.String("tokenkeeper/tokens/" + name)})
	if err != nil {
		return ""
	}
	for _, tag := range out.Tags {
		if aws.ToString(tag.Key) == "tokenkeeper:state" {
			return aws.ToString(tag.Value)
		}
	}
	return ""
}

// wait waits until what a tick does is seen. The schedule is ministack's and keeps to the
// wall clock; it begins a minute after it was made.
func (e *emulator) wait(want string, seen func() bool) {
	e.t.Helper()
	began := time.Now()
	ctx, cancel := context.WithTimeout(e.t.Context(), 2*time.Minute)
	defer cancel()
	poll := time.NewTicker(500 * time.Millisecond)
	defer poll.Stop()
	for !seen() {
		select {
		case <-poll.C:
		case <-ctx.Done():
			e.t.Fatalf("two minutes have passed without %s", want)
		}
	}
	e.t.Logf("%s: after %.0f s", want, time.Since(began).Seconds())
}
