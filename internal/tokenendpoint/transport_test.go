package tokenendpoint_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"code.dny.dev/ssrf"
	"go.uber.org/goleak"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// Nothing is left running: neither by Grant nor by the connections that it made.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// An authority signs certificates that are good for a day from now.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{}
	a.cert, a.key = a.issue(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	})
	return a
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

func (a *authority) issue(t *testing.T, template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(1)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

// server returns a certificate for a host name that ends at a time.
func (a *authority) server(t *testing.T, name string, ends time.Duration) tls.Certificate {
	t.Helper()
	cert, key := a.issue(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(ends),
	})
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key}
}

const (
	host  = "id.example.com"
	there = "https://" + host
)

// A certificate or a version that is not good is refused, once, and never worked around.
// (5, 6)
func TestTLS(t *testing.T) {
	for _, row := range []struct {
		name   string
		server func(a *authority) *tls.Config
		trust  bool
		code   string // empty: it works
	}{
		{"good", func(a *authority) *tls.Config {
			return &tls.Config{Certificates: []tls.Certificate{a.server(t, host, time.Hour)}}
		}, true, ""},
		{"TLS 1.2", func(a *authority) *tls.Config {
			return &tls.Config{Certificates: []tls.Certificate{a.server(t, host, time.Hour)}, MaxVersion: tls.VersionTLS12}
		}, true, ""},
		{"another host's certificate", func(a *authority) *tls.Config {
			return &tls.Config{Certificates: []tls.Certificate{a.server(t, "www.example.com", time.Hour)}}
		}, true, "tls_untrusted"},
		{"an expired certificate", func(a *authority) *tls.Config {
			return &tls.Config{Certificates: []tls.Certificate{a.server(t, host, -time.Hour)}}
		}, true, "tls_untrusted"},
		{"an authority that is not known", func(a *authority) *tls.Config {
			return &tls.Config{Certificates: []tls.Certificate{a.server(t, host, time.Hour)}}
		}, false, "tls_untrusted"},
		{"TLS 1.1", func(a *authority) *tls.Config {
			return &tls.Config{Certificates: []tls.Certificate{a.server(t, host, time.Hour)}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
		}, true, "tls_failed"},
		{"a client certificate is wanted", func(a *authority) *tls.Config {
			return &tls.Config{Certificates: []tls.Certificate{a.server(t, host, time.Hour)}, ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12}
		}, true, "tls_failed"},
		{"no TLS at all", func(*authority) *tls.Config { return nil }, true, "tls_failed"},
	} {
		a := newAuthority(t)
		var sent, dials atomic.Int64
		ts := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			sent.Add(1)
			io.WriteString(w, granted)
		}))
		ts.Config.ErrorLog = quiet()
		if ts.TLS = row.server(a); ts.TLS == nil {
			ts.Start()
		} else {
			ts.StartTLS()
		}
		o := tokenendpoint.Options{RootCAs: x509.NewCertPool(), DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			dials.Add(1)
			if address != host+":443" {
				t.Errorf("%s: dialled %s", row.name, address)
			}
			return new(net.Dialer).DialContext(ctx, network, ts.Listener.Addr().String())
		}}
		if row.trust {
			o.RootCAs = a.pool()
		}
		e := endpoint(t, tokenendpoint.New(o), `{"token_endpoint": "`+there+`/token"}`)
		if row.code == "" {
			if _, err := e.Grant(t.Context(), refresh.Login{Credential: client(there)}); err != nil {
				t.Errorf("%s: %v", row.name, err)
			}
		} else {
			err := failed(t, e, client(there))
			if err.Class != refresh.Misconfigured || err.Code != row.code || sent.Load() > 0 {
				t.Errorf("%s: %s, %s, after %d requests: %v", row.name, err.Class, err.Code, sent.Load(), err)
			}
		}
		if n := dials.Load(); n != 1 {
			t.Errorf("%s: %d connections", row.name, n)
		}
		ts.Close()
	}
}

// What ends before a connection is made. (1–4)
func TestNoConnection(t *testing.T) {
	dns := func(e net.DNSError) error { return &net.OpError{Op: "dial", Net: "tcp", Err: &e} }
	for _, row := range []struct {
		name  string
		dial  func(ctx context.Context) error
		code  string
		tries int
	}{
		{"no such host", func(context.Context) error {
			return dns(net.DNSError{Err: "no such host", Name: host, IsNotFound: true})
		}, "host_not_found", 2},
		{"the resolver fails", func(context.Context) error { return dns(net.DNSError{Err: "server misbehaving", IsTemporary: true}) }, "dns_failed", 3},
		{"the resolver is slow", func(ctx context.Context) error {
			<-ctx.Done()
			return dns(net.DNSError{Err: "i/o timeout", IsTimeout: true})
		}, "timeout", 3},
		{"the connection is refused", func(context.Context) error {
			return &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
		}, "connection_failed", 3},
		{"the connection hangs", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, "timeout", 3},
	} {
		synctest.Test(t, func(t *testing.T) {
			tries := 0
			o := tokenendpoint.Options{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				tries++
				return nil, row.dial(ctx)
			}}
			e := endpoint(t, tokenendpoint.New(o), `{"token_endpoint": "`+there+`/token", "timeout": "3s"}`)
			err := failed(t, e, client(there))
			if err.Class != refresh.Transient || err.Suspect || err.Code != row.code {
				t.Errorf("%s: %s, %s: %v", row.name, err.Class, err.Code, err)
			}
			synctest.Wait()
			if tries != row.tries {
				t.Errorf("%s: tried %d times, want %d", row.name, tries, row.tries)
			}
		})
	}
}

