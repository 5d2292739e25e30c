package template_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"example.com/tokenkeeper/e2e/internal/function"
	"example.com/tokenkeeper/internal/accounttest"
	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/simulator"
	"example.com/tokenkeeper/reader"
)

// Those who have a policy of the template's.
const (
	editor   = "ConfigEditorPolicy"
	oneOnly  = "ProviderEditorPolicy" // of Meitner
	owner    = "CredentialOwnerPolicy"
	restorer = "RefreshTokenRestorePolicy"
	oncall   = "OnCallPolicy"
	consumer = "ConsumerPolicy" // of Meitner
	everyone = "ConsumerForAllPolicy"
)

const (
	logGroupName = "tokenkeeper-RefresherLog-3x"
	alarmTopic   = "arn:aws:sns:eu-north-1:123456789012:ops"
)

const functionName = "tokenkeeper-RefresherFunction-8Qk2"

// TestPeopleAtWork has people do with the built command what is theirs to do, and what is
// not: that is refused in words that name the permission. Nothing that a policy allows is
// there for nothing.
func TestPeopleAtWork(t *testing.T) {
	bootstrap, command := function.Build(t, root), buildCommand(t)
	for name, parameters := range stores {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, bootstrap, command, parameters)
			inSSM := parameters["CredentialStore"] == ""
			putCredential, readCredential := "secretsmanager:PutSecretValue", "secretsmanager:GetSecretValue"
			if inSSM {
				putCredential, readCredential = "ssm:PutParameter", "ssm:GetParameter"
			}
			o.SetSecret(awstest.Secret{Name: "tokenkeeper/tokens/acme", KMSKey: parameters["KmsKeyArn"],
				Versions: []awstest.Version{{Value: "by hand", Labels: []string{"AWSCURRENT"}}}})
			const (
				acme   = `{"token_endpoint": "https://login.acme.example/token", "grant_type": "refresh_token"}`
				ticket = "a-refresh-token-of-some-length"
			)
			config, credential := o.config(simulator.Meitner), o.credential(simulator.Meitner)

			o.may(editor, config, "config", "put", simulator.Meitner, "--file", "-")
			o.may(editor, acme, "config", "put", "acme", "--file", "-")
			o.mayNot(owner, "ssm:PutParameter", acme, "config", "put", "acme", "--file", "-")
			o.may(oneOnly, config, "config", "put", simulator.Meitner, "--file", "-")
			o.may(oneOnly, config, "config", "put", simulator.Meitner, "--file", "-", "--function", functionName)
			o.mayNot(oneOnly, "ssm:PutParameter", acme, "config", "put", "acme", "--file", "-")
			digest := fmt.Sprintf("%x", sha256.Sum256([]byte(config)))
			o.mayNot(editor, "ssm:PutParameter", "", "approve", simulator.Meitner, "--digest", digest)
			o.mayNot(oneOnly, "ssm:GetParametersByPath", "", "approve", simulator.Meitner, "--digest", digest)
			o.may(owner, "", "approve", simulator.Meitner, "--digest", digest)
			for range 2 { // it is made, and then replaced
				o.may(owner, credential, "credential", "put", simulator.Meitner)
				o.may(owner, ticket, "refresh-token", "put", "acme")
			}
			if inSSM {
				o.putsLarge(owner)
			}
			o.mayNot(editor, putCredential, credential, "credential", "put", simulator.Meitner)
			o.mayNot(editor, "secretsmanager:DescribeSecret", ticket, "refresh-token", "put", "acme")

			o.may(owner, "", "refresh-token", "bind", "acme", "--credential", "erp")
			o.may(owner, ticket, "refresh-token", "put", "acme")
			o.may(restorer, "", "refresh-token", "restore", "acme")
			o.may(restorer, "", "refresh-token", "restore", "acme", "--function", functionName)
			o.may(owner, "", "refresh-token", "bind", "acme", "--credential", "acme")
			o.mayNot(owner, "secretsmanager:GetSecretValue", "", "refresh-token", "restore", "acme")
			o.mayNot(restorer, "secretsmanager:ListSecretVersionIds", "", "refresh-token", "bind", "acme", "--credential", "erp")
			o.mayNot(editor, "secretsmanager:DescribeSecret", "", "refresh-token", "bind", "acme", "--credential", "erp")

			for _, line := range o.tick().Lines {
				o.logged = append(append(o.logged, line...), '\n')
			}
			for _, who := range []string{editor, owner, oncall} {
				o.may(who, "", "status", simulator.Meitner)
				if out, _ := o.run(who, "", "status"); !strings.HasPrefix(out, "keeper: last run ") || strings.Contains(out, "not looked") {
					t.Errorf("%s does not see the last run:\n%s", who, out)
				}
				o.may(who, "", "status", simulator.Meitner, "--function", functionName)
				if out, _ := o.run(who, "", "status"); !strings.Contains(out, "acme      failing") {
					t.Errorf("%s does not see what is failing:\n%s", who, out)
				}
			}
			if out, err := o.run(oncall, "", "doctor"); err == nil || strings.Contains(out, "\n? ") || !strings.Contains(out, "\n✓ schedule ") {
				t.Errorf("a doctor on call may not look everywhere: %v\n%s", err, out)
			}
			o.may(oncall, "", "logs", simulator.Meitner)
			o.may(oncall, "", "history", simulator.Meitner)
			o.may(oncall, "", "pause", simulator.Meitner)
			o.may(oncall, "", "resume", simulator.Meitner)
			o.may(oncall, "", "refresh", simulator.Meitner, "--force")
			o.mayNot(oncall, "ssm:PutParameter", config, "config", "put", simulator.Meitner, "--file", "-")
			o.mayNot(oncall, putCredential, credential, "credential", "put", simulator.Meitner)
			o.may(editor, "", "adopt", "acme")
			o.may(editor, "", "history", simulator.Meitner)
			o.may(editor, "", "pause", simulator.Meitner)
			o.may(editor, "", "resume", simulator.Meitner)
			o.may(editor, "", "refresh", simulator.Meitner, "--force")
			o.mayNot(owner, "secretsmanager:TagResource", "", "pause", simulator.Meitner)
			o.mayNot(owner, "lambda:InvokeFunction", "", "refresh", simulator.Meitner)

			// The config of acme has no credential. A user who may not see that reads so, and sees
			// the rest.
			for _, who := range []string{editor, owner} {
				out, _ := o.run(who, "", "check")
				want := `credential = "acme": does not exist`
				if inSSM {
					want = "Whether credentials are there was not looked at: ssm:GetParameter\n"
				}
				if !strings.Contains(out, want) || !strings.Contains(out, "\nmeitner   ") {
					t.Errorf("%s checks, want %s:\n%s", who, want, out)
				}
				o.mayNot(who, readCredential, "", "check", "--read-credentials")
			}

			o.reads(consumer, simulator.Meitner)
			o.reads(everyone, simulator.Meitner)

			for _, who := range []string{editor, oneOnly, owner, restorer, oncall, consumer, everyone} {
				for _, g := range grantsOf(t, o.documents(who)) {
					if !g.used(o.needed[who]) && !byHand(t, g.action) {
						t.Errorf("%s: %s allows %s on %s, and it was not used", who, g.sid, g.action, g.resource)
					}
				}
			}
		})
	}
}

