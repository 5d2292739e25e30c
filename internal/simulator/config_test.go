package simulator_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/internal/simulator"
)

func TestConfigsAreThoseOfTheDesign(t *testing.T) {
	want := map[string]string{
		simulator.Meitner: `{
  "token_endpoint": "http://127.0.0.1:8787/meitner/oauth/token",
  "token_endpoint_auth_method": "client_secret_post"
}
`,
		simulator.EduCloud: `{
  "token_endpoint": "http://127.0.0.1:8787/educloud/connect/token",
  "token_endpoint_auth_method": "client_secret_post",
  "body": "multipart"
}
`,
		simulator.METI: `{
  "token_endpoint": "http://127.0.0.1:8787/meti/oauth/token",
  "token_endpoint_auth_method": "client_secret_post",
  "body": "json",
  "parameters": {
    "audience": "https://api.meti.millpont.com"
  },
  "scope": "read:sources write:sources delete:sources"
}
`,
		simulator.METILogin: `{
  "request": {
    "url": "http://127.0.0.1:8787/meti-login/token",
    "json": {
      "email": "${email}",
      "password": "${password}"
    }
  },
  "response": {
    "access_token": "token"
  }
}
`,
	}
	configs, err := simulator.New(simulator.Options{}).Configs("http://127.0.0.1:8787")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for name, config := range configs {
		got[name] = string(config)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("configs (-want +got):\n%s", diff)
	}
}

func TestCredentialsFollowTheSecretAndPinTheHost(t *testing.T) {
	sim := simulator.New(simulator.Options{})
	sim.SetSecret(simulator.METILogin, "a <new> & hard secret")
	credentials, err := sim.Credentials("http://127.0.0.1:8787")
	if err != nil {
		t.Fatal(err)
	}
	want := `{
  "allowed_hosts": [
    "127.0.0.1:8787"
  ],
  "email": "simulated+meti@login.example",
  "password": "a <new> & hard secret"
}
`
	if diff := cmp.Diff(want, string(credentials[simulator.METILogin])); diff != "" {
		t.Errorf("credential (-want +got):\n%s", diff)
	}
	for _, name := range simulator.Names() {
		var got map[string]any
		if err := json.Unmarshal(credentials[name], &got); err != nil {
			t.Fatal(err)
		}
		delete(got, "allowed_hosts")
		want := map[string]any{}
		for field, value := range sim.Credential(name) {
			want[field] = value
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: credential (-want +got):\n%s", name, diff)
		}
	}
}

func TestAllowedHostsStateThePortUnlessItIs443(t *testing.T) {
	sim := simulator.New(simulator.Options{})
	for baseURL, want := range map[string]string{
		"http://127.0.0.1:8787":      "127.0.0.1:8787",
		"http://127.0.0.1":           "127.0.0.1:80",
		"http://127.0.0.1:80/":       "127.0.0.1:80",
		"https://sim.example":        "sim.example",
		"https://sim.example:443":    "sim.example",
		"https://sim.example:8443/a": "sim.example:8443",
		"http://[::1]:8787":          "[::1]:8787",
		"http://[::1]":               "[::1]:80",
		"https://[::1]:443":          "[::1]",
	} {
		credentials, err := sim.Credentials(baseURL)
		if err != nil {
			t.Errorf("%s: %v", baseURL, err)
			continue
		}
		var got struct {
			AllowedHosts []string `json:"allowed_hosts"`
		}
		if err := json.Unmarshal(credentials[simulator.Meitner], &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{want}, got.AllowedHosts); diff != "" {
			t.Errorf("%s: allowed_hosts (-want +got):\n%s", baseURL, diff)
		}
	}
}

func TestABaseURLMustBeAbsolute(t *testing.T) {
	sim := simulator.New(simulator.Options{})
	for _, baseURL := range []string{"", "127.0.0.1:8787", "//127.0.0.1", "ftp://127.0.0.1", "http://", "http://:8787", ":"} {
		if _, err := sim.Configs(baseURL); err == nil {
			t.Errorf("Configs(%q) gave no error", baseURL)
		}
		if _, err := sim.Credentials(baseURL); err == nil {
			t.Errorf("Credentials(%q) gave no error", baseURL)
		}
	}
}
