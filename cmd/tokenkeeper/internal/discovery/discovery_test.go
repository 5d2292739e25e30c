package discovery_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/discovery"
	"example.com/tokenkeeper/internal/wire"
)

// An issuer is a server with metadata at one path. Of requests it remembers the paths.
type issuer struct {
	*httptest.Server
	asked []string
}

func serve(t *testing.T, at string, metadata func(url string) string) *issuer {
	t.Helper()
	i := &issuer{}
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.asked = append(i.asked, r.URL.Path)
		if r.URL.Path != at {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, metadata("http://"+r.Host))
	}))
	t.Cleanup(i.Close)
	return i
}

func usual(url string) string {
	return fmt.Sprintf(`{"issuer": "%s", "token_endpoint": "%s/token", "mtls_endpoint_aliases": {"token_endpoint": "%s/mtls/token"},
		"token_endpoint_auth_methods_supported": ["private_key_jwt"]}`, url, url, url)
}

func find(t *testing.T, issuer string) (discovery.Metadata, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	return discovery.Find(ctx, wire.New(wire.Options{AllowLoopback: true}), issuer)
}

func TestFind(t *testing.T) {
	const oidc, oauth = "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"
	for _, row := range []struct {
		name, at, tail string
		asked          []string
	}{
		{"where OpenID has it", oidc, "", []string{oidc}},
		{"where OAuth has it", oauth, "", []string{oidc, oauth}},
		{"for an issuer with a path, where OpenID has it", "/realms/a" + oidc, "/realms/a", []string{"/realms/a" + oidc}},
		{"for an issuer with a path, where OAuth has it", oauth + "/realms/a", "/realms/a", []string{"/realms/a" + oidc, oauth + "/realms/a"}},
		{"for an issuer that ends in a slash", oidc, "/", []string{oidc}},
	} {
		s := serve(t, row.at, func(url string) string { return strings.Replace(usual(url), url, url+row.tail, 1) })
		m, err := find(t, s.URL+row.tail)
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		if m.TokenEndpoint != s.URL+"/token" || m.Aliases.TokenEndpoint != s.URL+"/mtls/token" || !slices.Equal(m.AuthMethods, []string{"private_key_jwt"}) {
			t.Errorf("%s: %+v", row.name, m)
		}
		if !slices.Equal(s.asked, row.asked) {
			t.Errorf("%s: asked for %q, want %q", row.name, s.asked, row.asked)
		}
	}
}

func TestMetadataThatAreNotUsed(t *testing.T) {
	for _, row := range []struct {
		name     string
		metadata func(url string) string
		want     string
	}{
		{"of another issuer", func(url string) string { return strings.Replace(usual(url), url, "https://evil.example", 1) }, "another issuer"},
		{"of an issuer with one more slash", func(url string) string { return strings.Replace(usual(url), url, url+"/", 1) }, "another issuer"},
		{"of no issuer", func(url string) string { return fmt.Sprintf(`{"token_endpoint": "%s/token"}`, url) }, "another issuer"},
		{"with an endpoint without TLS", func(url string) string {
			return fmt.Sprintf(`{"issuer": "%s", "token_endpoint": "http://example.com/token"}`, url)
		}, "not an https URL"},
		{"with an endpoint at an address", func(url string) string {
			return fmt.Sprintf(`{"issuer": "%s", "token_endpoint": "https://169.254.169.254/token"}`, url)
		}, "has an address"},
		{"with an endpoint that would take a value", func(url string) string {
			return fmt.Sprintf(`{"issuer": "%s", "token_endpoint": "%s/${client_secret}"}`, url, url)
		}, "not the URL"},
		{"with an alias that would take a value", func(url string) string {
			return strings.Replace(usual(url), "/mtls/token", "/${client_secret}", 1)
		}, "not the URL"},
		{"without an endpoint", func(url string) string { return fmt.Sprintf(`{"issuer": "%s"}`, url) }, "not the URL"},
		{"that are no object", func(string) string { return `["a"]` }, "publishes no metadata"},
		{"that are a page", func(string) string { return `<html>` }, "publishes no metadata"},
	} {
		s := serve(t, "/.well-known/openid-configuration", row.metadata)
		if m, err := find(t, s.URL); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %+v, %v; want %q", row.name, m, err, row.want)
		}
	}
}

// Nothing is asked of what is no issuer.
func TestNoIssuer(t *testing.T) {
	for _, text := range []string{
		"", "id.example.com", "http://id.example.com", "https://id.example.com?tenant=a", "https://id.example.com#a", "https://user:hunter2hunter2@id.example.com",
		"https://169.254.169.254", "https://id.example.com/${x}", "ftp://id.example.com", "https://",
	} {
		_, err := find(t, text)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q is taken for an issuer", text)
		}
	}
}

// A server that is down, or answers with an error, is not asked in another place.
func TestErrorsEndTheSearch(t *testing.T) {
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer s.Close()
	if _, err := find(t, s.URL); err == nil || !strings.Contains(err.Error(), "503") || asked != 1 {
		t.Errorf("%v, asked %d times", err, asked)
	}
}
