package reader

import (
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Transport is an [http.RoundTripper] that gives each request the current token
// in its Authorization header.
//
// When the answer is 401 it looks whether the token was replaced meanwhile. If
// it was, the request is sent once more with the new one, provided that its body
// can be sent again (no body, or GetBody is set, as http.NewRequest does for
// buffers and strings). If it was not, or cannot be, the 401 is returned as it
// came. A second 401 is returned too.
//
// The token goes to the hosts in Hosts and nowhere else, and over TLS, loopback
// addresses excepted. Any other request is refused with an error before anything
// is sent. One kind is let through, without the token: a redirect that an
// [http.Client] follows to a host that is not in Hosts, for example from the API
// to a presigned download. net/http drops a caller's own Authorization header
// there too, but knows nothing of one that a RoundTripper adds.
type Transport struct {
	// Reader gives the token. Required.
	Reader *Reader

	// Hosts are the exact names that the token may be sent to, with the port
	// where it is not the scheme's own: "api.meitner.se", "127.0.0.1:8080".
	// Required: with none, every request is refused.
	Hosts []string

	// Base sends the requests; nil means http.DefaultTransport.
	Base http.RoundTripper
}

// RoundTrip sends req with the token, as described at Transport. The request is
// not changed; a copy is sent. Errors of [Reader.Token] are returned as they are,
// and then nothing was sent.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if !t.named(req.URL) && req.Response != nil {
		return t.base().RoundTrip(req)
	}
	if err := t.permit(req.URL); err != nil {
		closeBody(req)
		return nil, err
	}
	token, err := t.Reader.Token(req.Context())
	if err != nil {
		closeBody(req)
		return nil, err
	}
	resp, err := t.base().RoundTrip(withToken(req, token))
	if err != nil || resp.StatusCode != http.StatusUnauthorized || !repeatable(req) {
		return resp, err
	}

	token, ok := t.Reader.Replacement(req.Context(), token)
	if !ok {
		return resp, nil
	}
	again := withToken(req, token)
	if req.GetBody != nil {
		if again.Body, err = req.GetBody(); err != nil {
			return resp, nil
		}
	}
	// Reading a short rest lets the connection be used again.
	_, _ = io.CopyN(io.Discard, resp.Body, 4<<10)
	_ = resp.Body.Close()
	return t.base().RoundTrip(again)
}

// CloseIdleConnections passes on the call of the same name on an [http.Client].
func (t *Transport) CloseIdleConnections() {
	if closer, ok := t.base().(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

func (t *Transport) base() http.RoundTripper {
	if t.Base == nil {
		return http.DefaultTransport
	}
	return t.Base
}

func (t *Transport) permit(to *url.URL) error {
	if !t.named(to) {
		return fmt.Errorf("not sending the token to %q: Transport.Hosts does not name it", hostPort(to))
	}
	if to.Scheme == "https" || to.Scheme == "http" && loopback(to.Hostname()) {
		return nil
	}
	return fmt.Errorf("not sending the token to %q over %q: use https", hostPort(to), to.Scheme)
}

func (t *Transport) named(to *url.URL) bool {
	at := hostPort(to)
	return slices.ContainsFunc(t.Hosts, func(host string) bool { return strings.EqualFold(host, at) })
}

// hostPort returns the URL's host, with its port unless that is the scheme's own.
func hostPort(u *url.URL) string {
	own := map[string]string{"https": ":443", "http": ":80"}[u.Scheme]
	return strings.TrimSuffix(u.Host, own)
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

func withToken(req *http.Request, token Token) *http.Request {
	out := req.Clone(req.Context())
	if out.Header == nil {
		out.Header = http.Header{}
	}
	out.Header.Set("Authorization", token.Authorization())
	return out
}

func repeatable(req *http.Request) bool {
	return req.Body == nil || req.Body == http.NoBody || req.GetBody != nil
}

// closeBody keeps the promise of a RoundTripper to close the body even if
// nothing is sent.
func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}
