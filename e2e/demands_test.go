package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/simulator"
)

// demands are the parameters of a stack in an account with rules of its own. FIPS and dual-stack
// endpoints are not among them: they are AWS's alone.
func (d *deployment) demands() []string {
	d.t.Helper()
	var key, policy string
	d.aws(&key, "kms", "create-key", "--query", "KeyMetadata.Arn")
	d.aws(&policy, "iam", "create-policy", "--policy-name", "boundary", "--policy-document", d.boundary(), "--query", "Policy.Arn")
	return []string{"PermissionsBoundary=" + policy, "RolePath=/service/", "SecretTags=cost-center=4711,team=data",
		"KmsKeyArn=" + key, "ReportsKeyArn=" + key, "FailureMessages=true", "AlarmEmail=ops@acme.example"}
}

// boundary is the one that docs/security.md documents, and denies secrets without a tag as a policy of
// an organization would, which ministack does not evaluate.
func (d *deployment) boundary() string {
	d.t.Helper()
	data, err := os.ReadFile(filepath.Join(d.root, "docs/security.md"))
	if err != nil {
		d.t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(data), "## What a permissions boundary must allow")
	_, block, _ := strings.Cut(section, "```json\n")
	block, _, _ = strings.Cut(block, "```")
	var policy struct {
		Version   string
		Statement []any
	}
	if err := json.Unmarshal([]byte(block), &policy); err != nil {
		d.t.Fatal(err)
	}
	policy.Statement = append(policy.Statement, map[string]any{"Effect": "Deny", "Action": "secretsmanager:CreateSecret", "Resource": "*",
		"Condition": map[string]any{"Null": map[string]any{"aws:RequestTag/cost-center": "true"}}})
	document, err := json.Marshal(policy)
	if err != nil {
		d.t.Fatal(err)
	}
	return string(document)
}

// bound makes up for ministack, whose CloudFormation drops the boundary of a role: the API does not.
func (d *deployment) bound() {
	d.t.Helper()
	d.aws(nil, "iam", "put-role-permissions-boundary", "--role-name", d.resource("RefresherRole"),
		"--permissions-boundary", "arn:aws:iam::000000000000:policy/boundary")
}

// wantDemands checks what each parameter has come to, with the tokens that are there by now.
func (w *ward) wantDemands() {
	w.t.Helper()
	role, queue := w.resource("RefresherRole"), w.output("FailureQueueUrl")
	for _, want := range []struct {
		what  string
		ask   []string
		value string // as JSON
	}{
		{"the path of the role", []string{"iam", "get-role", "--role-name", role, "--query", "Role.Path"}, `"/service/"`},
		{"the tags of a secret", []string{"secretsmanager", "describe-secret", "--secret-id", "tokenkeeper/tokens/" + simulator.Meitner,
			"--query", "sort(Tags[].join('=', [Key, Value]))"}, `["cost-center=4711","team=data","tokenkeeper:owner=tokenkeeper"]`},
		{"that a secret has the key", []string{"secretsmanager", "describe-secret", "--secret-id", "tokenkeeper/tokens/" + simulator.Meitner,
			"--query", "starts_with(KmsKeyId, 'arn:aws:kms:')"}, "true"},
		{"that the queue has the key", []string{"sqs", "get-queue-attributes", "--queue-url", queue, "--attribute-names", "All",
			"--query", "starts_with(Attributes.KmsMasterKeyId, 'arn:aws:kms:')"}, "true"},
		{"that the log has the key", []string{"logs", "describe-log-groups", "--query", "starts_with(logGroups[0].kmsKeyId, 'arn:aws:kms:')"}, "true"},
		{"where invocations go", []string{"lambda", "get-function-event-invoke-config", "--function-name", w.resource("RefresherFunction"), "--qualifier", "$LATEST",
			"--query", "DestinationConfig.[ends_with(OnSuccess.Destination, ':event-bus/tokenkeeper'), ends_with(OnFailure.Destination, ':event-bus/tokenkeeper')]"}, "[true,true]"},
	} {
		var got json.RawMessage
		w.aws(&got, want.ask...)
		var compact any
		w.decode(got, &compact)
		if string(w.encode(compact)) != want.value {
			w.t.Errorf("%s: %s, want %s", want.what, got, want.value)
		}
	}
	if out, _ := w.shell("tokenkeeper doctor", ""); !strings.Contains(flat(out), "who hears of alarms 1 subscribed") {
		w.t.Errorf("doctor says:\n%s", out)
	}
	w.wantMessages()
}

