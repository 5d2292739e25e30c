package simulator

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// A Simulator serves the four providers. It is safe for concurrent use.
//
// Its methods that take a provider's name panic when there is no such provider.
type Simulator struct {
	providers map[string]*provider
	close     context.CancelFunc
}

// New returns a Simulator with every provider in good order.
func New(o Options) *Simulator {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Lifetime == 0 {
		o.Lifetime = time.Hour
	}
	key := make([]byte, 32)
	rand.Read(key)

	closed, cancel := context.WithCancel(context.Background())
	s := &Simulator{providers: make(map[string]*provider), close: cancel}
	for _, sys := range []system{meitner(), eduCloud(), meti(), metiLogin()} {
		s.providers[sys.name] = newProvider(closed, sys, o, key)
	}
	return s
}

// Close ends every wait that a fault holds a request in; those requests are
// aborted. Call it before closing the server, which waits for its handlers.
// Requests without a fault are still answered.
func (s *Simulator) Close() {
	s.close()
}

// ServeHTTP serves each provider under its name: /meitner/oauth/token and so on.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	p, ok := s.providers[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	http.StripPrefix("/"+name, p).ServeHTTP(w, r)
}

// Provider returns a handler that serves the named provider alone, at the paths
// of its documentation: /oauth/token rather than /meitner/oauth/token.
func (s *Simulator) Provider(name string) http.Handler {
	return s.provider(name)
}

func (s *Simulator) provider(name string) *provider {
	p, ok := s.providers[name]
	if !ok {
		panic(fmt.Sprintf("simulator: no provider %q; there are %s", name, strings.Join(Names(), ", ")))
	}
	return p
}

// Break puts the fault between the named provider and its clients for every
// token request from now on, until Mend or another Break.
func (s *Simulator) Break(name string, f Fault) {
	p := s.provider(name)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.standing = f
}

// BreakNext gives the fault to the next n token requests of the named provider,
// after those that earlier calls of BreakNext have claimed. While it lasts, a
// fault set by Break waits.
func (s *Simulator) BreakNext(name string, n int, f Fault) {
	p := s.provider(name)
	p.mu.Lock()
	defer p.mu.Unlock()
	for range n {
		p.queued = append(p.queued, f)
	}
}

// Mend ends all faults of the named provider, those of BreakNext too.
func (s *Simulator) Mend(name string) {
	p := s.provider(name)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.standing, p.queued = nil, nil
}

// Revoke ends every token that the named provider has issued, at once.
func (s *Simulator) Revoke(name string) {
	p := s.provider(name)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.issued.revoke()
}
