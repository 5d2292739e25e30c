package tokenendpoint

import (
	"crypto/tls"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/signing"
)

// A clientCertificate says which values of the credential a client shows in the TLS
// handshake (RFC 8705 section 2).
type clientCertificate struct{ path, certificate, key string }

// load reads it. The error is a *httprequest.Fault.
func (t clientCertificate) load(c refresh.Credential, now time.Time) (tls.Certificate, error) {
	key, err := signing.ParseKey(c.Values[t.key])
	if err != nil {
		return tls.Certificate{}, unsuited(t.path, "cannot be shown", t.key, err)
	}
	certificate, err := signing.ParseCertificate(c.Values[t.certificate], key, now)
	if err != nil {
		return tls.Certificate{}, unsuited(t.path, "cannot be shown", t.certificate, err)
	}
	return certificate.TLS(), nil
}
