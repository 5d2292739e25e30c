// Package wire sends one request, once, to one place: over TLS 1.2 or later, at an address that is
// checked when it is dialled. It follows no redirect, uses no proxy of the environment, keeps no
// cookie and no connection, and repeats nothing but what a server wants over HTTP/1.1. A request
// that was not answered is a [Failure] of a [Kind], which callers act on. It knows nothing of tokens.
package wire

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"time"

	"example.com/tokenkeeper/internal/answer"
)

// maxHeader is how much of a header is read, in bytes.
const maxHeader = 64 << 10

// A Client sends requests. It is a transport and not an http.Client: nothing follows
// redirects, keeps cookies or repeats. It is safe for concurrent use.
type Client struct {
	options Options
	// certificate is shown to servers that ask for one; nil: none is.
	certificate *tls.Certificate
	// http1 keeps to HTTP/1.1.
	http1     bool
	transport *http.Transport
	// check looks a host up and checks its addresses, where they are not checked as they are
	// dialled: behind a proxy. Nil: nothing is to be checked.
	check func(ctx context.Context, u *url.URL) error
	// rooms and large have a place for each answer that is looked at, or read beyond its beginning.
	// Clients that are made of one share them.
	rooms, large chan struct{}
}

// New returns a Client.
func New(o Options) *Client {
	c := Client{options: o, rooms: make(chan struct{}, rooms), large: make(chan struct{}, largeAnswers)}
	if c.options.Now == nil {
		c.options.Now = time.Now
	}
	if o.Proxy != nil && !o.ProxyResolves {
		c.check = lookedUp(o)
	}
	return c.connecting()
}

// connecting returns c with a transport of its own, which shares no connection with any other.
func (c Client) connecting() *Client {
	o := c.options
	dial := o.DialContext
	if dial == nil {
		dial = guarded(o.AllowLoopback, o.Networks)
	}
	if o.Proxy != nil {
		dial = throughProxy(o.Proxy, dial)
	}
	settings := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.RootCAs}
	if c.certificate != nil {
		// Not Certificates: of those, none is shown to a server that names other authorities
		// than the certificate's, and many a server names too few.
		settings.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c.certificate, nil }
	}
	c.transport = &http.Transport{
		Proxy:                  proxyOf(o.Proxy), // in particular not that of the environment
		OnProxyConnectResponse: proxyRefusal,
		DialContext:            leased(dial),
		TLSClientConfig:        settings,
		ForceAttemptHTTP2:      !c.http1,
		MaxResponseHeaderBytes: maxHeader,
		// A provider is asked once an hour, and a Lambda is frozen in between: a connection that
		// was kept would be dead, and the next request lost.
		DisableKeepAlives: true,
		// What is packed is unpacked where there is room for it: see readBody.
		DisableCompression: true,
	}
	return &c
}

// Showing returns a client that shows a certificate to servers that ask for one, over connections
// of its own: they speak for the certificate's owner. Close it after use.
func (c *Client) Showing(certificate tls.Certificate) *Client {
	own := *c
	own.certificate = &certificate
	return own.connecting()
}

// Trusting returns a client that verifies servers' certificates against these authorities
// alone. Close it after use.
func (c *Client) Trusting(authorities *x509.CertPool) *Client {
	own := *c
	own.options.RootCAs = authorities
	return own.connecting()
}

// Close closes what the client keeps open.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Do sends req once. Its context must have a deadline, which covers the whole answer, and must
// end after it. A failure beside an answer is why its body broke off. The caller has the answer
// leave, once it has taken what it wants of it, before it asks again.
//
// A server that answers HTTP_1_1_REQUIRED (RFC 9113 section 7), as some do to ask for a client
// certificate, gets it over HTTP/1.1.
func (c *Client) Do(req *http.Request) (*answer.Message, *Failure) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, newFailure(err, &progress{})
		}
	}
	m, f := c.once(req, body)
	if f == nil || m != nil || !f.wantsHTTP1() {
		return m, f
	}
	own := *c
	own.http1 = true
	over1 := own.connecting()
	defer over1.Close()
	return over1.once(req, body)
}

// once sends req with that body over one connection.
func (c *Client) once(req *http.Request, body []byte) (*answer.Message, *Failure) {
	var p progress
	ctx := withLease(httptrace.WithClientTrace(req.Context(), p.trace()))
	req = req.WithContext(ctx)
	if req.Body != nil {
		// Without GetBody the transport cannot send it a second time.
		req.Body, req.GetBody = io.NopCloser(bytes.NewReader(body)), nil
	}
	if c.check != nil {
		if err := c.check(ctx, req.URL); err != nil {
			return nil, newFailure(cause(ctx, err), &p)
		}
	}
	m := &answer.Message{AskedAt: c.options.Now()}
	req.Header.Set("Accept-Encoding", "gzip")
	res, err := c.transport.RoundTrip(req)
	if err != nil {
		return nil, newFailure(cause(ctx, err), &p)
	}
	defer res.Body.Close()
	m.Status, m.Header = res.StatusCode, res.Header
	p.body = true
	if err := c.readBody(ctx, res.Body, m); err != nil {
		m.Body, m.Lost = nil, true
		return m, newFailure(cause(ctx, err), &p)
	}
	return m, nil
}

// cause returns why a request ended: what ended its context, where that is it.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
