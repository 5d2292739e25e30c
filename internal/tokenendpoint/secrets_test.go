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

// A secret that was pasted into the wrong field is in no message if it is one word of capitals,
// small letters and digits, or where only certain words may be.
func TestSecretsInTheWrongField(t *testing.T) {
	for _, field := range []string{
		`"token_endpoint_auth_method": "SECRET"`, `"body": "SECRET"`, `"client_secret_basic_encoding": "SECRET"`, `"response": {"expires_at_format": "SECRET"}`,
		`"issuer": "SECRET"`, `"timeout": "SECRET"`, `"token_endpoint_auth_signing_alg": "SECRET"`, `"scope_separator": "SECRET"`, `"headers": {"X-A": "SECRET", "Host": "SECRET"}`,
	} {
		for _, secret := range []string{"northern7Lights", "S3cret-of-the-north", "P@ssw0rd!23", "horsebatterystaple"} {
			if secret == "horsebatterystaple" && !strings.Contains(field, "body") && !strings.Contains(field, "method") {
				continue // a word like others
			}
			_, err := onLoopback().Provider(document("erp", `{"token_endpoint": "https://id.example.com/token", `+strings.ReplaceAll(field, "SECRET", secret)+`}`))
			if err == nil || strings.Contains(err.Error(), secret) {
				t.Errorf("%s: %v", field, err)
			}
		}
	}
}
