package place_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/tokenkeeper/cmd/internal/stack"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/internal/awstest"
)

// A profile with MFA has the code asked for, once; and says what else to do where no one can be
// asked, or where the code is wrong.
func TestProfileWithMFA(t *testing.T) {
	asked := 0
	code := func(text string) func() (string, error) {
		return func() (string, error) { asked++; return text, nil }
	}
	for _, row := range []struct {
		name string
		mfa  func() (string, error)
		says string // empty: it opens
	}{
		{"the right code", code("123456"), ""},
		{"a wrong one", code("654321"), "AccessDenied"},
		{"no terminal", nil, "asks for an MFA code, which is read from a terminal only"},
	} {
		t.Run(row.name, func(t *testing.T) {
			account := awstest.New(t, awstest.Options{})
			sts := httptest.NewServer(http.HandlerFunc(assumeRole))
			t.Cleanup(sts.Close)
			alone(t, "[profile desk]\nregion = eu-north-1\nrole_arn = arn:aws:iam::123456789012:role/ops\nsource_profile = base\n"+
				"mfa_serial = arn:aws:iam::123456789012:mfa/ann\n[profile base]\naws_access_key_id = example\naws_secret_access_key = example\n")
			for _, variable := range account.Environ() {
				if name, value, _ := strings.Cut(variable, "="); name == "AWS_ENDPOINT_URL" {
					t.Setenv(name, value)
				}
			}
			t.Setenv("AWS_ENDPOINT_URL_STS", sts.URL)
			asked = 0
			a, err := place.OpenAWS(t.Context(), place.Options{Profile: "desk", MFA: row.mfa,
				Stated: place.Deployment{Stack: "s", Namespace: "tokenkeeper", CredentialStore: stack.InSSM, KMSKey: place.AWSKey}})
			access, refused := errors.AsType[*place.AccessError](err)
			switch {
			case row.says == "" && (err != nil || a == nil || asked != 1):
				t.Errorf("asked %d times: %v", asked, err)
			case row.says != "" && (!refused || !strings.Contains(access.Error(), row.says) || access.Command == ""):
				t.Errorf("it says %v", err)
			case refused && strings.Contains(access.Error()+access.Remedy+access.Command, "654321"):
				t.Error("the code is printed")
			}
		})
	}
}

// assumeRole is STS.
func assumeRole(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("SerialNumber") == "" || r.FormValue("TokenCode") != "123456" {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `<ErrorResponse><Error><Code>AccessDenied</Code><Message>MultiFactorAuthentication failed</Message></Error></ErrorResponse>`)
		return
	}
	fmt.Fprint(w, `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>example</AccessKeyId><SecretAccessKey>example</SecretAccessKey>`+
		`<SessionToken>example</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`)
}
