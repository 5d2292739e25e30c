package tokenendpoint_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// A certificate is shown beside any other authentication, and with each request of a login.
func TestAClientCertificateBesideAnything(t *testing.T) {
	var shown []string
	ts := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := "nobody"
		if len(r.TLS.PeerCertificates) > 0 {
			name = r.TLS.PeerCertificates[0].Subject.CommonName
		}
		body, _ := io.ReadAll(r.Body)
		shown = append(shown, r.URL.Path+" "+name)
		if strings.Contains(string(body), "client_assertion=") || strings.Contains(string(body), "client_secret=") || r.URL.Path != "/token" || r.Header.Get("Authorization")+r.Header.Get("X-By") != "" {
			answer(200, good)(w, r)
			return
		}
		http.Error(w, "no other authentication", http.StatusUnauthorized)
	}))
	ts.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	ts.StartTLS()
	defer ts.Close()
	roots := x509.NewCertPool()
	roots.AddCert(ts.Certificate())
	p := tokenendpoint.New(tokenendpoint.Options{AllowLoopback: true, Now: atNoon, RootCAs: roots})
	c := login(ts.URL, "client_id", "one", "client_secret", "a secret", "private_key", inPEM(t, ecKey()),
		"certificate", certificate(t, ecKey(), "usual"), "tls_key", inPEM(t, rsaKey()), "tls_certificate", certificate(t, rsaKey(), "other"))
	for _, row := range []struct{ name, config, want string }{
		{"a secret in the form", `{"token_endpoint": "URL/token", "token_endpoint_auth_method": "client_secret_post", "client_certificate": {}}`, "/token usual"},
		{"a signed assertion with another key", `{"token_endpoint": "URL/token", "token_endpoint_auth_method": "private_key_jwt", "client_assertion": {"aud": "token_endpoint"},
			"client_certificate": {"certificate": "tls_certificate", "key": "tls_key"}}`, "/token other"},
		{"a request and steps", `{"steps": [{"name": "a", "request": {"url": "URL/a", "method": "GET"}}], "client_certificate": {},
			"request": {"url": "URL/token", "basic": ["client_id", "client_secret"]}}`, "/a usual, /token usual"},
		{"values of its own for tls_client_auth", `{"token_endpoint": "URL/token", "token_endpoint_auth_method": "tls_client_auth", "headers": {"X-By": "tls"},
			"client_certificate": {"certificate": "tls_certificate", "key": "tls_key"}}`, "/token other"},
		{"none", `{"token_endpoint": "URL/token", "token_endpoint_auth_method": "client_secret_post"}`, "/token nobody"},
	} {
		shown = nil
		e := endpoint(t, p, strings.ReplaceAll(row.config, "URL", ts.URL))
		if _, err := e.Grant(t.Context(), refresh.Login{Credential: c}); err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
		if got := strings.Join(shown, ", "); got != row.want {
			t.Errorf("%s: shown was %s, want %s", row.name, got, row.want)
		}
	}
}

// built returns the header and the body of the last request of a config.
func built(t *testing.T, config string, values ...string) (header http.Header, body string) {
	t.Helper()
	e := endpoint(t, onLoopback(), strings.ReplaceAll(config, "URL", "https://id.example.com"))
	c := login("https://id.example.com", values...)
	if ps := e.Check(c); len(ps) > 0 {
		t.Fatalf("%s: %v", config, ps)
	}
	requests, err := e.Build(c)
	if err != nil {
		t.Fatal(err)
	}
	r := requests[len(requests)-1]
	if r.Body != nil {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		body = string(data)
	}
	return r.Header, body
}

func TestAnyGrantType(t *testing.T) {
	for _, grant := range []string{"account_credentials", "urn:ibm:params:oauth:grant-type:apikey", "openapi_2lo", "client_cert", "urn:example:x y"} {
		_, body := built(t, fmt.Sprintf(`{"token_endpoint": "URL/token", "grant_type": %q, "parameters": {"account_id": "${account}"}, "token_endpoint_auth_method": "none"}`, grant),
			"client_id", "reports", "account", "a-1")
		if got := form(t, body); got.Get("grant_type") != grant || got.Get("account_id") != "a-1" {
			t.Errorf("%s: sent %s", grant, body)
		}
	}
}

