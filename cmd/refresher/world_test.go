package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"example.com/tokenkeeper/cmd/internal/stack"
	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/simulator"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// A world is the function as it is deployed, an account, and four providers, in a synctest
// bubble: all of it real but the wires, which are pipes, and the time.
type world struct {
	*awstest.AWS
	t        *testing.T
	sim      *simulator.Simulator
	settings settings
	handler  *handler
	out      bytes.Buffer // everything that the function has written
	printed  []string     // everything else that it has said: answers and errors
}

// baseURL is where the providers are. Only a pipe listens there.
const baseURL = "http://127.0.0.1:8787"

func newWorld(t *testing.T, o awstest.Options, edit ...func(*settings)) *world {
	o.InMemory = true
	w := &world{AWS: awstest.New(t, o), t: t, sim: simulator.New(simulator.Options{})}
	pipe := awstest.NewPipe()
	server := httptest.NewUnstartedServer(w.sim)
	server.Listener.Close() // NewUnstartedServer has opened a port
	server.Listener = pipe
	server.Start()
	t.Cleanup(server.Close)
	t.Cleanup(w.sim.Close) // before the server, which waits for its handlers

	all, environment := deployments(t), least()
	if len(all) > 0 {
		maps.Copy(environment, all[0].Environment)
	}
	s, err := read(environment)
	if err != nil {
		t.Fatal(err)
	}
	s.AllowLoopback = true
	for _, f := range edit {
		f(&s)
	}
	cfg := w.Config()
	timed := *cfg.HTTPClient.(*http.Client)
	timed.Timeout = 2 * time.Second
	cfg.HTTPClient = &timed
	parser := tokenendpoint.New(tokenendpoint.Options{AllowLoopback: true, DialContext: pipe.Dial})
	w.settings = s
	if s.KMSKey != "" {
		w.SetKey(s.KMSKey, awstest.KeyEnabled)
	}
	if len(all) > 0 {
		w.govern(s.of(t, all))
	}
	w.handler = newHandler(s, newClients(cfg, s), parser, &w.out, time.Now)
	return w
}

// setUp configures the four providers, or those that are named.
func (w *world) setUp(names ...string) {
	w.t.Helper()
	if len(names) == 0 {
		names = simulator.Names()
	}
	configs, err := w.sim.Configs(baseURL)
	if err != nil {
		w.t.Fatal(err)
	}
	credentials, err := w.sim.Credentials(baseURL)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, name := range names {
		w.setConfig(name, string(configs[name]))
		w.setCredential(name, string(credentials[name]))
	}
}

// setUpMany configures providers p000, p001 and so on, all like Meitner.
func (w *world) setUpMany(from, to int) {
	w.t.Helper()
	configs, err := w.sim.Configs(baseURL)
	if err != nil {
		w.t.Fatal(err)
	}
	credentials, err := w.sim.Credentials(baseURL)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := from; i < to; i++ {
		name := fmt.Sprintf("p%03d", i)
		w.setConfig(name, string(configs[simulator.Meitner]))
		w.setCredential(name, string(credentials[simulator.Meitner]))
	}
}

func (w *world) setConfig(name, config string) {
	w.SetParameter(awstest.Parameter{Name: w.settings.Namespace.Providers() + "/" + name, Value: config})
}

// setCredential puts a credential where the settings say, under the stack's key.
func (w *world) setCredential(name, credential string) {
	if w.settings.CredentialsIn == stack.InSecretsManager {
		w.SetSecret(awstest.Secret{Name: w.settings.Namespace.CredentialSecrets() + name, KMSKey: w.settings.KMSKey,
			Versions: []awstest.Version{{Value: credential, Labels: []string{"AWSCURRENT"}}}})
		return
	}
	w.SetParameter(awstest.Parameter{Name: w.settings.Namespace.Credentials() + "/" + name, Value: credential,
		Type: "SecureString", KMSKey: w.settings.KMSKey})
}

// setCredentialKey puts a credential under another key.
func (w *world) setCredentialKey(name, key string) {
	w.editCredential(name, func(p *awstest.Parameter) { p.KMSKey = key }, func(v *awstest.Version) { v.KMSKey = key })
}

// spoilCredential makes a credential what the store does not take for one: a plain String,
// or binary.
func (w *world) spoilCredential(name string) {
	w.editCredential(name, func(p *awstest.Parameter) { p.Type = "String" }, func(v *awstest.Version) { v.Binary = true })
}

func (w *world) editCredential(name string, parameter func(*awstest.Parameter), version func(*awstest.Version)) {
	w.t.Helper()
	if w.settings.CredentialsIn == stack.InSecretsManager {
		s, ok := w.Secret(w.settings.Namespace.CredentialSecrets() + name)
		if !ok || len(s.Versions) != 1 {
			w.t.Fatalf("the credential of %s has %d versions, want 1", name, len(s.Versions))
		}
		version(&s.Versions[0])
		w.SetSecret(s)
		return
	}
	p, ok := w.Parameter(w.settings.Namespace.Credentials() + "/" + name)
	if !ok {
		w.t.Fatalf("there is no credential of %s", name)
	}
	parameter(&p)
	w.SetParameter(p)
}

func (w *world) removeCredential(name string) {
	if w.settings.CredentialsIn == stack.InSecretsManager {
		w.RemoveSecret(w.settings.Namespace.CredentialSecrets() + name)
		return
	}
	w.RemoveParameter(w.settings.Namespace.Credentials() + "/" + name)
}

