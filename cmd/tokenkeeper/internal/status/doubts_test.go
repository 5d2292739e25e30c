package status_test

import (
	"testing"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

func TestDoubts(t *testing.T) {
	text := secret.New
	long := text("s3cr3t-of-the-north")
	for _, row := range []struct {
		name string
		c    refresh.Credential
		want string
	}{
		{"none", refresh.Credential{Public: []string{"zone"}, Values: map[string]secret.Text{"zone": text("eu"), "client_secret": long}}, ""},
		{"too short to be found", refresh.Credential{Values: map[string]secret.Text{"pin": text("123"), "client_secret": long}},
			`here: pin: has fewer than 4 characters, too few to be looked for in answers; if it is no secret, its owner adds "public": ["pin"] to the credential "erp"`},
		{"just long enough", refresh.Credential{Values: map[string]secret.Text{"pin": text("1234")}}, ""},
		{"short and never public", refresh.Credential{Values: map[string]secret.Text{"client_secret": text("b")}}, ""},
		{"a short one within", refresh.Credential{Public: []string{"org"}, Values: map[string]secret.Text{"org": text("north-123"), "code": text("123")}},
			`here: code: has fewer than 4 characters, too few to be looked for in answers; if it is no secret, its owner adds "code" to public in the credential "erp"`},
		{"signs with what is not there", refresh.Credential{SignOnly: []string{"key", "kex"}, Values: map[string]secret.Text{"key": long}},
			`here: sign_only[1] = "kex": is not a value of the credential; remove it`},
		{"not there", refresh.Credential{Public: []string{"acount"}, Values: map[string]secret.Text{"account": text("north")}},
			`here: public[0] = "acount": is not a value of the credential; remove it`},
		{"the value in the place of its name", refresh.Credential{Public: []string{"tr0ub4dor-and-3"}, Values: map[string]secret.Text{"account": text("north")}},
			`here: public[0] = "[masked]": is not a value of the credential; remove it`},
		{"by a usual name", refresh.Credential{Values: map[string]secret.Text{"username": text("annabella"), "password": text("annabella")}},
			"here: username: may be found in tokens and records, and is the same as the secret password; have one of the two replaced at the provider"},
	} {
		row.c.Name = "erp"
		if got := status.Doubts("here", row.c).Error(); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}
