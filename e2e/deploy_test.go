package e2e_test

import (
	"debug/elf"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"example.com/tokenkeeper/e2e/internal/cloudformation"
	"example.com/tokenkeeper/internal/simulator"
)

// A deployment is the stack at work, with the four providers and one that is added.
type deployment struct {
	*emulator
	sim  *simulator.Simulator
	base string   // of the simulator
	key  []string // of a user with the policy for consumers

	logins int // at the provider that is added, before it is
}

// maxBootstrap is the same as in package template, which has it of every architecture.
const maxBootstrap = 12 << 20

// added is a fifth provider, which is the first again with a secret of its own.
const added = "meitner-2"

// TestDeployed is one story, in order: each part begins where the one before
// ended.
func TestDeployed(t *testing.T) {
	d := &deployment{emulator: newEmulator(t), sim: simulator.New(simulator.Options{})}
	server := httptest.NewServer(d.sim)
	t.Cleanup(server.Close)
	d.base = server.URL
	for _, name := range simulator.Names() {
		d.configure(name, name)
	}
	for _, part := range []struct {
		what string
		run  func(*testing.T, *deployment)
	}{
		{"sam deploy without sam build uploads nothing", packagesNothingElse},
		{"sam build and sam deploy", deploys},
		{"a tick is scheduled every minute", isScheduled},
		{"the four records appear", appear},
		{"built and deployed again, nothing changes", deploysAgain},
		{"each consumer gets a 200 with what it reads", areConsumed},
		{"a consumer reads no credential", credentialsDenied},
		{"sam build makes the small program for the processor of the template", buildsForAWS},
		{"the schedule has the function log in", runsByItself},
		{"a provider that is added is kept, and a broken one keeps its token", addsAndBreaks},
		{"the broken one recovers with its credential", recovers},
		{"what breaks is said by the first screen, which ends it", breaks},
		{"a deleted stack leaves the secrets", deletes},
	} {
		if !t.Run(part.what, func(t *testing.T) {
			d.t = t
			part.run(t, d)
		}) {
			return
		}
	}
}

// parameters are those that make all that the template has.
var parameters = []string{"ConsumerPolicyForAll=true", "NewTokenEvents=true", "AlarmEmail=ops@acme.example"}

