package wire

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"

	"code.dny.dev/ssrf"
)

// A dial makes a connection.
type dial = func(ctx context.Context, network, address string) (net.Conn, error)

// guarded returns a dial over TCP that checks the address that is dialled: a name that was looked
// up before may lead elsewhere the second time.
func guarded(loopback bool, networks []netip.Prefix) dial {
	d := &net.Dialer{KeepAlive: -1, Control: guard(loopback, networks).Safe}
	return d.DialContext
}

// guard refuses addresses that no provider has: private ones outside the networks,
// link-local, loopback and all others that the registries of special addresses list.
func guard(loopback bool, networks []netip.Prefix) *ssrf.Guardian {
	var v4, v6 []netip.Prefix
	if loopback {
		v4, v6 = append(v4, netip.MustParsePrefix("127.0.0.0/8")), append(v6, netip.MustParsePrefix("::1/128"))
	}
	for _, n := range networks {
		if n.Addr().Is4() {
			v4 = append(v4, n)
		} else {
			v6 = append(v6, n)
		}
	}
	return ssrf.New(
		ssrf.WithAnyPort(), // a port other than the usual must be pinned
		ssrf.WithAllowedV4Prefixes(v4...),
		ssrf.WithAllowedV6Prefixes(v6...),
	)
}

// A lease is the one connection that a request may have, and lasts as long as it does.
type lease struct {
	request context.Context
	taken   atomic.Bool
}

// leaseKey is under which the lease of a request is found in the context of its dial.
type leaseKey struct{}

func withLease(ctx context.Context) context.Context {
	return context.WithValue(ctx, leaseKey{}, &lease{request: ctx})
}

var errSecondDial = errors.New("the connection was of no use, and a request has only one")

// leased returns a dial that makes one connection for a request, which ends with it. The transport
// lets a dial go on after its request was given up, for the next request, and here there is none; and
// it repeats a request that it believes did not arrive, which is for callers to decide.
func leased(d dial) dial {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		l := ctx.Value(leaseKey{}).(*lease)
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
		context.AfterFunc(l.request, func() { _ = conn.Close() })
		return conn, nil
	}
}
