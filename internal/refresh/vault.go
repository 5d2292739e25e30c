package refresh

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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
}

// A Vault keeps refresh tokens from one run to the next, where no consumer reads. The
// first of each provider is put there by a person.
type Vault interface {
	// Version returns the version of the ticket that is there, without reading it, or an
	// error that wraps [ErrNotFound].
	Version(ctx context.Context, provider string) (VersionID, error)

	// Claim returns the ticket to this run and to no other, or an error that wraps
	// [ErrNotFound], or [ErrClaimed]. A claim ends by itself, later than the time in which
	// one provider is dealt with. It has written to the place where the next ticket will
	// be kept: after a claim, a refused write is not to be expected.
	Claim(ctx context.Context, provider string) (Ticket, error)

	// Rotate replaces the ticket that was spent, durably. Nothing is replaced if another
	// ticket is there by now, as when a person has put in a new one.
	Rotate(ctx context.Context, provider string, spent Ticket, next secret.Text) error
}

// ErrClaimed is what a [Vault] returns for a ticket that another run has.
var ErrClaimed = errors.New("claimed by another run")

// Codes of failures with refresh tokens.
const (
	CodeNoRefreshToken   = "no_refresh_token"
	CodeRefreshTokenLost = "refresh_token_lost"
	CodeClaimed          = "claimed"
)

// claim takes the ticket of a provider that rotates them.
func (r *run) claim(ctx context.Context, t task) (Ticket, *Error) {
	if r.Vault == nil {
		return Ticket{}, &Error{Class: Misconfigured, Code: CodeNoRefreshToken, Detail: "refresh tokens cannot be kept here"}
	}
	ticket, err := r.Vault.Claim(ctx, t.Name)
	switch {
	case errors.Is(err, ErrNotFound):
		return Ticket{}, &Error{Class: NeedsPerson, Code: CodeNoRefreshToken, Detail: "there is no refresh token yet",
			Remedy: "put the first one in with 'tokenkeeper refresh-token put " + t.Name + "'", Err: err}
	case errors.Is(err, ErrClaimed):
		return Ticket{}, &Error{Class: Transient, Code: CodeClaimed,
			Detail: "another run has the refresh token, or died with it", Err: err}
	case err != nil:
		return Ticket{}, asError(err, CodeStoreFailed, "claiming the refresh token")
	}
	return ticket, nil
}

// await leaves the login to the run that has the ticket, and adopts what that stores. If
// nothing comes of it in the time that a login may take, that run is dead.
func (r *run) await(asking, storing context.Context, t task, d Decision, tried string, e *Error) Result {
	before := t.state
	for {
		select {
		case <-time.After(time.Second):
		case <-asking.Done():
			return r.fail(storing, t, d, tried, e)
		}
		st, err := r.Store.Open(asking, t.Name)
		if err != nil || st.Current == before.Current && st.Note == before.Note {
			continue
		}
		t.state = st
		if now := r.Schedule.Decide(t.Provider, st, r.now); !now.Due {
			return r.wait(storing, t, now, true)
		}
	}
}

// rotate stores what an answer has in the place of the ticket, before anything else.
func (r *run) rotate(ctx context.Context, t task, spent Ticket, s Successor) *Error {
	if s.Unstorable != "" {
		return &Error{Class: NeedsPerson, Code: CodeRefreshTokenLost, Detail: s.Unstorable,
			Remedy: "look at response.refresh_token, obtain a new refresh token, and put it in with 'tokenkeeper refresh-token put " + t.Name + "'"}
	}
	if err := r.Vault.Rotate(ctx, t.Name, spent, s.Token); err != nil {
		return &Error{Class: NeedsPerson, Code: CodeRefreshTokenLost,
			Detail: "the provider has replaced the refresh token, and the new one could not be stored: " + asError(err, CodeStoreFailed, "storing").Detail,
			Remedy: "mend the store, obtain a new refresh token, and put it in with 'tokenkeeper refresh-token put " + t.Name + "'", Err: err}
	}
	return nil
}

// overtaken reports whether the ticket that was refused has been replaced meanwhile: then
// the refusal says nothing of the one that is there.
func (r *run) overtaken(ctx context.Context, t task, refused Ticket) bool {
	id, err := r.Vault.Version(ctx, t.Name)
	return err == nil && id != refused.ID
}

// tried returns the version of all that a login of t is made with: of its credential, and
// of the ticket where it takes one. A failure that waits for an edit is over when this
// changes.
func (r *run) tried(ctx context.Context, t task, credential string) string {
	if !t.Rotates || r.Vault == nil {
		return credential
	}
	id, err := r.Vault.Version(ctx, t.Name)
	if err != nil {
		id = "" // as where there is none: at worst one login too many
	}
	sum := sha256.Sum256([]byte(credential + "\x00" + string(id)))
	return hex.EncodeToString(sum[:4])
}

// CheckRefreshToken says what cannot be a refresh token (RFC 6749 appendix A.17), mostly
// because of the way in which it was pasted.
func CheckRefreshToken(token secret.Text) error {
	text := token.Reveal()
	switch {
	case text == "":
		return errors.New("it is empty")
	case text != strings.TrimSpace(text):
		return errors.New("it begins or ends with white space; leave that out")
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }):
		return errors.New("it has a character that no refresh token has; put in the token alone")
	}
	return nil
}

type storedRefreshToken struct {
	RefreshToken string `json:"refresh_token"`
}

// EncodeRefreshToken returns what a vault stores: {"refresh_token": "..."}.
func EncodeRefreshToken(token secret.Text) secret.Text {
	text, _ := json.Marshal(storedRefreshToken{token.Reveal()}) // a string always marshals
	return secret.New(string(text))
}

// DecodeRefreshToken reads what EncodeRefreshToken or a person has written; where is the
// place as its owner knows it.
func DecodeRefreshToken(provider, where string, text secret.Text) (secret.Text, error) {
	var s storedRefreshToken
	// The error of encoding/json could quote what it read.
	if json.Unmarshal([]byte(text.Reveal()), &s) != nil || CheckRefreshToken(secret.New(s.RefreshToken)) != nil {
		return secret.Text{}, &Error{Class: NeedsPerson, Code: CodeNoRefreshToken,
			Detail: where + ` does not hold {"refresh_token": "…"}`,
			Remedy: "put the refresh token in with 'tokenkeeper refresh-token put " + provider + "'"}
	}
	return secret.New(s.RefreshToken), nil
}
