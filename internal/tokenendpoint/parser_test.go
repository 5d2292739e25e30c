package tokenendpoint_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

func understood(t *testing.T, config string) refresh.Provider {
	t.Helper()
	p, err := onLoopback().Provider(document("erp", config))
	if err != nil {
		t.Fatalf("%s:\n%v", config, err)
	}
	return p
}

func TestProvider(t *testing.T) {
	p := understood(t, `{"token_endpoint": "https://id.example.com/token"}`)
	if p.Name != "erp" || p.Where != "/tokenkeeper/erp" || p.Credential != "erp" || p.Endpoint == nil {
		t.Errorf("understood as %+v", p)
	}
	if p := understood(t, `{"token_endpoint": "https://id.example.com/token", "credential": "team-x"}`); p.Credential != "team-x" {
		t.Errorf("the credential is %q", p.Credential)
	}
	hosts := p.Endpoint.(*tokenendpoint.Endpoint).Hosts()
	if diff := cmp.Diff([]string{"id.example.com"}, hosts); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
}

// A fingerprint is part of the id of every token that is stored: were it to change with a
// release, every provider would be due at once.
func TestFingerprintGolden(t *testing.T) {
	for _, row := range []struct{ config, want string }{
		{`{"token_endpoint": "https://api.meitner.se/oauth/token", "token_endpoint_auth_method": "client_secret_post"}`, "06964b"},
		{`{"token_endpoint": "https://skolid.se/connect/token", "token_endpoint_auth_method": "client_secret_post", "body": "multipart"}`, "58f279"},
		{`{"token_endpoint": "https://tenant.auth0.com/oauth/token", "token_endpoint_auth_method": "client_secret_post", "body": "json",
		  "parameters": {"audience": "https://api.meti.millpont.com"}, "scope": "read:sources write:sources delete:sources"}`, "002eba"},
		{`{"request": {"url": "https://api.meti.millpont.com/token", "json": {"email": "${email}", "password": "${password}"}},
		  "response": {"access_token": "token"}}`, "4e385f"},
	} {
		if got := understood(t, row.config).Config.String(); got != row.want {
			t.Errorf("%s\nhas the fingerprint %s, want %s", row.config, got, row.want)
		}
	}
}

// The fingerprint follows what a config says and not how it is written.
func TestFingerprint(t *testing.T) {
	const base = `{"token_endpoint": "https://id.example.com/token", "scope": "read", "parameters": {"n": 1, "id": 9007199254740993}}`
	same := []string{
		"\xEF\xBB\xBF" + strings.ReplaceAll(base, " ", "\n"),
		`{"parameters": {"id": 9007199254740993, "n": 1.0}, "scope": "re\u0061d", "token_endpoint": "https://id.example.com/token"}`,
		strings.Replace(base, `{"token`, `{"description": "the test tenant", "timeout": "5s", "token`, 1),
	}
	different := []string{
		strings.Replace(base, "read", "write", 1),
		strings.Replace(base, "9007199254740993", "9007199254740992", 1),
		strings.Replace(base, `"n": 1`, `"n": "1"`, 1),
		strings.Replace(base, `{"token`, `{"default_lifetime": "1h", "token`, 1),
		strings.Replace(base, `{"token`, `{"credential": "another", "token`, 1),
		strings.Replace(base, `{"token`, `{"grant_type": "client_credentials", "token`, 1), // stated, not defaulted
	}
	want := understood(t, base).Config
	for _, config := range same {
		if got := understood(t, config).Config; got != want {
			t.Errorf("another fingerprint:\n%s", config)
		}
	}
	for _, config := range different {
		if got := understood(t, config).Config; got == want {
			t.Errorf("the same fingerprint:\n%s", config)
		}
	}
}

func TestCredential(t *testing.T) {
	d := document("erp", `{"client_id": "reports", "client_secret": "S3cr+t/=&% ", "private_key": "-----BEGIN\nx\n-----END\n",
		"allowed_hosts": ["id.example.com", "id.example.com:8443", "127.0.0.1:8787", "[::1]:8787"], "providers": ["crm", "hr"]}`)
	d.Version = "7"
	c, err := onLoopback().Credential(d)
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "erp" || c.Version != "7" || c.Values["client_secret"].Reveal() != "S3cr+t/=&% " {
		t.Errorf("understood as %+v", c)
	}
	if diff := cmp.Diff([]string{"client_id", "client_secret", "private_key"}, c.Names()); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	if len(c.AllowedHosts) != 4 || !c.Serves("crm") || !c.Serves("erp") || c.Serves("x") {
		t.Errorf("understood as %+v", c)
	}
}

