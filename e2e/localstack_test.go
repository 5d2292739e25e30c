package e2e_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/simulator"
	"example.com/tokenkeeper/reader"
)

// A localStack is the function with LocalStack's Parameter Store and Secrets Manager
// beneath it, four providers and an application for each.
type localStack struct {
	namespace string // of this test alone: LocalStack outlives it
	ssm       *ssm.Client
	secrets   *secretsmanager.Client
	function  *function
	sim       *simulator.Simulator
	base      string // of the simulator
	clients   map[string]*http.Client
	tokens    []string // every one that was ever seen
}

func newLocalStack(t *testing.T) *localStack {
	t.Helper()
	url := os.Getenv("TOKENKEEPER_LOCALSTACK_URL")
	if url == "" {
		t.Fatal("TOKENKEEPER_LOCALSTACK_URL is not set: run tools/test, which starts LocalStack and sets it")
	}
	cfg := awstest.ConfigFor(url, region)
	l := &localStack{
		namespace: "e2e-" + strings.ToLower(rand.Text()[:8]),
		ssm:       ssm.NewFromConfig(cfg),
		secrets:   secretsmanager.NewFromConfig(cfg),
		sim:       simulator.New(simulator.Options{}),
		clients:   make(map[string]*http.Client),
	}
	server := httptest.NewServer(l.sim)
	t.Cleanup(server.Close)
	l.base = server.URL

	configs, err := l.sim.Configs(l.base)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range simulator.Names() {
		l.putParameter(t, "providers/"+name, types.ParameterTypeString, configs[name])
		l.putCredential(t, name)
		l.clients[name] = l.application(name)
	}
	l.function = newFunction(t,
		"AWS_ENDPOINT_URL="+url,
		"AWS_REGION="+region,
		"AWS_ACCESS_KEY_ID=test",
		"AWS_SECRET_ACCESS_KEY=test",
		"TOKENKEEPER_STACK=e2e",
		"TOKENKEEPER_NAMESPACE="+l.namespace,
		"TOKENKEEPER_ALLOW_LOOPBACK=true")
	return l
}

func (l *localStack) putParameter(t *testing.T, name string, kind types.ParameterType, value []byte) {
	t.Helper()
	if _, err := l.ssm.PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: aws.String("/" + l.namespace + "/" + name), Type: kind, Value: aws.String(string(value)), Overwrite: aws.Bool(true),
	}); err != nil {
		t.Fatal(err)
	}
}

// putCredential puts what the simulator takes now.
func (l *localStack) putCredential(t *testing.T, name string) {
	t.Helper()
	credentials, err := l.sim.Credentials(l.base)
	if err != nil {
		t.Fatal(err)
	}
	l.putParameter(t, "credentials/"+name, types.ParameterTypeSecureString, credentials[name])
}

func (l *localStack) secret(name string) *string {
	return aws.String(l.namespace + "/tokens/" + name)
}

// application is one that lives through the whole test, with what it has read kept in
// memory, as they do.
func (l *localStack) application(name string) *http.Client {
	source := reader.SourceFunc(func(ctx context.Context) ([]byte, error) {
		out, err := l.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: l.secret(name)})
		if err != nil {
			return nil, err
		}
		return []byte(aws.ToString(out.SecretString)), nil
	})
	return &http.Client{Transport: &reader.Transport{
		Reader: reader.New(source, reader.Options{}),
		Hosts:  []string{strings.TrimPrefix(l.base, "http://")},
	}}
}

// wantServed has each application ask its API.
func (l *localStack) wantServed(t *testing.T) {
	t.Helper()
	for _, name := range simulator.Names() {
		response, err := l.clients[name].Get(l.base + apis[name])
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", name, response.Status)
		}
	}
}

// current returns the version that applications read, and its id.
func (l *localStack) current(t *testing.T, name string) (map[string]any, refresh.VersionID) {
	t.Helper()
	out, err := l.secrets.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: l.secret(name)})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var fields map[string]any
	if err := json.Unmarshal([]byte(aws.ToString(out.SecretString)), &fields); err != nil {
		t.Fatalf("%s: the record is not JSON: %v", name, err)
	}
	token, _ := fields["access_token"].(string)
	if token == "" {
		t.Fatalf("%s: the record has no token", name)
	}
	l.tokens = append(l.tokens, token)
	return fields, refresh.VersionID(aws.ToString(out.VersionId))
}

// age moves a record into the past: what is current afterwards is the same token,
// stored that much earlier. That takes no waiting, and no clock but the real one.
func (l *localStack) age(t *testing.T, name string, by time.Duration) {
	t.Helper()
	fields, id := l.current(t, name)
	v, ok := id.Parse()
	if !ok {
		t.Fatalf("%s: the version's id is %q, which is not ours", name, id)
	}
	v.IssuedAt = v.IssuedAt.Add(-by)
	for _, field := range []string{"issued_at", "refresh_after", "expires_at"} {
		at, err := time.Parse(time.RFC3339, fmt.Sprint(fields[field]))
		if err != nil {
			t.Fatalf("%s: %s: %v", name, field, err)
		}
		fields[field] = at.Add(-by)
	}
	fields["expires_at_unix"] = v.ExpiresAt().Unix()
	value, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{
		SecretId:           l.secret(name),
		ClientRequestToken: aws.String(string(v.ID())),
		SecretString:       aws.String(string(value)),
		VersionStages:      []string{"AWSCURRENT", "tokenkeeper-next"},
	}); err != nil {
		t.Fatal(err)
	}
}

// note is what is kept beside a secret about its last failure; empty: nothing.
func (l *localStack) note(t *testing.T, name string) string {
	t.Helper()
	out, err := l.secrets.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: l.secret(name)})
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range out.Tags {
		if aws.ToString(tag.Key) == "tokenkeeper:state" {
			return aws.ToString(tag.Value)
		}
	}
	return ""
}

