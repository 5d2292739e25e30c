// Package stack has what the parts of a deployment are called: the places of its parameters
// and secrets, the variables that its function reads, and what applies where those are not
// set. The function and the command line both read it, so that they look in the same places.
package stack

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The variables of the function's environment, which the template sets. docs/operations.md
// has the meaning of each.
const (
	VarNamespace       = "TOKENKEEPER_NAMESPACE"
	VarStack           = "TOKENKEEPER_STACK"
	VarTick            = "TOKENKEEPER_TICK"
	VarCacheAge        = "TOKENKEEPER_CACHE_AGE"
	VarCredentialStore = "TOKENKEEPER_CREDENTIAL_STORE"
	VarKMSKey          = "TOKENKEEPER_KMS_KEY"
	VarCreateSecrets   = "TOKENKEEPER_CREATE_SECRETS"
	VarAllowLoopback   = "TOKENKEEPER_ALLOW_LOOPBACK"
	VarSecretTags      = "TOKENKEEPER_SECRET_TAGS"
	VarWritesPerSecond = "TOKENKEEPER_WRITES_PER_SECOND"
)

// The defaults.
const (
	DefaultName     = "tokenkeeper" // of the stack, and its name space
	DefaultTick     = time.Minute
	DefaultCacheAge = 300 * time.Second
)

// Where credentials can be.
const (
	InSSM            = "ssm"
	InSecretsManager = "secretsmanager"
)

// A Namespace is what the names of all parameters and secrets of a stack begin with, so that
// several stacks share an account. In one name space no place lies inside another.
type Namespace string

// Providers is the path of the parameters with configs.
func (n Namespace) Providers() string { return "/" + string(n) + "/providers" }

// Approved is the path of the parameters with approved copies of configs.
func (n Namespace) Approved() string { return "/" + string(n) + "/approved" }

// Credentials is the path of the parameters with credentials.
func (n Namespace) Credentials() string { return "/" + string(n) + "/credentials" }

// CredentialSecrets is the prefix of the secrets with credentials, where they are there.
func (n Namespace) CredentialSecrets() string { return string(n) + "/credentials/" }

// Tokens is the prefix of the secrets with records.
func (n Namespace) Tokens() string { return string(n) + "/tokens/" }

// Private is the prefix of the secrets with refresh tokens.
func (n Namespace) Private() string { return string(n) + "/private/" }

// places are the last parts of the names of a stack's places.
var places = []string{"providers", "approved", "credentials", "tokens", "private"}

var (
	validName      = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$`)
	validNamespace = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*){0,9}$`)
)

// ValidName reports whether a stack may have that name: 1 to 128 letters, digits, -, _ and .
func ValidName(name string) bool { return validName.MatchString(name) }

// Wrong says what a name space must be that is not one, in words that go after "must be"; none
// if nothing is wrong. One that would lie inside a place of another is refused: what a stack
// stores as a record could be what another reads as a credential.
func (n Namespace) Wrong() []string {
	var want []string
	lower := strings.ToLower(string(n))
	switch {
	case !validNamespace.MatchString(string(n)) || len(n) > 200:
		want = append(want, "up to ten parts of letters, digits, -, _ and . with slashes between, in all at most 200 characters")
	case strings.HasPrefix(lower, "aws") || strings.HasPrefix(lower, "ssm"):
		want = append(want, "a name that does not begin with aws or ssm, which Parameter Store keeps for itself")
	}
	for part := range strings.SplitSeq(string(n), "/") {
		if slices.Contains(places, part) {
			want = append(want, fmt.Sprintf("a name without %q as a part of it, or one stack would store its secrets among the %s of another", part, part))
		}
	}
	return want
}

// Bool reads a variable that is true or false, as the function does; one that is not set, or
// that cannot be read, is otherwise.
func Bool(value string, otherwise bool) bool {
	b, err := strconv.ParseBool(value)
	if err != nil {
		return otherwise
	}
	return b
}

// Tags reads a variable that has tags, KEY=VALUE with commas between; ok is false where it cannot be
// read, has a key twice, or one that is AWS's or the product's own. One that is not set has none.
func Tags(value string) (tags map[string]string, ok bool) {
	if value == "" {
		return nil, true
	}
	tags = map[string]string{}
	for pair := range strings.SplitSeq(value, ",") {
		key, value, ok := strings.Cut(pair, "=")
		if _, twice := tags[key]; !ok || key == "" || twice || strings.HasPrefix(key, "aws:") || strings.HasPrefix(key, "tokenkeeper:") {
			return nil, false
		}
		tags[key] = value
	}
	return tags, true
}
