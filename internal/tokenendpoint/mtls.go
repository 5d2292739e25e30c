package tokenendpoint

import (
	"crypto/tls"
	"errors"
	"time"

	"example.com/tokenkeeper/internal/httprequest"
	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/signing"
)

// A ClientCertificate says which values of the credential a client shows in the TLS
// handshake (RFC 8705 section 2).
type ClientCertificate struct{ path, Name, Key string }

// compileCertificate compiles client_certificate; nil: none is shown.
func compileCertificate(ps *problem.List, cfg config) *ClientCertificate {
	const path = "client_certificate"
	if cfg.ClientCertificate == nil {
		return nil
	}
	if cfg.SignedJWT != nil {
		ps.Add(path, "", "has no effect beside signed_jwt: nothing is asked", "remove it")
	}
	return &ClientCertificate{path: path,
		Name: valueName(ps, path+".certificate", cfg.ClientCertificate.Certificate, "certificate"),
		Key:  valueName(ps, path+".key", cfg.ClientCertificate.Key, "private_key")}
}

// load reads it. The error is a *httprequest.Fault.
func (t ClientCertificate) load(c refresh.Credential, now time.Time) (tls.Certificate, error) {
	key, err := signing.ParseKey(c.Values[t.Key])
	if err != nil {
		return tls.Certificate{}, unsuited(t.path, "cannot be shown", t.Key, err)
	}
	certificate, err := signing.ParseCertificate(c.Values[t.Name], key, now)
	if err != nil {
		return tls.Certificate{}, unsuited(t.path, "cannot be shown", t.Name, err)
	}
	return certificate.TLS(), nil
}

// unsuited is the fault of a value of the credential, or without one of all together, with
// what package signing says is wrong.
func unsuited(path, what, value string, err error) error {
	fault := &signing.Fault{}
	_ = errors.As(err, &fault) // as all of its errors are
	if value != "" {
		value = "the credential's " + value + " "
	}
	return &httprequest.Fault{Path: path, Detail: what + ": " + value + fault.Detail, Remedy: fault.Remedy}
}
