package main

import (
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"example.com/tokenkeeper/internal/awstest"
)

func certificate(s *httptest.Server) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
}

// The operator's authorities are added to those of the system.
func TestAuthorities(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	account := awstest.New(t, awstest.Options{})
	account.SetParameter(awstest.Parameter{Name: "/acme/authorities", Value: certificate(server)})
	account.SetParameter(awstest.Parameter{Name: "/acme/none", Value: "hello"})
	s, err := read(least())
	if err != nil {
		t.Fatal(err)
	}
	c := newClients(account.Config(), s)
	pool, err := authorities(t.Context(), c, "/acme/authorities")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.Certificate().Verify(x509.VerifyOptions{Roots: pool, DNSName: "example.com"}); err != nil {
		t.Error(err)
	}
	if pool, err := authorities(t.Context(), c, ""); pool != nil || err != nil {
		t.Errorf("without a parameter: %v, %v", pool, err)
	}
	for name, want := range map[string]string{"/acme/none": "holds no certificate", "/acme/missing": "ssm:GetParameter /acme/missing"} {
		if _, err := authorities(t.Context(), c, name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// AWS_CA_BUNDLE is for AWS, and HTTPS_PROXY is gone through.
func TestAWSBehindAProxyWithItsOwnAuthority(t *testing.T) {
	endpoint := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte(`{"Parameter": {"Value": "reached"}}`))
	}))
	defer endpoint.Close()
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.Host)
		w.WriteHeader(http.StatusForbidden)
	}))
	defer proxy.Close()
	bundle := filepath.Join(t.TempDir(), "bundle.pem")
	if err := os.WriteFile(bundle, []byte(certificate(endpoint)), 0o600); err != nil {
		t.Fatal(err)
	}
	get := func(variables ...string) (string, error) {
		env := least()
		env["AWS_ENDPOINT_URL"] = endpoint.URL
		for i := 0; i < len(variables); i += 2 {
			env[variables[i]] = variables[i+1]
		}
		s, err := read(env)
		if err != nil {
			t.Fatal(err)
		}
		out, err := newClients(s.awsConfig(), s).parameters.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/x")},
			func(o *ssm.Options) { o.Retryer = aws.NopRetryer{} })
		if err != nil {
			return "", err
		}
		return aws.ToString(out.Parameter.Value), nil
	}
	if _, err := get(); err == nil {
		t.Error("an authority that nobody named is trusted")
	}
	if got, err := get("AWS_CA_BUNDLE", bundle); err != nil || got != "reached" {
		t.Errorf("with AWS_CA_BUNDLE: %q, %v", got, err)
	}
	host := strings.TrimPrefix(endpoint.URL, "https://")
	if _, err := get("AWS_CA_BUNDLE", bundle, "HTTPS_PROXY", proxy.URL); err == nil || len(asked) != 1 || asked[0] != "CONNECT "+host {
		t.Errorf("with HTTPS_PROXY: %v, asked %q", err, asked)
	}
}
