package simulator

import (
	"net/http"
	"slices"
	"time"
)

// kept is how many requests a provider remembers.
const kept = 1000

// A Request is one request as a provider received it.
type Request struct {
	Method   string
	Path     string // as documented, without the simulator's prefix
	RawQuery string
	Host     string
	Header   http.Header
	Body     []byte
	At       time.Time // by the clock in Options
}

// Requests returns the latest thousand requests that were addressed to the
// named provider, oldest first: token requests, API requests, and those for a
// path that it does not have. They must not be modified. They hold credentials
// and tokens as they came.
func (s *Simulator) Requests(name string) []Request {
	p := s.provider(name)
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.requests)
}

// Logins returns how many requests the named provider's token endpoint has
// received, whatever was answered.
func (s *Simulator) Logins(name string) int {
	p := s.provider(name)
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.logins
}

// ForgetRequests empties the record of the named provider and sets its count of
// logins to zero.
func (s *Simulator) ForgetRequests(name string) {
	p := s.provider(name)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests, p.logins = nil, 0
}

func (p *provider) record(r *http.Request, body []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.URL.Path == p.tokenPath {
		p.logins++
	}
	if len(p.requests) == kept {
		p.requests = slices.Delete(p.requests, 0, 1)
	}
	p.requests = append(p.requests, Request{
		Method:   r.Method,
		Path:     r.URL.Path,
		RawQuery: r.URL.RawQuery,
		Host:     r.Host,
		Header:   r.Header.Clone(),
		Body:     body,
		At:       p.now(),
	})
}
