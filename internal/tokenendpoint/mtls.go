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

// A clientCertificate says which values of the credential a client shows in the TLS
// handshake (RFC 8705 section 2).
type clientCertificate struct{ path, certificate, key string }

// compileCertificate compiles client_certificate; nil: none is shown.
func compileCertificate(ps *problem.List, cfg config) *clientCertificate {
	const path = "client_certificate"
	if cfg.ClientCertificate == nil {
		return nil
	}
	if cfg.SignedJWT != nil {
		ps.Add(path, "", "has no effect beside signed_jwt: nothing is asked", "remove it")
	}
	return &clientCertificate{path: path,
		certificate: valueName(ps, path+".certificate", cfg.ClientCertificate.Certificate, "certificate"),
		key:         valueName(ps, path+".key", cfg.ClientCertificate.Key, "private_key")}
}

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

func unsuited(path, what, value string, err error) error {
	if value != "" {
		what += ": the credential's " + value
	}
	var fault *signing.Fault
	switch {
	case !errors.As(err, &fault):
		return &httprequest.Fault{Path: path, Detail: what}
	case value == "":
		return &httprequest.Fault{Path: path, Detail: what + ": " + fault.Detail, Remedy: fault.Remedy}
	}
	return &httprequest.Fault{Path: path, Detail: what + " " + fault.Detail, Remedy: fault.Remedy}
}
