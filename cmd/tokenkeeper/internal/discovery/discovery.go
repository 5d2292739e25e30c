// Package discovery finds the token endpoint of an issuer in its metadata (RFC 8414, OpenID
// Connect Discovery 1.0), once, when a config is written. A login never asks for them:
// otherwise a change of the metadata could redirect every login.
package discovery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/wire"
)

// Metadata are what a config needs to know of an authorization server.
type Metadata struct {
	// Issuer is as the server has it, which is as it was asked for.
	Issuer string `json:"issuer"`
	// TokenEndpoint is an https URL.
	TokenEndpoint string `json:"token_endpoint"`
	// AuthMethods are how clients may authenticate there; empty: client_secret_basic (RFC 8414
	// section 2).
	AuthMethods []string `json:"token_endpoint_auth_methods_supported"`
	// Aliases has the endpoints for clients that show a certificate (RFC 8705 section 5).
	Aliases struct {
		TokenEndpoint string `json:"token_endpoint"`
	} `json:"mtls_endpoint_aliases"`
}

// errAbsent says that the metadata are not at the place where they were looked for.
var errAbsent = errors.New("has no metadata there")

// Find asks for the metadata of an issuer, at both places where they may be. The context must
// have a deadline. Errors are for the config editor who named the issuer.
func Find(ctx context.Context, client *wire.Client, issuer string) (Metadata, error) {
	places, err := places(issuer)
	if err != nil {
		return Metadata{}, err
	}
	for _, at := range places {
		m, err := read(ctx, client, at, issuer)
		if !errors.Is(err, errAbsent) {
			return m, err
		}
	}
	return Metadata{}, fmt.Errorf("%s publishes no metadata: neither %s nor %s is there; take token_endpoint from the provider's documentation", issuer, places[0], places[1])
}

// places returns where the metadata of an issuer may be. OpenID Connect Discovery 1.0 section
// 4 appends the well-known part, RFC 8414 section 3.1 puts it before the issuer's path. More
// servers have the first.
func places(issuer string) ([]string, error) {
	u, err := url.Parse(issuer)
	if err != nil || u.Opaque != "" || u.Scheme == "" || u.Host == "" {
		return nil, fmt.Errorf("%s is not an issuer, which is a URL: https://host/path", secret.Shown(issuer))
	}
	if strings.ContainsAny(issuer, "?#$") {
		return nil, fmt.Errorf("%s is not an issuer, which has neither a query nor a fragment (RFC 8414 section 2)", secret.Shown(issuer))
	}
	if u.User != nil {
		return nil, errors.New("an issuer has no user name or password in it")
	}
	site, fault := wire.ParseSite(u.Scheme, u.Host)
	if fault != nil {
		return nil, fmt.Errorf("the issuer %s %s: %s", secret.Shown(issuer), fault.Detail, fault.Remedy)
	}
	tail := strings.TrimSuffix(u.EscapedPath(), "/")
	return []string{
		site.String() + tail + "/.well-known/openid-configuration",
		site.String() + "/.well-known/oauth-authorization-server" + tail,
	}, nil
}

// read asks for the metadata at one place.
func read(ctx context.Context, client *wire.Client, at, issuer string) (m Metadata, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return m, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "tokenkeeper")
	res, broken := client.Do(req)
	defer res.Leave()
	switch {
	case broken != nil:
		return m, fmt.Errorf("%s %s", at, broken.Error())
	case res.Status == http.StatusNotFound || res.Status == http.StatusGone:
		return m, errAbsent
	case res.Status != http.StatusOK:
		return m, fmt.Errorf("%s answered %d and no metadata", at, res.Status)
	}
	if err := json.Unmarshal(res.Body, &m); err != nil {
		return m, errAbsent // a page for people, as many a server has for every path
	}
	if m.Issuer != issuer {
		// RFC 8414 section 3.3: they must not be used.
		return m, fmt.Errorf("%s has the metadata of another issuer: it names %s; ask for that one, to the letter, if it is the one that is meant", at, secret.Shown(m.Issuer))
	}
	for _, endpoint := range []string{m.TokenEndpoint, m.Aliases.TokenEndpoint} {
		if err := check(endpoint); err != nil && (endpoint != "" || m.TokenEndpoint == "") {
			return m, fmt.Errorf("%s has a token_endpoint that cannot be used: %w", at, err)
		}
	}
	return m, nil
}

// check refuses an endpoint that a config could not have.
func check(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.User != nil || strings.Contains(endpoint, "$") {
		return fmt.Errorf("%s is not the URL of an endpoint", secret.Shown(endpoint))
	}
	if _, fault := wire.ParseSite(u.Scheme, u.Host); fault != nil {
		return fmt.Errorf("%s %s", secret.Shown(endpoint), fault.Detail)
	}
	return nil
}
