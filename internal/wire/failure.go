package wire

import (
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"

	"code.dny.dev/ssrf"
)

// A Kind is what went wrong with a request, as docs/operations.md lists it.
type Kind string

const (
	ConnectionFailed  Kind = "connection_failed" // before the first byte of an answer
	ConnectionLost    Kind = "connection_lost"
	Canceled          Kind = "canceled" // the context was
	TimedOut          Kind = "timeout"
	HostNotFound      Kind = "host_not_found"
	DNSFailed         Kind = "dns_failed"
	AddressNotAllowed Kind = "address_not_allowed"
	Untrusted         Kind = "tls_untrusted"
	HandshakeFailed   Kind = "tls_failed"
	ProxyRefused      Kind = "proxy_refused"
	BadAnswer         Kind = "bad_answer"
)

// details say in a few words, after what was asked, what went wrong.
var details = map[Kind]string{
	ConnectionFailed:  "cannot be reached, or broke the connection off before it answered",
	ConnectionLost:    "broke the connection off in the middle of its answer",
	Canceled:          "was not asked to the end: the run ended",
	TimedOut:          "did not answer in time",
	HostNotFound:      "cannot be reached: there is no such host",
	DNSFailed:         "cannot be reached: the host's name could not be looked up",
	AddressNotAllowed: "was not asked: its name leads to an address that is not a public one",
	Untrusted:         "was not asked: its certificate is not good",
	HandshakeFailed:   "was not asked: no TLS connection could be agreed on",
	ProxyRefused:      "was not asked: the egress proxy does not let the request pass",
	BadAnswer:         "sent an answer that is not HTTP, or that is larger or otherwise packed than is read",
}

// A Failure is why no whole answer came. Its error may hold text of the server, so none of
// it is printed.
type Failure struct {
	Kind Kind
	// Begun says that there was a connection on which the request could be written: a part of
	// it may have left. Sent says that it was wholly written: the server may have it.
	Begun, Sent bool
	// reason says, where a certificate was not trusted or no TLS agreed on, what is wrong.
	reason string
	err    error
}

// Error says what went wrong, after what was asked.
func (f *Failure) Error() string {
	if f.reason != "" {
		return details[f.Kind] + " (" + f.reason + ")"
	}
	return details[f.Kind]
}

// Unwrap returns what the transport said.
func (f *Failure) Unwrap() error { return f.err }

func newFailure(err error, at *progress) *Failure {
	f := &Failure{Kind: kindOf(err, at), Begun: at.begun.Load(), Sent: at.sent.Load(), err: err}
	switch f.Kind {
	case Untrusted:
		f.reason = certificateFault(err)
	case HandshakeFailed:
		f.reason = handshakeFault(err)
	}
	return f
}

func kindOf(err error, at *progress) Kind {
	var dns *net.DNSError
	var proxy *proxyError
	handshake, answered := at.handshake.Load(), at.answered.Load()
	switch {
	case errors.Is(err, context.Canceled):
		return Canceled
	case errors.As(err, &dns) && dns.IsNotFound:
		return HostNotFound
	case errors.As(err, &dns):
		return DNSFailed
	case isTimeout(err):
		return TimedOut
	case errors.Is(err, ssrf.ErrProhibitedIP):
		return AddressNotAllowed
	case errors.As(err, new(*tls.CertificateVerificationError)):
		return Untrusted
	case errors.As(err, &proxy) && proxy.status >= 400 && proxy.status < 500:
		return ProxyRefused
	case handshake != nil && !isNetwork(*handshake), !answered && wantsCertificate(err):
		return HandshakeFailed
	case isPacking(err), answered && !at.body && !isNetwork(err):
		return BadAnswer
	case answered:
		return ConnectionLost
	}
	return ConnectionFailed
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}

// certificateFault says in our words what is wrong with a certificate: its own are the
// server's.
func certificateFault(err error) string {
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, new(x509.HostnameError)):
		return "it is for another name"
	case errors.As(err, new(x509.UnknownAuthorityError)):
		return "its authority is not known here"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "it has expired, or is not yet valid"
	}
	return "it cannot be verified"
}

// alert returns the words of crypto/tls for what a server ended a handshake with, or "".
func alert(err error) string {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "remote error" {
		return strings.TrimPrefix(op.Err.Error(), "tls: ")
	}
	return ""
}

// wantsCertificate reports whether a server refused a client for its certificate, or for showing
// none. With TLS 1.3 it says so after the client's handshake is done.
func wantsCertificate(err error) bool {
	switch alert(err) {
	case "certificate required", "bad certificate", "unsupported certificate", "revoked certificate", "expired certificate",
		"unknown certificate", "unknown certificate authority":
		return true
	}
	return false
}

func handshakeFault(err error) string {
	said := alert(err)
	switch {
	case said == "certificate required":
		return "it asks for a client certificate"
	case wantsCertificate(err):
		return "it does not accept the client certificate, or asks for one"
	case said == "protocol version not supported", strings.Contains(err.Error(), "unsupported protocol version"):
		return "it speaks an older version than TLS 1.2"
	case said == "handshake failure", said == "insufficient security level":
		return "no cipher is shared, as with servers that know RSA key exchange alone; or it asks for a client certificate"
	case said == "unrecognized name":
		return "it does not serve that name"
	case errors.As(err, new(tls.RecordHeaderError)):
		return "what is at that port does not speak TLS"
	case said != "":
		return "it broke the handshake off"
	}
	return "what it sent is refused here"
}

// wantsHTTP1 reports whether the server wants the same request over HTTP/1.1. The error is of a
// type that net/http does not export.
func (f *Failure) wantsHTTP1() bool { return strings.Contains(f.err.Error(), "HTTP_1_1_REQUIRED") }

// isNetwork reports whether err comes from the connection rather than from what was
// said over it.
func isNetwork(err error) bool {
	var op *net.OpError
	remote := errors.As(err, &op) && op.Op == "remote error" // a TLS alert
	return !remote && (op != nil || isTimeout(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, net.ErrClosed))
}

func isPacking(err error) bool {
	return errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, zlib.ErrHeader) || errors.Is(err, zlib.ErrChecksum) || errors.As(err, new(flate.CorruptInputError))
}
