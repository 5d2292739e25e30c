package refresh

import (
	"crypto/x509"
	"maps"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/secret"
)

// A Credential is what a provider is logged in to with.
type Credential struct {
	// Name is the name it is kept under.
	Name string
	// Version is as in [Document].
	Version string
	// Values are its own fields, such as client_id and client_secret.
	Values map[string]secret.Text
	// AllowedHosts are the only hosts that may be sent any of this, as host or host:port, exactly.
	// Config editors must not be able to have a secret sent to themselves.
	AllowedHosts []string
	// Providers lists those that may use it beside the one of the same name: a config of team X
	// must not have team Y's token put where X reads.
	Providers []string
	// Authorities are those that the hosts' certificates are checked against; nil: those of the
	// system and of the operator.
	Authorities *x509.CertPool
	// ApprovedOnly refuses every provider without an approved copy of its config.
	ApprovedOnly bool
	// Signs lists the audiences that a token may be signed for which consumers read.
	Signs []string
	// Public lists the values that are no secrets: see [Credential.IsPublic].
	Public []string
	// SignOnly lists the values that are keys: they sign, and are never sent.
	SignOnly []string
}

// Serves reports whether the provider of that name may use c.
func (c Credential) Serves(provider string) bool {
	return c.Name == provider || slices.Contains(c.Providers, provider)
}

// Names returns the names of its values, sorted.
func (c Credential) Names() []string { return slices.Sorted(maps.Keys(c.Values)) }

// Searcher returns what looks for the values of c in foreign text. It takes longer to build than a
// search.
func (c Credential) Searcher() *secret.Searcher {
	var values []secret.Value
	for _, name := range c.Names() {
		v := secret.Value{Name: name, Text: c.Values[name]}
		switch {
		case slices.Contains(c.Public, name):
			v.Kind = secret.Public
		case Identifier(name):
			v.Kind = secret.Identifier
		case name == "refresh_token" || strings.HasPrefix(name, "steps."):
			v.Kind = secret.Issued
		case strings.Contains(name, " "): // no credential can have such a name
			v.Kind = secret.Made
		}
		values = append(values, v)
	}
	// Honest answers and errors state the provider's own hosts.
	return secret.NewSearcher(values, append([]string{"https://", "http://"}, c.AllowedHosts...)...)
}

// Redact returns text with every value of c replaced, as [secret.Searcher.Redact] does.
func (c Credential) Redact(text string) string { return c.Searcher().Redact(text) }

// With returns a copy of c that has one value more, such as the refresh token of a vault.
func (c Credential) With(name string, value secret.Text) Credential {
	values := make(map[string]secret.Text, len(c.Values)+1)
	maps.Copy(values, c.Values)
	values[name] = value
	c.Values = values
	return c
}

// identifiers are the names of values that say who logs in, and not how: tokens state them by right.
var identifiers = []string{"client_id", "email", "kid", "tenant", "tenant_id", "user", "username"}

// Identifier reports whether the value of that name says who logs in, whatever its owner says.
func Identifier(name string) bool { return slices.Contains(identifiers, name) }
