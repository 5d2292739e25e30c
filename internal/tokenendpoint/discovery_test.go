package tokenendpoint_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// An issuer is a server with metadata.
func issuer(t *testing.T, at string, metadata func(url string) string) *server {
	t.Helper()
	var s *server
	s = serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case at:
			answer(200, metadata(s.URL))(w, r)
		case "/token", "/mtls/token":
			answer(200, good)(w, r)
		default:
			http.NotFound(w, r)
		}
	})
	return s
}

func usual(url string) string {
	return fmt.Sprintf(`{"issuer": "%s", "token_endpoint": "%s/token", "mtls_endpoint_aliases": {"token_endpoint": "%s/mtls/token"}}`, url, url, url)
}

func paths(s *server) string {
	var list []string
	for _, r := range s.seen {
		list = append(list, r.Method+" "+r.URL.Path)
	}
	return strings.Join(list, ", ")
}

func TestTheTokenEndpointIsFound(t *testing.T) {
	for _, row := range []struct {
		name, at, tail, more, want string
	}{
		{"where OpenID has it", "/.well-known/openid-configuration", "", "", "GET /.well-known/openid-configuration, POST /token"},
		{"where OAuth has it", "/.well-known/oauth-authorization-server", "", "", "GET /.well-known/openid-configuration, GET /.well-known/oauth-authorization-server, POST /token"},
		{"for an issuer with a path, where OpenID has it", "/realms/a/.well-known/openid-configuration", "/realms/a", "", "GET /realms/a/.well-known/openid-configuration, POST /token"},
		{"for an issuer with a path, where OAuth has it", "/.well-known/oauth-authorization-server/realms/a", "/realms/a", "",
			"GET /realms/a/.well-known/openid-configuration, GET /.well-known/oauth-authorization-server/realms/a, POST /token"},
		{"for an issuer that ends in a slash", "/.well-known/openid-configuration", "/", "", "GET /.well-known/openid-configuration, POST /token"},
		{"for clients with a certificate", "/.well-known/openid-configuration", "", `, "token_endpoint_auth_method": "tls_client_auth"`,
			"GET /.well-known/openid-configuration, POST /mtls/token"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := issuer(t, row.at, func(url string) string { return strings.Replace(usual(url), url, url+row.tail, 1) })
			e := endpoint(t, onLoopback(), fmt.Sprintf(`{"issuer": "%s%s"%s}`, s.URL, row.tail, row.more))
			c := client(s.URL)
			c.Values["private_key"] = secret.New(inPEM(t, rsaKey()))
			c.Values["certificate"] = secret.New(certificate(t, rsaKey(), "reports"))
			if g, err := e.Grant(t.Context(), refresh.Login{Credential: c}); err != nil || g.AccessToken.Reveal() != "token-1" {
				t.Fatal(err)
			}
			if got := paths(s); got != row.want {
				t.Errorf("asked %s, want %s", got, row.want)
			}
			if r := s.seen[0]; r.Header.Get("Authorization") != "" || s.body[0] != "" {
				t.Error("the metadata were asked for with the credential")
			}
		})
	}
}

// An assertion is for the issuer, whatever the name of its endpoint.
func TestTheIssuerIsTheAudience(t *testing.T) {
	s := issuer(t, "/.well-known/openid-configuration", usual)
	for more, want := range map[string]string{"": s.URL, `, "client_assertion": {"aud": "token_endpoint"}`: s.URL + "/token"} {
		e := endpoint(t, onLoopback(), fmt.Sprintf(`{"issuer": "%s", "token_endpoint_auth_method": "private_key_jwt"%s}`, s.URL, more))
		if _, err := e.Grant(t.Context(), refresh.Login{Credential: signing(t, s.URL, ecKey())}); err != nil {
			t.Fatal(err)
		}
		_, body := s.last(t)
		if claims, _ := verified(t, form(t, body).Get("client_assertion"), ecKey().Public()); claims["aud"] != want {
			t.Errorf("the audience is %v, want %s", claims["aud"], want)
		}
	}
}