func TestBasicAsAWord(t *testing.T) {
	for _, row := range []struct{ names, user, password, want string }{
		{`["user", "key"]`, "reports", "s:1", "cmVwb3J0czpzOjE="},
		{`["key", ""]`, "reports", "api-1", "YXBpLTE6"},
		{`["", "key"]`, "reports", "api-1", "OmFwaS0x"},
		{`["user", "key"]`, "grüße", "ü", "Z3LDvMOfZTrDvA=="},
	} {
		header, _ := built(t, `{"request": {"url": "URL/token", "method": "GET", "basic": `+row.names+`}}`, "user", row.user, "key", row.password)
		if got := header.Get("Authorization"); got != "Basic "+row.want {
			t.Errorf("%s: sent %s, want Basic %s", row.names, got, row.want)
		}
	}
}

// JSON goes by many names, and no value in it can become a member.
func TestJSONUnderAnyType(t *testing.T) {
	for _, kind := range []string{"application/json-rpc", "application/x-amz-json-1.1", "application/vnd.api+json", "text/plain", "text/json; charset=utf-8"} {
		header, body := built(t, fmt.Sprintf(`{"request": {"url": "URL/token", "headers": {"Content-Type": %q}, "json": {"user": "a", "password": "${password}"}}}`, kind),
			"password", `pw","role":"admin`)
		if got := header.Get("Content-Type"); got != kind || body != `{"user":"a","password":"pw\",\"role\":\"admin"}` {
			t.Errorf("sent %s as %s, want %s", body, got, kind)
		}
	}
}

// Some servers read header names by the letter (over HTTP/1.1; in HTTP/2 all are small).
func TestHeaderNamesAreSentAsWritten(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	names := make(chan []string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		var list []string
		for lines := bufio.NewScanner(conn); lines.Scan() && lines.Text() != ""; {
			if name, _, ok := strings.Cut(lines.Text(), ": "); ok {
				list = append(list, name)
			}
		}
		names <- list
		io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
	}()
	url := "http://" + l.Addr().String()
	e := endpoint(t, onLoopback(), `{"request": {"url": "`+url+`/token", "headers": {"client_id": "1", "apiKEY": "${key}",
		"content-type": "application/x-www-form-urlencoded", "user-agent": "reports", "accept": "*/*"}, "form": {"a": "b"}}}`)
	failed(t, e, login(url, "key", "k-1"))
	got := <-names
	slices.Sort(got)
	if diff := cmp.Diff([]string{"Accept-Encoding", "Connection", "Content-Length", "Host", "User-Agent", "accept", "apiKEY", "client_id", "content-type"}, got); diff != "" {
		t.Errorf("header names (-want +got):\n%s", diff)
	}
}

// A key that rotates may be all there is: it is the refresh token, and the credential says
// where it may be sent.
func TestACredentialOfHostsAlone(t *testing.T) {
	s := serve(t, answer(200, `{"access_token": "t-1", "expires_in": 3600, "refresh_token": "r-2"}`))
	c, err := onLoopback().Credential(document("erp", fmt.Sprintf(`{"allowed_hosts": [%q]}`, strings.TrimPrefix(s.URL, "http://"))))
	if err != nil {
		t.Fatal(err)
	}
	c.Values["refresh_token"] = secret.New("r-1-and-so-on")
	for request, want := range map[string]string{
		`"url": "URL/token", "json": {"key": "${refresh_token}"}`:                                          `POST /token  {"key":"r-1-and-so-on"}`,
		`"url": "URL/token", "method": "GET", "headers": {"Authorization": "Token ${refresh_token}"}`:      `GET /token Token r-1-and-so-on `,
		`"url": "URL/rotate", "method": "PUT", "query": {"k": "${refresh_token}"}, "form": {"renew": "1"}`: `PUT /rotate?k=r-1-and-so-on  renew=1`,
	} {
		e := endpoint(t, onLoopback(), `{"request": {`+strings.ReplaceAll(request, "URL", s.URL)+`}}`)
		if _, err := e.Grant(t.Context(), refresh.Login{Credential: c, Rotate: func(refresh.Successor) {}}); err != nil {
			t.Fatal(err)
		}
		r, body := s.last(t)
		if got := r.Method + " " + r.RequestURI + " " + r.Header.Get("Authorization") + " " + body; got != want {
			t.Errorf("%s: sent %s, want %s", request, got, want)
		}
	}
}

