package interop

import (
	"bufio"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v3"
)

// longSecret is one that HS512 takes (RFC 7518 section 3.2).
const longSecret = "a-secret-of-sixty-four-characters-and-a-few-more-0123456789-0123456789"

// An oidcServer is oidc-provider, and the authority that it knows clients by.
type oidcServer struct {
	issuer   string
	endpoint string // its token endpoint, as its metadata say
	roots    *x509.CertPool
	client   string // the certificate of the client "tls_client_auth"
	own      string // that of the client "self_signed_tls_client_auth"
}

// certificate returns one for key, signed by the issuer's or, without one, by itself.
func certificate(t *testing.T, key crypto.Signer, name string, issuer *x509.Certificate, by crypto.Signer) (*x509.Certificate, string) {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		BasicConstraintsValid: true, IsCA: issuer == nil,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	if issuer == nil {
		issuer, by = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// startOIDC starts the server, which ends with the test.
func startOIDC(t *testing.T) *oidcServer {
	t.Helper()
	k := keys()
	authority, authorityPEM := certificate(t, k.otherRSA, "authority of these tests", nil, nil)
	_, serverPEM := certificate(t, k.rsa, "localhost", authority, k.otherRSA)
	o := &oidcServer{roots: x509.NewCertPool()}
	o.roots.AddCert(authority)
	_, o.client = certificate(t, k.ec, "client of these tests", authority, k.otherRSA)
	own, ownPEM := certificate(t, k.ec, "a client by itself", nil, nil)
	o.own = ownPEM

	public := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: k.rsa.Public(), KeyID: "r", Use: "sig"}, {Key: k.ec.Public(), KeyID: "e", Use: "sig"}, {Key: k.ed.Public(), KeyID: "d", Use: "sig"},
	}}
	client := func(id, method string, more map[string]any) map[string]any {
		c := map[string]any{"client_id": id, "token_endpoint_auth_method": method, "grant_types": []string{"client_credentials"},
			"id_token_signed_response_alg": "ES256", "redirect_uris": []string{}, "response_types": []string{}, "scope": "read write"}
		for name, v := range more {
			c[name] = v
		}
		return c
	}
	clients := []map[string]any{
		client("client_secret_basic", "client_secret_basic", map[string]any{"client_secret": secretOfOIDC}),
		client("client_secret_post", "client_secret_post", map[string]any{"client_secret": secretOfOIDC}),
		client("tls_client_auth", "tls_client_auth", map[string]any{"tls_client_auth_subject_dn": "CN=client of these tests"}),
		client("self_signed_tls_client_auth", "self_signed_tls_client_auth", map[string]any{"jwks": map[string]any{"keys": []any{
			map[string]any{"kty": "EC", "crv": "P-256", "x": jwk(t, k.ec.Public(), "x"), "y": jwk(t, k.ec.Public(), "y"), "use": "sig",
				"x5c": []string{base64.StdEncoding.EncodeToString(own.Raw)}},
		}}}),
	}
	for _, alg := range []string{"HS256", "HS512"} {
		clients = append(clients, client("client_secret_jwt "+alg, "client_secret_jwt", map[string]any{"client_secret": longSecret, "token_endpoint_auth_signing_alg": alg}))
	}
	for _, alg := range []string{"RS256", "PS256", "ES256", "EdDSA"} {
		clients = append(clients, client("private_key_jwt "+alg, "private_key_jwt", map[string]any{"jwks": public, "token_endpoint_auth_signing_alg": alg}))
	}
	settings, err := json.Marshal(map[string]any{
		"certificate": serverPEM, "key": inPEM(t, k.rsa), "authority": authorityPEM, "clients": clients,
		"keys": []jose.JSONWebKey{{Key: k.ec, KeyID: "server", Use: "sig", Algorithm: "ES256"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "settings.json")
	if err := os.WriteFile(file, settings, 0o600); err != nil {
		t.Fatal(err)
	}
	o.issuer = runNode(t, file)
	o.endpoint = addIssuer(t, o.issuer, authorityPEM)
	return o
}

// addIssuer returns the token endpoint that the command line finds for an issuer.
func addIssuer(t *testing.T, issuer, authority string) string {
	t.Helper()
	authorities := filepath.Join(t.TempDir(), "authorities.pem")
	if err := os.WriteFile(authorities, []byte(authority), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "run", "./cmd/tokenkeeper", "add", "--issuer", issuer, "--name", "oidc", "--allow-loopback")
	cmd.Dir, cmd.Env = "..", append(os.Environ(), "SSL_CERT_FILE="+authorities)
	var config struct {
		Issuer   string `json:"issuer"`
		Endpoint string `json:"token_endpoint"`
	}
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &config)
	}
	if err != nil || config.Issuer != issuer {
		t.Fatalf("add --issuer printed %s, %v", out, err)
	}
	return config.Endpoint
}

