package wire

import (
	"crypto/tls"
	"net/http/httptrace"
	"sync"
)

// A stage is how far a request came.
type stage struct {
	// handshake is what the TLS handshake failed with, if it did.
	handshake error
	// begun is set once there is a connection on which the request can be written, and sent
	// once it is wholly written.
	begun, sent bool
	// answered is set from the first byte of the answer on, and body from the end of its
	// header on.
	answered, body bool
}

// A progress follows a request, whose stages other goroutines note.
type progress struct {
	mu sync.Mutex
	at stage
}

func (p *progress) reached() stage {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at
}

func (p *progress) note(f func(*stage)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.at)
}

func (p *progress) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		TLSHandshakeDone:     func(_ tls.ConnectionState, err error) { p.note(func(s *stage) { s.handshake = err }) },
		GotConn:              func(httptrace.GotConnInfo) { p.note(func(s *stage) { s.begun = true }) },
		WroteRequest:         func(w httptrace.WroteRequestInfo) { p.note(func(s *stage) { s.sent = w.Err == nil }) },
		GotFirstResponseByte: func() { p.note(func(s *stage) { s.answered = true }) },
	}
}