// TestOnLocalStack is one story, in order.
func TestOnLocalStack(t *testing.T) {
	l := newLocalStack(t)
	for _, part := range []struct {
		what string
		run  func(*testing.T, *localStack)
	}{
		{"four records appear", fourAppear},
		{"a tick with nothing to do asks nobody", idleTick},
		{"one is replaced by force", forced},
		{"aged, they are replaced", aged},
		{"a broken one is noted, once, and keeps its token", broken},
		{"a new credential mends it", mended},
		{"each event in a file was used, and nothing has leaked", wholeAndTight},
	} {
		if !t.Run(part.what, func(t *testing.T) { part.run(t, l) }) {
			return
		}
	}
}

const (
	tickEvent  = "tick.json"
	namedEvent = "refresh.json"
	forceEvent = "refresh-force.json"
	editEvent  = "change.json"
)

func fourAppear(t *testing.T, l *localStack) {
	l.function.event(t, tickEvent).want(t,
		"educloud refreshed no_token", "meitner refreshed no_token", "meti refreshed no_token", "meti-login refreshed no_token")
	l.wantServed(t)
}

func idleTick(t *testing.T, l *localStack) {
	l.function.event(t, tickEvent).want(t,
		"educloud waiting fresh", "meitner waiting fresh", "meti waiting fresh", "meti-login waiting fresh")
	l.function.event(t, namedEvent).want(t, "meitner waiting fresh")
	l.function.event(t, editEvent).want(t, "meitner waiting fresh")
	for _, name := range simulator.Names() {
		if n := l.sim.Logins(name); n != 1 {
			t.Errorf("%s was asked %d times", name, n)
		}
	}
}

// forced looks at a provider that ends the old token with each login, which is what an
// application notices most.
func forced(t *testing.T, l *localStack) {
	// A version is replaced by one that was asked for in a later second only.
	l.age(t, simulator.Meitner, 10*time.Minute)
	before, _ := l.current(t, simulator.Meitner)
	l.sim.SetSupersedes(simulator.Meitner, true)
	l.function.event(t, forceEvent).want(t, "meitner refreshed forced")
	l.sim.SetSupersedes(simulator.Meitner, false)
	if after, _ := l.current(t, simulator.Meitner); after["access_token"] == before["access_token"] {
		t.Error("meitner has the same token as before")
	}
	l.wantServed(t)
}

func aged(t *testing.T, l *localStack) {
	before := make(map[string]any)
	for _, name := range simulator.Names() {
		l.age(t, name, 50*time.Minute)
		fields, _ := l.current(t, name)
		before[name] = fields["access_token"]
	}
	l.function.event(t, tickEvent).want(t,
		"educloud refreshed near_expiry", "meitner refreshed near_expiry", "meti refreshed near_expiry", "meti-login refreshed near_expiry")
	for _, name := range simulator.Names() {
		fields, id := l.current(t, name)
		v, ok := id.Parse()
		if fields["access_token"] == before[name] || !ok || time.Until(v.ExpiresAt()) < 59*time.Minute {
			t.Errorf("%s: version %s lives until %v", name, id, v.ExpiresAt())
		}
	}
	l.wantServed(t)
}

// broken has the client secret changed at the provider, without notice.
func broken(t *testing.T, l *localStack) {
	l.age(t, simulator.EduCloud, 50*time.Minute)
	_, before := l.current(t, simulator.EduCloud)
	l.sim.SetSecret(simulator.EduCloud, "changed at the provider")

	failed := l.function.event(t, tickEvent)
	if failed.ErrorType != "RefreshFailedWithNews" || !strings.Contains(failed.ErrorMessage, "educloud fails: invalid_client (misconfigured). What to do: ") {
		t.Errorf("the invocation came to %+v", failed)
	}
	if note := l.note(t, simulator.EduCloud); !strings.HasPrefix(note, "v1 class=misconfigured code=invalid_client ") {
		t.Errorf("the note is %q", note)
	}
	if _, after := l.current(t, simulator.EduCloud); after != before {
		t.Errorf("version %s has become %s", before, after)
	}
	l.wantServed(t)

	logins := l.sim.Logins(simulator.EduCloud)
	l.function.event(t, tickEvent).want(t,
		"educloud waiting cooling_down", "meitner waiting fresh", "meti waiting fresh", "meti-login waiting fresh")
	if l.sim.Logins(simulator.EduCloud) != logins {
		t.Error("a login that was refused was tried again")
	}
}

func mended(t *testing.T, l *localStack) {
	l.putCredential(t, simulator.EduCloud)
	l.function.event(t, tickEvent).want(t,
		"educloud refreshed near_expiry", "meitner waiting fresh", "meti waiting fresh", "meti-login waiting fresh")
	if note := l.note(t, simulator.EduCloud); note != "" {
		t.Errorf("the note is %q", note)
	}
	l.wantServed(t)
}

func wholeAndTight(t *testing.T, l *localStack) {
	files, err := filepath.Glob("../events/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d events, %v", len(files), err)
	}
	for _, file := range files {
		if !l.function.invoked[filepath.Base(file)] {
			t.Errorf("%s was not used", file)
		}
	}
	secrets := slices.Clone(l.tokens)
	for _, name := range simulator.Names() {
		for field, value := range l.sim.Credential(name) {
			if field == "client_secret" || field == "password" {
				secrets = append(secrets, value)
			}
		}
	}
	printed := l.function.output.String()
	for i, secret := range secrets {
		if strings.Contains(printed, secret) {
			t.Errorf("the function has printed secret %d of %d", i, len(secrets))
		}
	}
}
