package status

import (
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// A Word says in what state a provider is.
type Word string

// The words, the most urgent first.
const (
	// Expired: its token has expired, so that its consumers are refused.
	Expired Word = "expired"
	// NoToken: there is none, so that its consumers find nothing.
	NoToken Word = "no token"
	// Failing: the last attempt failed, and the next runs try again.
	Failing Word = "failing"
	// Cooling: the last attempt failed, and asking again soon would do harm or no good.
	Cooling Word = "cooling"
	// Due: the next run replaces its token.
	Due Word = "due"
	// Repeats: the provider answers the same token until that ends.
	Repeats Word = "repeats"
	// ShortLived: its tokens live too short to be kept without a gap.
	ShortLived Word = "short_lived"
	// Paused: an operator or its config paused it.
	Paused Word = "paused"
	// OK: its token is good for longer than its lead.
	OK Word = "ok"
	// Orphan: a token without a config. It is left alone.
	Orphan Word = "orphan"
)

// A Subject is what is known of one provider.
type Subject struct {
	// Name is the provider's.
	Name string
	// Provider is its config, understood; nil where it is wrong, or missing.
	Provider *refresh.Provider
	// Problems is what is wrong with it.
	Problems refresh.Problems
	// Proposal is where an edit of its config is that is not approved, and Approved where the
	// copy in effect is; empty: there is no such edit.
	Proposal, Approved string
	// State is that of its secret.
	State refresh.State
	// Credential is the present version of its credential; empty: not known.
	Credential string
	// Bound is the credential that its refresh token is for, where its config names another.
	Bound string
}

// A Line is the judgement on one provider. Times are zero where they are not known.
type Line struct {
	Provider string `json:"provider"`
	State    Word   `json:"state"`
	// Failing reports whether a person must act.
	Failing bool `json:"failing"`
	// Served reports whether applications have a token that they can use now.
	Served    bool      `json:"served"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	// RefreshTokenExpiresAt is when a person must have obtained another one at the latest, unless
	// a login puts that off.
	RefreshTokenExpiresAt time.Time `json:"refresh_token_expires_at,omitzero"`
	// Next is when something is done about it at the latest.
	Next time.Time `json:"next,omitzero"`
	// Overdue reports whether that is past for so long that the schedule seems to have
	// stopped; then there is no Next.
	Overdue bool `json:"overdue,omitempty"`
	// Lifetime is that of its present token in seconds.
	Lifetime int64 `json:"lifetime_seconds,omitempty"`

	Class refresh.Class `json:"class,omitempty"`
	Code  string        `json:"code,omitempty"`
	Since time.Time     `json:"since,omitzero"`
	Tries int           `json:"tries,omitempty"`

	// Wrong says what is wrong, Remedy what to do now, and Command how, where a command
	// of ours does it.
	Wrong   string `json:"wrong,omitempty"`
	Remedy  string `json:"remedy,omitempty"`
	Command string `json:"command,omitempty"`
	// Edit says of an edit of its config that it is not approved, and EditCommand shows what
	// it would change. It is no failure.
	Edit        string `json:"edit_not_approved,omitempty"`
	EditCommand string `json:"edit_command,omitempty"`

	// Then and ThenCommand are what to do after that, if there is more.
	Then        string `json:"then,omitempty"`
	ThenCommand string `json:"then_command,omitempty"`
}
