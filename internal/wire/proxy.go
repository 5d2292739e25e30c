package wire

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"net/url"
)

// proxyOf returns which proxy a request goes through: none to this machine.
func proxyOf(proxy *url.URL) func(*http.Request) (*url.URL, error) {
	if proxy == nil {
		return nil
	}
	return func(r *http.Request) (*url.URL, error) {
		if isLoopback(r.URL.Hostname()) {
			return nil, nil
		}
		return proxy, nil
	}
}

// throughProxy returns a dial that reaches the proxy, which may well have a private address,
// without the guard, and everything else by d.
func throughProxy(proxy *url.URL, d dial) dial {
	address := net.JoinHostPort(proxy.Hostname(), cmp.Or(proxy.Port(), "80"))
	plain := &net.Dialer{KeepAlive: -1}
	return func(ctx context.Context, network, to string) (net.Conn, error) {
		if to == address {
			return plain.DialContext(ctx, network, to)
		}
		return d(ctx, network, to)
	}
}

// lookedUp returns a check of the addresses that a host has here. The proxy looks it up again: a
// name that leads elsewhere the second time passes, unless the proxy guards its own networks.
func lookedUp(o Options) func(context.Context, *url.URL) error {
	g := guard(o.AllowLoopback, o.Networks)
	lookup := o.LookupNetIP
	if lookup == nil {
		lookup = net.DefaultResolver.LookupNetIP
	}
	return func(ctx context.Context, u *url.URL) error {
		if isLoopback(u.Hostname()) {
			return nil // dialled here, under the guard
		}
		addresses, err := lookup(ctx, "ip", u.Hostname())
		if err != nil {
			return err
		}
		for _, a := range addresses {
			if err := g.SafeAddr(a.Unmap()); err != nil {
				return err
			}
		}
		return nil
	}
}

// A proxyError is the answer of a proxy that makes no connection.
type proxyError struct{ status int }

func (e *proxyError) Error() string { return "the proxy made no connection" }

// proxyRefusal is what becomes of a proxy's answer to CONNECT.
func proxyRefusal(_ context.Context, _ *url.URL, _ *http.Request, res *http.Response) error {
	if res.StatusCode == http.StatusOK {
		return nil
	}
	return &proxyError{res.StatusCode}
}