// What cannot be read at all is said so, in the same form.
func TestDocumentsThatCannotBeRead(t *testing.T) {
	p := tokenendpoint.New(tokenendpoint.Options{})
	encrypted := document("erp", "")
	encrypted.Err = errors.New("is a SecureString; a config is kept as a String")
	large := document("erp", `{"description": "`+strings.Repeat("x", 1<<20)+`"}`)
	deep := document("erp", `{"request": {"url": "https://id.example.com", "json": `+strings.Repeat("[", 5000)+strings.Repeat("]", 5000)+`}}`)
	for _, d := range []refresh.Document{encrypted, large, deep} {
		_, err := p.Provider(d)
		_, err2 := p.Credential(d)
		for _, err := range []error{err, err2} {
			var ps refresh.Problems
			if !errors.As(err, &ps) || len(ps) != 1 || ps[0].Where != d.Where || len(ps[0].Detail) > 100 {
				t.Errorf("got %v", err)
			}
		}
	}
}

// A credential is as large as can be searched for in bounded time, and a config may be larger.
func TestSizesOfDocuments(t *testing.T) {
	p := tokenendpoint.New(tokenendpoint.Options{})
	for size, fits := range map[int]bool{16 << 10: true, 16<<10 + 1: false, 64 << 10: false} {
		const around = `{"key": ""}`
		_, err := p.Credential(document("erp", `{"key": "`+strings.Repeat("x", size-len(around))+`"}`))
		if fits != (err == nil) || err != nil && !strings.Contains(err.Error(), "at most 16384 are read") {
			t.Errorf("a credential of %d bytes: %v", size, err)
		}
	}
	if _, err := p.Provider(document("erp", `{"token_endpoint": "https://id.example.com/token", "description": "`+strings.Repeat("x", 60<<10)+`"}`)); err != nil {
		t.Error(err)
	}
}

// A loopback address is open to the process that says so, and to no other.
func TestLoopback(t *testing.T) {
	shut := tokenendpoint.New(tokenendpoint.Options{})
	for url, ok := range map[string]bool{
		"http://127.0.0.1:8787/token": true, "http://localhost:8787/token": true, "http://[::1]:8787/token": true, "https://127.0.0.1/token": true,
		"http://127.0.0.2/token": true, "http://127.1/token": false, "http://2130706433/token": false, "http://[::ffff:127.0.0.1]/token": false,
		"http://localhost.example.com/token": false, "http://10.0.0.1/token": false, "http://[::2]/token": false, "https://10.0.0.1/token": false,
	} {
		d := document("erp", `{"token_endpoint": "`+url+`"}`)
		if _, err := onLoopback().Provider(d); (err == nil) != ok {
			t.Errorf("with loopback open, %s: %v", url, err)
		}
		if _, err := shut.Provider(d); err == nil {
			t.Errorf("with loopback shut, %s is accepted", url)
		}
	}
}

// Hosts are pinned by name and port: nothing is folded, completed or matched.
func TestPins(t *testing.T) {
	for _, row := range []struct {
		url  string
		pins []string // those that allow it
	}{
		{"https://id.example.com/token", []string{"id.example.com", "id.example.com:443"}},
		{"https://ID.Example.com:443/token", []string{"id.example.com", "id.example.com:443"}},
		{"https://id.example.com:8443/token", []string{"id.example.com:8443"}},
		{"http://127.0.0.1/token", []string{"127.0.0.1", "127.0.0.1:80"}},
		{"http://127.0.0.1:443/token", []string{"127.0.0.1:443"}},
		{"http://[::1]:8787/token", []string{"[::1]:8787"}},
		{"https://xn--bcher-kva.example/token", []string{"xn--bcher-kva.example", "xn--bcher-kva.example:443"}},
	} {
		e := endpoint(t, onLoopback(), `{"token_endpoint": "`+row.url+`"}`)
		var allowed []string
		for _, pin := range []string{
			"id.example.com", "id.example.com:443", "id.example.com:8443", "example.com", "other.id.example.com", "id.example.com.", "ID.example.com", "*.example.com",
			"127.0.0.1", "127.0.0.1:80", "127.0.0.1:443", "[::1]:8787", "[::1]", "::1", "xn--bcher-kva.example", "xn--bcher-kva.example:443", "bücher.example", "",
		} {
			c := client("https://id.example.com")
			c.AllowedHosts = []string{pin}
			if e.Check(c) == nil {
				allowed = append(allowed, pin)
			}
		}
		if diff := cmp.Diff(row.pins, allowed); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.url, diff)
		}
	}
}

// Problems come in the same order each time, whatever they come from.
func TestProblemsComeInOneOrder(t *testing.T) {
	const config = `{"token_endpoint": "https://id.example.com/token", "headers": {"Host": "a", "Connection": "b", "X A": "c", "Upgrade": "d"},
		"response": {"extra": {"a b": "x", "c d": "x", "e f": "[", "g h": "x", "i": "[", "j": "["}}}`
	_, first := onLoopback().Provider(document("erp", config))
	for range 20 {
		if _, err := onLoopback().Provider(document("erp", config)); !reflect.DeepEqual(err, first) {
			t.Fatalf("first\n%v\nthen\n%v", first, err)
		}
	}
}
