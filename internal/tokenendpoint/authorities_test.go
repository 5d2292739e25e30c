package tokenendpoint_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// Which authority may vouch for a host is said by the owner of its pin, or else by the
// operator.
func TestAuthorities(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"access_token": "t", "token_type": "Bearer", "expires_in": 3600}`)
	}))
	defer server.Close()
	operators := x509.NewCertPool()
	operators.AddCert(server.Certificate())
	own := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	const another = `-----BEGIN CERTIFICATE-----
MIIBdzCCAR2gAwIBAgIBATAKBggqhkjOPQQDAjAQMQ4wDAYDVQQDEwVvdGhlcjAe
-----END CERTIFICATE-----
`
	for _, row := range []struct {
		name        string
		roots       *x509.CertPool // the operator's
		authorities string         // the credential's
		code        string         // empty: a token
	}{
		{"no one's", nil, "", "tls_untrusted"},
		{"the operator's", operators, "", ""},
		{"the credential's", nil, own, ""},
	} {
		parser := tokenendpoint.New(tokenendpoint.Options{RootCAs: row.roots, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
		}})
		values := map[string]any{"client_id": "us", "client_secret": "s3cret-of-the-client", "allowed_hosts": []string{"example.com"}}
		if row.authorities != "" {
			values["authorities"] = row.authorities
		}
		text, err := json.Marshal(values)
		if err != nil {
			t.Fatal(err)
		}
		credential, err := parser.Credential(document("erp", string(text)))
		if err != nil {
			t.Fatalf("%s: %v", row.name, err)
		}
		_, err = endpoint(t, parser, `{"token_endpoint": "https://example.com/token"}`).Grant(t.Context(), refresh.Login{Credential: credential})
		var e *refresh.Error
		if row.code == "" && err != nil || row.code != "" && (!errors.As(err, &e) || e.Code != row.code) {
			t.Errorf("%s: %v", row.name, err)
		}
	}
	// What is no certificate is refused before anything is sent.
	for _, wrong := range []any{"hello", another, []string{own}, ""} {
		text, err := json.Marshal(map[string]any{"client_id": "us", "client_secret": "s", "allowed_hosts": []string{"example.com"}, "authorities": wrong})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tokenendpoint.New(tokenendpoint.Options{}).Credential(document("erp", string(text))); err == nil {
			t.Errorf("authorities of %.30q are taken", wrong)
		}
	}
}
