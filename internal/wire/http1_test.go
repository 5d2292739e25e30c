package wire_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/wire"
)

// refusingHTTP2 serves TLS. Over HTTP/2 it answers any request with a frame and closes; over
// HTTP/1.1 it echoes the body.
func refusingHTTP2(t *testing.T, cert tls.Certificate, frame []byte) string {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2", "http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	serve := func(conn *tls.Conn) {
		defer conn.Close()
		if conn.Handshake() != nil {
			return
		}
		in := bufio.NewReader(conn)
		if conn.ConnectionState().NegotiatedProtocol != "h2" {
			req, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			body, _ := io.ReadAll(req.Body)
			res := http.Response{StatusCode: 200, ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(string(body)))}
			res.Write(conn)
			return
		}
		conn.Write([]byte{0, 0, 0, 4, 0, 0, 0, 0, 0}) // SETTINGS
		io.CopyN(io.Discard, in, int64(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")))
		for {
			head := make([]byte, 9)
			if _, err := io.ReadFull(in, head); err != nil {
				return
			}
			io.CopyN(io.Discard, in, int64(binary.BigEndian.Uint32(append([]byte{0}, head[:3]...))))
			if head[3] == 1 { // HEADERS
				conn.Write(frame)
			}
		}
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serve(conn.(*tls.Conn))
		}
	}()
	return "https://" + l.Addr().String()
}

// A server that wants HTTP/1.1 gets the same request so, once; one that refuses HTTP/2 for
// another reason does not.
func TestHTTP1WhereItIsAskedFor(t *testing.T) {
	ts := httptest.NewTLSServer(http.NotFoundHandler())
	ts.Close()
	roots := x509.NewCertPool()
	roots.AddCert(ts.Certificate())
	reset := func(code byte) []byte { return []byte{0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, code} }
	for _, row := range []struct {
		name  string
		frame []byte
		works bool
	}{
		{"HTTP_1_1_REQUIRED", reset(0xd), true},
		{"HTTP_1_1_REQUIRED, for the connection, of no request", []byte{0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xd}, true},
		{"a header, then HTTP_1_1_REQUIRED", append([]byte{0, 0, 1, 1, 4, 0, 0, 0, 1, 0x88}, reset(0xd)...), false}, // :status 200
		{"a header and a part of the body, then HTTP_1_1_REQUIRED", slices.Concat([]byte{0, 0, 1, 1, 4, 0, 0, 0, 1, 0x88}, []byte{0, 0, 1, 0, 0, 0, 0, 0, 1, '{'}, reset(0xd)), false},
		{"INTERNAL_ERROR", reset(0x2), false},
		{"ENHANCE_YOUR_CALM", reset(0xb), false},
	} {
		url := refusingHTTP2(t, ts.TLS.Certificates[0], row.frame)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/token", strings.NewReader("grant_type=client_credentials"))
		if err != nil {
			t.Fatal(err)
		}
		req.GetBody = nil // as with requests that configs make
		dials := 0
		c := wire.New(wire.Options{RootCAs: roots, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			dials++
			return new(net.Dialer).DialContext(ctx, network, address)
		}})
		m, f := c.Do(req)
		switch {
		case row.works && (f != nil || string(m.Body) != "grant_type=client_credentials" || dials != 2):
			t.Errorf("%s: %+v, %+v after %d connections", row.name, m, f, dials)
		case !row.works && (f == nil || dials != 1):
			t.Errorf("%s: %+v after %d connections", row.name, m, dials)
		}
		cancel()
	}
}

// What a handshake failed for is said.
func TestHandshakesThatFail(t *testing.T) {
	ts := httptest.NewTLSServer(http.NotFoundHandler())
	ts.Close()
	roots := x509.NewCertPool()
	roots.AddCert(ts.Certificate())
	for _, row := range []struct {
		name   string
		change func(*tls.Config)
		says   string
	}{
		{"RSA key exchange alone", func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}
		}, "no cipher is shared"},
		{"a curve alone that is not known", func(c *tls.Config) {
			c.MaxVersion, c.CurvePreferences = tls.VersionTLS12, []tls.CurveID{0x0fff}
		}, "no cipher is shared"},
		{"TLS 1.1", func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }, "an older version than TLS 1.2"},
		{"a client certificate, in TLS 1.3", func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert }, "asks for a client certificate"},
		{"a name that it does not serve", func(c *tls.Config) {
			c.Certificates, c.GetCertificate = nil, func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, nil }
		}, "it does not serve that name"},
		{"another protocol alone", func(c *tls.Config) { c.NextProtos = []string{"acme-tls/1"} }, "it broke the handshake off"},
		{"a client certificate, in TLS 1.2", func(c *tls.Config) {
			c.ClientAuth, c.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12
		}, "client certificate"},
	} {
		config := &tls.Config{Certificates: ts.TLS.Certificates}
		row.change(config)
		l, err := tls.Listen("tcp", "127.0.0.1:0", config)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					defer conn.Close()
					io.Copy(io.Discard, conn)
					io.Copy(io.Discard, conn.(*tls.Conn).NetConn()) // or closing it would overtake the alert
				}()
			}
		}()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+l.Addr().String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, f := wire.New(wire.Options{AllowLoopback: true, RootCAs: roots}).Do(req)
		if f == nil || f.Kind != wire.HandshakeFailed || !strings.Contains(f.Error(), row.says) {
			t.Errorf("%s: %v (%v)", row.name, f, f.Unwrap())
		}
		cancel()
		l.Close()
	}
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	_, f := wire.New(wire.Options{AllowLoopback: true}).Do(request(t, strings.Replace(plain.URL, "http:", "https:", 1)))
	if f == nil || f.Kind != wire.HandshakeFailed || !strings.Contains(f.Error(), "does not speak TLS") {
		t.Errorf("no TLS: %v", f)
	}
}

// A server that does not go on with a handshake is left when the request ends.
func TestAHandshakeThatHangs(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			left <- err
			return
		}
		defer conn.Close()
		hello := make([]byte, 5)
		_, _ = io.ReadFull(conn, hello)
		cancel()
		_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
		_, err = io.Copy(io.Discard, conn)
		left <- err
	}()
	_, f := wire.New(wire.Options{AllowLoopback: true}).Do(request(t, "https://"+l.Addr().String()).WithContext(ctx))
	if err := <-left; f == nil || f.Kind != wire.Canceled || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v; the server saw %v", f, err)
	}
}
