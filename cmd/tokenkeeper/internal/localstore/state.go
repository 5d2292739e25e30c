package localstore

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"example.com/tokenkeeper/internal/refresh"
)

// A state is what the state file of a provider holds. It does not say which version is
// current: the record itself does, by its digest.
type state struct {
	Format int    `json:"format"`
	Note   string `json:"note,omitempty"`
	// Versions are the current one and the next, where there are such, in no order that
	// matters.
	Versions []version `json:"versions,omitempty"`
}

type version struct {
	ID refresh.VersionID `json:"id"`
	// Record is the SHA-256 of the record, in hexadecimal.
	Record digest `json:"record_sha256"`
}

// stateFormat is the only one so far. Of a state in another we know nothing: its
// record counts as not ours, and is replaced.
const stateFormat = 1

// A digest is that of a record; empty: there is none.
type digest string

func digestOf(record []byte) digest {
	sum := sha256.Sum256(record)
	return digest(hex.EncodeToString(sum[:]))
}

// id returns the version that a record belongs to. One that was written by hand gets an
// id that is not ours, but is another one for another record.
func (s state) id(record digest) refresh.VersionID {
	if record == "" {
		return ""
	}
	for _, v := range s.Versions {
		if v.Record == record {
			return v.ID
		}
	}
	return refresh.VersionID("foreign-" + record[:16])
}

func (s state) knows(record digest) bool {
	for _, v := range s.Versions {
		if v.Record == record {
			return true
		}
	}
	return false
}

// with returns s with one version more, and of the others only that of the current
// record.
func (s state) with(v version, current digest) state {
	versions := []version{v}
	if s.knows(current) {
		versions = append(versions, version{s.id(current), current})
	}
	s.Versions = versions
	return s
}

// look returns the present state of a secret, as the domain and as the state file has it,
// and the digest of its record.
func (d *Dir) look(provider string) (refresh.State, state, digest, error) {
	fail := func(err error) (refresh.State, state, digest, error) {
		return refresh.State{Name: provider}, state{}, "", err
	}
	var before digest
	for {
		record, err := d.digest(recordFile(provider))
		if err != nil {
			return fail(err)
		}
		s, found, err := d.readState(provider)
		if err != nil {
			return fail(err)
		}
		// Without the lock this may be the state of a later record than the one that was
		// read. If so, that record is there by now.
		if record != "" && record != before && !s.knows(record) {
			before = record
			continue
		}
		next, err := d.digest(nextFile(provider))
		if err != nil {
			return fail(err)
		}
		st := refresh.State{Name: provider, Current: s.id(record)}
		if s.knows(next) {
			st.Next = s.id(next)
		}
		if st.Paused, err = d.exists(pauseFile(provider)); err != nil {
			return fail(err)
		}
		// A note that cannot be read is not from us; the next attempt replaces it.
		st.Note, _ = refresh.ParseNote(s.Note)
		st.Exists = found || record != "" || st.Paused
		st.Owned = st.Exists
		return st, s, record, nil
	}
}

// digest returns that of a file, or an empty one where there is no file.
func (d *Dir) digest(name string) (digest, error) {
	data, err := d.disk.Read(name)
	var r remedied
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case errors.As(err, &r):
		return "", fmt.Errorf("%w; %s", err, r.remedy)
	case err != nil:
		return "", err
	}
	return digestOf(data), nil
}

// readState reads a state file. One that we cannot have written counts as empty.
func (d *Dir) readState(provider string) (s state, found bool, err error) {
	data, err := d.disk.Read(stateFile(provider))
	if errors.Is(err, fs.ErrNotExist) {
		return state{}, false, nil
	}
	if err != nil {
		return state{}, false, err
	}
	if json.Unmarshal(data, &s) != nil || s.Format != stateFormat {
		return state{}, true, nil
	}
	return s, true, nil
}

func (d *Dir) writeState(provider string, s state) error {
	s.Format = stateFormat
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return d.replace(stateFile(provider), append(data, '\n'))
}

func (d *Dir) exists(name string) (bool, error) {
	_, err := d.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// providerOf returns the provider that a file of tokens belongs to, or "".
func providerOf(file string) string {
	name, hidden := strings.CutPrefix(file, ".")
	suffixes := []string{".json"}
	if hidden {
		suffixes = []string{stateSuffix, pauseSuffix}
	}
	for _, suffix := range suffixes {
		if provider, ok := strings.CutSuffix(name, suffix); ok && refresh.CheckName(provider) == nil {
			return provider
		}
	}
	return ""
}
