package refresh

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"example.com/tokenkeeper/internal/secret"
)

// A Document is a config or a credential as it was found, not yet understood.
type Document struct {
	// Name is the provider's, or the credential's.
	Name string
	// Where is the place as its owner knows it: a parameter's name, a file's path.
	Where string
	// Version changes whenever the content does. It is known without decrypting, and
	// has only characters that a tag may have.
	Version string
	// Edited is when a config was last changed; zero: not known.
	Edited time.Time
	// Data is the text. A config has no secret in it, or should not: people err.
	Data secret.Text
	// Approver is the credential whose owner approved this config, by keeping this copy of
	// it under the owner's rights. Empty: it lies in providers/, or it is a credential.
	Approver string
	// Err says why this document cannot be one, such as a config kept encrypted.
	Err error
}

// A Provider is one config, understood.
type Provider struct {
	// Name passes [CheckName].
	Name string
	// Where its config was found, as in [Document].
	Where string
	// Credential names what to log in with.
	Credential string
	// Approved says that its config is a copy that the owner of its credential approved.
	// [Understand] sets it.
	Approved bool
	// Config is the fingerprint of its config.
	Config Fingerprint
	// Endpoint is where to log in.
	Endpoint Endpoint

	// Rotates says that its login takes a refresh token, which a [Vault] keeps.
	Rotates bool
	// Timeout is how long one attempt of a login may take, with all its requests.
	Timeout time.Duration
	// Grace is for how long the provider repeats an answer that was lost, so that the refresh token
	// may be sent again. Zero: it never does.
	Grace time.Duration
	// RenewsItself says that the token is its own refresh token.
	RenewsItself bool
	// Paused says that its config has every run leave it alone, as a tag beside its secret can.
	Paused bool
	// Supersedes says that a new token ends the one before at once: it is replaced late rather than
	// early, and its login is never repeated.
	Supersedes bool
	// Probe tries a new token before consumers get it; nil: it is not tried. The credential, which
	// the answer may repeat, is that of the login.
	Probe func(ctx context.Context, c Credential, token secret.Text) error
	// Encode returns what consumers read; nil: [Record.Encode].
	Encode func(Record) (secret.Text, error)
}

// Saves returns how many saves a login counts for. A refresh token is claimed and replaced by three
// more writes.
func (p Provider) Saves() int {
	if p.Rotates {
		return 3
	}
	return 1
}

// An Endpoint obtains grants for one provider.
type Endpoint interface {
	// Grant logs in once and returns what the provider gave. It retries by itself what may be
	// retried, in the time that ctx leaves: the caller must not. A failure is an [*Error] whose
	// text holds neither a value of the credential nor anything that the provider sent, unless
	// capped, escaped and redacted.
	Grant(ctx context.Context, l Login) (Grant, error)
}

// A Login is what an [Endpoint] logs in with.
type Login struct {
	// Credential has the refresh token as its value refresh_token, where one is sent.
	Credential Credential
	// Rotate stores what comes in the place of the refresh token that was sent. An endpoint calls
	// it at most once, as soon as the answer is complete and before it is judged: the next refresh
	// token cannot be had again, even where the answer is of no use. Nil: it is not stored.
	Rotate func(Successor)
}

// A Successor is what an answer has in the place of the refresh token that was sent.
type Successor struct {
	// Token is the next refresh token, as it was answered.
	Token secret.Text
	// Unstorable says what is there instead of a refresh token; empty: Token is one. The one that
	// was sent counts as spent all the same.
	Unstorable string
}

var (
	validName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	arnSuffix = regexp.MustCompile(`-.{6}$`)
)

// CheckName says what is wrong with the name of a provider or a credential.
func CheckName(name string) error {
	if !validName.MatchString(name) {
		return fmt.Errorf("the name %.80q is not allowed: use 1 to 63 of a-z, 0-9 and -, beginning with a letter or digit", name)
	}
	// A secret's ARN is its name, a hyphen and six characters: "erp-backup" could be one of "erp".
	if arnSuffix.MatchString(name) {
		return fmt.Errorf("the name %q is not allowed: it ends in a hyphen and six characters, as the ARN of another secret would; use %q or a longer ending",
			name, name[:len(name)-7]+name[len(name)-6:])
	}
	return nil
}

// A Grant is one good answer of a token endpoint.
type Grant struct {
	AccessToken secret.Text
	// TokenType is Bearer where the provider does not say.
	TokenType string
	// AskedAt is when the request was about to be sent, from which the lifetime counts.
	AskedAt  time.Time
	Lifetime time.Duration
	// LifetimeFrom says in a few words what states the lifetime, for people.
	LifetimeFrom string
	// Scope is what was granted, where the provider says.
	Scope string
	// Extra are further fields of the answer that the config asks to be handed on.
	Extra map[string]any
	// Warnings are for the operator; nothing is wrong yet.
	Warnings []string
	// RefreshTokenEnds is when the refresh token expires that logs in next; zero: the provider
	// does not say.
	RefreshTokenEnds time.Time
}