// wantPaused deploys with two parameters more than demands, pauses a provider by its config, and wants
// what each has come to. That the alarm for a stopped schedule then acts on nothing is for package
// template to test: ministack does not say what it has of that.
func (w *ward) wantPaused(demands []string) {
	w.t.Helper()
	w.setSchedule("ENABLED")
	w.sam(append([]string{"deploy"}, w.samArguments(append(demands, "Paused=true", "CreateSecrets=false")...)...)...)
	w.allowListing()
	w.bound()
	if state := w.schedule()["State"]; state != "DISABLED" {
		w.t.Errorf("with Paused the schedule is %v", state)
	}
	w.configure(added, simulator.Meitner)
	w.tick()
	screen, _ := w.status()
	if _, ok := w.record(added); ok {
		w.t.Error("a secret was created")
	}
	w.must(w.paste(screen, "aws secretsmanager create-secret", ""))
	w.tick()
	w.tick() // see appear
	w.well()
	w.wantLive(added)

	w.scope = !w.scope // which makes it due, were it not paused
	var config map[string]any
	w.decode(w.config(), &config)
	config["paused"] = true
	w.putConfig(victim, w.encode(config))
	logins := w.sim.Logins(victim)
	w.tick()
	if screen, _ := w.status(); w.sim.Logins(victim) != logins || !strings.Contains(flat(screen), "Its config pauses it") {
		w.t.Errorf("a provider that its config pauses was asked, or:\n%s", screen)
	}
	w.putConfig(victim, w.config())
	w.tick()
	w.well()
	if w.sim.Logins(victim) == logins {
		w.t.Error("it was not asked after the pause")
	}
}

// wantMessages puts the record of a run on the bus, as Lambda would, which ministack does not, and
// wants the message of it to come from the topic, and the record to be in the queue.
func (w *ward) wantMessages() {
	w.t.Helper()
	var url, arn string
	anybody := string(w.encode(map[string]any{"Version": "2012-10-17", "Statement": map[string]any{
		"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}}))
	w.aws(&url, "sqs", "create-queue", "--queue-name", "listener", "--attributes", string(w.encode(map[string]string{"Policy": anybody})), "--query", "QueueUrl")
	w.aws(&arn, "sqs", "get-queue-attributes", "--queue-url", url, "--attribute-names", "QueueArn", "--query", "Attributes.QueueArn")
	w.aws(nil, "sns", "subscribe", "--topic-arn", w.output("FailureTopicArn"), "--protocol", "sqs", "--notification-endpoint", arn)
	record := map[string]any{"version": "1.0", "timestamp": time.Now().UTC().Format(time.RFC3339),
		"requestPayload":  map[string]string{"tick": "now"},
		"responsePayload": map[string]string{"errorType": "RefreshFailedWithNews", "errorMessage": "meitner fails: invalid_client (misconfigured).\nWhat to do: \"look\""}}
	w.aws(nil, "events", "put-events", "--entries", string(w.encode([]any{map[string]any{
		"Source": "lambda", "DetailType": "Lambda Function Invocation Result - Failure", "EventBusName": "tokenkeeper", "Detail": string(w.encode(record))}})))
	var heard, queued []string
	w.wait("a message and a record", func() bool {
		w.aws(&heard, "sqs", "receive-message", "--queue-url", url, "--visibility-timeout", "0", "--query", "Messages[].Body")
		w.aws(&queued, "sqs", "receive-message", "--queue-url", w.output("FailureQueueUrl"), "--visibility-timeout", "0", "--query", "Messages[].Body")
		return len(heard) > 0 && len(queued) > 0
	})
	var notice struct{ Message string }
	w.decode([]byte(heard[0]), &notice)
	var message struct {
		Content struct{ Title, Description string }
	}
	w.decode([]byte(notice.Message), &message)
	if message.Content.Title != "tokenkeeper: tokenkeeper in us-east-1" || !strings.Contains(message.Content.Description, "\nWhat to do: \"look\"") {
		w.t.Errorf("the message is %s", notice.Message)
	}
	if !strings.Contains(queued[0], `"RefreshFailedWithNews"`) || strings.Contains(queued[0], "detail-type") {
		w.t.Errorf("the queue has %s", queued[0])
	}
}
