package tokenendpoint_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

const good = `{"access_token": "token-1", "token_type": "Bearer", "expires_in": 3600}`

func TestClientsAuthenticateByAnAssertion(t *testing.T) {
	for _, row := range []struct {
		name, method, more string
		values             []string
		key                any
		alg                string
		aud                any
	}{
		{"with the usual algorithm of its key", "private_key_jwt", `"client_assertion": {"aud": "https://issuer.example"}`,
			[]string{"private_key", inPEM(t, rsaKey())}, rsaKey().Public(), "RS256", "https://issuer.example"},
		{"with the algorithm that is registered", "private_key_jwt", `"token_endpoint_auth_signing_alg": "PS384", "client_assertion": {"aud": "https://issuer.example"}`,
			[]string{"private_key", inPEM(t, rsaKey())}, rsaKey().Public(), "PS384", "https://issuer.example"},
		{"with a key on a curve", "private_key_jwt", `"client_assertion": {"aud": ["https://issuer.example", "token_endpoint"]}`,
			[]string{"private_key", inPEM(t, ecKey())}, ecKey().Public(), "ES256", []any{"https://issuer.example", "URL/token"}},
		{"with a key of another name", "private_key_jwt", `"client_assertion": {"aud": "token_endpoint", "key": "okta_key"}`,
			[]string{"okta_key", inPEM(t, ecKey())}, ecKey().Public(), "ES256", "URL/token"},
		{"with its secret", "client_secret_jwt", `"client_assertion": {"aud": "token_endpoint"}`,
			[]string{"client_secret", hard}, []byte(hard), "HS256", "URL/token"},
		{"with its secret and another hash", "client_secret_jwt", `"token_endpoint_auth_signing_alg": "HS512", "client_assertion": {"aud": "token_endpoint"}`,
			[]string{"client_secret", hard}, []byte(hard), "HS512", "URL/token"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := serve(t, answer(200, good))
			e := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token", "token_endpoint_auth_method": %q, %s}`, s.URL, row.method, row.more))
			c := login(s.URL, append([]string{"client_id", "reports"}, row.values...)...)
			jtis := map[any]bool{}
			for range 2 {
				if _, err := e.Grant(t.Context(), refresh.Login{Credential: c}); err != nil {
					t.Fatal(err)
				}
				_, body := s.last(t)
				sent := form(t, body)
				if sent.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" || sent.Has("client_secret") || len(sent["client_assertion"]) != 1 {
					t.Errorf("sent %v", sent)
				}
				claims, header := verified(t, sent.Get("client_assertion"), row.key)
				aud := strings.ReplaceAll(fmt.Sprint(row.aud), "URL", s.URL)
				if header["alg"] != row.alg || claims["iss"] != "reports" || claims["sub"] != "reports" || fmt.Sprint(claims["aud"]) != aud {
					t.Errorf("signed %v, %v", header, claims)
				}
				if life := claims["exp"].(float64) - float64(noon.Unix()); life <= 0 || life > 300 {
					t.Errorf("it holds for %v s", life)
				}
				if back := float64(noon.Unix()) - claims["iat"].(float64); back < 0 || back > 60 {
					t.Errorf("it is dated back by %v s", back)
				}
				jtis[claims["jti"]] = true
			}
			if len(jtis) != 2 {
				t.Error("a jti was used again")
			}
		})
	}
}

// Providers hand out secrets that are shorter than RFC 7518 section 3.2 has them. They are
// used, and it is reported, once for each.
func TestShortSharedSecrets(t *testing.T) {
	const (
		client = `"token_endpoint_auth_method": "client_secret_jwt", "client_assertion": {"aud": "token_endpoint"}`
		grant  = `"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": {"alg": "HS256", "aud": "token_endpoint"`
		own    = `{"signed_jwt": {"aud": "x", "alg": "HS512", "lifetime": "10m"}}`
		said   = "the credential's %s has less than the %d bytes that %s should have (RFC 7518 section 3.2): ask the provider for a longer one"
	)
	for _, row := range []struct {
		name, config, secret string
		want                 []string
	}{
		{"a client's", `{"token_endpoint": "URL/token", ` + client + `}`, strings.Repeat("k", 31), []string{fmt.Sprintf(said, "client_secret", 32, "HS256")}},
		{"one that is long enough", `{"token_endpoint": "URL/token", ` + client + `}`, strings.Repeat("k", 32), nil},
		{"a grant's as well", `{"token_endpoint": "URL/token", ` + client + `, ` + grant + `}}`, "k", []string{fmt.Sprintf(said, "client_secret", 32, "HS256")}},
		{"another for the grant", `{"token_endpoint": "URL/token", ` + client + `, ` + grant + `, "key": "app_secret"}}`, "k",
			[]string{fmt.Sprintf(said, "app_secret", 32, "HS256"), fmt.Sprintf(said, "client_secret", 32, "HS256")}},
		{"that of a token", own, strings.Repeat("k", 63), []string{fmt.Sprintf(said, "client_secret", 64, "HS512")}},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := serve(t, answer(200, good))
			e := endpoint(t, onLoopback(), strings.ReplaceAll(row.config, "URL", s.URL))
			c := allowed(login(s.URL, "client_id", "reports", "client_secret", row.secret, "app_secret", row.secret), "x")
			g, err := e.Grant(t.Context(), refresh.Login{Credential: c})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(g.Warnings, row.want) {
				t.Errorf("warns %q, want %q", g.Warnings, row.want)
			}
		})
	}
}

