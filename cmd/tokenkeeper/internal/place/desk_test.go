package place_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/cmd/internal/stack"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// alone takes everything away that the SDK could find credentials in.
func alone(t *testing.T, config string) {
	t.Helper()
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
			os.Unsetenv(name)
		}
	}
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", file)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("HOME", t.TempDir())
}

// What an operator lacks is said as what it is, and is no matter of the network.
func TestWithoutCredentialsOfAWS(t *testing.T) {
	const sso = `[profile p]
sso_session = s
sso_account_id = 123456789012
sso_role_name = ops
[sso-session s]
sso_region = eu-north-1
sso_start_url = https://acme.example/start
`
	for _, row := range []struct {
		name, config, profile, remedy string
	}{
		{"nobody has signed in", "", "", "aws configure"},
		{"a credential_process that fails", "[profile p]\ncredential_process = /bin/false\n", "p", "credential_process"},
		{"a credential_process that is not there", "[profile p]\ncredential_process = /no/such/program\n", "p", "credential_process"},
		{"an SSO session that was never begun", sso, "p", "aws sso login"},
	} {
		t.Run(row.name, func(t *testing.T) {
			alone(t, row.config)
			_, err := place.OpenAWS(t.Context(), place.Options{Profile: row.profile, Region: "eu-north-1", EndpointURL: "http://127.0.0.1:1",
				Stated: place.Deployment{Stack: "staging", Namespace: "keeper"}})
			var e *place.AccessError
			if !errors.As(err, &e) || !strings.Contains(e.Detail+e.Command, row.remedy) || strings.Contains(e.Detail+e.Remedy, "network") {
				t.Errorf("it fails with %v", err)
			}
		})
	}
}

func TestPeopleWaitLongerThanTheFunction(t *testing.T) {
	if got := onFake(t, awstest.New(t, awstest.Options{})).AnswerTime(); got != time.Minute {
		t.Errorf("an answer may take %v, want a minute", got)
	}
}

// onFake opens a deployment in a fake account.
func onFake(t *testing.T, account *awstest.AWS) *place.AWS {
	t.Helper()
	alone(t, "")
	for _, variable := range account.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	a, err := place.OpenAWS(t.Context(), place.Options{Stated: place.Deployment{Stack: "s", Namespace: "tokenkeeper", CredentialStore: stack.InSSM, KMSKey: place.AWSKey}})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// What Parameter Store would not take is said before it is asked; and what it says is shown.
func TestDocumentsThatParameterStoreRefuses(t *testing.T) {
	long := func(n int) secret.Text {
		return secret.New(`{"client_secret":"` + strings.Repeat("c4n@ry", n/6) + `"}`)
	}
	for _, row := range []struct {
		name     string
		document secret.Text
		before   *awstest.Parameter
		tier     string // stored in it; empty: refused
		code     string
		text     string
		asked    bool
	}{
		{"of 4,000 bytes", long(4000), nil, "Standard", "", "", true},
		{"of 5,350 bytes, as with a certificate of RSA-4096", long(5350), nil, "Advanced", "", "", true},
		{"of 8,100 bytes", long(8100), nil, "Advanced", "", "", true},
		{"of 9,000 bytes", long(9000), nil, "", place.CodeNotStorable, "CredentialStore is secretsmanager", false},
		{"with double braces", secret.New(`{"password":"a{{b}}"}`), nil, "", place.CodeNotStorable, `\u007b`, false},
		{"where a String is", long(60), &awstest.Parameter{Value: "{}"}, "", awscall.CodeRefused,
			"aws ssm delete-parameter --name /tokenkeeper/credentials/acme", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			account := awstest.New(t, awstest.Options{})
			a := onFake(t, account)
			if row.before != nil {
				row.before.Name = "/tokenkeeper/credentials/acme"
				account.SetParameter(*row.before)
			}
			account.Reset()
			err := a.PutCredential(t.Context(), "acme", row.document)
			if row.tier != "" {
				p, _ := account.Parameter("/tokenkeeper/credentials/acme")
				if err != nil || p.Tier != row.tier || p.Value != row.document.Reveal() {
					t.Errorf("%v; it is in the tier %q", err, p.Tier)
				}
				return
			}
			var e *refresh.Error
			if !errors.As(err, &e) || e.Code != row.code || !strings.Contains(e.Error(), row.text) || strings.Contains(e.Error(), "c4n@ry") {
				t.Errorf("%v", err)
			}
			if asked := account.Count() > 0; asked != row.asked {
				t.Errorf("AWS was asked: %t", asked)
			}
		})
	}
}