// runNode runs the server until the test ends, and returns what it prints first.
func runNode(t *testing.T, settings string) string {
	t.Helper()
	cmd := exec.Command("node", "oidc-provider/server.mjs", settings)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatalf("oidc-provider does not start: %v; is Node.js 20 or newer there, and was 'npm ci' run in interop/oidc-provider?", err)
	}
	t.Cleanup(func() {
		stdin.Close()
		cmd.Wait()
		if t.Failed() {
			t.Logf("oidc-provider said:\n%s", &stderr)
		}
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("oidc-provider ended: %v", err)
	}
	return strings.TrimSpace(line)
}

// secretOfOIDC has no characters that oidc-provider refuses in a secret.
const secretOfOIDC = "S3cr+t/=&%#: z"

// jwk returns a member of a public key's JWK.
func jwk(t *testing.T, key crypto.PublicKey, name string) string {
	t.Helper()
	text, err := json.Marshal(jose.JSONWebKey{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	if err := json.Unmarshal(text, &members); err != nil {
		t.Fatal(err)
	}
	return members[name].(string)
}

// oidcLogins are all combinations that oidc-provider has for machines. Each finds the
// endpoint by the issuer's metadata.
func oidcLogins(t *testing.T, o *oidcServer) []login {
	k := keys()
	private := map[string]string{"RS256": inPEM(t, k.rsa), "PS256": inPEM(t, k.rsa), "ES256": inPEM(t, k.ec), "EdDSA": inPEM(t, k.ed)}
	var all []login
	add := func(method, more, id string, values map[string]string, config map[string]any, refused string) {
		l := login{grant: "client_credentials", method: method, more: strings.TrimPrefix(more+", issuer", ", "), refused: refused,
			values: map[string]string{"client_id": id}, config: map[string]any{"issuer": o.issuer, "token_endpoint": o.endpoint, "token_endpoint_auth_method": method}}
		for name, v := range values {
			l.values[name] = v
		}
		for name, v := range config {
			l.config[name] = v
		}
		all = append(all, l)
	}
	for _, method := range []string{"client_secret_basic", "client_secret_post"} {
		add(method, "", method, map[string]string{"client_secret": secretOfOIDC}, nil, "")
		add(method, "a wrong secret", method, map[string]string{"client_secret": "wrong"}, nil, "invalid_client")
	}
	for _, alg := range []string{"HS256", "HS512"} {
		add("client_secret_jwt", alg, "client_secret_jwt "+alg, map[string]string{"client_secret": longSecret}, map[string]any{"token_endpoint_auth_signing_alg": alg}, "")
	}
	add("client_secret_jwt", "a wrong secret", "client_secret_jwt HS256", map[string]string{"client_secret": longSecret + "!"}, nil, "invalid_client")
	for _, alg := range []string{"RS256", "PS256", "ES256", "EdDSA"} {
		config := map[string]any{"token_endpoint_auth_signing_alg": alg}
		add("private_key_jwt", alg, "private_key_jwt "+alg, map[string]string{"private_key": private[alg]}, config, "")
	}
	endpoint := map[string]any{"client_assertion": map[string]any{"aud": "token_endpoint"}}
	add("private_key_jwt", "RS256, aud token_endpoint", "private_key_jwt RS256", map[string]string{"private_key": private["RS256"]}, endpoint, "")
	add("private_key_jwt", "a wrong key", "private_key_jwt RS256", map[string]string{"private_key": inPEM(t, k.otherRSA)}, nil, "invalid_client")
	add("tls_client_auth", "", "tls_client_auth", map[string]string{"certificate": o.client, "private_key": private["ES256"]}, nil, "")
	add("tls_client_auth", "a certificate that the server does not know", "tls_client_auth", map[string]string{"certificate": o.own, "private_key": private["ES256"]}, nil, "invalid_client")
	add("self_signed_tls_client_auth", "", "self_signed_tls_client_auth", map[string]string{"certificate": o.own, "private_key": private["ES256"]}, nil, "")
	resource := map[string]any{"scope": "read", "parameters": map[string]any{"resource": "https://api.example.com"}}
	add("client_secret_basic", "a resource (RFC 8707)", "client_secret_basic", map[string]string{"client_secret": secretOfOIDC}, resource, "")
	other := map[string]any{"parameters": map[string]any{"resource": "https://other.example.com"}}
	add("client_secret_basic", "a resource that is not there", "client_secret_basic", map[string]string{"client_secret": secretOfOIDC}, other, "invalid_target")
	return all
}
