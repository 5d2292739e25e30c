package simulator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// maxBody is the size in bytes above which a request is refused unread.
const maxBody = 1 << 20

// A provider is one system at work.
type provider struct {
	system
	now    func() time.Time
	key    []byte
	closed context.Context // ends with the simulator; no request's own

	mu         sync.Mutex
	client     registration
	lifetime   time.Duration
	offset     time.Duration
	repeats    bool
	supersedes bool
	issued     grants
	standing   Fault
	queued     []Fault
	requests   []Request
	logins     int
}

func newProvider(closed context.Context, sys system, o Options, key []byte) *provider {
	return &provider{
		system:   sys,
		now:      o.Now,
		key:      key,
		closed:   closed,
		client:   registration{sys.credential, sys.scopes},
		lifetime: o.Lifetime,
		issued:   grants{byToken: make(map[string]grant)},
	}
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(p.closed, cancel)()

	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	p.record(r, body)
	if err != nil {
		p.refuseUnread(w, err)
		return
	}
	r = r.WithContext(ctx)
	r.Body = io.NopCloser(bytes.NewReader(body))

	w.Header().Set("Date", p.clock().UTC().Format(http.TimeFormat))
	switch r.URL.Path {
	case p.tokenPath:
		p.tokenEndpoint().ServeHTTP(w, r)
	case p.api.path:
		p.serveAPI(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (p *provider) refuseUnread(w http.ResponseWriter, err error) {
	if errors.As(err, new(*http.MaxBytesError)) {
		p.refuse(http.StatusRequestEntityTooLarge, "invalid_request", fmt.Sprintf("the body is larger than %d bytes", maxBody)).write(w)
		return
	}
	panic(http.ErrAbortHandler) // the client went away in the middle of its request
}

// clock is the provider's own idea of the time.
func (p *provider) clock() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now().Add(p.offset)
}

// tokenEndpoint returns the handler of one token request, with the fault that
// is due around it.
func (p *provider) tokenEndpoint() http.Handler {
	p.mu.Lock()
	defer p.mu.Unlock()
	fault := p.standing
	if len(p.queued) > 0 {
		fault, p.queued = p.queued[0], p.queued[1:]
	}
	if fault == nil {
		return http.HandlerFunc(p.serveToken)
	}
	return fault(http.HandlerFunc(p.serveToken))
}

func (p *provider) serveToken(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		p.refuse(http.StatusMethodNotAllowed, "invalid_request", "the method must be POST").write(w)
		return
	}
	if r.URL.RawQuery != "" {
		// RFC 6749 section 2.3.1: credentials must not be in the request URI.
		p.refuse(http.StatusBadRequest, "invalid_request", "parameters go in the body, not in the URL").write(w)
		return
	}
	client := p.registered()
	scopes, no := p.login(r, client)
	if no != nil {
		no.write(w)
		return
	}
	g, expiresIn := p.issue(client, scopes)
	writeJSON(w, http.StatusOK, p.answer(g.token, expiresIn, g.scopes))
}

func (p *provider) registered() registration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.client
}

// issue returns a token and its lifetime in seconds.
func (p *provider) issue(client registration, scopes []string) (g grant, expiresIn int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now().Add(p.offset)
	if old, ok := p.issued.again(scopes, now); ok && p.repeats {
		return old, old.expires - now.Unix()
	}
	if p.supersedes {
		p.issued.revoke()
	}
	expiresIn = int64(p.lifetime / time.Second)
	g = grant{expires: now.Unix() + expiresIn, scopes: slices.Clone(scopes)}
	if p.claims == nil {
		g.token = opaqueToken()
	} else {
		g.token = signedToken(p.claims(client, scopes), now.Unix(), g.expires, p.key)
	}
	p.issued.add(g, now)
	return g, expiresIn
}
