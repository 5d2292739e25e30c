package wire

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// validLabel is one part of a host name (RFC 1123 section 2.1), in lower case.
var validLabel = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// numeric is the last part of what some take for an IPv4 address, and no top-level domain.
var numeric = regexp.MustCompile(`^(0x[0-9a-f]*|[0-9]+)$`)

// hostFault says what is wrong with the name of a host; nil: nothing. An address is refused: a
// certificate is for a name, and a name is what its owner can move.
func hostFault(host string) *Fault {
	labels := strings.Split(host, ".")
	switch {
	case host == "":
		return &Fault{"has no host", `write "https://host/path"`}
	case isLoopback(host):
		return nil
	case strings.ContainsFunc(host, func(r rune) bool { return r > '~' }):
		return &Fault{"has a host that is not ASCII, and may only look like the one that is meant", `write it in the form of DNS, "xn--…", after making sure of it`}
	case strings.Contains(host, "*"):
		return &Fault{"has a wildcard", "name each host"}
	case strings.Contains(host, ":"), numeric.MatchString(labels[len(labels)-1]):
		return &Fault{"has an address and not the name of a host", "write the name"}
	case len(host) > 253, slices.ContainsFunc(labels, func(l string) bool { return !validLabel.MatchString(l) }):
		return &Fault{"has a host that is not a name in DNS", "use a-z, 0-9, - and dots between them, 253 characters at most"}
	}
	return nil
}

// isLoopback reports whether host is this machine, as a name or address in its usual
// spelling.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback() && !a.Is4In6() && a.String() == host
}

// A Fault is what is wrong with the name of a place, and what to write instead.
type Fault struct{ Detail, Remedy string }
