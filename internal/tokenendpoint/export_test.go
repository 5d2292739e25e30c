package tokenendpoint

import (
	"context"
	"net"
	"net/http"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// Read understands an answer as Grant would, without a network: for tests that need
// very many of them.
func (e *Endpoint) Read(c refresh.Credential, status int, header http.Header, body []byte, askedAt time.Time) (refresh.Grant, error) {
	x := exchange{
		request:    e.plan.requests[len(e.plan.requests)-1],
		credential: c,
		answer:     &answer{askedAt: askedAt, status: status, header: header, body: body},
	}
	if len(body) > maxAnswer {
		x.answer.body, x.answer.cut = nil, true
	}
	if !x.answer.ok() {
		return refresh.Grant{}, x.refused(askedAt).err
	}
	g, f := e.plan.reader.read(x)
	if f != nil {
		return refresh.Grant{}, f.err
	}
	return g, nil
}

// Expand parses a template and fills it in; ok is false if it cannot be parsed.
func Expand(text string, c refresh.Credential) (expanded string, names []string, ok bool) {
	t, names, fault := parseTemplate(text)
	if fault != nil {
		return "", nil, false
	}
	s, err := newValues(c).expand(t)
	return s.Reveal(), names, err == nil
}

// Quote is how foreign text is printed.
func Quote(c refresh.Credential, text string) string { return quote(c, text) }

// Dial is what connections are made with.
func Dial(o Options) func(ctx context.Context, network, address string) (net.Conn, error) {
	return newClient(o).transport.DialContext
}

// Guard says whether an address may be dialled.
func Guard(loopback bool, network, address string) error {
	return guard(loopback).Safe(network, address, nil)
}
