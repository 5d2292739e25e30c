package wire_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"example.com/tokenkeeper/internal/wire"
)

// Nothing is left running by a request.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func request(t *testing.T, url string) *http.Request {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// What failed is named by its kind, and what the server may have is known.
func TestFailures(t *testing.T) {
	breaking := func(what string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			io.WriteString(conn, what)
			conn.Close()
		}
	}
	for _, row := range []struct {
		name    string
		handler http.HandlerFunc
		kind    wire.Kind
		answer  bool
	}{
		{"closed before an answer", breaking(""), wire.ConnectionFailed, false},
		{"closed within the header", breaking("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n"), wire.ConnectionLost, false},
		{"closed within the body", breaking("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), wire.ConnectionLost, true},
		{"a body that is none", breaking("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), wire.ConnectionLost, true},
		{"not HTTP", breaking("SSH-2.0-x\r\n\r\n"), wire.BadAnswer, false},
		{"packed wrongly", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			io.WriteString(w, "no gzip at all")
		}, wire.BadAnswer, true},
	} {
		s := httptest.NewServer(row.handler)
		m, failure := wire.New(wire.Options{AllowLoopback: true}).Do(request(t, s.URL))
		s.Close()
		if failure == nil || failure.Kind != row.kind || !failure.Sent || !failure.Begun || m != nil && (!m.Lost || m.Body != nil) || (m != nil) != row.answer {
			t.Errorf("%s: %v, %+v, with an answer: %v", row.name, errors.Unwrap(failure), *failure, m != nil)
		}
	}
}

// A redirect is an answer, and is not followed.
func TestRedirectsAreNotFollowed(t *testing.T) {
	var asked atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	defer s.Close()
	m, failure := wire.New(wire.Options{AllowLoopback: true}).Do(request(t, s.URL))
	if failure != nil || m.Status != 307 || asked.Load() != 1 {
		t.Errorf("%+v, %+v, asked %d times", m, failure, asked.Load())
	}
}

// The address that is dialled is judged, whatever the name led to before.
func TestRebinding(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := wire.New(wire.Options{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return wire.Dial(ctx, network, l.Addr().String()) // as if id.example.com led here
	}})
	if m, failure := c.Do(request(t, "https://id.example.com/")); failure == nil || failure.Kind != wire.AddressNotAllowed || failure.Sent {
		t.Errorf("%+v, %+v", m, failure)
	}
}

func TestSites(t *testing.T) {
	for _, row := range []struct{ scheme, authority, want string }{
		{"https", "ID.example.com:443", "https://id.example.com"},
		{"https", "id.example.com:8443", "https://id.example.com:8443"},
		{"http", "[::1]:80", "http://[::1]"},
		{"http", "localhost:9001", "http://localhost:9001"},
		{"http", "[::1]:9001", "http://[::1]:9001"},
		{"http", "[::1]", "http://[::1]"},
		{"https", "id.example.com:65535", "https://id.example.com:65535"},
		{"https", "id.example.com:1", "https://id.example.com:1"},
		{"https", long(253), "https://" + long(253)},
	} {
		s, fault := wire.ParseSite(row.scheme, row.authority)
		if fault != nil || s.String() != row.want {
			t.Errorf("%s://%s is %v, %+v", row.scheme, row.authority, s, fault)
		}
	}
	for _, authority := range []string{
		"", long(254), "[id.example.com", "id.example.com]", "~id.example.com", "id\x7f.example.com", "[[::1]", "id.example.com:0443", "id.example.com:x", "user@id.example.com", "id.example.com:0", "id.example.com:65536", "id.example.com:", "10.0.0.1", "0x7f000001", "[::2]", "*.example.com",
		"id.example.com.", "id..example.com", "-id.example.com", "idé.example.com", "id.example.com\\@evil.example",
	} {
		s, fault := wire.ParseSite("https", authority)
		if fault == nil || fault.Detail == "" {
			t.Errorf("%q is %v", authority, s)
		}
	}
	if _, fault := wire.ParseSite("http", "id.example.com"); fault == nil {
		t.Error("http is allowed")
	}
	for host, says := range map[string]string{"idé.example.com": "not ASCII", "id\x7f.example.com": "not ASCII", "~id.example.com": "not a name in DNS", "id.example.com:0443": "port", long(254): "not a name in DNS"} {
		if _, fault := wire.ParseSite("https", host); fault == nil || !strings.Contains(fault.Detail, says) {
			t.Errorf("%s: %+v", host, fault)
		}
	}
}

// long returns the name of a host of that many characters.
func long(n int) string { return strings.Repeat("a.", (n-1)/2) + strings.Repeat("a", 1+(n-1)%2) }

func TestPins(t *testing.T) {
	for _, pin := range []string{"id.example.com", "id.example.com:8443", "id.example.com/app/", "id.example.com:8443/a/B/c-d_e~/", "id.example.com/a%20b/", "id.example.com/!~/"} {
		if fault := wire.PinFault(pin, false); fault != nil {
			t.Errorf("%q %s", pin, fault.Detail)
		}
	}
	for _, pin := range []string{"", "ID.example.com", " id.example.com", "id.example.com/", "id.example.com/app", "id.example.com//", "id.example.com/a//b/", "id.example.com/a/../", "id.example.com/./",
		"id.example.com/a;x/", "id.example.com/a%2Fb/", "id.example.com/%2e%2e/", "id.example.com/a%5cb/", "id.example.com/a\\b/", "id.example.com/%252f/",
		"id.example.com/a?b/", "id.example.com/a#/", "id.example.com/a b/", "id.example.com/é/", "ID.example.com/app/", "/app/", "https://id.example.com/x", "*.example.com", "127.0.0.1:9001", "localhost"} {
		if wire.PinFault(pin, false) == nil {
			t.Errorf("%q may be pinned", pin)
		}
	}
	for pin, remedy := range map[string]string{"https://ID.example.com/x": `id.example.com`, "https://10.0.0.1/x": "its host alone", "ftp://id.example.com": "its host alone", "https://keycloak/x": `"keycloak"`, "http://localhost": `"localhost"`} {
		if fault := wire.PinFault(pin, false); fault == nil || fault.Detail != "is a URL" || !strings.Contains(fault.Remedy, remedy) {
			t.Errorf("%s: %+v", pin, fault)
		}
	}
	if fault := wire.PinFault("127.0.0.1:9001", true); fault != nil {
		t.Errorf("with loopback open: %s", fault.Detail)
	}
}

// A pin with a path allows what lies below it, and no other reading of it.
func TestAllowed(t *testing.T) {
	site := wire.Site{Scheme: "https", Host: "api.example.com"}
	for _, row := range []struct {
		pin, path string
		allowed   bool
	}{
		{"api.example.com", "/anything", true},
		{"api.example.com", "", true},
		{"api.example.com:443", "/a/../b", true},
		{"api.example.com:8443", "/anything", false},
		{"example.com", "/anything", false},
		{"api.example.com/app/", "/app/", true},
		{"api.example.com/app/", "/app/installations/1/access_tokens", true},
		{"api.example.com:443/app/", "/app/x", true},
		{"api.example.com/app/", "/app/a%20b", true},
		{"api.example.com/app/", "", false},
		{"api.example.com/app/", "/", false},
		{"api.example.com/app/", "/app", false},
		{"api.example.com/app/", "/application/", false},
		{"api.example.com/app/", "/gists/app/", false},
		{"api.example.com/app/", "/App/x", false},
		{"api.example.com/app/", "/%61pp/x", false},
		{"api.example.com/app/", "//app/x", false},
		{"api.example.com/app/", "/app//x", false},
		{"api.example.com/app/", "/app/../gists", false},
		{"api.example.com/app/", "/app/..", false},
		{"api.example.com/app/", "/app/.", false},
		{"api.example.com/app/", "/app/%2e%2e/gists", false},
		{"api.example.com/app/", "/app/.%2E/gists", false},
		{"api.example.com/app/", "/app/..%2fgists", false},
		{"api.example.com/app/", "/app/..%252fgists", false},
		{"api.example.com/app/", "/app/..%5Cgists", false},
		{"api.example.com/app/", `/app/..\gists`, false},
		{"api.example.com/app/", "/app/..;/gists", false},
		{"api.example.com/app/", "/app/x;y=/../z", false},
		{"api.example.com/app/", "/app/x%3by", false},
		{"api.example.com/app/", "/app/%00", false},
		{"api.example.com/app/", "/app/%c0%ae%c0%ae%c0%afgists", false},
		{"api.example.com/app/", "/app/%EF%BC%8E%EF%BC%8E%EF%BC%8Fgists", false},
		{"api.example.com/app/", "/app/.%09./gists", false},
		{"api.example.com/app/", "/app/..%20/gists", false},
		{"api.example.com/app/", "/app/.../gists", false},
		{"api.example.com/app/", "/app/.", false},
		{"api.example.com/app/", "/app/x%3fy/gists", false},
		{"api.example.com/app/", "/app/x%23/gists", false},
		{"api.example.com/app/", "/app/v1.2/..x/x..", true},
		{"api.example.com/app/", "/app/\t", false},
		{"api.example.com/app/", "/app/x?y", false},
		{"api.example.com/app/", "/app/x#y", false},
		{"api.example.com/app/", "/app/!~", true},
		{"api.example.com/app/", "/app/\x7f", false},
		{"api.example.com/app/", "/app/a b", false},
		{"api.example.com.evil.example/app/", "/app/x", false},
	} {
		if got := site.Allowed([]string{"other.example.com", row.pin}, row.path); got != row.allowed {
			t.Errorf("%q allows %q: %v, want %v", row.pin, row.path, got, row.allowed)
		}
	}
	port := wire.Site{Scheme: "https", Host: "api.example.com", Port: "8443"}
	if port.Allowed([]string{"api.example.com/app/"}, "/app/x") || !port.Allowed([]string{"api.example.com:8443/app/"}, "/app/x") {
		t.Error("the port is not compared")
	}
}

// Addresses that no provider has, under whatever disguise. (114)
func TestAddresses(t *testing.T) {
	for _, address := range []string{
		"127.0.0.1:443", "127.0.0.1:9001", "127.255.255.254:443", "0.0.0.0:443", "10.0.0.1:443", "172.16.0.1:443", "192.168.1.1:443",
		"100.64.0.1:443", "169.254.169.254:80", "169.254.170.2:80", "192.0.0.192:443", "198.18.0.1:443", "224.0.0.1:443", "240.0.0.1:443", "255.255.255.255:443",
		"[::1]:443", "[::]:443", "[fd00:ec2::254]:80", "[fe80::1]:443", "[fe80::1%eth0]:443", "[ff02::1]:443",
		"[::ffff:127.0.0.1]:443", "[::ffff:169.254.169.254]:80", "[::127.0.0.1]:443", "[64:ff9b::7f00:1]:443", "[64:ff9b:1::1]:443",
		"[2002:7f00:1::]:443", "[2001::1]:443", "[2001:db8::1]:443", "[fec0::1]:443",
	} {
		network := "tcp4"
		if address[0] == '[' {
			network = "tcp6"
		}
		if wire.Guard(false, network, address) == nil {
			t.Errorf("%s may be dialled", address)
		}
		loopback := address == "127.0.0.1:443" || address == "127.0.0.1:9001" || address == "127.255.255.254:443" || address == "[::1]:443"
		if (wire.Guard(true, network, address) == nil) != loopback {
			t.Errorf("%s, with loopback open: may be dialled: %v", address, !loopback)
		}
	}
	for _, address := range []string{"93.184.216.34:443", "93.184.216.34:8443", "[2606:2800:220:1:248:1893:25c8:1946]:443"} {
		network := "tcp4"
		if address[0] == '[' {
			network = "tcp6"
		}
		if err := wire.Guard(false, network, address); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}
