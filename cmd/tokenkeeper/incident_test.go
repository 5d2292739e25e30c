package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
	"example.com/tokenkeeper/internal/accounttest"
	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/simulator"
)

// An incident is one provider in a place, with a token that is due.
type incident struct {
	*testing.T
	*stage
	name   string
	dir    string   // of a folder; empty: it is on AWS
	flags  []string // that lead there
	asking []string // those of commands that ask providers
	base   string   // of the providers
	serial int      // of the refresh token that is good
	edits  int
}

func newIncident(t *testing.T, folder bool, name string) *incident {
	t.Helper()
	i := &incident{T: t, stage: &stage{now: noon}, name: name}
	i.sim = simulator.New(simulator.Options{Now: i.clock})
	mux := http.NewServeMux()
	mux.Handle("/", i.sim)
	mux.HandleFunc("POST /rotating", i.rotate)
	server := httptest.NewServer(mux)
	t.Cleanup(func() { i.sim.Close(); server.Close() })
	i.base = server.URL
	if folder {
		i.dir = t.TempDir()
		i.flags, i.asking = []string{"--dir", i.dir}, []string{"--dir", i.dir, "--allow-loopback"}
		for _, kind := range []string{"providers", "credentials"} {
			if err := os.Mkdir(filepath.Join(i.dir, kind), 0o700); err != nil {
				t.Fatal(err)
			}
		}
	} else {
		i.account = awstest.New(t, awstest.Options{Now: i.clock, NoQuotas: true})
		i.function = deploy(i.account, i.clock)
		i.control = &accounttest.Account{Now: i.clock, Function: functionName}
		for variable, handler := range map[string]http.Handler{"LAMBDA": i.function, "CLOUDWATCH_LOGS": i.function.log} {
			server := httptest.NewServer(handler)
			t.Cleanup(server.Close)
			t.Setenv("AWS_ENDPOINT_URL_"+variable, server.URL)
		}
		for _, variable := range i.account.Environ() {
			name, value, _ := strings.Cut(variable, "=")
			t.Setenv(name, value)
		}
	}
	i.edit("providers")
	i.edit("credentials")
	if name == "rotating" {
		i.command(i.token(), append([]string{"refresh-token", "put", name}, i.flags...)...)
	}
	i.tick()
	if line := i.screen(); line.State != status.OK {
		t.Fatalf("before anything fails: %+v", line)
	}
	i.pass(45 * time.Minute)
	return i
}

