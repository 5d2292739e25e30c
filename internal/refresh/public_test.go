package refresh_test

import (
	"strings"
	"testing"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

func credentialOf(public []string, pairs ...string) refresh.Credential {
	c := refresh.Credential{Name: "erp", Values: map[string]secret.Text{}, Public: public}
	for i := 0; i < len(pairs); i += 2 {
		c.Values[pairs[i]] = secret.New(pairs[i+1])
	}
	return c
}

// What the owner calls public may be anywhere; everything else is looked for.
func TestPublicValuesMayBeFound(t *testing.T) {
	c := credentialOf([]string{"account_id", "region"}, "account_id", "northern-account", "region", "eu-north-1", "client_secret", "s3cr3t-of-the-north")
	for _, text := range []string{"of northern-account in eu-north-1", `{"aud":"northern-account"}`} {
		if name := found(c, text); name != "" {
			t.Errorf("%s was found in %q", name, text)
		}
		if got := c.Redact(text); got != text {
			t.Errorf("%q is printed as %q", text, got)
		}
	}
	c.Public = nil
	if name := found(c, "of northern-account"); name != "account_id" {
		t.Errorf("found %q", name)
	}
}

// A secret is not looked for where it lies within a public value, and only there.
func TestSecretsWithinPublicValues(t *testing.T) {
	c := credentialOf([]string{"account_id"}, "account_id", "north-a1b2c3-x", "pin", "a1b2c3", "client_secret", "a1b2c3-and-much-more")
	for text, want := range map[string]string{"north-a1b2c3-x": "", "a1b2c3": "", "north-a1b2c3-xa1b2c3-and-much-more": "client_secret"} {
		if name := found(c, text); name != want {
			t.Errorf("%q in %q, want %q", name, text, want)
		}
	}
}

func TestConflicts(t *testing.T) {
	for _, row := range []struct {
		name              string
		c                 refresh.Credential
		refused, doubtful string
	}{
		{"none", credentialOf([]string{"region"}, "region", "eu-north-1", "client_id", "reports", "client_secret", "s3cr3t-of-the-north"), "", ""},
		{"equal", credentialOf([]string{"login"}, "login", "annabella", "password", "annabella"), "login may be found in tokens and records, and is the same as the secret password", ""},
		{"a secret within", credentialOf([]string{"url"}, "url", "https://x.example/?k=s3cr3t-k3y", "apikey", "s3cr3t-k3y"), "contains the secret apikey", ""},
		{"within a secret", credentialOf([]string{"org"}, "org", "north", "apikey", "north.s3cr3t-k3y"), "is contained in the secret apikey", ""},
		{"just long enough within a secret", credentialOf([]string{"org"}, "org", "nort", "apikey", "nort.s3cr3t-k3y"), "is contained in the secret apikey", ""},
		{"in another case", credentialOf([]string{"org"}, "org", "NORTHERN", "apikey", "northern"), "is the same as the secret apikey", ""},
		{"a short secret", credentialOf([]string{"org"}, "org", "north-1234", "code", "1234"), "", "contains the secret code"},
		{"by a usual name", credentialOf(nil, "username", "annabella", "password", "annabella"), "", "username: may be found in tokens and records, and is the same as the secret password"},
		{"a usual name within", credentialOf(nil, "client_id", "reports", "client_secret", "reports-s3cr3t"), "", "is contained in the secret client_secret"},
		{"two that are public", credentialOf([]string{"org", "login"}, "org", "north", "login", "annabella@north"), "", ""},
		{"by chance", credentialOf([]string{"region"}, "region", "eu", "client_secret", "jeunesse-0815"), "", ""},
		{"a short one within", credentialOf([]string{"org"}, "org", "north-123", "code", "123"), "", ""},
		{"within a short one", credentialOf([]string{"org"}, "org", "nor", "code", "north-1234"), "", ""},
		{"seven characters", credentialOf([]string{"org"}, "org", "north-1234567", "code", "1234567"), "", "contains the secret code"},
		{"eight characters", credentialOf([]string{"org"}, "org", "north-12345678", "code", "12345678"), "contains the secret code; have one of the two replaced at the provider, or take org out of public", ""},
	} {
		refused, doubtful := row.c.Conflicts()
		if len(refused)+len(doubtful) > 1 {
			t.Errorf("%s: more than one thing is wrong: %v, %v", row.name, refused, doubtful)
		}
		for what, pair := range map[string][2]string{"refused": {refused.Error(), row.refused}, "doubtful": {doubtful.Error(), row.doubtful}} {
			if !strings.Contains(pair[0], pair[1]) || (pair[0] == "") != (pair[1] == "") {
				t.Errorf("%s: %s %q, want %q", row.name, what, pair[0], pair[1])
			}
		}
	}
}

func TestNeverPublic(t *testing.T) {
	for name, never := range map[string]bool{
		"client_secret": true, "password": true, "api_key": true, "clientSecret": true, "signing_key": true, "smtp_password": true, "bot_token": true, "Token": true, "webhookSecret": true,
		"passphrase": true, "refresh_token": true, "secret": true, "token": true, "RefreshToken": true,
		"account_id": false, "private_key_id": false, "key": false, "login": false, "monkey": false, "token_url": false, "secret_id": false,
	} {
		if got := refresh.NeverPublic(name); got != never {
			t.Errorf("NeverPublic(%q) = %v", name, got)
		}
	}
}

// The line that makes a value public is offered for what looks like an identifier, and never
// for what looks like a secret.
func TestWhatLooksPublic(t *testing.T) {
	for _, row := range []struct {
		name, value string
		offered     bool
	}{
		{"account_id", "AbCdEfGhIjKlMnOpQrStUv", true}, {"identifier", "northrobot", true}, {"client_email", "svc@north.iam.example.com", true},
		{"private_key_id", "4f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c", true}, {"region", "eu-north-1", true}, {"instance", "north.example.com", true},
		{"user_id", "0b6e4d5f-3a53-4f0e-9f0c-6a2f3b6d3c11", true}, {"project_id", "north-4711", true}, {"companyId", "4711-0815", true}, {"handle", "northern robot", true},
		{"client_secret", "northern", false}, {"apikey", "northern", false}, {"secret_id", "northern", false}, {"pin", "12345678", false}, {"x", "0b6e4d5f-3a53-4f0e-9f0c-6a2f3b6d3c11", false},
		{"y", "s3cr3t-k3y-4711", false}, {"session_id", "northern", false}, {"auth", "northern", false}, {"account_key", "northern", false},
		{"key_id_and_more", "-----BEGIN PRIVATE KEY-----", false}, {"account", "-----BEGIN PRIVATE KEY-----\nMC4CAQ", false},
	} {
		if got := credentialOf(nil, row.name, row.value).IfPublic(row.name) != ""; got != row.offered {
			t.Errorf("%s = %s: offered %v", row.name, row.value, got)
		}
	}
	for name, c := range map[string]refresh.Credential{
		"account_id":       {}, // it has no such value
		"next account_id":  credentialOf(nil, "next account_id", "north"),
		"steps.account_id": credentialOf(nil, "steps.account_id", "north"),
		"region":           credentialOf([]string{"region"}, "region", "north"),
		"client_id":        credentialOf(nil, "client_id", "north"),
	} {
		if got := c.IfPublic(name); got != "" {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := credentialOf([]string{"region"}, "account", "north").IfPublic("account"); got != `if it is no secret, its owner adds "account" to public in the credential "erp"` {
		t.Error(got)
	}
}

// How each kind of value is looked for: whole and in parts, in records and in what is printed.
func TestHowValuesAreLookedFor(t *testing.T) {
	const value, part = "Zq8vN2xw7Rk5Tm3pLd9sHf6jYb4cGa1e", "Zq8vN2xw7Rk5Tm3pLd9s"
	for name, want := range map[string]string{ // whole and a part in records, whole and a part in what is printed
		"client_secret":      "+ + + +",
		"password":           "+ + + +",
		"refresh_token":      "+ - + +",
		"steps.login.ticket": "+ - + +",
		"steps":              "+ + + +",
		"next refresh_token": "+ - + -",
		"client_id":          "- - + -",
		"tenant":             "- - + -",
		"region":             "- - - -",
	} {
		c := credentialOf([]string{"region"}, name, value)
		mark := func(is bool) string { return map[bool]string{true: "+", false: "-"}[is] }
		got := strings.Join([]string{mark(found(c, "x "+value+" y") == name), mark(found(c, "x "+part+" y") == name),
			mark(!strings.Contains(c.Redact("x "+value+" y"), value[:8])), mark(!strings.Contains(c.Redact("x "+part+" y"), value[:8]))}, " ")
		if got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// A copy with one value more leaves the credential as it was.
func TestWith(t *testing.T) {
	c := credentialOf(nil, "client_secret", "s3cr3t-of-the-north")
	more := c.With("refresh_token", secret.New("r"))
	if len(c.Values) != 1 || len(more.Values) != 2 || more.Values["refresh_token"].Reveal() != "r" || more.Name != c.Name {
		t.Errorf("%v and %v", c.Names(), more.Names())
	}
}

func TestServes(t *testing.T) {
	c := refresh.Credential{Name: "erp", Providers: []string{"erp-eu", "erp-us"}}
	for provider, want := range map[string]bool{"erp": true, "erp-eu": true, "erp-us": true, "erp-cn": false, "": false} {
		if c.Serves(provider) != want {
			t.Errorf("%q is served: %t", provider, !want)
		}
	}
}

func TestMayBePublic(t *testing.T) {
	for _, row := range []struct{ name, value, why string }{
		{"client_secret", "x", "secret by its name"}, {"apiKey", "x", "secret by its name"}, {"signing_key", "x", "secret by its name"},
		{"cert", "-----BEGIN CERTIFICATE-----", "PEM block"}, {"jwk", `{"kty":"RSA"}`, "JWK"}, {"region", "eu-north-1", ""},
	} {
		if got := credentialOf(nil, row.name, row.value).MayBePublic(row.name); (got == "") != (row.why == "") || !strings.Contains(got, row.why) {
			t.Errorf("%s: %q", row.name, got)
		}
	}
}