func TestAnEmptyKeyIDIsLeftOut(t *testing.T) {
	s := serve(t, answer(200, good))
	e := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token", "token_endpoint_auth_method": "private_key_jwt",
		"client_assertion": {"aud": "token_endpoint", "kid": ""}}`, s.URL))
	c := login(s.URL, "client_id", "reports", "private_key", inPEM(t, rsaKey()))
	if _, err := e.Grant(t.Context(), refresh.Login{Credential: c}); err != nil {
		t.Fatal(err)
	}
	_, body := s.last(t)
	if _, header := verified(t, form(t, body).Get("client_assertion"), rsaKey().Public()); header["kid"] != nil {
		t.Errorf("the header is %v", header)
	}
}

func TestTheHeaderOfAnAssertion(t *testing.T) {
	s := serve(t, answer(200, good))
	e := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token", "token_endpoint_auth_method": "private_key_jwt",
		"client_assertion": {"aud": "token_endpoint", "kid": "${key_id}", "typ": "client-authentication+jwt", "certificate_header": ["x5t", "x5t#S256"],
			"header": {"tenant": 1.50}, "claims": {"groups": ["a", "${client_id}"], "admin": false, "n": 12345678901234567890}}}`, s.URL))
	c := login(s.URL, "client_id", "reports", "key_id", "k1", "private_key", inPEM(t, rsaKey()), "certificate", certificate(t, rsaKey(), "reports"))
	if _, err := e.Grant(t.Context(), refresh.Login{Credential: c}); err != nil {
		t.Fatal(err)
	}
	_, body := s.last(t)
	assertion := form(t, body).Get("client_assertion")
	claims, header := verified(t, assertion, rsaKey().Public())
	if header["kid"] != "k1" || header["typ"] != "client-authentication+jwt" || header["x5t"] == nil || header["x5t#S256"] == nil || header["tenant"] != 1.5 {
		t.Errorf("the header is %v", header)
	}
	if fmt.Sprint(claims["groups"]) != "[a reports]" || claims["admin"] != false {
		t.Errorf("the claims are %v", claims)
	}
}

// Nothing is sent with a key that cannot be the right one.
func TestKeysThatDoNotFit(t *testing.T) {
	for _, row := range []struct {
		name, more string
		values     []string
		want       string
	}{
		{"a key of another kind", `"token_endpoint_auth_signing_alg": "ES256"`, []string{"private_key", inPEM(t, rsaKey())}, "ES256 signs with an EC key on P-256, and this is an RSA key"},
		{"no key at all", `"scope": "a"`, []string{"private_key", "no-key-but-a-canary"}, "the credential's private_key"},
		{"no value of that name", `"scope": "a"`, []string{"client_secret", hard}, "private_key"},
		{"an expired certificate", `"scope": "a"`, []string{"private_key", inPEM(t, rsaKey()), "certificate", certificate(t, rsaKey(), "reports")}, "expired at"},
		{"a certificate of another key", `"scope": "a"`, []string{"private_key", inPEM(t, ecKey()), "certificate", certificate(t, rsaKey(), "reports")}, "is not the certificate of the private key"},
	} {
		for _, method := range []string{"private_key_jwt", "tls_client_auth"} {
			ofTLS := strings.Contains(row.name, "certificate")
			switch {
			case method == "tls_client_auth" && !ofTLS, method == "private_key_jwt" && ofTLS:
				continue
			}
			t.Run(row.name+" for "+method, func(t *testing.T) {
				s := serve(t, answer(200, good))
				now := atNoon
				if strings.Contains(row.name, "expired") {
					now = func() time.Time { return noon.AddDate(1, 0, 0) }
				}
				p := tokenendpoint.New(tokenendpoint.Options{AllowLoopback: true, Now: now})
				if method == "private_key_jwt" {
					row.more += `, "client_assertion": {"aud": "token_endpoint"}`
				}
				e := endpoint(t, p, fmt.Sprintf(`{"token_endpoint": "%s/token", "token_endpoint_auth_method": %q, %s}`, s.URL, method, row.more))
				err := failed(t, e, login(s.URL, append([]string{"client_id", "reports"}, row.values...)...))
				if err.Class != refresh.Misconfigured || err.Code != refresh.CodeBadCredential || !strings.Contains(err.Error(), row.want) {
					t.Errorf("%s %s: %v", err.Class, err.Code, err)
				}
				if s.requests() != 0 {
					t.Errorf("%d requests were sent", s.requests())
				}
			})
		}
	}
}

