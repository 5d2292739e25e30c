package main

import (
	"crypto/x509"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"example.com/tokenkeeper/cmd/internal/network"
	"example.com/tokenkeeper/cmd/internal/stack"
)

// reach says which networks calls can reach, and how. It is the operator's word, and never a
// config's.
type reach struct {
	// Networks are those in which providers may have private addresses.
	// TOKENKEEPER_PROVIDER_NETWORKS, as CIDRs with commas between; none.
	Networks []netip.Prefix
	// Authorities names a parameter with certificates of authorities in PEM, which providers'
	// certificates are checked against beside those of the system.
	// TOKENKEEPER_AUTHORITIES; empty: none.
	Authorities string
	// Proxy is the HTTP proxy that calls to AWS and to providers go through. HTTPS_PROXY; nil:
	// none.
	Proxy *url.URL
	// ProxyResolves has the proxy look up providers' names, which are sent to it unchecked: it
	// must keep requests away from private addresses. TOKENKEEPER_PROXY_RESOLVES; false: names
	// are looked up here, and checked.
	ProxyResolves bool
}

// ignoredElsewhere are variables that the AWS SDK or Go's HTTP client would act on and this
// program does not. Each is refused: ignored, it would promise what does not happen.
var ignoredElsewhere = []string{"HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"}

func (e *environment) reach() reach {
	r := reach{
		Authorities:   e.getenv("TOKENKEEPER_AUTHORITIES"),
		Proxy:         e.proxy("HTTPS_PROXY", "https_proxy"),
		ProxyResolves: e.boolean("TOKENKEEPER_PROXY_RESOLVES", false),
	}
	if r.Authorities != "" && !strings.HasPrefix(r.Authorities, "/") {
		e.wrong("TOKENKEEPER_AUTHORITIES", "the name of a parameter, beginning with a slash")
	}
	if r.ProxyResolves && r.Proxy == nil {
		e.problems = append(e.problems, fmt.Errorf("TOKENKEEPER_PROXY_RESOLVES is true, and there is no HTTPS_PROXY"))
	}
	if list := e.getenv("TOKENKEEPER_PROVIDER_NETWORKS"); list != "" {
		networks, err := network.CIDRs(list)
		if err != nil {
			e.problems = append(e.problems, fmt.Errorf("TOKENKEEPER_PROVIDER_NETWORKS: %w", err))
		}
		r.Networks = networks
	}
	for _, name := range ignoredElsewhere {
		if e.getenv(name) != "" {
			e.problems = append(e.problems, fmt.Errorf("%s is set, and is not supported: all calls go through HTTPS_PROXY, or none", name))
		}
	}
	return r
}

// proxy reads a URL from the first variable that is set. Its value is not shown when it is
// wrong: there may be a password in it.
func (e *environment) proxy(names ...string) *url.URL {
	for _, name := range names {
		if value := e.getenv(name); value != "" {
			u, err := network.Proxy(value)
			if err != nil {
				e.problems = append(e.problems, fmt.Errorf("%s %w", name, err))
			}
			return u
		}
	}
	return nil
}

// authorities reads certificates from the file that a variable names.
func (e *environment) authorities(name string) *x509.CertPool {
	path := e.getenv(name)
	if path == "" {
		return nil
	}
	pem, err := os.ReadFile(path) // #nosec G304 -- the operator names it
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(pem) {
		e.wrong(name, "a readable file with certificates in PEM")
	}
	return pool
}

// tags reads tags of secrets.
func (e *environment) tags(name string) map[string]string {
	tags, ok := stack.Tags(e.getenv(name))
	if !ok {
		e.wrong(name, "KEY=VALUE with commas between, each key once and none beginning with aws: or tokenkeeper:")
	}
	return tags
}