func TestMetadataThatAreNotUsed(t *testing.T) {
	other := serve(t, answer(200, good))
	for _, row := range []struct {
		name     string
		metadata func(url string) string
		class    refresh.Class
		code     string
	}{
		{"of another issuer", func(url string) string { return strings.Replace(usual(url), url, "https://evil.example", 1) }, refresh.Misconfigured, "issuer_mismatch"},
		{"of an issuer with one more slash", func(url string) string { return strings.Replace(usual(url), url, url+"/", 1) }, refresh.Misconfigured, "issuer_mismatch"},
		{"of no issuer", func(url string) string { return fmt.Sprintf(`{"token_endpoint": "%s/token"}`, url) }, refresh.Misconfigured, "issuer_mismatch"},
		{"with an endpoint at a host that is not allowed", func(url string) string {
			return fmt.Sprintf(`{"issuer": "%s", "token_endpoint": "%s/token"}`, url, other.URL)
		}, refresh.Misconfigured, "host_not_allowed"},
		{"with an endpoint without TLS", func(url string) string {
			return fmt.Sprintf(`{"issuer": "%s", "token_endpoint": "http://example.com/token"}`, url)
		}, refresh.Transient, "bad_metadata"},
		{"with an endpoint that would take a value", func(url string) string {
			return fmt.Sprintf(`{"issuer": "%s", "token_endpoint": "%s/${client_secret}"}`, url, url)
		}, refresh.Transient, "bad_metadata"},
		{"without an endpoint", func(url string) string { return fmt.Sprintf(`{"issuer": "%s"}`, url) }, refresh.Transient, "bad_metadata"},
		{"that are none", func(string) string { return `["a"]` }, refresh.Transient, "http_404"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := issuer(t, "/.well-known/openid-configuration", row.metadata)
			e := endpoint(t, onLoopback(), fmt.Sprintf(`{"issuer": "%s"}`, s.URL))
			err := failed(t, e, client(s.URL))
			if err.Class != row.class || err.Code != row.code {
				t.Errorf("%s %s: %v", err.Class, err.Code, err)
			}
			if strings.Contains(paths(s), "POST") || other.requests() != 0 {
				t.Errorf("asked %s, and another host %d times", paths(s), other.requests())
			}
		})
	}
}

func TestTheIssuersHostIsPinned(t *testing.T) {
	s := issuer(t, "/.well-known/openid-configuration", usual)
	e := endpoint(t, onLoopback(), fmt.Sprintf(`{"issuer": "%s"}`, s.URL))
	c := client("https://elsewhere.example")
	if err := failed(t, e, c); err.Code != "host_not_allowed" || s.requests() != 0 {
		t.Errorf("%v, after %d requests", err, s.requests())
	}
}

// Attempts of one run ask once; the next run, which understands its configs anew, asks again.
func TestMetadataAreAskedForOnceARun(t *testing.T) {
	s := issuer(t, "/.well-known/openid-configuration", usual)
	for range 2 {
		e := endpoint(t, onLoopback(), fmt.Sprintf(`{"issuer": "%s"}`, s.URL))
		for range 2 {
			if _, err := e.Grant(t.Context(), refresh.Login{Credential: client(s.URL)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := strings.Count(paths(s), "GET"); got != 2 {
		t.Errorf("asked %s", paths(s))
	}
}

// Whatever metadata say, what is taken of them is an https URL at a host, spelled as they
// have it, into which no value of the credential was put.
func FuzzMetadata(f *testing.F) {
	for _, seed := range []string{
		`{"issuer": "https://id.example.com", "token_endpoint": "https://id.example.com/token"}`,
		`{"issuer": "https://id.example.com", "token_endpoint": "https://id.example.com/token?tenant=a%20b"}`,
		`{"issuer": "https://id.example.com", "token_endpoint": "https://id.example.com/${client_secret}"}`,
		`{"issuer": "https://id.example.com", "token_endpoint": "https://user@id.example.com/token"}`,
		`{"issuer": "https://id.example.com", "token_endpoint": "https://169.254.169.254/token"}`,
		`{"issuer": "https://id.example.com", "token_endpoint": ["https://id.example.com/token"]}`,
		`{"issuer": "https://id.example.com", "issuer": "https://evil.example", "token_endpoint": "https://evil.example/token"}`,
		`{"issuer": "https://id.example.com/", "token_endpoint": "https://id.example.com/token"}`,
		`[]`, ``,
	} {
		f.Add(seed)
	}
	p := tokenendpoint.New(tokenendpoint.Options{})
	provider, err := p.Provider(document("erp", `{"issuer": "https://id.example.com"}`))
	if err != nil {
		f.Fatal(err)
	}
	e := provider.Endpoint.(*tokenendpoint.Endpoint)
	c := client("https://id.example.com")
	f.Fuzz(func(t *testing.T, body string) {
		endpoint, err := e.ReadMetadata(c, []byte(body))
		var failure *refresh.Error
		switch {
		case errors.As(err, &failure):
			checkError(t, failure, c)
			return
		case err != nil:
			return
		}
		var doc struct {
			Issuer   string `json:"issuer"`
			Endpoint string `json:"token_endpoint"`
		}
		if err := json.Unmarshal([]byte(body), &doc); err != nil || doc.Issuer != "https://id.example.com" {
			t.Errorf("taken of the metadata of %q: %q, %v", doc.Issuer, endpoint, err)
		}
		u, err := url.Parse(endpoint)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" {
			t.Errorf("%q is taken as %q", doc.Endpoint, endpoint)
		}
		given, err := url.Parse(doc.Endpoint)
		if err != nil || !strings.EqualFold(given.Hostname(), u.Hostname()) || given.Query().Encode() != u.Query().Encode() {
			t.Errorf("%q is taken as %q", doc.Endpoint, endpoint)
		}
		if leaked(endpoint, hard) != "" {
			t.Error("a value of the credential was put into it")
		}
	})
}
