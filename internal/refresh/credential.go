package refresh

import (
	"maps"
	"slices"

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
	// AllowedHosts are the only hosts that may be sent any of this, as host or
	// host:port, exactly. They stand in the credential and not in the config: who may
	// edit a config must not be able to have a secret sent to himself.
	AllowedHosts []string
	// Providers lists those that may use it beside the one of the same name, or a
	// config of team X could have team Y's token put where X reads.
	Providers []string
	// Signs lists the audiences that a token may be signed for which consumers read.
	Signs []string
}

// Serves reports whether the provider of that name may use c.
func (c Credential) Serves(provider string) bool {
	return c.Name == provider || slices.Contains(c.Providers, provider)
}

// Names returns the names of its values, sorted.
func (c Credential) Names() []string { return slices.Sorted(maps.Keys(c.Values)) }

// identifiers are the values that tell who logs in, but not how. They are kept out of
// errors like all others; but tokens and their claims state them by right.
var identifiers = []string{"client_id", "email", "kid", "tenant", "tenant_id", "user", "username"}

// Identifier reports whether the value of that name tells who logs in, and not how.
func Identifier(name string) bool { return slices.Contains(identifiers, name) }

// Redact returns text with every value of c replaced, in whatever encoding values are
// commonly echoed: as they are, percent-encoded, in JSON or HTML, in several of these at
// once, in base64 or hexadecimal, and any of them broken over lines.
func (c Credential) Redact(text string) string {
	var all []string
	for _, v := range c.Values {
		all = append(all, secret.Forms(v.Reveal(), 4)...)
	}
	return secret.Redact(text, all)
}

// FoundIn returns the name of a secret value of c that text contains in one of those
// encodings, or "". Identifiers do not count.
func (c Credential) FoundIn(text string) string {
	names := slices.DeleteFunc(c.Names(), Identifier)
	sets := make([][]string, len(names))
	for i, name := range names {
		// Under eight characters a value would be found in tokens by chance.
		sets[i] = secret.Forms(c.Values[name].Reveal(), 8)
	}
	if i := secret.Found(text, sets); i >= 0 {
		return names[i]
	}
	return ""
}

// With returns a copy of c that has one value more, such as the refresh token of a vault.
func (c Credential) With(name string, value secret.Text) Credential {
	values := make(map[string]secret.Text, len(c.Values)+1)
	maps.Copy(values, c.Values)
	values[name] = value
	c.Values = values
	return c
}
