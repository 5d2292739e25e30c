package tokenendpoint_test

import (
	"fmt"
	"strings"
	"testing"
)

// Tokens against forgery are asked for, or done without, by a word that is no secret.
func TestWordsThatAreNoSecrets(t *testing.T) {
	for header, secret := range map[string]bool{
		`"X-CSRF-Token": "Fetch"`: false, `"X-Atlassian-Token": "no-check"`: false, `"X-Return-Token": "true"`: false,
		`"X-CSRF-Token": "Fetched-4711-0815"`: true, `"X-Api-Token": "no check"`: true,
	} {
		_, err := onLoopback().Provider(document("erp", `{"token_endpoint": "https://id.example.com/token", "headers": {`+header+`}}`))
		if got := strings.Contains(fmt.Sprint(err), "looks like a secret"); got != secret {
			t.Errorf("%s: %v", header, err)
		}
	}
}

// A host with a long name is no token, and who allows it must see it.
func TestLongHostsAreShown(t *testing.T) {
	const host = "auth.eu-central-1.production.identity-platform.example.com"
	e := endpoint(t, onLoopback(), `{"token_endpoint": "https://`+host+`/oauth2/token"}`)
	c := client("https://elsewhere.example.com")
	if said := fmt.Sprint(e.Check(c)); !strings.Contains(said, `"https://`+host+`/oauth2/token"`) {
		t.Errorf("said %s", said)
	}
}

// A secret that was pasted into the wrong field is in no message, whatever words it consists of.
func TestSecretsInTheWrongField(t *testing.T) {
	fields := []string{`"headers": {"Host": "SECRET"}`, `"headers": {"Content-Type": "SECRET"}`, `"client_assertion": {"aud": "SECRET"}`, `"scope": ["SECRET", "SECRET "]`,
		`"token_endpoint_auth_method": "SECRET", "client_secret_basic_encoding": "raw"`, `"response": {"status": ["SECRET"]}`, `"steps": [{"name": "SECRET"}]`,
		`"response": {"expires_at": {"header": "SECRET"}}`, `"response": {"access_token": {"body": "SECRET"}}`, `"response": {"scope": {"path": "token", "inner": "SECRET"}}`}
	for _, f := range []string{"credential", "timeout", "default_lifetime", "max_lifetime", "refresh_token_grace", "issuer", "token_endpoint", "grant_type", "token_endpoint_auth_method",
		"token_endpoint_auth_signing_alg", "client_secret_basic_encoding", "body", "scope_separator", "record"} {
		fields = append(fields, `"`+f+`": "SECRET"`)
	}
	for _, f := range []string{"access_token", "token_type", "expires_in", "expires_in_unit", "expires_at", "expires_at_format", "expires_at_zone", "refresh_token", "step", "success", "error"} {
		fields = append(fields, `"response": {"`+f+`": "SECRET"}`)
	}
	for _, f := range []string{"alg", "key", "key_encoding", "certificate", "lifetime", "backdate"} {
		fields = append(fields, `"signed_jwt": {"aud": "https://x.example.com", "`+f+`": "SECRET"}`, `"token_endpoint_auth_method": "private_key_jwt", "client_assertion": {"`+f+`": "SECRET"}`)
	}
	for _, f := range []string{"method", "url", "basic"} {
		fields = append(fields, `"request": {"`+f+`": "SECRET"}`, `"probe": {"request": {"`+f+`": "SECRET"}}`)
	}
	refused := 0
	for _, field := range fields {
		for _, secret := range []string{"northern7Lights", "S3cret-of-the-north", "P@ssw0rd!23", "horsebatterystaple", "correct horse battery staple", "tr0ub4dor-and-3", "hunter2=hunter2"} {
			for _, endpoint := range []string{`"token_endpoint": "https://id.example.com/token", `, ""} {
				_, err := onLoopback().Provider(document("erp", `{`+endpoint+strings.ReplaceAll(field, "SECRET", secret)+`}`))
				if err != nil {
					refused++
				}
				if strings.Contains(fmt.Sprint(err), secret) {
					t.Errorf("%s: %v", field, err)
				}
			}
		}
	}
	if refused < 400 {
		t.Errorf("only %d of these configs are refused", refused)
	}
}

// So is one that was pasted into a name, where the name is refused as none.
func TestSecretsInNames(t *testing.T) {
	for _, field := range []string{`"headers": {"X-Api-Key SECRET": ""}`, `"headers": {"SECRET\u0000": "x"}`, `"parameters": {"SECRET\u0007": "x"}`, `"parameters": {"X-Api-Key SECRET": null}`,
		`"body": "json", "parameters": {"a": {"SECRET ": {"b": "${"}}}`, `"response": {"extra": {"SECRET ": "x"}}`, `"response": {"access_token": {"SECRET ": "x"}}`,
		`"steps": [{"name": "login", "request": {"url": "https://id.example.com/a"}, "response": {"keep": {"SECRET ": "x"}}}]`,
		`"X-Api-Key SECRET": "x"`, `"response": {"\\SECRET": "x"}`, `"headers": {"X-Api-Key SECRET": 5}`, `"SECRET\u0007": 1, "SECRET\u0007": 2`, `"parameters": {"X SECRET": {"a b": 1, "a b": 2}}`} {
		for _, secret := range []string{"hunter2hunter2", "S3cret-of-the-north", "horsebatterystaple"} {
			_, err := onLoopback().Provider(document("erp", `{"token_endpoint": "https://id.example.com/token", `+strings.ReplaceAll(field, "SECRET", secret)+`}`))
			if err == nil || strings.Contains(err.Error(), secret) {
				t.Errorf("%s: %v", field, err)
			}
		}
	}
	for _, name := range []string{"hunter2 hunter2", "S3cret of the north\u0000"} {
		_, err := onLoopback().Credential(document("erp", `{"`+name+`": "x"}`))
		if err == nil || strings.Contains(err.Error(), name[:7]) {
			t.Errorf("%v", err)
		}
	}
}
