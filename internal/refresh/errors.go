package refresh

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// A Class says what a failure asks for.
type Class string

const (
	// Transient failures end by themselves: the provider is asked again within five ticks, or within
	// an hour where it limits requests.
	Transient Class = "transient"
	// Misconfigured ones end when a config, a credential or a permission is edited. Asking again
	// risks a lock-out: at least 30 minutes apart.
	Misconfigured Class = "misconfigured"
	// NeedsPerson failures end only by a person's act, such as a new consent: not
	// asked again until something was edited, or by force.
	NeedsPerson Class = "needs_person"
	// Unchanged is no failure: the provider answered the same token again.
	Unchanged Class = "unchanged"
)

// Failing reports whether an operator must hear of it.
func (c Class) Failing() bool { return c != "" && c != Unchanged }

// waitsForEdit reports whether such a failure ends when something is edited.
func (c Class) waitsForEdit() bool { return c == Misconfigured || c == NeedsPerson }

// Codes of failures that this package decides. Endpoints and stores add theirs. A code is of
// letters, digits and "_", since it is kept in a tag.
const (
	CodeBadConfig      = "bad_config"
	CodeBadCredential  = "bad_credential"
	CodeInternal       = "internal_error"
	CodeNoCredential   = "no_credential"
	CodeNotApproved    = "config_not_approved"
	CodeNotForProvider = "credential_not_for_provider"
	CodeSecretInRecord = "secret_in_record"
	CodeSourceFailed   = "source_failed"
	CodeStoreFailed    = "store_failed"
	CodeTokenOver      = "token_over"
	CodeTokenTooLarge  = "token_too_large"
	CodeWriteBudget    = "write_budget"
)

// An Error is the failure of one provider, written for the person who must act.
type Error struct {
	Class Class
	// Code is one fixed word for it.
	Code string
	// Detail says what is wrong, naming the field, endpoint or place. Its foreign
	// parts are capped, escaped and redacted by its maker.
	Detail string
	// Remedy says what to do next; empty where waiting is all.
	Remedy string
	// Suspect marks a failure that may be chance. One that needs a person is tried once more where
	// that does no harm; a transient one is taken for a misconfiguration from the third in a row on.
	Suspect bool
	// Unsure marks a login whose refresh token may have been spent: no answer came that can be read.
	Unsure bool
	// RetryAfter is how long the provider asked us to stay away; zero: it did not.
	RetryAfter time.Duration
	// Limited marks a refusal of too many requests. If it names no time, the provider, which may
	// count what it refuses, is asked less and less often, even where its token expires meanwhile.
	Limited bool
	// Unconnected is the host to which there was no connection; empty: there was one.
	Unconnected string
	// Err is the cause, for errors.Is and As; Detail has all of it that may be printed.
	Err error

	// Ours is set where it failed here, which says nothing of the provider: such a misconfiguration
	// is tried again as soon as what is transient.
	Ours bool
}

func (e *Error) Error() string { return withRemedy(e.Detail, e.Remedy) }

func withRemedy(detail, remedy string) string {
	if remedy == "" {
		return detail
	}
	return detail + "; " + remedy
}

func (e *Error) Unwrap() error { return e.Err }

// problems returns those of the document that e is about; none: it is about none.
func (e *Error) problems() Problems {
	ps, _ := errors.AsType[Problems](e.Err)
	return ps
}

// asError returns err as the *Error that it is or wraps, or as one of class transient
// and of the given code. A failure of the store or the source is ours.
func asError(err error, code, doing string) *Error {
	e := &Error{Class: Transient, Code: code, Detail: fmt.Sprintf("%s: %v", doing, err), Err: err}
	if known, ok := errors.AsType[*Error](err); ok {
		copied := *known
		e = &copied
	}
	e.Ours = e.Ours || code == CodeStoreFailed || code == CodeSourceFailed
	return e
}

// ErrNotFound is what a [Source] returns for a credential that does not exist.
var ErrNotFound = errors.New("not found")

// A Problem is one thing that is wrong with one document.
type Problem struct {
	// Where is the document's place, as in [Document].
	Where string `json:"where"`
	// Path leads to the field, such as "response.expires_in"; empty: the whole.
	Path string `json:"path,omitempty"`
	// Value is what is written there, shortened, or empty. Never a credential's.
	Value string `json:"value,omitempty"`
	// Detail says what is wrong with it, and Remedy what to write instead.
	Detail string `json:"detail"`
	Remedy string `json:"remedy,omitempty"`
}

func (p Problem) String() string {
	s := p.Where
	if p.Path != "" {
		s += ": " + p.Path
	}
	if p.Value != "" {
		s += " = " + p.Value
	}
	return withRemedy(s+": "+p.Detail, p.Remedy)
}

// Problems is everything that is wrong with one document: an error, if not empty.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// A ListingError says that what there is could not all be listed. Where the report has results,
// the run did what it knew of.
type ListingError struct{ Err error }

func (e *ListingError) Error() string { return e.Err.Error() }
func (e *ListingError) Unwrap() error { return e.Err }
