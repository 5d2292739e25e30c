package tokenendpoint_test

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// A stranger listens where no owner has allowed anything to be sent, and remembers
// whatever arrives.
type stranger struct {
	listener net.Listener
	mu       sync.Mutex
	heard    []byte
	callers  int
}

func newStranger(t *testing.T) *stranger {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &stranger{listener: l}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.callers++
			s.mu.Unlock()
			go func() {
				defer conn.Close()
				buffer := make([]byte, 64<<10)
				n, _ := conn.Read(buffer)
				s.mu.Lock()
				s.heard = append(s.heard, buffer[:n]...)
				s.mu.Unlock()
			}()
		}
	}()
	return s
}

// A parrot is a provider that is careless: it repeats all that it was sent, plain and decoded,
// remembers it for later logins, encodes it in every way that a search knows, quotes it in
// errors, and sends some callers elsewhere. Its token says what it was asked with.
type parrot struct {
	URL       string
	elsewhere string
	// encoded reports whether a text has an encoding of a secret in it, which is not encoded once
	// more: no search finds that.
	encoded func(text string) bool

	mu     sync.Mutex
	seen   []message // since forget
	logins int
}

// A message is one request as it went over the wire.
type message struct {
	method, uri string
	header      http.Header
	body        string
}

// wire is all of a message that its sender decides.
func (m message) wire() string { return fmt.Sprint(m.method, " ", m.uri, " ", m.header, " ", m.body) }

// tokenOf is the token that a parrot gives for a message.
func tokenOf(wire string) string { return fmt.Sprintf("t0k3n-%.8x", sha256.Sum256([]byte(wire))) }

const parrotMemory = 4

func newParrot(t *testing.T, elsewhere string) *parrot {
	t.Helper()
	p := &parrot{elsewhere: elsewhere}
	ts := httptest.NewServer(p)
	t.Cleanup(ts.Close)
	p.URL = ts.URL
	return p
}

// forget returns what a parrot was sent, and has it remember nothing of that.
func (p *parrot) forget() []message {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := p.seen
	p.seen = nil
	return seen
}

// sent returns what it was sent since it had seen n messages.
func (p *parrot) sent(n int) []message {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen[n:len(p.seen):len(p.seen)]
}

func (p *parrot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	m := message{r.Method, r.RequestURI, r.Header, string(body)}
	p.mu.Lock()
	var memory []any
	var texts []string
	for _, earlier := range p.seen[max(0, len(p.seen)-parrotMemory):] {
		memory = append(memory, earlier.echo())
		if p.encoded != nil && !p.encoded(earlier.wire()) {
			texts = append(texts, fmt.Sprint(earlier.echo()))
		}
	}
	if p.encoded != nil && !p.encoded(m.wire()) {
		texts = append(texts, fmt.Sprint(m.echo()))
	}
	p.seen = append(p.seen, m)
	p.logins++
	n := p.logins
	p.mu.Unlock()

	next := fmt.Sprintf("r3fr3sh-t0k3n-of-the-n0rth-%d", n)
	answer := map[string]any{
		"access_token": tokenOf(m.wire()), "token_type": "Bearer", "expires_in": 3600, "token": "t0k3n", "ok": true,
		"data": map[string]any{"session": "s-1", "ticket": "t-1", "refresh_token": next}, "echo": m.echo(), "memory": memory, "disguised": disguised(texts),
	}
	w.Header().Set("X-Echo", base64.StdEncoding.EncodeToString(body))
	w.Header().Set("Date", noon.Format(http.TimeFormat))
	switch {
	case strings.Contains(r.URL.Path, "moved"):
		http.Redirect(w, r, p.elsewhere, http.StatusTemporaryRedirect)
		return
	case strings.Contains(r.URL.Path, "refused"):
		answer["error"], answer["error_description"] = "invalid_client", fmt.Sprint("you sent ", m.echo(), memory, next)
		w.WriteHeader(http.StatusBadRequest)
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// echo repeats a message, plain and decoded.
func (m message) echo() map[string]any {
	path, query, _ := strings.Cut(m.uri, "?")
	echo := map[string]any{"body": m.body, "path": path, "query": query}
	if form, err := url.ParseQuery(m.body); err == nil {
		echo["form"] = form
	}
	var document any
	if json.Unmarshal([]byte(m.body), &document) == nil {
		echo["json"] = document
	}
	headers := map[string]any{}
	for name, values := range m.header {
		headers[name] = values[0]
		_, word, _ := strings.Cut(values[0], " ")
		if plain, err := base64.StdEncoding.DecodeString(word); err == nil {
			headers[name+"_plain"] = string(plain)
		}
	}
	echo["headers"] = headers
	return echo
}

// disguised has texts in every way of writing that a search knows.
func disguised(texts []string) map[string]any {
	text := strings.Join(texts, " ")
	inJSON := func(s string) string {
		b, _ := json.Marshal(s)
		return string(b[1 : len(b)-1])
	}
	return map[string]any{
		"percent": url.QueryEscape(text), "percent4": url.QueryEscape(url.QueryEscape(url.QueryEscape(url.QueryEscape(text)))),
		"json2": inJSON(inJSON(text)), "html2": html.EscapeString(html.EscapeString(text)), "mixed": url.PathEscape(inJSON(html.EscapeString(text))),
		"base64": base64.StdEncoding.EncodeToString([]byte(text)), "base64url": base64.RawURLEncoding.EncodeToString([]byte("x" + text)),
		"form64": base64.StdEncoding.EncodeToString([]byte("xy" + url.QueryEscape(text))), "json64": base64.StdEncoding.EncodeToString([]byte(inJSON(text))),
		"base32": base32.StdEncoding.EncodeToString([]byte(text)), "hex": hex.EncodeToString([]byte(text)), "list": texts, "small": strings.ToLower(text),
		"hex_percent": strings.ReplaceAll(hex.EncodeToString([]byte(text)), "7", "%37"),
	}
}
