package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Configs returns a provider config for each provider, by name, for a Simulator
// that is served at the base URL: "http://127.0.0.1:8787". Each is indented
// JSON, ready to be printed or written to a file. An error means that the base
// URL is not an absolute http or https URL.
func (s *Simulator) Configs(baseURL string) (map[string]json.RawMessage, error) {
	base, err := parseBase(baseURL)
	if err != nil {
		return nil, err
	}
	configs := make(map[string]json.RawMessage)
	for name, p := range s.providers {
		configs[name] = indented(p.config(base.JoinPath(name, p.tokenPath).String()))
	}
	return configs, nil
}

// Credentials returns the credential that goes with each of the Configs: what
// [Simulator.Credential] returns, and the one host that it may be sent to.
func (s *Simulator) Credentials(baseURL string) (map[string]json.RawMessage, error) {
	base, err := parseBase(baseURL)
	if err != nil {
		return nil, err
	}
	credentials := make(map[string]json.RawMessage)
	for _, name := range Names() {
		credential := map[string]any{"allowed_hosts": []string{allowedHost(base)}}
		for field, value := range s.Credential(name) {
			credential[field] = value
		}
		credentials[name] = indented(credential)
	}
	return credentials, nil
}

// An oauthConfig is a provider config in OAuth's own words.
type oauthConfig struct {
	TokenEndpoint string            `json:"token_endpoint"`
	AuthMethod    string            `json:"token_endpoint_auth_method"`
	Body          string            `json:"body,omitempty"`
	Parameters    map[string]string `json:"parameters,omitempty"`
	Scope         string            `json:"scope,omitempty"`
}

// A loginConfig is a provider config that spells its request out.
type loginConfig struct {
	Request  loginRequest      `json:"request"`
	Response map[string]string `json:"response"`
}

type loginRequest struct {
	URL  string            `json:"url"`
	JSON map[string]string `json:"json"`
}

func parseBase(baseURL string) (*url.URL, error) {
	base, err := url.Parse(baseURL)
	if err != nil || base.Hostname() == "" || (base.Scheme != "http" && base.Scheme != "https") {
		return nil, fmt.Errorf("the simulator's base URL must be like http://127.0.0.1:8787, not %q", baseURL)
	}
	return base, nil
}

// allowedHost is the base URL's host as an entry of allowed_hosts, in which a
// port is stated unless it is 443.
func allowedHost(base *url.URL) string {
	port := base.Port()
	if port == "" && base.Scheme == "http" {
		port = "80"
	}
	if port == "" || port == "443" {
		return strings.TrimSuffix(base.Host, ":443")
	}
	return net.JoinHostPort(base.Hostname(), port)
}

// indented returns v in JSON for people to read: characters of HTML are not
// escaped.
func indented(v any) json.RawMessage {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		panic("simulator: writing JSON: " + err.Error())
	}
	return b.Bytes()
}
