package simulator

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// A system is one of the four as its documentation describes it.
type system struct {
	name       string
	tokenPath  string
	api        api
	credential map[string]string // what its client is registered with at first
	secretName string            // which entry of credential is the secret
	scopes     []string          // what its client may have at first

	// login judges a token request and returns the scopes to grant.
	login func(*http.Request, registration) ([]string, *refusal)

	// refuse dresses an error in the provider's own clothes.
	refuse func(status int, code, description string) *refusal

	// claims returns what a token says, times and identifier aside. Where it is
	// nil, tokens are opaque.
	claims func(client registration, scopes []string) map[string]any

	// config returns the provider config for this token endpoint.
	config func(tokenEndpoint string) any

	// answer returns the JSON object that hands over a token.
	answer func(token string, expiresIn int64, scopes []string) any
}

// An api is the one documented resource behind a system's tokens.
type api struct {
	path   string
	scope  string // needed to read it; empty means that any token will do
	answer func(url.Values) any
}

// A registration is what a system knows of its one client.
type registration struct {
	credential map[string]string
	scopes     []string
}

// knows reports whether every value of the credential is as registered.
func (c registration) knows(credential map[string]string) bool {
	for name, want := range c.credential {
		if credential[name] != want {
			return false
		}
	}
	return true
}

// allowed splits what was asked for into the scopes that the client may have
// and those that it may not. Nothing asked means all that it may have.
func (c registration) allowed(asked string) (granted, denied []string) {
	if asked == "" {
		return c.scopes, nil
	}
	for scope := range strings.SplitSeq(asked, " ") {
		if slices.Contains(c.scopes, scope) {
			granted = append(granted, scope)
		} else {
			denied = append(denied, scope)
		}
	}
	return granted, denied
}
