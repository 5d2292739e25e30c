package refresh

import (
	"crypto/x509"
	"fmt"
	"maps"
	"regexp"
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

// IsPublic reports whether the value of that name may be found in tokens, records and errors, by
// its owner's word or since it identifies.
func (c Credential) IsPublic(name string) bool {
	return slices.Contains(identifiers, name) || slices.Contains(c.Public, name)
}

// NeverPublic reports whether a value of that name is a secret, whatever the credential's owner says.
func NeverPublic(name string) bool { return secretName.MatchString(snake(name)) }

var secretName = regexp.MustCompile(`^(?:passphrase|password|secret|token)$|_(?:key|password|secret|token)$`)

var camel = regexp.MustCompile(`([a-z0-9])([A-Z])`)

// snake returns clientSecret as client_secret.
func snake(name string) string { return strings.ToLower(camel.ReplaceAllString(name, "${1}_$2")) }

// Conflicts returns what is wrong with the public values of c: a secret is not looked for within one
// of them. A run must not accept what is refused; the owner should correct what is doubtful. Paths
// are names of values.
func (c Credential) Conflicts() (refused, doubtful Problems) {
	for _, public := range c.Names() {
		declared, other := slices.Contains(c.Public, public), c.Values[public].Reveal()
		if !c.IsPublic(public) || len(other) < secret.LeastSecret {
			continue
		}
		for _, name := range c.Names() {
			value := c.Values[name].Reveal()
			if c.IsPublic(name) || len(value) < secret.LeastSecret {
				continue
			}
			how := overlap(other, value)
			if how == "" {
				continue
			}
			p := Problem{Path: public, Detail: fmt.Sprintf("may be found in tokens and records, and %s the secret %s", how, name),
				Remedy: "have one of the two replaced at the provider"}
			if declared {
				p.Path, p.Remedy = "public", p.Remedy+", or take "+public+" out of public"
				p.Detail = public + " " + p.Detail
			}
			if declared && len(value) >= secret.LeastFound {
				refused = append(refused, p)
			} else {
				doubtful = append(doubtful, p)
			}
		}
	}
	return refused, doubtful
}

// overlap says how one of the two holds the other, as a search compares them; "": neither does.
func overlap(public, value string) string {
	public, value = secret.Fold(public), secret.Fold(value)
	switch {
	case public == value:
		return "is the same as"
	case strings.Contains(public, value):
		return "contains"
	case strings.Contains(value, public):
		return "is contained in"
	}
	return ""
}

// PublicLine says what makes a value public.
func (c Credential) PublicLine(name string) string {
	if len(c.Public) == 0 {
		return fmt.Sprintf(`its owner adds "public": [%q] to the credential %q`, name, c.Name)
	}
	return fmt.Sprintf(`its owner adds %q to public in the credential %q`, name, c.Name)
}

// IfPublic returns what to do if the value of that name is no secret; "" unless it looks like an
// identifier.
func (c Credential) IfPublic(name string) string {
	value, own := c.Values[name]
	if !own || strings.ContainsAny(name, ". ") || c.IsPublic(name) || !looksPublic(name, value.Reveal()) {
		return ""
	}
	return "if it is no secret, " + c.PublicLine(name)
}

var (
	secretWord     = regexp.MustCompile(`secret|passw|passphrase|passcode|pwd|token|session|assertion|signature|cookie|credential|private|(^|_)(pin|otp|code|auth|nonce|seed|salt|cert|certificate|pat|jwt|hash)($|_)`)
	identifierWord = regexp.MustCompile(`(^|_)(id|ids|identifier|name|user|login|mail|email|account|region|tenant|company|customer|client|instance|project|org|organization|organisation|domain|host|url|uri|realm|site|zone|environment|env|subdomain|workspace|team|role|issuer|audience|subject|sub|iss|aud|app|application|number|login_name)$|[a-z](id|name|mail)$`)
	identifierText = regexp.MustCompile(`^(?:[A-Za-z0-9._%-]{1,64}@[A-Za-z0-9.-]{3,}|(?:https://)?[A-Za-z0-9-]{1,40}(?:\.[A-Za-z0-9-]{1,40})+/?|[A-Za-z]{1,24}(?:[ ._-][A-Za-z]{1,24}){0,4}[0-9]{0,2})$`)
)

// looksPublic reports whether a value looks like an identifier, by its name first.
func looksPublic(name, value string) bool {
	plain := snake(name)
	switch {
	case NeverPublic(name) || holdsKey(value):
		return false
	case plain == "private_key_id" || plain == "key_id":
		return true
	case secretWord.MatchString(plain) || strings.HasSuffix(plain, "key"):
		return false
	}
	return identifierWord.MatchString(plain) || identifierText.MatchString(value)
}

// holdsKey reports whether a value has a PEM block or a JWK in it.
func holdsKey(value string) bool {
	return strings.Contains(value, "-----BEGIN ") || strings.Contains(value, `"kty"`) || secret.PrivateKey(value)
}

// MayBePublic says why the value of that name may not be public; "" if it may.
func (c Credential) MayBePublic(name string) string {
	switch {
	case NeverPublic(name):
		return "is a secret by its name"
	case holdsKey(c.Values[name].Reveal()):
		return "holds a PEM block or a JWK"
	}
	return ""
}
