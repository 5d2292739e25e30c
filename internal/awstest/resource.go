package awstest

import "time"

// A secret is Secrets Manager's own view of one.
type secret struct {
	name, arn, description string
	key                    string // KmsKeyId; empty: the key that AWS manages
	tags                   []tag  // in order of their keys
	versions               []*version
	created, changed       time.Time
	accessed               time.Time // zero: never
	deleted, gone          time.Time // when its deletion was asked for, and when it ends; zero: neither
	primary                string    // region of the secret that this one replicates; empty: none
	rotates                bool
	owner                  string // the service that manages it; empty: none
}

type version struct {
	id                string
	value             []byte
	binary            bool
	labels            []string // in order
	key               string
	created, accessed time.Time
}

// A parameter is Parameter Store's own view of one.
type parameter struct {
	name, kind, tier string
	description, key string
	tags             []tag
	versions         []parameterVersion // oldest first; the last is current
}

type parameterVersion struct {
	number  int64
	value   string
	cipher  string // what a SecureString looks like undecrypted
	changed time.Time
}

type tag struct {
	Key, Value string
}

// A sighting is a secret as listings may show it: its states of late, oldest
// first, each from a moment on.
type sighting struct {
	arn    string
	order  int // of creation
	states []seen
}

type seen struct {
	from   time.Time
	secret *secret
}

// A KeyState is what a key of KMS is good for. An id that SetKey was never
// called with is a key that does not exist.
type KeyState int

const (
	KeyMissing KeyState = iota
	KeyEnabled
	KeyDisabled
	KeyPendingDeletion
	// KeyDenied is a key whose own policy does not let the caller use it.
	KeyDenied
)