// readsCredential is the action that a credential is read by.
func (w *world) readsCredential() string {
	if w.settings.CredentialsIn == stack.InSecretsManager {
		return "secretsmanager:GetSecretValue"
	}
	return "ssm:GetParameters"
}

// An invocation is one event and what came of it.
type invocation struct {
	answer  refresh.Summary
	ignored string
	err     error
	lines   []map[string]any // of the log, without the summary
	summary summary          // zero: there was none
}

// tick invokes the function as the schedule does.
func (w *world) tick() invocation {
	w.t.Helper()
	return w.invoke(fmt.Sprintf(`{"tick":%q}`, time.Now().Format(time.RFC3339)))
}

func (w *world) invoke(event string) invocation {
	w.t.Helper()
	from := w.out.Len()
	// The time of the function, as the template sets it for a tick of a minute.
	ctx, cancel := context.WithTimeout(w.t.Context(), 57*time.Second)
	defer cancel()
	ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: "8f5e"})
	data, err := w.handler.Invoke(ctx, []byte(event))

	inv := invocation{err: err}
	if err != nil {
		w.printed = append(w.printed, err.Error())
	} else {
		w.printed = append(w.printed, string(data))
		var both struct {
			refresh.Summary
			ignoredAnswer
		}
		if err := json.Unmarshal(data, &both); err != nil {
			w.t.Fatalf("the answer is %q: %v", data, err)
		}
		inv.answer, inv.ignored = both.Summary, both.Ignored
	}
	for line := range bytes.Lines(w.out.Bytes()[from:]) {
		var object map[string]any
		if err := json.Unmarshal(line, &object); err != nil {
			w.t.Fatalf("a line that is no object: %q", line)
		}
		for _, name := range []string{"timestamp", "level", "event", "requestId", "version"} {
			if value, _ := object[name].(string); value == "" {
				w.t.Errorf("a line without %s: %s", name, line)
			}
		}
		if object["_aws"] == nil {
			inv.lines = append(inv.lines, object)
			continue
		}
		inv.summary = readSummary(w.t, line)
	}
	return inv
}

// failure is what the run came to, without the news that the error begins with; empty: it did not
// fail.
func (i invocation) failure() string {
	if i.err == nil {
		return ""
	}
	return errors.Unwrap(i.err).Error()
}

// of returns what became of one provider.
func (i invocation) of(name string) refresh.ProviderSummary {
	for _, p := range i.answer.Providers {
		if p.Provider == name {
			return p
		}
	}
	return refresh.ProviderSummary{}
}

// logged returns the lines of an event about one provider; empty: about none.
func (i invocation) logged(event, provider string) []map[string]any {
	var found []map[string]any
	for _, l := range i.lines {
		if name, _ := l["provider"].(string); l["event"] == event && name == provider {
			found = append(found, l)
		}
	}
	return found
}

// secret returns a provider's secret, and the version that consumers read.
func (w *world) secret(name string) (awstest.Secret, awstest.Version) {
	s, _ := w.Secret(w.settings.Namespace.Tokens() + name)
	v, _ := s.Current()
	return s, v
}

// token returns the access token that consumers read; empty: none.
func (w *world) token(name string) string {
	_, v := w.secret(name)
	var record struct {
		AccessToken string `json:"access_token"`
	}
	_ = json.Unmarshal([]byte(v.Value), &record)
	return record.AccessToken
}

// due lets the time pass after which every token of an hour is to be replaced, by a third of
// its life, or a sixth before that.
func (w *world) due() { time.Sleep(41 * time.Minute) }

// noLeak checks that nothing secret is where it should not be: no credential anywhere but
// where it is kept and where it was sent, no token anywhere but in its record.
func (w *world) noLeak() {
	w.t.Helper()
	secrets := map[string]string{}
	for _, name := range simulator.Names() {
		for field, value := range w.sim.Credential(name) {
			if field == "client_secret" || field == "password" {
				secrets[field+" of "+name] = value
			}
		}
		s, _ := w.Secret(w.settings.Namespace.Tokens() + name)
		for i, v := range s.Versions {
			var record struct {
				AccessToken string `json:"access_token"`
			}
			if json.Unmarshal([]byte(v.Value), &record) == nil && len(record.AccessToken) >= 8 {
				secrets[fmt.Sprintf("token %d of %s", i, name)] = record.AccessToken
			}
		}
	}
	check := func(where, text string) {
		for what, secret := range secrets {
			if strings.Contains(text, secret) {
				w.t.Errorf("the %s is in %s", what, where)
			}
		}
	}
	check("the log", w.out.String())
	for _, text := range w.printed {
		check("an answer or error", text)
	}
	for _, c := range w.Calls() {
		body := string(c.Body)
		if c.Action == "secretsmanager:PutSecretValue" {
			// The record, and nothing but its token.
			var in struct{ SecretString string }
			_ = json.Unmarshal(c.Body, &in)
			body = strings.ReplaceAll(in.SecretString, tokenIn(in.SecretString), "")
		}
		check("a call of "+c.Action, body)
	}
	for _, s := range w.Secrets() {
		check("the metadata of "+s.Name, fmt.Sprint(s.Description, s.Tags))
		for _, v := range s.Versions {
			check("a version's id", v.ID)
		}
	}
}

func tokenIn(record string) string {
	var r struct {
		AccessToken string `json:"access_token"`
	}
	if json.Unmarshal([]byte(record), &r) != nil || r.AccessToken == "" {
		return "\x00"
	}
	return r.AccessToken
}
