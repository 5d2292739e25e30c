package wire_test

import (
	"net/netip"
	"strings"
	"testing"

	"example.com/tokenkeeper/internal/wire"
)

func TestParseNetworks(t *testing.T) {
	for _, row := range []struct{ list, refused string }{
		{"10.20.0.0/16", ""},
		{"10.0.0.0/8, 192.168.4.0/24,100.64.0.0/10", ""},
		{"fd12:3456:789a::/48", ""},
		{"10.20.0.7/32", ""},
		{"10.20.0.1/16", "bits set behind its prefix: write 10.20.0.0/16"},
		{"10.20.0.0", "not a CIDR"},
		{"", "not a CIDR"},
		{"10.20.0.0/16,", "not a CIDR"},
		{"0.0.0.0/0", "too wide"},
		{"8.0.0.0/7", "too wide"},
		{"::/0", "too wide"},
		{"fd00::/8", "too wide"},
		{"fd12:3456::/32", ""},
		{"fd12:3456::/31", "at least /8, or /32 of IPv6"},
		{"fd12:3456::/48", ""},
		{"127.0.0.0/8", "127.0.0.0/8"},
		{"127.0.0.1/32", "127.0.0.0/8"},
		{"169.254.0.0/16", "169.254.0.0/16"},
		{"169.254.169.254/32", "169.254.0.0/16"},
		{"fd00:ec2::/32", "fd00:ec2::/32"},
		{"fd00:ec2::254/128", "fd00:ec2::/32"},
		{"fe80::/64", "fe80::/10"},
		{"::1/128", "::1/128"},
		{"::/128", "::/96"},
		{"::7f00:1/128", "::/96"},
		{"64:ff9b:1::/48", "64:ff9b:1::/48"},
		{"64:ff9b:1:fffe::/64", "64:ff9b:1::/48"},
		{"2001:0:a9fe::/48", "2001::/32"},
		{"2001:db9::/32", ""},
		{"::ffff:10.0.0.0/104", "::ffff:0.0.0.0/96"},
		{"64:ff9b::/96", "64:ff9b::/96"},
		{"10.0.0.0/8,224.0.0.0/8", "224.0.0.0/4"},
	} {
		_, err := wire.ParseNetworks(row.list)
		if row.refused == "" && err != nil || row.refused != "" && (err == nil || !strings.Contains(err.Error(), row.refused)) {
			t.Errorf("%q: %v, want %q", row.list, err, row.refused)
		}
	}
}

// Inside the operator's networks private addresses are dialled, and nothing else than before.
func TestAddressesInNetworks(t *testing.T) {
	networks, err := wire.ParseNetworks("10.20.0.0/16,fd12:3456:789a::/48")
	if err != nil {
		t.Fatal(err)
	}
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
