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
	"regexp"
	"slices"
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

// remedied are the codes by what a first screen has people do, each with the class that it is
// noted with.
var remedied = []struct {
	class refresh.Class
	how   cure
	codes string
}{
	{refresh.Misconfigured, editNamed, "invalid_client invalid_grant expired_token http_401 unauthorized_client unsupported_grant_type invalid_scope " +
		"insufficient_scope invalid_target invalid_request unsupported_response_type unsupported_token_type invalid_authorization_details " +
		"invalid_token http_400 http_418 interaction_required login_required consent_required account_selection_required authorization_pending " +
		"invalid_dpop_proof use_dpop_nonce http_403 http_404 http_405 http_410 redirected http_204 login_failed no_token bad_token bad_token_type " +
		"not_json bad_json empty_answer answer_too_large bad_answer ambiguous_value no_value probe_failed no_lifetime bad_lifetime " +
		"lifetime_too_large token_over token_too_large host_not_found address_not_allowed secret_in_record secret_in_answer no_credential " +
		"credential_not_for_provider"},
	{refresh.Transient, waitForNext, "http_408 http_425 http_429 http_503 slow_down temporarily_unavailable server_error access_denied unknown_error timeout " +
		"connection_failed connection_lost dns_failed canceled claimed aws_throttled aws_server_error aws_unreachable write_budget " +
		"source_failed store_failed label_moved_meanwhile refresh_token_unsure internal_error"},
	{refresh.Misconfigured, waitForNext, "aws_access_denied kms_key_unusable aws_credentials_refused aws_request_refused secret_missing"},
	{refresh.Misconfigured, force, "proxy_refused tls_untrusted tls_failed"},
	{refresh.Misconfigured, lookThenEditCredential, "bad_credential host_not_allowed"},
	{refresh.NeedsPerson, editNamed, "interaction_required"},
	{refresh.NeedsPerson, putToken, "no_refresh_token refresh_token_lost invalid_grant"},
	{refresh.NeedsPerson, bindToken, "refresh_token_not_for_credential"},
}

// elsewhere are the codes that no note can play: what stands for them is the document or the secret
// itself.
var elsewhere = map[string]string{
	"bad_config":               "testdata/script/remedies.txtar",
	"config_not_approved":      "testdata/script/approve.txtar",
	"secret_being_deleted":     "TestOtherRemedies",
	"secret_not_ours":          "TestOtherRemedies",
	"document_not_storable":    "testdata/script/documents.txtar",
	"credential_being_deleted": "internal/secretstore/credentials_test.go",
	"secret_is_replica":        "TestOtherRemedies",
	"secret_managed_by_aws":    "TestOtherRemedies",
}

// TestRemediesAreTrue has a provider that works noted as failing with every code, in a folder and on
// AWS; follows the first screen to the letter, its commands pasted and its places edited; and
// wants it well at the next run, or at the one that the screen names. That the failures are met,
// and so noted, is for the tests of what meets them.
func TestRemediesAreTrue(t *testing.T) {
	for _, folder := range []bool{true, false} {
		for _, group := range remedied {
			for code := range strings.FieldsSeq(group.codes) {
				t.Run(fmt.Sprintf("%s %s %s", map[bool]string{true: "folder", false: "AWS"}[folder], group.class, code), func(t *testing.T) {
					name := simulator.METI
					if group.how == nil || strings.Contains(code, "refresh_token") || group.class == refresh.NeedsPerson && code == "invalid_grant" || code == "claimed" {
						name = "rotating"
					}
					i := newIncident(t, folder, name)
					i.note(group.class, code)
					line := i.screen()
					if line.Code != code || line.Remedy == "" && line.Command == "" {
						t.Fatalf("the screen says %+v", line)
					}
					runs := group.how(i, line)
					for range runs {
						i.pass(time.Minute)
						i.tick()
					}
					if after := i.screen(); after.State != status.OK {
						t.Errorf("%s %s: after %d runs it is %+v", line.Remedy, line.Command, runs, after)
					}
				})
			}
		}
	}
}

// TestEveryCodeHasARemedy: the codes of docs/operations.md, which has all that the packages declare,
// are those that are tried.
func TestEveryCodeHasARemedy(t *testing.T) {
	data, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(data), "\n## Codes\n")
	tried := map[string]bool{"http_4xx": true, "http_5xx": true, "http_2xx": true} // by one of each
	for _, group := range remedied {
		for code := range strings.FieldsSeq(group.codes) {
			tried[code] = true
		}
	}
	n := 0
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]*) \\|").FindAllStringSubmatch(section, -1) {
		for _, code := range regexp.MustCompile("`([a-z0-9_]+)`").FindAllStringSubmatch(row[1], -1) {
			if n++; !tried[code[1]] && elsewhere[code[1]] == "" {
				t.Errorf("the remedy of %s is tried nowhere", code[1])
			}
		}
	}
	if n < 80 {
		t.Errorf("docs/operations.md has %d codes", n)
	}
}

