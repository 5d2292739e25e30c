package tokenendpoint_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/secret/secrettest"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// noon is when most tests take place.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func atNoon() time.Time { return noon }

// hard is a secret full of what each encoding on the way treats in its own manner.
const hard = "S3cr+t/=&%#\"\\<å :;${x}' z"

// endpoint understands a config, which must be good.
func endpoint(t *testing.T, p *tokenendpoint.Parser, config string) *tokenendpoint.Endpoint {
	t.Helper()
	provider, err := p.Provider(document("erp", config))
	if err != nil {
		t.Fatalf("config %s:\n%v", config, err)
	}
	return provider.Endpoint.(*tokenendpoint.Endpoint)
}

func document(name, text string) refresh.Document {
	return refresh.Document{Name: name, Where: "/tokenkeeper/" + name, Data: secret.New(text)}
}

// login returns a credential that holds the values and may be sent to the host of a URL.
func login(at string, values ...string) refresh.Credential {
	u, err := url.Parse(at)
	if err != nil {
		panic(err)
	}
	c := refresh.Credential{Name: "erp", AllowedHosts: []string{u.Host}, Values: map[string]secret.Text{}}
	for i := 0; i < len(values); i += 2 {
		c.Values[values[i]] = secret.New(values[i+1])
	}
	return c
}

// client returns a credential of OAuth.
func client(at string) refresh.Credential {
	return login(at, "client_id", "reports", "client_secret", hard)
}

// A server is a token endpoint that remembers what it was asked.
type server struct {
	URL string

	mu   sync.Mutex
	seen []*http.Request // with their bodies read
	body []string
}

// serve answers every request with the handler, which finds the body unread.
func serve(t *testing.T, handler http.HandlerFunc) *server {
	t.Helper()
	s := &server{}
	ts := httptest.NewServer(s.remember(handler))
	t.Cleanup(ts.Close)
	s.URL = ts.URL
	return s
}

func (s *server) remember(handler http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.seen, s.body = append(s.seen, r), append(s.body, string(body))
		s.mu.Unlock()
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		handler(w, r)
	})
}

// requests returns how many requests came.
func (s *server) requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen)
}

// last returns the last request and its body.
func (s *server) last(t *testing.T) (*http.Request, string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.seen) == 0 {
		t.Fatal("nothing was sent")
	}
	return s.seen[len(s.seen)-1], s.body[len(s.body)-1]
}

// answer returns a handler that answers with a status and JSON.
func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Date", noon.Format(http.TimeFormat))
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// onLoopback is a parser for servers on this machine.
func onLoopback() *tokenendpoint.Parser {
	return tokenendpoint.New(tokenendpoint.Options{AllowLoopback: true, Now: atNoon})
}

// oauth is the config of an ordinary provider at a server.
func oauth(s *server) string { return fmt.Sprintf(`{"token_endpoint": "%s/token"}`, s.URL) }

// failed returns the error of a login that must fail, having made sure that nothing of
// the credential is in it.
func failed(t *testing.T, e *tokenendpoint.Endpoint, c refresh.Credential) *refresh.Error {
	t.Helper()
	g, err := e.Grant(t.Context(), refresh.Login{Credential: c})
	if err == nil {
		t.Errorf("the login succeeded: %+v", g)
		return &refresh.Error{}
	}
	var e2 *refresh.Error
	if !errors.As(err, &e2) {
		t.Errorf("the error is a %T: %v", err, err)
		return &refresh.Error{}
	}
	checkError(t, e2, c)
	return e2
}

// checkError makes sure that an error may be printed anywhere: nothing of the credential
// is in it in whatever encoding, and it is one line of printable text.
func checkError(t *testing.T, e *refresh.Error, c refresh.Credential) {
	t.Helper()
	text := fmt.Sprintf("%v %+v %#v", e, *e, *e)
	for err := e.Err; err != nil; err = errors.Unwrap(err) {
		text += fmt.Sprintf("%v %+v %#v", err, err, err)
	}
	for name, v := range c.Values {
		if form := secrettest.Leaked(text, v.Reveal()); form != "" {
			t.Errorf("the error holds %s as %s:\n%s", name, form, text)
		}
	}
	if n := len(e.Code); n == 0 || n > 32 || strings.Trim(e.Code, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		t.Errorf("the code is %q", e.Code)
	}
	if e.Err == nil && strings.ContainsFunc(e.Error(), func(r rune) bool { return r < ' ' || r == 0x7f || r == '\u202e' }) {
		t.Errorf("the error is not one line of printable text: %q", e.Error())
	}
	if len([]rune(e.Detail)) > 700 {
		t.Errorf("the error has %d characters", len([]rune(e.Detail)))
	}
}

// A pipe is a network without sockets, on which the bubble of a test can see that
// everybody waits.
type pipe struct {
	conns chan net.Conn
	done  chan struct{}
	close sync.Once
}

func newPipe() *pipe { return &pipe{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipe) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-p.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipe) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipe) Close() error {
	p.close.Do(func() { close(p.done) })
	return nil
}

func (p *pipe) Addr() net.Addr { return &net.TCPAddr{} }

// quiet is for servers whose clients break off on purpose.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
