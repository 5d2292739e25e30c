package tokenendpoint

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"code.dny.dev/ssrf"

	"example.com/tokenkeeper/internal/answer"
)

// maxHeader is how much of a header is read, in bytes.
const maxHeader = 64 << 10

// A client sends requests, each once and nowhere but where it says. It is a transport
// and not an http.Client: nothing follows redirects, keeps cookies or repeats.
type client struct {
	transport *http.Transport
	// newTransport makes another one, with the same settings and none of its connections.
	newTransport func() *http.Transport
	now          func() time.Time
	sleep        func(ctx context.Context, d time.Duration) bool
}

func newClient(o Options) *client {
	now := o.Now
	if now == nil {
		now = time.Now
	}
	pause := o.Sleep
	if pause == nil {
		pause = sleep
	}
	d := o.DialContext
	if d == nil {
		d = guarded(o.AllowLoopback)
	}
	c := &client{now: now, sleep: pause, newTransport: func() *http.Transport { return newTransport(o, d) }}
	c.transport = c.newTransport()
	return c
}

func newTransport(o Options, d dial) *http.Transport {
	return &http.Transport{
		Proxy:                  nil, // in particular not that of the environment
		DialContext:            ending(d),
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.RootCAs},
		TLSHandshakeTimeout:    maxTimeout,
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: maxHeader,
		// A provider is asked once an hour, and a Lambda is frozen in between: a connection
		// that was kept would be dead, and nobody would know before the next request is lost.
		DisableKeepAlives: true,
	}
}

// A dial makes a connection.
type dial = func(ctx context.Context, network, address string) (net.Conn, error)

// guarded returns a dial over TCP. It checks the address that is dialled, and not one that
// was looked up before: a name may lead elsewhere the second time.
func guarded(loopback bool) dial {
	d := &net.Dialer{Timeout: maxTimeout, KeepAlive: -1, Control: guard(loopback).Safe}
	return d.DialContext
}

// A lease is the one connection that a request may have, and lasts as long as it does.
type lease struct {
	request context.Context
	taken   atomic.Bool
}

// leaseKey is under which the lease of a request is found in the context of its dial.
type leaseKey struct{}

var errSecondDial = errors.New("the connection was of no use, and a request has only one")

// ending returns a dial whose connections end with the request that they were made for.
// The transport lets a dial go on after its request was given up, for the next request
// to use: here there is none, and what goes on is a leak. It also sends a request again,
// over another connection, where it believes that the first has not reached the server:
// there is no other, since whether to try again is decided in pauses.go.
func ending(d dial) dial {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		l, ok := ctx.Value(leaseKey{}).(*lease)
		if !ok {
			return d(ctx, network, address)
		}
		if l.taken.Swap(true) {
			return nil, errSecondDial
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(l.request, cancel)()
		conn, err := d(ctx, network, address)
		if err != nil {
			return nil, err
		}
		context.AfterFunc(l.request, func() { conn.Close() })
		return conn, nil
	}
}

// guard refuses addresses that no provider has: private, link-local, loopback and all
// others that the registries of special addresses list.
func guard(loopback bool) *ssrf.Guardian {
	options := []ssrf.Option{ssrf.WithAnyPort()} // a port other than the usual must be pinned
	if loopback {
		options = append(options,
			ssrf.WithAllowedV4Prefixes(netip.MustParsePrefix("127.0.0.0/8")),
			ssrf.WithAllowedV6Prefixes(netip.MustParsePrefix("::1/128")))
	}
	return ssrf.New(options...)
}

// do sends req once. Its context covers the whole answer, and must end after it. An error
// is that of the transport; how far the request came is in the stage. An error beside an answer
// is why its body broke off.
func (c *client) do(req *http.Request) (*answer.Message, stage, error) {
	var mu sync.Mutex
	var at stage
	reached := func() stage {
		mu.Lock()
		defer mu.Unlock()
		return at
	}
	ctx := httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) {
			mu.Lock()
			defer mu.Unlock()
			at.handshake = err
		},
		WroteRequest: func(w httptrace.WroteRequestInfo) {
			mu.Lock()
			defer mu.Unlock()
			at.sent = w.Err == nil
		},
		GotFirstResponseByte: func() {
			mu.Lock()
			defer mu.Unlock()
			at.answered = true
		},
	})
	ctx = context.WithValue(ctx, leaseKey{}, &lease{request: ctx})
	a := &answer.Message{AskedAt: c.now()}
	res, err := c.transport.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return nil, reached(), cause(ctx, err)
	}
	defer res.Body.Close()
	a.Status, a.Header = res.StatusCode, res.Header
	a.Body, err = io.ReadAll(io.LimitReader(res.Body, answer.MaxBody+1))
	if len(a.Body) > answer.MaxBody {
		a.Body, a.Cut, err = nil, true, nil
	} else if err != nil {
		a.Body, a.Lost, err = nil, true, cause(ctx, err)
	}
	end := reached()
	end.body = true
	return a, end, err
}

// cause returns why a request ended: what ended its context, where that is it.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
