package wire

import (
	"crypto/tls"
	"net/http/httptrace"
	"sync/atomic"
)

// A progress is how far a request came. Goroutines of the transport note it.
type progress struct {
	// handshake is what the TLS handshake failed with, if it did.
	handshake atomic.Pointer[error]
	// begun is set once there is a connection on which the request can be written, sent once it
	// is wholly written, and answered from the first byte of the answer on.
	begun, sent, answered atomic.Bool
	// body is set from the end of the answer's header on.
	body bool
}

func (p *progress) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) {
			if err != nil {
				p.handshake.Store(&err)
			}
		},
		GotConn:              func(httptrace.GotConnInfo) { p.begun.Store(true) },
		WroteRequest:         func(w httptrace.WroteRequestInfo) { p.sent.Store(w.Err == nil) },
		GotFirstResponseByte: func() { p.answered.Store(true) },
	}
}