// byHand reports whether an action is for a command of the AWS CLI that the documents have readers run
// those people to type.
func byHand(t *testing.T, action string) bool {
	t.Helper()
	command := map[string]string{
		"ssm:GetParameter":            "aws ssm get-parameter --name /tokenkeeper/providers/",
		"ssm:GetParameterHistory":     "aws ssm get-parameter-history --name /tokenkeeper/providers/",
		"ssm:DeleteParameter":         "aws ssm delete-parameter --name /tokenkeeper/providers/",
		"secretsmanager:DeleteSecret": "aws secretsmanager delete-secret --secret-id tokenkeeper/",
		"sqs:ReceiveMessage":          "aws sqs receive-message --queue-url",
	}[action]
	documents, err := os.ReadFile(root + "/docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	return command != "" && strings.Contains(string(documents), command)
}

// An office is a stack with the people who look after it. Each of their commands is the
// built one, and may do what a policy of the template lets them.
type office struct {
	*world
	command  string
	policies map[string]*awstest.Policy
	within   *awstest.Policy             // what the organization allows; nil: everything
	needed   map[string][]awstest.Access // by person
	logged   []byte                      // what the function has printed
}

func newOffice(t *testing.T, bootstrap, command string, parameters map[string]string) *office {
	t.Helper()
	parameters = maps.Clone(parameters)
	parameters["ConsumerPolicyForAll"], parameters["AlarmTopicArn"] = "true", alarmTopic
	o := &office{world: newWorld(t, bootstrap, parameters), command: command,
		policies: map[string]*awstest.Policy{}, needed: map[string][]awstest.Access{}}
	for _, who := range []string{editor, oneOnly, owner, restorer, oncall, consumer, everyone} {
		o.policies[who] = policy(t, o.documents(who)...)
	}
	return o
}

// documents is the policy of one, of a role for Meitner where that matters.
func (o *office) documents(who string) [][]byte {
	return bound(documents(o.t, o.resources[who]), "${aws:PrincipalTag/tokenkeeper-provider}", simulator.Meitner)
}

// at puts the account under the policy of one, and returns what ends that.
func (o *office) at(who string) (end func()) {
	o.Authorize(func(a awstest.Access) bool {
		o.needed[who] = append(o.needed[who], a)
		return o.policies[who].Allows(a) && (o.within == nil || o.within.Allows(a))
	})
	return func() { o.Authorize(o.role.Allows) }
}

// run runs the command as one of them.
func (o *office) run(who, stdin string, args ...string) (string, error) {
	o.t.Helper()
	defer o.at(who)()
	functions := httptest.NewServer(o.functions(who))
	defer functions.Close()
	cmd := exec.CommandContext(o.t.Context(), o.command, args...)
	cmd.Stdin = strings.NewReader(stdin)
	log, around := httptest.NewServer(o.log(who)), httptest.NewServer(o.around(who))
	defer log.Close()
	defer around.Close()
	cmd.Env = append(o.Environ(), "AWS_ENDPOINT_URL_LAMBDA="+functions.URL, "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS="+log.URL, "HOME="+o.t.TempDir())
	for _, service := range []string{"STS", "SCHEDULER", "CLOUDWATCH", "SNS", "SQS", "KMS"} {
		cmd.Env = append(cmd.Env, "AWS_ENDPOINT_URL_"+service+"="+around.URL)
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (o *office) may(who, stdin string, args ...string) {
	o.t.Helper()
	out, err := o.run(who, stdin, args...)
	if err != nil || strings.Contains(out, "not authorized") {
		o.t.Errorf("%s may not: tokenkeeper %s: %v\n%s", who, strings.Join(args, " "), err, out)
	}
}

// mayNot checks that one is refused, and reads what is lacking.
func (o *office) mayNot(who, action, stdin string, args ...string) {
	o.t.Helper()
	out, err := o.run(who, stdin, args...)
	if err == nil || !strings.Contains(out, action) {
		o.t.Errorf("%s may do, or is not told that it lacks %s: tokenkeeper %s: %v\n%s", who, action, strings.Join(args, " "), err, out)
	}
}

// reads has one read a record, as the applications do.
func (o *office) reads(who, name string) {
	o.t.Helper()
	defer o.at(who)()
	secrets := secretsmanager.NewFromConfig(o.Config())
	id := aws.String("tokenkeeper/tokens/" + name)
	tokens := reader.New(reader.SourceFunc(func(ctx context.Context) ([]byte, error) {
		out, err := secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: id})
		if err != nil {
			return nil, err
		}
		return []byte(aws.ToString(out.SecretString)), nil
	}), reader.Options{})
	if _, err := tokens.Token(o.t.Context()); err != nil {
		o.t.Errorf("%s reads %s: %v", who, name, err)
	}
	// AWS's caching libraries look at this first.
	if _, err := secrets.DescribeSecret(o.t.Context(), &secretsmanager.DescribeSecretInput{SecretId: id}); err != nil {
		o.t.Errorf("%s describes %s: %v", who, name, err)
	}
}

// putsLarge has one put a credential of more than 4 KB, which takes the advanced tier and
// the AWS CLI's own command.
func (o *office) putsLarge(who string) {
	o.t.Helper()
	defer o.at(who)()
	parameters := ssm.NewFromConfig(o.Config())
	in := &ssm.PutParameterInput{Name: aws.String("/tokenkeeper/credentials/large"), Value: aws.String(strings.Repeat("x", 5000)),
		Type: types.ParameterTypeSecureString, Tier: types.ParameterTierAdvanced}
	if key := o.parameters["KmsKeyArn"]; key != "" {
		in.KeyId = aws.String(key)
	}
	if _, err := parameters.PutParameter(o.t.Context(), in); err != nil {
		o.t.Errorf("%s puts a large credential: %v", who, err)
	}
}

// log is the log of the function, which the built one has written, to one of them.
func (o *office) log(who string) http.Handler {
	group := &accounttest.LogGroup{Name: logGroupName, Now: time.Now}
	_, _ = group.Write(o.logged)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		group.Refuse("")
		if !o.allows(who, "logs:FilterLogEvents", "RefresherLog.Arn") {
			group.Refuse("AccessDeniedException")
		}
		group.ServeHTTP(w, r)
	})
}