// buildsForAWS types what the README says, which is for AWS, and looks at what would be
// uploaded.
func buildsForAWS(t *testing.T, d *deployment) {
	d.sam("build")
	template, err := cloudformation.Read(filepath.Join(d.root, "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	resources, err := template.Resolve(cloudformation.Pseudo{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	d.wantBuilt(fmt.Sprint(resources["RefresherFunction"].Properties["Architectures"].([]any)[0]))
}

func deploys(_ *testing.T, d *deployment) {
	d.sam(append([]string{"build"}, d.samArguments(parameters...)...)...)
	d.wantBuilt(map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH])
	d.sam(append([]string{"deploy"}, d.samArguments(parameters...)...)...)
	d.allowListing()
}

func deploysAgain(t *testing.T, d *deployment) {
	d.sam(append([]string{"build"}, d.samArguments(parameters...)...)...)
	out := d.sam(append([]string{"deploy"}, d.samArguments(parameters...)...)...)
	if !strings.Contains(out, "No changes to deploy") {
		t.Errorf("sam deploy found something to change:\n%s", out)
	}
}

func isScheduled(t *testing.T, d *deployment) {
	got := d.schedule()
	target, _ := got["Target"].(map[string]any)
	for _, want := range []struct {
		what       string
		got, value any
	}{
		{"state", got["State"], "ENABLED"},
		{"rate", got["ScheduleExpression"], "rate(1 minute)"},
		{"input", target["Input"], `{"tick":"<aws.scheduler.scheduled-time>"}`},
	} {
		if want.got != want.value {
			t.Errorf("the schedule's %s is %v, want %v", want.what, want.got, want.value)
		}
	}
	if arn := fmt.Sprint(target["Arn"]); !strings.HasSuffix(arn, ":function:"+d.resource("RefresherFunction")) {
		t.Errorf("the schedule calls %s", arn)
	}
}

// appear takes two ticks. In ministack, not in AWS, a secret that is created without a
// value has an empty version, which is taken for a foreign one: a token is not
// stored over it before the tick that finds it there. The fifth provider is added after
// them, and left to the schedule: see runsByItself.
func appear(t *testing.T, d *deployment) {
	d.tick()
	d.tick()
	for _, name := range simulator.Names() {
		d.wantLive(name)
	}
	d.logins = d.sim.Logins(simulator.Meitner)
	d.configure(added, simulator.Meitner)
}

// runsByItself comes late in the story: ministack's schedule keeps to the wall clock, and its
// first tick is a minute after the deployment.
func runsByItself(_ *testing.T, d *deployment) {
	d.wait("a login at the provider that was added", func() bool { return d.sim.Logins(simulator.Meitner) > d.logins })
}

func areConsumed(t *testing.T, d *deployment) {
	d.key = d.newConsumer()
	for _, c := range newConsumers(d.emulator, d.key) {
		t.Run(c.language, func(t *testing.T) {
			for _, name := range simulator.Names() {
				if status := c.get(t, name, d.base+apis[name]); status != "200" {
					t.Errorf("%s: status %q", name, status)
				}
			}
		})
	}
}

// addsAndBreaks breaks one in the way that is the most common: the provider changes the
// client secret without notice. An edited config makes it due.
func addsAndBreaks(t *testing.T, d *deployment) {
	before, _ := d.record(simulator.METI)
	d.sim.SetSecret(simulator.METI, "changed at the provider")
	configs, err := d.sim.Configs(d.base)
	if err != nil {
		t.Fatal(err)
	}
	var config map[string]any
	if err := json.Unmarshal(configs[simulator.METI], &config); err != nil {
		t.Fatal(err)
	}
	config["scope"] = "read:sources"
	edited, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	d.putConfig(simulator.METI, edited)

	d.wait("a record of the provider that was added", func() bool { d.tick(); _, ok := d.record(added); return ok })
	d.wait("a note beside the broken one's", func() bool { d.tick(); return d.state(simulator.METI) != "" })
	if state := d.state(simulator.METI); !strings.Contains(state, "class=misconfigured code=invalid_client") {
		t.Errorf("%s is noted as %q", simulator.METI, state)
	}
	if after, _ := d.record(simulator.METI); after.AccessToken.Reveal() != before.AccessToken.Reveal() {
		t.Errorf("the token of %s was replaced by a failure", simulator.METI)
	}
	d.wantLive(simulator.METI)

	// ministack's schedule calls the function without Lambda's queue of events, which is
	// where AWS's puts a tick, and which is what knows of the failure destination.
	_, err = d.lambda.Invoke(t.Context(), &lambda.InvokeInput{
		FunctionName:   aws.String(d.resource("RefresherFunction")),
		InvocationType: types.InvocationTypeEvent,
		Payload:        fmt.Appendf(nil, `{"refresh": [%q], "force": true}`, simulator.METI),
	})
	if err != nil {
		t.Fatal(err)
	}
	d.wantQueued(simulator.METI, "invalid_client")
}

func recovers(t *testing.T, d *deployment) {
	before, _ := d.record(simulator.METI)
	credentials, err := d.sim.Credentials(d.base) // with what the provider expects now
	if err != nil {
		t.Fatal(err)
	}
	d.putCredential(simulator.METI, credentials[simulator.METI])
	out, err := d.lambda.Invoke(t.Context(), &lambda.InvokeInput{
		FunctionName: aws.String(d.resource("RefresherFunction")),
		Payload:      fmt.Appendf(nil, `{"refresh": [%q]}`, simulator.METI),
	})
	if err != nil {
		t.Fatal(err)
	}
	if out.FunctionError != nil {
		t.Fatalf("the invocation failed: %s", out.Payload)
	}
	if after, _ := d.record(simulator.METI); after.AccessToken.Reveal() == before.AccessToken.Reveal() {
		t.Error("the token was not replaced")
	}
	if state := d.state(simulator.METI); state != "" {
		t.Errorf("%s is still noted as %q", simulator.METI, state)
	}
	d.wantLive(simulator.METI)
}

// breaks does one breakage of each kind; make operations does all.
func breaks(t *testing.T, d *deployment) {
	w := newWard(t, d)
	for _, b := range breakages {
		if b.often {
			t.Run(b.name, func(t *testing.T) { w.befall(t, b) })
		}
	}
}

func credentialsDenied(t *testing.T, d *deployment) {
	for _, args := range [][]string{
		{"ssm", "get-parameter", "--with-decryption", "--name", "/tokenkeeper/credentials/meitner"},
		{"secretsmanager", "put-secret-value", "--secret-id", "tokenkeeper/tokens/meitner", "--secret-string", "{}"},
	} {
		out, err := d.command(d.key, "aws", args...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "AccessDenied") {
			t.Errorf("aws %s as a consumer is not denied", strings.Join(args[:2], " "))
		}
	}
}

func deletes(t *testing.T, d *deployment) {
	d.aws(nil, "iam", "detach-user-policy", "--user-name", "application", "--policy-arn", d.output("ConsumerForAllPolicyArn"))
	d.wantDetached()
	d.wantSubscribed("ops@acme.example")
	d.sam("delete", "--stack-name", stackName, "--region", region, "--no-prompts")
	for _, list := range [][]string{
		{"cloudformation", "list-stack-resources", "--stack-name", stackName, "--query", "StackResourceSummaries[?ResourceStatus!='DELETE_COMPLETE'].LogicalResourceId"},
		{"lambda", "list-functions", "--query", "Functions[].FunctionName"},
		{"scheduler", "list-schedules", "--query", "Schedules[].Name"},
		{"sqs", "list-queues", "--query", "QueueUrls"},
		{"iam", "list-roles", "--query", "Roles[?starts_with(RoleName, 'tokenkeeper')].RoleName"},
		{"iam", "list-policies", "--scope", "Local", "--query", "Policies[].PolicyName"},
		{"logs", "describe-log-groups", "--query", "logGroups[].logGroupName"},
		{"cloudwatch", "describe-alarms", "--query", "MetricAlarms[].AlarmName"},
		{"cloudwatch", "list-dashboards", "--query", "DashboardEntries[].DashboardName"},
		{"sns", "list-topics", "--query", "Topics[].TopicArn"},
		{"events", "list-rules", "--query", "Rules[].Name"},
		{"sns", "list-subscriptions", "--query", "Subscriptions[].SubscriptionArn"},
	} {
		var left []string
		d.aws(&left, list...)
		if len(left) > 0 {
			t.Errorf("aws %s %s: %s", list[0], list[1], strings.Join(left, ", "))
		}
	}
	for _, name := range append(simulator.Names(), added) {
		d.wantLive(name)
	}
}

// tick invokes the function as the schedule does. That it fails is for the screens to say.
func (d *deployment) tick() {
	d.t.Helper()
	_, err := d.lambda.Invoke(d.t.Context(), &lambda.InvokeInput{
		FunctionName: aws.String(d.resource("RefresherFunction")),
		Payload:      fmt.Appendf(nil, `{"tick": %q}`, time.Now().UTC().Format(time.RFC3339)),
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

// wantBuilt checks that what sam build has left to be uploaded is the bootstrap for that
// architecture, alone, and as small as the flags of the Makefile have it.
func (d *deployment) wantBuilt(architecture string) {
	d.t.Helper()
	dir := filepath.Join(d.root, ".aws-sam", "build", "RefresherFunction")
	files, err := os.ReadDir(dir)
	if err != nil {
		d.t.Fatal(err)
	}
	if len(files) != 1 || files[0].Name() != "bootstrap" {
		d.t.Errorf("sam build left %v, want the bootstrap alone", files)
	}
	bootstrap := filepath.Join(dir, "bootstrap")
	binary, err := elf.Open(bootstrap)
	if err != nil {
		d.t.Fatal(err)
	}
	defer binary.Close()
	if want := map[string]elf.Machine{"arm64": elf.EM_AARCH64, "x86_64": elf.EM_X86_64}[architecture]; binary.Machine != want {
		d.t.Errorf("the bootstrap is for %v, want %v (%s)", binary.Machine, want, architecture)
	}
	info, err := os.Stat(bootstrap)
	if err != nil {
		d.t.Fatal(err)
	}
	if info.Size() > maxBootstrap {
		d.t.Errorf("the bootstrap has %d bytes, more than %d", info.Size(), maxBootstrap)
	}
}

// wantSubscribed checks that the one subscription there is goes to that address.
func (d *deployment) wantSubscribed(address string) {
	d.t.Helper()
	var endpoints []string
	d.aws(&endpoints, "sns", "list-subscriptions", "--query", "Subscriptions[].Endpoint")
	if !slices.Equal(endpoints, []string{address}) {
		d.t.Errorf("alarms go to %q, want %q", endpoints, address)
	}
}

// configure puts the config and the credential of a provider, which is another in all
// but its name.
func (d *deployment) configure(name, model string) {
	d.t.Helper()
	configs, err := d.sim.Configs(d.base)
	if err != nil {
		d.t.Fatal(err)
	}
	credentials, err := d.sim.Credentials(d.base)
	if err != nil {
		d.t.Fatal(err)
	}
	d.putCredential(name, credentials[model])
	d.putConfig(name, configs[model])
}

// wantLive checks that the token that consumers read opens the provider's API.
func (d *deployment) wantLive(name string) {
	d.t.Helper()
	r, _ := d.record(name)
	api, ok := apis[name]
	if !ok {
		api = apis[simulator.Meitner]
	}
	req, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, d.base+api, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.AccessToken.Reveal())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		d.t.Errorf("with the token of %s the API answers %s", name, resp.Status)
	}
}

// wantQueued checks that the failure of the run is in the queue.
func (d *deployment) wantQueued(words ...string) {
	d.t.Helper()
	var bodies []string
	queue := d.output("FailureQueueUrl")
	d.wait("a message in the failure queue", func() bool {
		d.aws(&bodies, "sqs", "receive-message", "--queue-url", queue,
			"--max-number-of-messages", "10", "--visibility-timeout", "0", "--query", "Messages[].Body")
		return len(bodies) > 0
	})
	for _, word := range append(words, "RefreshFailed") {
		if !strings.Contains(bodies[0], word) {
			d.t.Errorf("the message in the queue does not say %s:\n%s", word, bodies[0])
		}
	}
}
