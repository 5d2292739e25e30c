package wire

import (
	"context"
	"crypto/x509"
	"net"
	"net/netip"
	"net/url"
	"time"
)

// Options are the settings of a [Client]. The zero value is right for production.
type Options struct {
	// AllowLoopback opens loopback addresses. It is a switch of the process and never of a
	// config: in a Lambda, the runtime's own API listens there.
	AllowLoopback bool

	// Now is the clock by which requests are dated; nil means time.Now.
	Now func() time.Time

	// DialContext replaces the dialer, and with it the guard against addresses that no provider
	// has: for tests, whose servers are at the end of a pipe. Nil means TCP, guarded.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)

	// LookupNetIP replaces the resolver that looks hosts up before a proxy does; nil: that of
	// the system.
	LookupNetIP func(ctx context.Context, network, host string) ([]netip.Addr, error)

	// RootCAs are the authorities that servers' certificates are verified against; nil
	// means those of the host.
	RootCAs *x509.CertPool

	// Networks are those in which private addresses may be dialled: the operator's word. Nil: none.
	Networks []netip.Prefix

	// Proxy is the HTTP proxy that requests go through, but for those to this machine; nil:
	// none. Its own address is not guarded.
	Proxy *url.URL

	// ProxyResolves has the proxy look hosts up, and keep requests away from addresses that no
	// provider has. False: a host is looked up and checked here first.
	ProxyResolves bool
}
