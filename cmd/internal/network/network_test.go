package network_test

import (
	"strings"
	"testing"

	"example.com/tokenkeeper/cmd/internal/network"
)

func TestCIDRs(t *testing.T) {
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
		_, err := network.CIDRs(row.list)
		if row.refused == "" && err != nil || row.refused != "" && (err == nil || !strings.Contains(err.Error(), row.refused)) {
			t.Errorf("%q: %v, want %q", row.list, err, row.refused)
		}
	}
}

func TestProxy(t *testing.T) {
	for text, good := range map[string]bool{
		"http://proxy.acme.example:3128": true, "http://proxy.acme.example/": true, "http://10.20.0.9": true,
		"https://proxy.acme.example": false, "proxy.acme.example": false, "http://:3128": false, "http://[::1": false,
		"http://proxy.acme.example/x": false, "http://us:c4n@ry@proxy.acme.example": false,
	} {
		u, err := network.Proxy(text)
		if (err == nil) != good || good && u.String() != text || !good && strings.Contains(err.Error(), "c4n") {
			t.Errorf("%s: %v, %v", text, u, err)
		}
	}
}
