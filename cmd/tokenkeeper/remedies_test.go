package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secretstore"
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
	{refresh.Misconfigured, waitForNext, "aws_access_denied kms_key_unusable aws_credentials_refused aws_request_refused"},
	{refresh.Misconfigured, force, "proxy_refused tls_untrusted tls_failed"},
	{refresh.Misconfigured, lookThenEditCredential, "bad_credential host_not_allowed"},
	{refresh.NeedsPerson, editNamed, "interaction_required"},
	{refresh.NeedsPerson, pasteCommand, "no_refresh_token refresh_token_lost invalid_grant"},
	{refresh.NeedsPerson, pasteCommand, "refresh_token_not_for_credential"},
}

// elsewhere are the codes that no note can play: only the document or the secret itself can.
var elsewhere = map[string]string{
	"bad_config":               "testdata/script/remedies.txtar",
	"config_not_approved":      "testdata/script/approve.txtar",
	"secret_being_deleted":     "TestOtherRemedies",
	"secret_not_ours":          "TestOtherRemedies",
	"document_not_storable":    "testdata/script/documents.txtar",
	"credential_being_deleted": "internal/secretstore/credentials_test.go",
	"secret_is_replica":        "TestOtherRemedies",
	"secret_managed_by_aws":    "TestOtherRemedies",
	"secret_missing":           "TestASecretThatIsMadeElsewhere",
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
					if strings.Contains(code, "refresh_token") || group.class == refresh.NeedsPerson && code == "invalid_grant" || code == "claimed" {
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
			said := line.Command
			if said == "" {
				said = strings.ToLower(line.Remedy)
			}
			if line.Code != row.code || !strings.HasPrefix(said, row.says) || line.Command != "" && strings.HasSuffix(said, ".") {
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

// TestASecretThatIsMadeElsewhere has no secret where the function creates none, and so no note either.
func TestASecretThatIsMadeElsewhere(t *testing.T) {
	i := newIncident(t, false, simulator.METI)
	i.function.runner.Store.(*secretstore.Store).NoCreate = true
	i.account.RemoveSecret("tokenkeeper/tokens/" + i.name)
	i.tick()
	line := i.screen()
	const command = "aws secretsmanager create-secret --name tokenkeeper/tokens/meti --tags Key=tokenkeeper:owner,Value=tokenkeeper"
	if line.Code != "secret_missing" || line.State != status.NoToken || line.Command != command {
		t.Fatalf("the screen says %+v", line)
	}
	i.account.SetSecret(awstest.Secret{Name: "tokenkeeper/tokens/" + i.name, Tags: map[string]string{"tokenkeeper:owner": "tokenkeeper"}})
	i.pass(time.Minute)
	i.tick()
	if after := i.screen(); after.State != status.OK {
		t.Errorf("after a run it is %+v", after)
	}
}