// A cure does what a line says, and returns how many runs later all should be well.
type cure func(*incident, status.Line) (runs int)

// editNamed edits what the line names, or pastes its command.
func editNamed(i *incident, line status.Line) int {
	i.Helper()
	if line.Command != "" {
		i.paste(line.Command)
		return 1
	}
	edited := false
	for _, kind := range []string{"providers", "credentials"} {
		where := i.where(kind)
		if strings.Contains(line.Remedy, where) {
			i.edit(kind)
			edited = true
			break // one is enough where either is named
		}
	}
	if !edited {
		i.Fatalf("no place is named in %q", line.Remedy)
	}
	return 1
}

// waitForNext lets the runs do it, up to the one that the screen names; what there is to look at is
// looked at.
func waitForNext(i *incident, line status.Line) int {
	i.Helper()
	if line.Command != "" {
		i.paste(line.Command)
	}
	if line.Next.IsZero() {
		i.Fatalf("the screen names no next attempt: %+v", line)
	}
	return max(1, int((line.Next.Sub(i.clock())+time.Minute-1)/time.Minute))
}

// force is for what was mended elsewhere.
func force(i *incident, line status.Line) int {
	i.Helper()
	if line.Command != "" {
		i.paste(line.Command)
	}
	i.command("", slices.Concat([]string{"refresh", i.name, "--force"}, i.asking)...)
	return 0
}

func lookThenEditCredential(i *incident, line status.Line) int {
	i.Helper()
	i.paste(line.Command)
	i.edit("credentials")
	return 1
}

func putToken(i *incident, line status.Line) int {
	i.Helper()
	i.paste(line.Command)
	return 1
}

func bindToken(i *incident, line status.Line) int {
	i.Helper()
	i.paste(line.Command)
	return 1
}

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
		documents, of := i.sim.Configs, i.name
		if kind == "credentials" {
			documents = i.sim.Credentials
		}
		var all map[string]json.RawMessage
		if all, err = documents(i.base); err == nil {
			data = all[of]
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
	configs, _, err := refresh.Configs(ctx, source)
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
	case strings.HasPrefix(code, "aws_") || strings.HasPrefix(code, "kms_") || code == "secret_missing":
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

// TestOtherRemedies has the secret itself be what is wrong: no note is needed to say so, and once
// it is as it should be the next run goes on.
func TestOtherRemedies(t *testing.T) {
	for _, row := range []struct {
		code   string
		happen func(*awstest.Secret)
		says   string
	}{
		{"secret_is_replica", func(s *awstest.Secret) { s.Primary = "eu-west-1" },
			"aws secretsmanager stop-replication-to-replica --secret-id tokenkeeper/tokens/meti --region eu-north-1"},
		{"secret_managed_by_aws", func(s *awstest.Secret) { s.Owner = "rds" }, "rename the provider"},
		{"secret_not_ours", func(s *awstest.Secret) { delete(s.Tags, "tokenkeeper:owner") }, "tokenkeeper adopt meti"},
		{"secret_being_deleted", func(s *awstest.Secret) { s.Deleted = noon }, "aws secretsmanager restore-secret --secret-id tokenkeeper/tokens/meti"},
	} {
		t.Run(row.code, func(t *testing.T) {
			i := newIncident(t, false, simulator.METI)
			good, _ := i.account.Secret("tokenkeeper/tokens/" + i.name)
			bad, _ := i.account.Secret("tokenkeeper/tokens/" + i.name)
			row.happen(&bad)
			i.account.SetSecret(bad)
			line := i.screen()
			if line.Code != row.code || !strings.Contains(strings.ToLower(line.Remedy+" "+line.Command), row.says) {
				t.Fatalf("the screen says %+v", line)
			}
			if words, ours := strings.CutPrefix(line.Command, "tokenkeeper "); ours {
				i.command("", strings.Fields(words)...)
			} else {
				i.account.SetSecret(good)
			}
			i.pass(time.Minute)
			i.tick()
			if after := i.screen(); after.State != status.OK {
				t.Errorf("after a run it is %+v", after)
			}
		})
	}
}
