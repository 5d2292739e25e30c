package wire_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/wire"
)

// Each failure is named by its kind and in words, and whether a request may have left is known.
func TestWhatFailuresSay(t *testing.T) {
	serve := func(handle http.HandlerFunc) string {
		s := httptest.NewServer(handle)
		t.Cleanup(s.Close)
		return s.URL
	}
	arrived := make(chan struct{}, 1)
	hangs := serve(func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-r.Context().Done()
	})
	refuses := func(err error) wire.Options {
		return wire.Options{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, err }}
	}
	behind := func(status int) wire.Options {
		u, err := url.Parse(serve(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		if err != nil {
			t.Fatal(err)
		}
		return wire.Options{Proxy: u, ProxyResolves: true}
	}
	header := func(size int) string {
		return serve(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", size)) })
	}
	const remote = "https://id.example.com"
	local := wire.Options{AllowLoopback: true}
	for _, row := range []struct {
		name    string
		options wire.Options
		url     string
		ends    error // of the context, once the request has arrived
		kind    wire.Kind
		says    string
		begun   bool
	}{
		{"nothing listens", refuses(errors.New("refused")), remote, nil, wire.ConnectionFailed, "cannot be reached, or broke the connection off", false},
		{"no answer in time", local, hangs, context.DeadlineExceeded, wire.TimedOut, "did not answer in time", true},
		{"a run that ends", local, hangs, context.Canceled, wire.Canceled, "the run ended", true},
		{"no such host", refuses(&net.DNSError{IsNotFound: true}), remote, nil, wire.HostNotFound, "there is no such host", false},
		{"a resolver that fails", refuses(&net.DNSError{}), remote, nil, wire.DNSFailed, "could not be looked up", false},
		{"a resolver that does not answer", refuses(&net.DNSError{IsTimeout: true}), remote, nil, wire.DNSFailed, "could not be looked up", false},
		{"a host that does not answer", refuses(&net.OpError{Op: "dial", Err: context.DeadlineExceeded}), remote, nil, wire.TimedOut, "did not answer in time", false},
		{"this machine", wire.Options{}, hangs, nil, wire.AddressNotAllowed, "not a public one", false},
		{"a proxy that refuses", behind(400), remote, nil, wire.ProxyRefused, "the egress proxy", false},
		{"a proxy that refuses in another way", behind(499), remote, nil, wire.ProxyRefused, "the egress proxy", false},
		{"a proxy that fails", behind(500), remote, nil, wire.ConnectionFailed, "cannot be reached", false},
		{"a proxy that redirects", behind(302), remote, nil, wire.ConnectionFailed, "cannot be reached", false},
		{"a header that is too long", local, header(70 << 10), nil, wire.BadAnswer, "larger or otherwise packed than is read", true},
		{"an answer that breaks off", local, serve(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "9") }), nil,
			wire.ConnectionLost, "in the middle of its answer", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			if row.ends != nil {
				go func() {
					<-arrived
					cancel(row.ends)
				}()
			}
			m, f := wire.New(row.options).Do(request(t, row.url).WithContext(ctx))
			if f == nil || f.Kind != row.kind || !strings.Contains(f.Error(), row.says) || f.Begun != row.begun || errors.Unwrap(f) == nil {
				t.Errorf("%+v, %v (%v)", m, f, errors.Unwrap(f))
			}
		})
	}
	if m, f := wire.New(local).Do(request(t, header(60<<10))); f != nil {
		t.Errorf("a long header: %+v, %v", m, f)
	}
}

// Why a certificate is not trusted is said in our words.
func TestCertificatesThatAreNotTrusted(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name   string
		change func(*x509.Certificate)
		known  bool
		says   string
	}{
		{"a good one", nil, true, ""},
		{"of another name", func(c *x509.Certificate) { c.DNSNames = []string{"other.example.com"} }, true, "it is for another name"},
		{"of an unknown authority", nil, false, "its authority is not known here"},
		{"that has expired", func(c *x509.Certificate) { c.NotAfter = c.NotBefore.Add(time.Second) }, true, "it has expired, or is not yet valid"},
		{"that is for clients", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }, true, "it cannot be verified"},
	} {
		t.Run(row.name, func(t *testing.T) {
			template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"id.example.com"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
				IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
			if row.change != nil {
				row.change(template)
			}
			der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
			if err != nil {
				t.Fatal(err)
			}
			certificate, err := x509.ParseCertificate(der)
			if err != nil {
				t.Fatal(err)
			}
			s := httptest.NewUnstartedServer(http.NotFoundHandler())
			s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
			s.Config.ErrorLog = log.New(io.Discard, "", 0)
			s.StartTLS()
			t.Cleanup(s.Close)
			roots := x509.NewCertPool()
			if row.known {
				roots.AddCert(certificate)
			}
			_, f := wire.New(to(s, roots)).Do(request(t, "https://id.example.com"))
			if row.says == "" {
				if f != nil {
					t.Errorf("%v", errors.Unwrap(f))
				}
				return
			}
			if f == nil || f.Kind != wire.Untrusted || f.Begun || !strings.Contains(f.Error(), "was not asked: its certificate is not good ("+row.says+")") {
				t.Errorf("%v", f)
			}
		})
	}
}

// to returns options with which every host leads to s.
func to(s *httptest.Server, roots *x509.CertPool) wire.Options {
	return wire.Options{RootCAs: roots, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, s.Listener.Addr().String())
	}}
}

// A certificate of ours is shown to a server that asks for one, whatever authorities it names, and
// to no other client's.
func TestShowing(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, map[bool]string{true: "shown", false: "none"}[len(r.TLS.PeerCertificates) == 1])
	}))
	s.TLS = &tls.Config{ClientAuth: tls.RequestClientCert, ClientCAs: x509.NewCertPool()}
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	plain := wire.New(to(s, roots))
	showing := plain.Showing(s.TLS.Certificates[0])
	defer showing.Close()
	for want, c := range map[string]*wire.Client{"none": plain, "shown": showing} {
		m, f := c.Do(request(t, "https://example.com"))
		if f != nil || string(m.Body) != want {
			t.Errorf("%+v, %v, want %s", m, f, want)
		}
		m.Leave()
	}
}
