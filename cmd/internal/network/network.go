// Package network reads what an operator says of the network: in which networks providers may have
// private addresses, and through which proxy they are asked.
package network

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// forbidden are addresses at which no provider is, whatever the operator opens: of this
// machine, of the link, where the metadata and the credentials of instances and functions are
// served, and of no single host (RFC 6890).
var forbidden = []string{
	"0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4",
	"::1/128", "fe80::/10", "ff00::/8",
	"fd00:ec2::/32",              // services of EC2 instances: metadata, DNS, time
	"::/96", "::ffff:0.0.0.0/96", // IPv4 in another spelling
	"64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", // IPv4 behind a translator
}

// widest4 and widest6 are the largest networks that can be opened, in bits of prefix.
const widest4, widest6 = 8, 32

// CIDRs reads networks in which providers may have private addresses, with commas between. One
// that is wider than /8 (IPv6: /32), or that overlaps addresses at which no provider is, such as
// those of the loopback interface, the link or the metadata service, is refused.
func CIDRs(list string) ([]netip.Prefix, error) {
	var networks []netip.Prefix
	for text := range strings.SplitSeq(list, ",") {
		p, err := netip.ParsePrefix(strings.TrimSpace(text))
		switch {
		case err != nil:
			return nil, fmt.Errorf("%.60q is not a CIDR such as 10.20.0.0/16", text)
		case p != p.Masked():
			return nil, fmt.Errorf("%s has bits set behind its prefix: write %s", p, p.Masked())
		case p.Addr().Is4() && p.Bits() < widest4, p.Addr().Is6() && p.Bits() < widest6:
			return nil, fmt.Errorf("%s is too wide: a network has a prefix of at least /%d, or /%d of IPv6", p, widest4, widest6)
		}
		overlaps := func(f string) bool { return p.Overlaps(netip.MustParsePrefix(f)) }
		if i := slices.IndexFunc(forbidden, overlaps); i >= 0 {
			return nil, fmt.Errorf("%s contains addresses of %s, at which no provider may be", p, forbidden[i])
		}
		networks = append(networks, p)
	}
	return networks, nil
}

// Proxy reads the URL of an HTTP proxy. The error does not repeat it: there may be a password
// in it.
func Proxy(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" || u.Hostname() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" {
		return nil, errors.New("must be the URL of an HTTP proxy without a user, such as http://proxy.acme.example:3128")
	}
	return u, nil
}
