package main

import (
	"crypto/x509"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/internal/network"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// reachFlags say which networks the providers of a folder can be in, as the parameters of the
// template do for a stack. They are the operator's, and never a config's.
type reachFlags struct {
	networks      []string
	caFile        string
	proxy         string
	proxyResolves bool
}

func (f *reachFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&f.networks, "provider-network", nil, "let providers have private addresses in this `CIDR`")
	cmd.Flags().StringVar(&f.caFile, "ca-file", "", "trust the authorities in this PEM `file` too, for providers")
	cmd.Flags().StringVar(&f.proxy, "proxy", "", "ask providers through this HTTP proxy, a `URL`")
	cmd.Flags().BoolVar(&f.proxyResolves, "proxy-resolves", false, "have the proxy look hosts up, unchecked here")
}

// options returns the part of a parser's options that the flags are.
func (f *reachFlags) options() (o tokenendpoint.Options, err error) {
	if len(f.networks) > 0 {
		if o.Networks, err = network.CIDRs(strings.Join(f.networks, ",")); err != nil {
			return o, usagef("--provider-network: %v", err)
		}
	}
	if f.caFile != "" {
		pem, err := os.ReadFile(f.caFile)
		if err != nil {
			return o, usagef("--ca-file: %v", err)
		}
		if o.RootCAs, err = x509.SystemCertPool(); err != nil {
			return o, fmt.Errorf("reading the authorities of the system: %w", err)
		}
		if !o.RootCAs.AppendCertsFromPEM(pem) {
			return o, usagef("--ca-file: %s holds no certificate in PEM", f.caFile)
		}
	}
	if f.proxy != "" {
		if o.Proxy, err = network.Proxy(f.proxy); err != nil {
			return o, usagef("--proxy %v", err)
		}
	}
	if f.proxyResolves && o.Proxy == nil {
		return o, usagef("--proxy-resolves is for a --proxy")
	}
	o.ProxyResolves = f.proxyResolves
	return o, nil
}