// rotate is a token endpoint that takes its last refresh token and gives the next.
func (i *incident) rotate(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.FormValue("refresh_token") != i.token() {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"error": "invalid_grant"}`)
		return
	}
	i.serial++
	_, _ = fmt.Fprintf(w, `{"access_token": "example-token-%d", "token_type": "Bearer", "expires_in": 3600, "refresh_token": %q}`, i.serial, i.token())
}

func (i *incident) token() string { return fmt.Sprint("ticket-", i.serial) }

// document is a config or a credential, each time another version of the same.
func (i *incident) document(kind string) []byte {
	i.Helper()
	var data []byte
	var err error
	if i.name == "rotating" {
		data = map[string][]byte{
			"providers":   fmt.Appendf(nil, `{"token_endpoint": "%s/rotating", "grant_type": "refresh_token"}`, i.base),
			"credentials": fmt.Appendf(nil, `{"client_id": "us", "client_secret": "example", "allowed_hosts": [%q]}`, strings.TrimPrefix(i.base, "http://")),
		}[kind]
	} else {
		documents := i.sim.Configs
		if kind == "credentials" {
			documents = i.sim.Credentials
		}
		var all map[string]json.RawMessage
		if all, err = documents(i.base); err == nil {
			data = all[i.name]
		}
	}
	var members map[string]any
	if err == nil {
		err = json.Unmarshal(data, &members)
	}
	if err != nil {
		i.Fatal(err)
	}
	i.edits++
	if kind == "providers" && i.edits > 1 {
		members["scope"] = "read:sources"
	}
	data, err = json.Marshal(members)
	if err != nil {
		i.Fatal(err)
	}
	return append(data, strings.Repeat(" ", i.edits)...) // a file's version is made of its size
}

// where is how a screen names a document.
func (i *incident) where(kind string) string {
	if i.dir != "" {
		return filepath.Join(i.dir, kind, i.name+".json")
	}
	return "/tokenkeeper/" + kind + "/" + i.name
}

// edit has an editor, or the AWS CLI, put another version of a document where it is.
func (i *incident) edit(kind string) {
	i.Helper()
	if i.dir != "" {
		if err := os.WriteFile(i.where(kind), i.document(kind), 0o600); err != nil {
			i.Fatal(err)
		}
		return
	}
	typ := map[string]string{"providers": "String", "credentials": "SecureString"}[kind]
	i.account.SetParameter(awstest.Parameter{Name: i.where(kind), Value: string(i.document(kind)), Type: typ})
}

// note writes the note that a failure leaves, as of a run before.
func (i *incident) note(class refresh.Class, code string) {
	i.Helper()
	ctx := i.Context()
	var store refresh.Store
	var source refresh.Lister
	var parser refresh.Parser
	if i.dir != "" {
		folder, err := place.OpenFolder(i.dir)
		if err != nil {
			i.Fatal(err)
		}
		defer folder.Close()
		if err := folder.Lock(); err != nil {
			i.Fatal(err)
		}
		store, source, parser = folder, folder, (&cli{now: i.clock}).parser(true)
	} else {
		store, source, parser = i.function.runner.Store, i.function.runner.Source, i.function.runner.Parser
	}
	configs, err := place.Configs(ctx, source)
	if err != nil {
		i.Fatal(err)
	}
	p, err := refresh.Understand(parser, configs[0].Document)
	if err != nil {
		i.Fatal(err)
	}
	at := i.clock().Truncate(time.Second)
	n := refresh.Note{Class: class, Code: code, Since: at, Last: at, Tries: 1, Config: p.Config, Credential: i.credentialVersion(ctx)}
	switch {
	case class == refresh.Transient:
		n.Next = at.Add(time.Minute)
	case strings.HasPrefix(code, "aws_") || strings.HasPrefix(code, "kms_"):
		n.Next, n.Ours = at.Add(time.Minute), 1
	case class == refresh.Misconfigured:
		n.Next = at.Add(30 * time.Minute)
	}
	if code == refresh.CodeNoCredential {
		n.Credential = ""
		i.removeCredential()
	}
	if err := store.Note(ctx, i.name, n); err != nil {
		i.Fatal(err)
	}
	i.pass(10 * time.Second)
}

func (i *incident) removeCredential() {
	i.Helper()
	if i.dir == "" {
		i.account.RemoveParameter(i.where("credentials"))
		return
	}
	if err := os.Remove(i.where("credentials")); err != nil {
		i.Fatal(err)
	}
}

func (i *incident) credentialVersion(ctx context.Context) string {
	i.Helper()
	var p place.Place
	var err error
	if i.dir != "" {
		p, err = place.OpenFolder(i.dir)
	} else {
		p, err = place.OpenAWS(ctx, place.Options{Now: i.clock})
	}
	if err != nil {
		i.Fatal(err)
	}
	defer p.Close()
	version, err := p.CredentialVersion(ctx, i.name)
	if err != nil {
		i.Fatal(err)
	}
	return version
}

// tick is a run.
func (i *incident) tick() {
	i.Helper()
	if i.dir != "" {
		i.command("", append([]string{"run"}, i.asking...)...)
		return
	}
	if err := i.function.tick(i.Context()); err != nil {
		i.Fatal(err)
	}
}

// screen is what status says of the provider.
func (i *incident) screen() status.Line {
	i.Helper()
	out, _ := i.command("", append([]string{"status", i.name, "--output", "json"}, i.flags...)...)
	var report struct{ Providers []status.Line }
	if err := json.Unmarshal([]byte(out), &report); err != nil || len(report.Providers) != 1 {
		i.Fatalf("%v in %s", err, out)
	}
	return report.Providers[0]
}

// paste runs a command line of ours, with what it asks for.
func (i *incident) paste(line string) {
	i.Helper()
	words, found := strings.CutPrefix(line, "tokenkeeper ")
	if !found {
		i.Fatalf("%q is no command of ours", line)
	}
	stdin := ""
	switch {
	case strings.HasPrefix(words, "credential put"):
		stdin = string(i.document("credentials"))
	case strings.HasPrefix(words, "refresh-token put"):
		stdin = i.token()
	}
	if _, code := i.command(stdin, strings.Fields(words)...); code != exitWell && code != exitAttention {
		i.Fatalf("%s: exit code %d", line, code)
	}
}

func (i *incident) command(stdin string, args ...string) (out string, code int) {
	i.Helper()
	var stdout, stderr bytes.Buffer
	c := &cli{stdin: strings.NewReader(stdin), stdout: &stdout, stderr: &stderr, getenv: os.Getenv, now: i.clock, sleep: atOnce}
	code = c.run(i.Context(), args)
	if code == exitWrong || code == exitUnknown {
		i.Fatalf("tokenkeeper %s: exit code %d\n%s%s", strings.Join(args, " "), code, &stdout, &stderr)
	}
	return stdout.String(), code
}
