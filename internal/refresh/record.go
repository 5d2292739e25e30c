package refresh

import (
	"bytes"
	"encoding/json"
	"time"

	"example.com/tokenkeeper/internal/secret"
)

// RecordVersion is the version of the record that this release writes.
const RecordVersion = 1

// A Record is what consumers read: a contract, to which fields may only be added.
type Record struct {
	AccessToken secret.Text
	TokenType   string
	Provider    string
	// These are in UTC and whole seconds. A consumer may keep the record until RefreshAfter.
	IssuedAt, RefreshAfter, ExpiresAt time.Time
	Scope                             string
	Extra                             map[string]any
}

// Encode returns r as JSON, in the order in which the contract is documented.
func (r Record) Encode() (secret.Text, error) {
	if r.Extra == nil {
		r.Extra = map[string]any{}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // consumers in a shell read & and not \u0026
	err := enc.Encode(struct {
		Version       int            `json:"version"`
		AccessToken   string         `json:"access_token"`
		TokenType     string         `json:"token_type"`
		Provider      string         `json:"provider"`
		IssuedAt      time.Time      `json:"issued_at"`
		RefreshAfter  time.Time      `json:"refresh_after"`
		ExpiresAt     time.Time      `json:"expires_at"`
		ExpiresAtUnix int64          `json:"expires_at_unix"`
		Scope         string         `json:"scope"`
		Extra         map[string]any `json:"extra"`
	}{
		RecordVersion, r.AccessToken.Reveal(), r.TokenType, r.Provider,
		r.IssuedAt, r.RefreshAfter, r.ExpiresAt, r.ExpiresAt.Unix(), r.Scope, r.Extra,
	})
	return secret.New(string(bytes.TrimSpace(b.Bytes()))), err
}
