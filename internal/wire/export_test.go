package wire

import (
	"context"
	"net"
	"net/netip"
)

// Dial is what connections are made with, loopback shut.
func Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return guarded(false, nil)(ctx, network, address)
}

// Guard says whether an address may be dialled.
func Guard(loopback bool, network, address string, networks ...netip.Prefix) error {
	return guard(loopback, networks).Safe(network, address, nil)
}