// An address that no provider has is no passing failure. (113)
func TestAddressOfNoProvider(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var accepted atomic.Int64
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted.Add(1)
			c.Close()
		}
	}()
	guarded := net.Dialer{Control: ssrf.New(ssrf.WithAnyPort()).Safe}
	o := tokenendpoint.Options{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return guarded.DialContext(ctx, network, l.Addr().String()) // as if id.example.com led here
	}}
	e := endpoint(t, tokenendpoint.New(o), `{"token_endpoint": "`+there+`/token"}`)
	failure := failed(t, e, client(there))
	if failure.Code != "address_not_allowed" || failure.Class != refresh.Misconfigured || accepted.Load() > 0 {
		t.Errorf("%s, %d connections: %v", failure.Code, accepted.Load(), failure)
	}
}

// A proxy in the environment is not asked. (66)
func TestNoProxyFromTheEnvironment(t *testing.T) {
	var proxied atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { proxied.Add(1) }))
	defer proxy.Close()
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"} {
		t.Setenv(name, proxy.URL)
	}
	t.Setenv("NO_PROXY", "")
	s := serve(t, answer(200, granted))
	if _, err := endpoint(t, onLoopback(), oauth(s)).Grant(t.Context(), refresh.Login{Credential: client(s.URL)}); err != nil || s.requests() != 1 {
		t.Errorf("%d requests, %v", s.requests(), err)
	}
	if proxied.Load() > 0 {
		t.Errorf("the proxy was asked %d times", proxied.Load())
	}
}

// HTTP/2 is spoken where it is offered, and its ways to end are transient. (64)
func TestHTTP2(t *testing.T) {
	frame := func(kind byte, payload ...byte) []byte {
		head := make([]byte, 9)
		binary.BigEndian.PutUint32(head, uint32(len(payload))<<8)
		head[3] = kind
		return append(head, payload...)
	}
	const settings, goAway = 4, 7
	for _, row := range []struct {
		name    string
		handler http.HandlerFunc // nil: GOAWAY before any answer
		code    string
		asked   int64
	}{
		{"an answer", func(w http.ResponseWriter, r *http.Request) {
			if r.ProtoMajor != 2 {
				t.Errorf("spoken is %s", r.Proto)
			}
			io.WriteString(w, granted)
		}, "", 1},
		{"the stream is reset before the answer", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "connection_failed", 3},
		{"the stream is reset within the answer", func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, granted[:10])
			http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, "connection_lost", 3},
		{"the server goes away", nil, "connection_failed", 3},
	} {
		synctest.Test(t, func(t *testing.T) {
			a := newAuthority(t)
			l := newPipe()
			var asked atomic.Int64
			config := &tls.Config{Certificates: []tls.Certificate{a.server(t, host, time.Hour)}, NextProtos: []string{"h2"}}
			srv := &http.Server{TLSConfig: config, ErrorLog: quiet(), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				row.handler(w, r)
			})}
			if row.handler != nil {
				go srv.ServeTLS(l, "", "")
			} else {
				go func() {
					for {
						raw, err := l.Accept()
						if err != nil {
							return
						}
						asked.Add(1)
						go func() {
							c := tls.Server(raw, config)
							defer c.Close()
							go io.Copy(io.Discard, c)
							c.Write(frame(settings))
							c.Write(frame(goAway, 0, 0, 0, 0, 0, 0, 0, 0)) // no stream was looked at
						}()
					}
				}()
			}
			p := tokenendpoint.New(tokenendpoint.Options{DialContext: l.dial, RootCAs: a.pool()})
			e := endpoint(t, p, `{"token_endpoint": "`+there+`/token"}`)
			if row.code == "" {
				if _, err := e.Grant(t.Context(), refresh.Login{Credential: client(there)}); err != nil {
					t.Errorf("%s: %v", row.name, err)
				}
			} else if err := failed(t, e, client(there)); err.Class != refresh.Transient || err.Suspect || err.Code != row.code {
				t.Errorf("%s: %s, %s: %v", row.name, err.Class, err.Code, err)
			}
			if n := asked.Load(); n != row.asked {
				t.Errorf("%s: asked %d times, want %d", row.name, n, row.asked)
			}
			srv.Close()
			l.Close()
			synctest.Wait()
		})
	}
}

// Connections are not kept, so that one that died while the process was frozen is never
// used; and they are gone afterwards. (95, 136)
func TestConnectionsAreNotKept(t *testing.T) {
	var conns atomic.Int64
	ts := httptest.NewUnstartedServer(answer(200, granted))
	ts.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	ts.Start()
	defer ts.Close()
	e := endpoint(t, onLoopback(), `{"token_endpoint": "`+ts.URL+`/token"}`)
	const runs = 50
	for range runs {
		if _, err := e.Grant(t.Context(), refresh.Login{Credential: client(ts.URL)}); err != nil {
			t.Fatal(err)
		}
	}
	if n := conns.Load(); n != runs {
		t.Errorf("%d logins over %d connections", runs, n)
	}
}
