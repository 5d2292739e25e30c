package refresh

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/secret"
)

// A Ticket is a refresh token that is good for one login: a provider that rotates them
// gives the next one with its answer, and may revoke them all if one is used twice.
type Ticket struct {
	// ID names the version that holds it.
	ID    VersionID
	Token secret.Text
	// Credential names the credential that it was put in for, the only one that it is sent
	// with. Empty: the one with the provider's name.
	Credential string
	// Claim is the one that this run has on it, and Before the last one that another had on
	// the same version; zero: there was none.
	Claim, Before Claim
}

// A Claim is the exclusive hold of one run on a ticket.
type Claim struct {
	// ID is at most 64 characters that a tag may have.
	ID string
	// At is when it was made, or a little before.
	At time.Time
}

// A Vault keeps refresh tokens from one run to the next, where no consumer reads. The
// first of each provider is put there by a person.
type Vault interface {
	// Version returns the version of the ticket that is there, without reading it, or an
	// error that wraps [ErrNotFound].
	Version(ctx context.Context, provider string) (VersionID, error)

	// Claim returns the ticket to this run and to no other, or an error that wraps [ErrNotFound] or
	// [ErrClaimed]. It has written to the place where the next ticket will be kept, so that a refused
	// write is not to be expected. A claim excludes other runs for longer than any run lasts, and the
	// runs of this process until it is released.
	Claim(ctx context.Context, provider string) (Ticket, error)

	// Rotate replaces the spent ticket, durably, by one for the same credential; a zero next leaves
	// word that it was spent and its successor lost. Another ticket that is there by now, such as a
	// person's, stays. After an error it may be called again with the same next.
	Rotate(ctx context.Context, provider string, spent Ticket, next secret.Text) error

	// Release ends the claim on a ticket, once nothing more will be sent or stored of it.
	Release(provider string, t Ticket)
}

// ErrClaimed is what a [Vault] returns for a ticket that another run has.
var ErrClaimed = errors.New("claimed by another run")

// Codes of failures with refresh tokens.
const (
	CodeNoRefreshToken   = "no_refresh_token"
	CodeRefreshTokenLost = "refresh_token_lost"
	CodeClaimed          = "claimed"
	// CodeRefreshTokenUnsure is that of a refresh token that may have been spent: it was sent, and
	// no answer came that can be read.
	CodeRefreshTokenUnsure = "refresh_token_unsure"
	// CodeNotForCredential is that of a refresh token that was put in for another
	// credential than the config names.
	CodeNotForCredential = "refresh_token_not_for_credential"
)

// A StoredRefreshToken is what a vault stores: {"refresh_token": "…", "credential": "…"}.
type StoredRefreshToken struct {
	// Token is empty where the one that was stored before was spent, and its successor lost.
	Token secret.Text
	// Credential is as in [Ticket].
	Credential string
}

type refreshTokenDocument struct {
	RefreshToken string `json:"refresh_token"`
	Credential   string `json:"credential,omitempty"`
	Lost         bool   `json:"lost,omitempty"`
}

// Encode returns s as JSON.
func (s StoredRefreshToken) Encode() secret.Text {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)                                                               // or less would fit
	_ = enc.Encode(refreshTokenDocument{s.Token.Reveal(), s.Credential, s.Token.IsZero()}) // a string always marshals
	return secret.New(strings.TrimSuffix(b.String(), "\n"))
}

// DecodeRefreshToken reads what Encode or a person has written at a place as its owner knows it.
func DecodeRefreshToken(provider, where string, text secret.Text) (StoredRefreshToken, error) {
	put := "put the refresh token in with 'tokenkeeper refresh-token put " + provider + "'"
	var d refreshTokenDocument
	switch err := json.Unmarshal([]byte(text.Reveal()), &d); {
	case err == nil && d.Lost && d.RefreshToken == "":
		return StoredRefreshToken{}, lostRefreshToken(provider, where+" says that the refresh token was spent, and that the next one is lost")
	case err != nil || d.RefreshToken == "":
		// The error of encoding/json could quote what it read.
		return StoredRefreshToken{}, &Error{Class: NeedsPerson, Code: CodeNoRefreshToken,
			Detail: where + ` does not hold {"refresh_token": "…"}`, Remedy: put}
	}
	return StoredRefreshToken{Token: secret.New(d.RefreshToken), Credential: d.Credential}, nil
}

// lostRefreshToken is the failure of a refresh token that was spent, and has no stored successor.
func lostRefreshToken(provider, detail string) *Error {
	return &Error{Class: NeedsPerson, Code: CodeRefreshTokenLost, Detail: detail,
		Remedy: "obtain a new refresh token, and put it in with 'tokenkeeper refresh-token put " + provider + "'"}
}