// Maskinporten takes no nbf, and an iat of now.
func TestAssertionsThatAreNotBackdated(t *testing.T) {
	for _, row := range []struct {
		more     string
		iat, nbf any
	}{
		{`"backdate": "0s", "claims": {"nbf": null}`, float64(noon.Unix()), nil},
		{`"backdate": "0s"`, float64(noon.Unix()), float64(noon.Unix())},
		{`"claims": {"nbf": null}`, float64(noon.Unix() - 10), nil},
		{`"backdate": "1s"`, float64(noon.Unix() - 1), float64(noon.Unix() - 1)},
	} {
		s := serve(t, answer(200, good))
		e := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token", "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": {"aud": "https://maskinporten.example/", %s}}`, s.URL, row.more))
		if _, err := e.Grant(t.Context(), refresh.Login{Credential: signing(t, s.URL, ecKey())}); err != nil {
			t.Fatal(err)
		}
		_, body := s.last(t)
		claims, _ := verified(t, form(t, body).Get("assertion"), ecKey().Public())
		if claims["iat"] != row.iat || claims["nbf"] != row.nbf {
			t.Errorf("%s: iat %v and nbf %v", row.more, claims["iat"], claims["nbf"])
		}
	}
}

func TestATimeWithoutItsZone(t *testing.T) {
	for _, row := range []struct {
		request string
		ahead   time.Duration
	}{
		{`"method": "GET", "headers": {"X-Date": "${now('datetime')}"}`, 0},
		{`"method": "GET", "headers": {"X-Date": "${now('datetime', '12h')}"}`, 12 * time.Hour},
		{`"headers": {"X-Date": "x"}, "text": "${now('datetime', '90s')}"`, 90 * time.Second},
		{`"headers": {"X-Date": "x"}, "json": "${now('datetime')}"`, 0},
	} {
		s := serve(t, answer(200, good))
		e := endpoint(t, onLoopback(), `{"request": {"url": "`+s.URL+`/token", `+row.request+`}}`)
		if _, err := e.Grant(t.Context(), refresh.Login{Credential: login(s.URL)}); err != nil {
			t.Fatal(err)
		}
		r, got := s.last(t)
		if got = strings.Trim(got, `"`); got == "" {
			got = r.Header.Get("X-Date")
		}
		if want := noon.Add(row.ahead).Format("2006-01-02T15:04:05"); got != want {
			t.Errorf("%s: sent %s, want %s", row.request, got, want)
		}
	}
}

// What is not made or read here is refused by its name, under each name that it goes by.
func TestWhatIsNotSupportedIsRefusedByName(t *testing.T) {
	for config, want := range map[string]string{
		`{"token_endpoint": "https://id.example.com/token", "grant_type": "urn:ietf:params:oauth:grant-type:saml2-bearer"}`:                                                                    "SAML",
		`{"token_endpoint": "https://id.example.com/token", "grant_type": "http://oauth.net/grant_type/assertion/saml2-bearer"}`:                                                               "SAML",
		`{"token_endpoint": "https://id.example.com/token", "saml": {"issuer": "me"}}`:                                                                                                         "SAML",
		`{"token_endpoint": "https://id.example.com/token", "saml_assertion": "x"}`:                                                                                                            "SAML",
		`{"token_endpoint": "https://id.example.com/token", "dpop": true}`:                                                                                                                     "DPoP",
		`{"token_endpoint": "https://id.example.com/token", "dpop_bound_access_tokens": true}`:                                                                                                 "DPoP",
		`{"token_endpoint": "https://id.example.com/token", "headers": {"dpop": "${proof}"}}`:                                                                                                  "RFC 9449",
		`{"request": {"url": "https://id.example.com/token", "headers": {"accept": "text/xml"}}}`:                                                                                              "XML",
		`{"request": {"url": "https://id.example.com/token", "headers": {"Accept": "application/soap+xml; charset=utf-8"}}}`:                                                                   "XML",
		`{"steps": [{"name": "a", "request": {"url": "https://id.example.com/a", "headers": {"Accept": "application/vnd.sage.v3+xml"}}}], "request": {"url": "https://id.example.com/token"}}`: "XML",
	} {
		if _, err := onLoopback().Provider(document("erp", config)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", config, err)
		}
	}
	for _, config := range []string{
		`{"request": {"url": "https://id.example.com/token", "headers": {"Accept": "application/json, application/xml;q=0.5"}}}`,
		`{"token_endpoint": "https://id.example.com/token", "grant_type": "urn:example:assertion"}`,
	} {
		if _, err := onLoopback().Provider(document("erp", config)); err != nil {
			t.Errorf("%s: %v", config, err)
		}
	}
}
