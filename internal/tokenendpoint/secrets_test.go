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
