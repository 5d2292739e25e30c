package awscall_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"example.com/tokenkeeper/internal/awscall"
)

// The client goes where the configuration says: not where an answer or the environment points.
func TestTheClientFollowsNoRedirect(t *testing.T) {
	elsewhere := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(elsewhere.Close)
	aws := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	t.Cleanup(aws.Close)
	answer, err := awscall.NewHTTPClient(nil, nil).Get(aws.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusTemporaryRedirect {
		t.Errorf("status %d", answer.StatusCode)
	}
}

func TestTheClientsProxy(t *testing.T) {
	direct := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "direct") }))
	t.Cleanup(direct.Close)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "proxy") }))
	t.Cleanup(proxy.Close)
	through, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	for want, proxy := range map[string]*url.URL{"direct": nil, "proxy": through} {
		answer, err := awscall.NewHTTPClient(nil, proxy).Get(direct.URL)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil || string(got) != want {
			t.Errorf("answered by %q, %v; want %s", got, err, want)
		}
	}
}

// AWS's certificate is checked against the authorities that are given, and TLS 1.2 is the oldest.
func TestTheClientChecksWhomItSpeaksTo(t *testing.T) {
	for _, row := range []struct {
		version uint16
		known   bool
		want    bool
	}{
		{tls.VersionTLS13, true, true},
		{tls.VersionTLS12, true, true},
		{tls.VersionTLS11, true, false},
		{tls.VersionTLS13, false, false},
	} {
		server := httptest.NewUnstartedServer(http.NotFoundHandler())
		server.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: row.version}
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.StartTLS()
		t.Cleanup(server.Close)
		authorities := x509.NewCertPool()
		if row.known {
			authorities.AddCert(server.Certificate())
		}
		answer, err := awscall.NewHTTPClient(authorities, nil).Get(server.URL)
		if err == nil {
			_ = answer.Body.Close()
		}
		if (err == nil) != row.want {
			t.Errorf("%s, authority known %t: %v", tls.VersionName(row.version), row.known, err)
		}
	}
}

// An answer that breaks off is as good a sign of dead connections as none at all. One that is
// complete is none, whatever it says.
func TestWhatDropsConnections(t *testing.T) {
	for _, row := range []struct {
		name   string
		status int
		body   string
		size   string
		drops  bool
	}{
		{"a good answer", 200, `{"Parameter": {"Name": "/x"}}`, "", false},
		{"a refusal", 400, `{"__type": "ParameterNotFound"}`, "", false},
		{"an answer that breaks off", 200, `{"Parameter": `, "1000", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if row.size != "" {
					w.Header().Set("Content-Length", row.size)
				}
				w.WriteHeader(row.status)
				fmt.Fprint(w, row.body)
			}))
			t.Cleanup(server.Close)
			client := &countsDrops{Client: server.Client()}
			cfg := aws.Config{Region: "eu-north-1", Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
				BaseEndpoint: aws.String(server.URL), HTTPClient: client}
			awscall.Configure(&cfg, awscall.WritesPerSecond)
			_, err := ssm.NewFromConfig(cfg).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/x")})
			if got := client.drops.Load() > 0; got != row.drops {
				t.Errorf("%v; connections were dropped: %t", err, got)
			}
		})
	}
}

// A countsDrops is a client that counts how often its idle connections are dropped.
type countsDrops struct {
	*http.Client
	drops atomic.Int64
}

func (c *countsDrops) CloseIdleConnections() {
	c.drops.Add(1)
	c.Client.CloseIdleConnections()
}