// A server that refuses the JWT and whose clock is elsewhere gets one that is dated by
// that clock, once.
func TestAnotherClock(t *testing.T) {
	for _, row := range []struct {
		name  string
		ahead time.Duration
		code  int
		error string
		want  int
	}{
		{"ahead by five minutes", 5 * time.Minute, 401, "invalid_client", 2},
		{"behind by two minutes", -2 * time.Minute, 400, "invalid_client", 2},
		{"the same", time.Second, 401, "invalid_client", 1},
		{"ahead by a quarter of an hour", 15 * time.Minute, 401, "invalid_client", 2},
		{"ahead by more", 15*time.Minute + time.Second, 401, "invalid_client", 1},
		{"ahead by twenty years", 20 * 365 * 24 * time.Hour, 401, "invalid_client", 1},
		{"behind by an hour", -time.Hour, 401, "invalid_client", 1},
		{"ahead, and refused for something else", 5 * time.Minute, 400, "invalid_scope", 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			theirs := noon.Add(row.ahead)
			var iats []float64
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Date", theirs.Format(http.TimeFormat))
				w.Header().Set("Content-Type", "application/json")
				body, _ := io.ReadAll(r.Body)
				sent := form(t, string(body))
				claims := parsed(t, sent.Get("client_assertion"))
				iats = append(iats, claims["iat"].(float64))
				w.WriteHeader(row.code)
				fmt.Fprintf(w, `{"error": %q}`, row.error)
			})
			e := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token", "token_endpoint_auth_method": "private_key_jwt", "client_assertion": {"aud": "token_endpoint"}}`, s.URL))
			err := failed(t, e, signing(t, s.URL, ecKey()))
			if err.Class != refresh.Misconfigured || len(iats) != row.want {
				t.Fatalf("%d requests, %v", len(iats), err)
			}
			if row.want == 2 && time.Duration(iats[1]-iats[0])*time.Second != row.ahead {
				t.Errorf("the second is dated %v s after the first", iats[1]-iats[0])
			}
		})
	}
}

// A client's certificate is shown to the server of its own provider, on a connection of
// its own, whatever authorities that server names.
func TestClientsAuthenticateByACertificate(t *testing.T) {
	var shown []string
	ts := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := "nobody"
		if len(r.TLS.PeerCertificates) > 0 {
			name = r.TLS.PeerCertificates[0].Subject.CommonName
		}
		body, _ := io.ReadAll(r.Body)
		shown = append(shown, name+" "+form(t, string(body)).Get("client_id"))
		io.WriteString(w, good)
	}))
	others := x509.NewCertPool()
	others.AppendCertsFromPEM([]byte(certificate(t, ecKey(), "another authority")))
	ts.EnableHTTP2 = true
	ts.TLS = &tls.Config{ClientAuth: tls.RequestClientCert, ClientCAs: others}
	ts.StartTLS()
	t.Cleanup(ts.Close)
	roots := x509.NewCertPool()
	roots.AddCert(ts.Certificate())
	p := tokenendpoint.New(tokenendpoint.Options{AllowLoopback: true, Now: atNoon, RootCAs: roots})

	grant := func(method, id string, values ...string) {
		t.Helper()
		e := endpoint(t, p, fmt.Sprintf(`{"token_endpoint": "%s/token", "token_endpoint_auth_method": %q}`, ts.URL, method))
		if _, err := e.Grant(t.Context(), refresh.Login{Credential: login(ts.URL, append([]string{"client_id", id}, values...)...)}); err != nil {
			t.Fatal(err)
		}
	}
	grant("tls_client_auth", "one", "private_key", inPEM(t, rsaKey()), "certificate", certificate(t, rsaKey(), "cert-one"))
	grant("self_signed_tls_client_auth", "two", "private_key", inPEM(t, ecKey()), "certificate", certificate(t, ecKey(), "cert-two"))
	grant("none", "three")
	if got, want := strings.Join(shown, ", "), "cert-one one, cert-two two, nobody three"; got != want {
		t.Errorf("the server saw %s, want %s", got, want)
	}
}
