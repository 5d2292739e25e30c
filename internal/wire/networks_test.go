package wire_test

import (
	"net/netip"
	"testing"

	"example.com/tokenkeeper/internal/wire"
)

// Inside the operator's networks private addresses are dialled, and nothing else than before.
func TestAddressesInNetworks(t *testing.T) {
	networks := []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16"), netip.MustParsePrefix("fd12:3456:789a::/48")}
	for address, allowed := range map[string]bool{
		"10.20.0.1:443": true, "10.20.255.254:8443": true, "10.21.0.1:443": false, "192.168.1.1:443": false,
		"[fd12:3456:789a::7]:443": true, "[fd12:3456:789b::7]:443": false,
		"127.0.0.1:9001": false, "169.254.169.254:80": false, "169.254.100.1:9001": false, "[fd00:ec2::254]:80": false, "[::1]:443": false,
		"93.184.216.34:443": true,
	} {
		network := "tcp4"
		if address[0] == '[' {
			network = "tcp6"
		}
		if err := wire.Guard(false, network, address, networks...); (err == nil) != allowed {
			t.Errorf("%s: %v, want allowed: %t", address, err, allowed)
		}
		if netip.MustParseAddrPort(address).Addr().IsPrivate() && wire.Guard(false, network, address) == nil {
			t.Errorf("%s may be dialled without networks", address)
		}
	}
}