// around is the rest of the account, to one of them.
func (o *office) around(who string) http.Handler {
	resources := map[string]string{
		"cloudwatch:DescribeAlarms": "arn:aws:cloudwatch:eu-north-1:123456789012:alarm:*", "scheduler:ListSchedules": "*",
		"sns:ListSubscriptionsByTopic": alarmTopic, "sqs:GetQueueUrl": "FailureQueue.Arn", "sqs:GetQueueAttributes": "FailureQueue.Arn",
		"kms:DescribeKey": o.parameters["KmsKeyArn"],
	}
	return &accounttest.Account{Now: time.Now, Function: functionName, Allows: func(action string) bool {
		return o.allows(who, action, resources[action])
	}}
}

// allows reports whether one may do it, and notes that it was needed.
func (o *office) allows(who, action, resource string) bool {
	a := awstest.Access{Action: action, Resource: resource}
	o.needed[who] = append(o.needed[who], a)
	return o.policies[who].Allows(a)
}

// functions is Lambda, to one of them.
func (o *office) functions(who string) http.Handler {
	settings := map[string]any{"FunctionName": functionName, "LoggingConfig": map[string]any{"LogGroup": logGroupName}, "Environment": map[string]any{"Variables": environment(o.t, o.resources)}}
	mux := http.NewServeMux()
	handle := func(pattern, action, resource string, answer func(*http.Request) any) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if !o.allows(who, action, resource) {
				w.Header().Set("X-Amzn-ErrorType", "AccessDeniedException")
				w.WriteHeader(http.StatusForbidden)
				_, _ = io.WriteString(w, `{"Message": "not authorized"}`)
				return
			}
			_ = json.NewEncoder(w).Encode(answer(r))
		})
	}
	handle("GET /2015-03-31/functions", "lambda:ListFunctions", "*", func(*http.Request) any {
		return map[string]any{"Functions": []any{settings}}
	})
	handle("GET /2015-03-31/functions/"+functionName+"/configuration", "lambda:GetFunctionConfiguration", "RefresherFunction.Arn", func(*http.Request) any {
		return settings
	})
	handle("GET /2016-08-19/account-settings", "lambda:GetAccountSettings", "*", func(*http.Request) any {
		return map[string]any{"AccountLimit": map[string]any{"UnreservedConcurrentExecutions": 1000}}
	})
	handle("POST /2015-03-31/functions/"+functionName+"/invocations", "lambda:InvokeFunction", "RefresherFunction.Arn", func(r *http.Request) any {
		event, err := io.ReadAll(r.Body)
		if err != nil {
			panic(err)
		}
		o.Authorize(o.role.Allows)
		defer func() { o.at(who) }() // the rest of the command is theirs again
		return json.RawMessage(o.function.Invoke(string(event)).Payload)
	})
	return mux
}

// buildCommand builds the command line.
func buildCommand(t *testing.T) string {
	t.Helper()
	command := filepath.Join(t.TempDir(), "tokenkeeper")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", command, "./cmd/tokenkeeper")
	build.Dir, build.Env = root, os.Environ()
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the command: %v\n%s", err, out)
	}
	return command
}
