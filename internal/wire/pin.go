package wire

import (
	"regexp"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/secret"
)

// Pins returns the entries of allowed_hosts that allow the site, the one to recommend first.
func (s Site) Pins() []string {
	if s.Port != "" {
		return []string{s.Hostport()}
	}
	explicit := s
	explicit.Port = defaultPort(s.Scheme)
	return []string{s.Hostport(), explicit.Hostport()}
}

// Allowed reports whether one of the pins allows a request to that path of the site. The path is as
// it goes out; one that is not known before values are put into it is empty, and allowed by pins of
// whole hosts alone. A pin with a path allows what begins with it, letter by letter, unless servers
// may read that as another path.
func (s Site) Allowed(pins []string, path string) bool {
	return slices.ContainsFunc(pins, func(pin string) bool {
		host, prefix, within := strings.Cut(pin, "/")
		return slices.Contains(s.Pins(), host) && (!within || plainPath(path) && strings.HasPrefix(path, "/"+prefix))
	})
}

// ambiguous matches what some servers read otherwise than others in a path: an encoded / . % ; ? #
// or \; an encoded control character, or one that is not ASCII, which some make a slash or a dot; a
// parameter (RFC 3986 section 3.3); an empty segment, or one of dots, with spaces or without.
var ambiguous = regexp.MustCompile(`(?i)%2f|%5c|%2e|%25|%3b|%3f|%23|%[0189a-f][0-9a-f]|%7f|\\|;|//|/(?:\.|%20)+(?:/|$)`)

func plainPath(path string) bool {
	if ambiguous.MatchString(path) {
		return false
	}
	return strings.HasPrefix(path, "/") && !strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r > '~' || r == '?' || r == '#' })
}

// PinFault says what is wrong with an entry of allowed_hosts: a host, a port where it is not the
// scheme's own, and a path that ends in a slash where only what lies below it is meant.
func PinFault(entry string, loopback bool) *Fault {
	if scheme, rest, ok := strings.Cut(entry, "://"); ok {
		host, _, _ := strings.Cut(rest, "/")
		if s, fault := ParseSite(strings.ToLower(scheme), host); fault == nil {
			return &Fault{"is a URL", "write " + secret.Named(s.Hostport())}
		}
		return &Fault{"is a URL", "write its host alone"}
	}
	host, path, within := strings.Cut(entry, "/")
	switch {
	case entry == "":
		return &Fault{"is empty", "remove it"}
	case strings.ContainsAny(entry, "?#"):
		return &Fault{"has a query or a fragment", "write the host, and the path that is meant with a slash at its end"}
	case within && path == "":
		return &Fault{"has a path that all paths lie below", "write the host alone"}
	case within && !strings.HasSuffix(path, "/"):
		return &Fault{"has a path without a slash at its end, with which others begin that are not meant", "write a slash at the end"}
	case within && !plainPath("/"+path):
		return &Fault{`has a path that not all servers read in the same way`, `write it without ".", "..", "//", ";" and encoded letters of these`}
	case host != strings.ToLower(host):
		return &Fault{"has capital letters", "write it in lower case"}
	case entry != strings.TrimSpace(entry):
		return &Fault{"begins or ends with a space", "remove it"}
	}
	s, fault := ParseSite("https", host)
	if fault == nil && s.Loopback() && !loopback {
		return Closed()
	}
	return fault
}
