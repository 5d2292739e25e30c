package wire

import (
	"strconv"
	"strings"
)

// A Site is where a request goes. Sites are comparable.
type Site struct {
	Scheme string // http or https
	Host   string // in lower case, an IPv6 address without brackets
	Port   string // empty: that of the scheme
}

// Hostport returns the site as in a Host header: the port only where it must be said.
func (s Site) Hostport() string {
	host := s.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if s.Port != "" {
		host += ":" + s.Port
	}
	return host
}

func (s Site) String() string { return s.Scheme + "://" + s.Hostport() }

func defaultPort(scheme string) string {
	if scheme == "http" {
		return "80"
	}
	return "443"
}

// Loopback reports whether the site is this machine.
func (s Site) Loopback() bool { return isLoopback(s.Host) }

// Closed is the fault of a site on this machine where loopback is not allowed.
func Closed() *Fault {
	return &Fault{"is this machine itself, which is closed to providers", "to try it out on your own machine, use --allow-loopback"}
}

// ParseSite reads what of a URL says where it goes, or says what is wrong with it. Whether it
// may be this machine is for callers to decide: see [Site.Loopback].
func ParseSite(scheme, authority string) (Site, *Fault) {
	if scheme != "https" && scheme != "http" {
		return Site{}, &Fault{"is not an https URL", `write "https://…"`}
	}
	if strings.Contains(authority, "@") {
		return Site{}, &Fault{"has a user name or password in it", "put them in the credential, and send them as the provider wants them"}
	}
	host, port, hasPort := authority, "", false
	if i := strings.LastIndexByte(authority, ':'); i > strings.LastIndexByte(authority, ']') {
		host, port, hasPort = authority[:i], authority[i+1:], true
	}
	if n, err := strconv.ParseUint(port, 10, 16); hasPort && (err != nil || n == 0 || port[0] == '0') {
		return Site{}, &Fault{"has a port that is not a number from 1 to 65535", "correct it, or leave it out"}
	}
	host = strings.ToLower(host)
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		host = host[1 : len(host)-1]
	}
	if fault := hostFault(host); fault != nil {
		return Site{}, fault
	}
	if scheme == "http" && !isLoopback(host) {
		return Site{}, &Fault{"is not an https URL", `write "https://…": over http anyone on the way reads the secret`}
	}
	if port == defaultPort(scheme) {
		port = ""
	}
	return Site{scheme, host, port}, nil
}
