package reader

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// recordVersion is the only record version there has been.
const recordVersion = 1

// decode reads a record of version 1. Fields that it does not know are allowed,
// since fields may be added to a record; those that it needs must be there,
// exactly so named and of the right type.
//
// No error quotes the record: what is in there by mistake may be a secret too.
// That is why the errors of encoding/json and time are not passed on.
func decode(data []byte) (Token, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil || fields == nil {
		return Token{}, errors.New("it is not a JSON object: is this the secret or file of a token (tokens/NAME)?")
	}
	if err := checkVersion(fields["version"]); err != nil {
		return Token{}, err
	}

	d := decoder{fields: fields}
	secret := &hidden{accessToken: d.text("access_token")}
	t := Token{
		TokenType:    d.text("token_type"),
		Provider:     d.text("provider"),
		IssuedAt:     d.time("issued_at"),
		RefreshAfter: d.time("refresh_after"),
		ExpiresAt:    d.time("expires_at"),
		hidden:       func() *hidden { return secret },
	}
	d.optional("scope", "a string", &t.Scope)
	d.optional("extra", "an object", &secret.extra)
	switch {
	case d.err != nil:
		return Token{}, d.err
	case !visible(secret.accessToken) || !visible(t.TokenType):
		return Token{}, errors.New(`"access_token" or "token_type" has characters that no header can carry`)
	}
	return t, nil
}

func checkVersion(raw json.RawMessage) error {
	var version int
	if err := json.Unmarshal(raw, &version); err != nil || version < 1 {
		return errors.New(`it has no "version": is this the secret or file of a token (tokens/NAME)?`)
	}
	if version > recordVersion {
		return &VersionError{Version: version}
	}
	return nil
}

// decoder takes fields out of a record and keeps the first thing that is wrong.
type decoder struct {
	fields map[string]json.RawMessage
	err    error
}

func (d *decoder) fail(name, want string) {
	if d.err == nil {
		d.err = fmt.Errorf("%q is missing or is not %s", name, want)
	}
}

func (d *decoder) text(name string) string {
	var s string
	if json.Unmarshal(d.fields[name], &s) != nil || s == "" {
		d.fail(name, "a string")
	}
	return s
}

func (d *decoder) time(name string) time.Time {
	at, err := time.Parse(time.RFC3339, d.text(name))
	if err != nil {
		d.fail(name, "a time such as 2026-11-22T12:00:00Z")
	}
	return at.UTC()
}

func (d *decoder) optional(name, want string, into any) {
	if raw, ok := d.fields[name]; ok && json.Unmarshal(raw, into) != nil {
		d.fail(name, want)
	}
}

// visible reports whether s is one or more visible ASCII characters, the most
// that a header can carry without quoting (RFC 9110, section 5.5).
func visible(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r < '!' || r > '~' })
}
