package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// added runs add and returns its exit code and what it printed.
func added(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	c := &cli{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, getenv: func(string) string { return "" }, now: time.Now}
	code = c.run(t.Context(), append([]string{"add"}, args...))
	return code, out.String(), errs.String()
}

// authorizationServer publishes metadata with that in them.
func authorizationServer(t *testing.T, more string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/north/.well-known/openid-configuration" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprintf(w, `{"issuer": "http://%[1]s/north", "token_endpoint": "http://%[1]s/north/token",
			"mtls_endpoint_aliases": {"token_endpoint": "http://%[1]s/mtls/token"}%[2]s}`, r.Host, more)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestAddIssuer(t *testing.T) {
	for _, row := range []struct{ methods, endpoint, method string }{
		{"", "/north/token", ""},
		{`"client_secret_post", "client_secret_basic"`, "/north/token", ""},
		{`"private_key_jwt", "client_secret_post"`, "/north/token", "client_secret_post"},
		{`"private_key_jwt"`, "/north/token", "private_key_jwt"},
		{`"tls_client_auth"`, "/mtls/token", "tls_client_auth"},
		{`"attest_jwt_client_auth"`, "/north/token", ""},
	} {
		url := authorizationServer(t, `, "token_endpoint_auth_methods_supported": [`+row.methods+`]`)
		want := fmt.Sprintf("{\n  \"issuer\": \"%[1]s/north\",\n  \"token_endpoint\": \"%[1]s%[2]s\"", url, row.endpoint)
		if row.method != "" {
			want += fmt.Sprintf(",\n  \"token_endpoint_auth_method\": %q", row.method)
		}
		code, stdout, stderr := added(t, "--issuer", url+"/north", "--name", "north", "--allow-loopback")
		if diff := cmp.Diff(want+"\n}\n", stdout); code != 0 || diff != "" {
			t.Errorf("with the methods %s: %d, %s\n%s", row.methods, code, stderr, diff)
		}
		if !strings.Contains(stderr, "tokenkeeper config put north --file north.json") {
			t.Errorf("what comes next is not said: %s", stderr)
		}
	}
}

func TestAddIssuerIntoAFolder(t *testing.T) {
	url, dir := authorizationServer(t, ""), filepath.Join(t.TempDir(), "new")
	code, stdout, stderr := added(t, "--issuer", url+"/north", "--name", "north", "--allow-loopback", "--dir", dir)
	if code != 0 || !strings.Contains(stdout, "tokenkeeper credential put north") {
		t.Fatalf("%d: %s%s", code, stdout, stderr)
	}
	config, err := os.ReadFile(filepath.Join(dir, "providers", "north.json"))
	if err != nil || !strings.Contains(string(config), url+"/north/token") {
		t.Errorf("%s, %v", config, err)
	}
}

func TestAddIssuerThatIsNone(t *testing.T) {
	url := authorizationServer(t, "")
	for _, row := range []struct {
		args []string
		want string
	}{
		{[]string{"--issuer", url + "/south", "--allow-loopback"}, "publishes no metadata"},
		{[]string{"--issuer", url + "/north"}, "not a public one"},
		{[]string{"--issuer", "id.example.com"}, "is not an issuer"},
		{[]string{"--issuer", url + "/north", "auth0"}, "replaces a preset"},
		{[]string{"--issuer", url + "/north", "--allow-loopback", "--name", "North"}, "give it a name with --name"},
	} {
		code, stdout, stderr := added(t, row.args...)
		if code == 0 || stdout != "" || !strings.Contains(strings.Join(strings.Fields(stderr), " "), row.want) {
			t.Errorf("%q: %d, %s%s; want %q", row.args, code, stdout, stderr, row.want)
		}
	}
}
