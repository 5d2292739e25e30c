package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/discovery"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/explain"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/tokenendpoint"
	"example.com/tokenkeeper/internal/wire"
)

// discoveryTimeout is how long an issuer may take to answer.
const discoveryTimeout = 15 * time.Second

// addIssuer writes the config of an issuer, by its metadata.
func (c *cli) addIssuer(ctx context.Context, a adding, args, set []string) error {
	if len(args) > 0 || len(set) > 0 {
		return instead(errors.New("--issuer replaces a preset, and both were given"), "write:", "tokenkeeper add --issuer "+a.issuer)
	}
	ctx, cancel := context.WithTimeout(ctx, discoveryTimeout)
	defer cancel()
	client := wire.New(wire.Options{AllowLoopback: a.allowLoopback, Now: c.now})
	m, err := discovery.Find(ctx, client, a.issuer)
	if err != nil {
		return c.wrong(err, "Nothing was written.")
	}
	if a.name == "" {
		a.name = nameOf(m.Issuer)
	}
	v, err := c.issuerView(a, m)
	if err != nil {
		return c.wrong(err, "Nothing was written.")
	}
	return c.showAdded(v)
}

// issuerView writes the config of an issuer and says what comes next.
func (c *cli) issuerView(a adding, m discovery.Metadata) (addView, error) {
	if err := refresh.CheckName(a.name); err != nil {
		return addView{}, instead(err, "give it a name with --name", "")
	}
	config, err := issuerConfig(m)
	if err != nil {
		return addView{}, err
	}
	doc := refresh.Document{Name: a.name, Where: "metadata of " + secret.Visible(m.Issuer), Data: secret.New(string(config))}
	provider, err := refresh.Understand(c.parser(a.allowLoopback), doc)
	if err != nil {
		return addView{}, status.Problems(doc.Where, err)
	}
	plan := provider.Endpoint.(*tokenendpoint.Endpoint).Plan()
	v := addView{Provider: a.name, Config: config, AllowedHosts: explain.Hosts(plan), title: secret.Visible(m.Issuer),
		Notes: []string{"The token endpoint is as the issuer publishes it today. If it moves, run this again."}}
	for _, needed := range plan.Needs {
		v.Credential = append(v.Credential, explain.Field{Name: needed.Name, Value: "as the provider registered it"})
	}
	return v, a.write(&v, provider, doc)
}

// issuerConfig is the config for a token endpoint, with the first method of client
// authentication that it takes.
func issuerConfig(m discovery.Metadata) ([]byte, error) {
	config := struct {
		Issuer        string `json:"issuer"`
		TokenEndpoint string `json:"token_endpoint"`
		AuthMethod    string `json:"token_endpoint_auth_method,omitempty"`
	}{Issuer: m.Issuer, TokenEndpoint: m.TokenEndpoint}
	for _, method := range []string{"client_secret_basic", "client_secret_post", "private_key_jwt", "client_secret_jwt", "tls_client_auth", "self_signed_tls_client_auth"} {
		if !slices.Contains(m.AuthMethods, method) {
			continue
		}
		if method != "client_secret_basic" {
			config.AuthMethod = method
		}
		if strings.HasSuffix(method, "tls_client_auth") && m.Aliases.TokenEndpoint != "" {
			config.TokenEndpoint = m.Aliases.TokenEndpoint
		}
		break
	}
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(config); err != nil {
		return nil, fmt.Errorf("writing the config: %w", err)
	}
	return []byte(text.String()), nil
}

// nameOf makes the name of a provider of its issuer's host.
func nameOf(issuer string) string {
	u, err := url.Parse(issuer)
	if err != nil {
		return ""
	}
	return strings.Trim(strings.ReplaceAll(strings.ToLower(u.Hostname()), ".", "-"), "-")
}
