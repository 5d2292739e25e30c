package wire_test

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"sync"
	"testing"

	"example.com/tokenkeeper/internal/wire"
)

// A proxy takes CONNECT and leads every host to one server.
type proxy struct {
	server  string // address of the server
	status  int    // of its answer, if that is not 200
	mu      sync.Mutex
	tunnels []string
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.tunnels = append(p.tunnels, r.Method+" "+r.Host)
	p.mu.Unlock()
	if p.status != 0 {
		w.WriteHeader(p.status)
		return
	}
	there, err := net.Dial("tcp", p.server)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer there.Close()
	here, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer here.Close()
	io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
	done := make(chan struct{})
	go func() { io.Copy(there, buffered); there.(*net.TCPConn).CloseWrite(); close(done) }()
	io.Copy(here, there)
	here.Close()
	<-done
}

// Requests go through the operator's proxy, once their host was looked up here and leads to
// nothing private.
func TestProxy(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok") }))
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate()) // of example.com
	networks := []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16")}
	for _, row := range []struct {
		name     string
		leads    string // where the host leads here; empty: it is not found
		networks []netip.Prefix
		resolves bool // the proxy alone resolves
		status   int
		kind     wire.Kind
		passes   bool
	}{
		{"to a public address", "93.184.216.34", nil, false, 0, "", true},
		{"to a private address", "10.20.0.1", nil, false, 0, wire.AddressNotAllowed, false},
		{"to a private address inside the networks", "10.20.0.1", networks, false, 0, "", true},
		{"to the metadata service", "169.254.169.254", networks, false, 0, wire.AddressNotAllowed, false},
		{"to this machine", "::ffff:127.0.0.1", networks, false, 0, wire.AddressNotAllowed, false},
		{"nowhere", "", nil, false, 0, wire.HostNotFound, false},
		{"nowhere, which the proxy alone knows", "", nil, true, 0, "", true},
		{"to a host that the proxy forbids", "93.184.216.34", nil, false, http.StatusForbidden, wire.ProxyRefused, false},
		{"through a proxy that wants a login", "93.184.216.34", nil, false, http.StatusProxyAuthRequired, wire.ProxyRefused, false},
		{"through a proxy that does not reach it", "93.184.216.34", nil, false, http.StatusBadGateway, wire.ConnectionFailed, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := &proxy{server: s.Listener.Addr().String(), status: row.status}
			ps := httptest.NewServer(p)
			defer ps.Close()
			u, err := url.Parse(ps.URL)
			if err != nil {
				t.Fatal(err)
			}
			c := wire.New(wire.Options{Proxy: u, ProxyResolves: row.resolves, Networks: row.networks, RootCAs: roots,
				LookupNetIP: func(_ context.Context, _, host string) ([]netip.Addr, error) {
					if row.leads == "" {
						return nil, &net.DNSError{Name: host, IsNotFound: true}
					}
					return []netip.Addr{netip.MustParseAddr("93.184.216.34"), netip.MustParseAddr(row.leads)}, nil
				}})
			m, failure := c.Do(request(t, "https://example.com/token"))
			if row.passes {
				if failure != nil || string(m.Body) != "ok" || len(p.tunnels) != 1 || p.tunnels[0] != "CONNECT example.com:443" {
					t.Errorf("%v, %+v, tunnels %q", errors.Unwrap(failure), m, p.tunnels)
				}
				return
			}
			if failure == nil || failure.Kind != row.kind || failure.Sent {
				t.Errorf("%+v, %+v", m, failure)
			}
			if row.status == 0 && len(p.tunnels) != 0 {
				t.Errorf("the proxy was asked: %q", p.tunnels)
			}
		})
	}
}

// The authorities of a credential replace all others.
func TestTrusting(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, s.Listener.Addr().String())
	}
	own := x509.NewCertPool()
	own.AddCert(s.Certificate())
	plain := wire.New(wire.Options{DialContext: dial})
	trusting := plain.Trusting(own)
	defer trusting.Close()
	if m, failure := trusting.Do(request(t, "https://example.com/")); failure != nil {
		t.Errorf("with its authority: %+v, %+v", m, failure)
	}
	if _, failure := plain.Do(request(t, "https://example.com/")); failure == nil || failure.Kind != wire.Untrusted {
		t.Errorf("without: %+v", failure)
	}
	byAll := wire.New(wire.Options{DialContext: dial, RootCAs: own})
	other := byAll.Trusting(x509.NewCertPool())
	defer other.Close()
	if _, failure := other.Do(request(t, "https://example.com/")); failure == nil || failure.Kind != wire.Untrusted {
		t.Errorf("with another authority: %+v", failure)
	}
}

// What is on this machine is asked directly, where that is allowed at all.
func TestThisMachineIsNotBehindTheProxy(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok") }))
	defer s.Close()
	p := &proxy{server: s.Listener.Addr().String()}
	ps := httptest.NewServer(p)
	defer ps.Close()
	u, err := url.Parse(ps.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, loopback := range []bool{true, false} {
		m, f := wire.New(wire.Options{Proxy: u, AllowLoopback: loopback}).Do(request(t, s.URL))
		if loopback && (f != nil || string(m.Body) != "ok") || !loopback && (f == nil || f.Kind != wire.AddressNotAllowed) || len(p.tunnels) > 0 {
			t.Errorf("loopback %t: %+v, %v, tunnels %q", loopback, m, f, p.tunnels)
		}
	}
}
