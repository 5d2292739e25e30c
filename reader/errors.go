package reader

import (
	"fmt"
	"time"
)

// An ExpiredError says that there is no live token: the newest record's token
// has expired and nothing newer has been stored. The application can do nothing
// about it; the operator of tokenkeeper can.
type ExpiredError struct {
	// Provider is the provider's name, from the record.
	Provider string
	// ExpiredAt is when the token ended, UTC.
	ExpiredAt time.Time
	// Err is why the last look brought nothing; nil if it brought this same
	// record.
	Err error
}

func (e *ExpiredError) Error() string {
	ended := fmt.Sprintf("the token of %q ended at %s", e.Provider, e.ExpiredAt.Format(time.RFC3339))
	if e.Err != nil {
		return fmt.Sprintf("%s and a newer one could not be read: %v", ended, e.Err)
	}
	return fmt.Sprintf("%s and no newer one is stored: \"tokenkeeper status\" says why", ended)
}

// Unwrap returns e.Err.
func (e *ExpiredError) Unwrap() error { return e.Err }

// A VersionError says that the record is of a version that this package does
// not know. Fields are added to a record without a new version, so a new one
// means that the meaning of something changed: guessing would be wrong.
type VersionError struct {
	// Version is the record's.
	Version int
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("the record has version %d and this reader knows version %d: upgrade the reader package", e.Version, recordVersion)
}
