package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// Hooks is what happens to a store without its being asked. None may be nil. They end the
// test where they fail.
type Hooks struct {
	// Put stores a version and stops before the swap, as a run does that is killed there.
	// Where what is current is later than it, it may do nothing.
	Put func(c refresh.Change)
	// Write puts a record in the place of the current one, as a person does.
	Write func(provider, record string)
	// Read returns what consumers read; empty: nothing.
	Read func(provider string) string
	// Pause sets or removes the mark that asks us to leave a provider alone.
	Pause func(provider string, paused bool)
}

// provider is the one that most tests are about.
const provider = "meitner"

// noon is the time that issue times are counted from.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// A fixture is one test's store.
type fixture struct {
	*testing.T
	Hooks
	store refresh.Store
}

// at returns the id of a token of an hour that was issued so many seconds after noon.
func at(seconds int) refresh.VersionID { return nth(seconds, 0) }

// nth returns the id of one of several tokens of the same second.
func nth(seconds int, n uint32) refresh.VersionID {
	return refresh.Version{
		IssuedAt: noon.Add(time.Duration(seconds) * time.Second),
		Lifetime: time.Hour,
		Config:   0xabcdef,
		Digest:   n,
	}.ID()
}

// recordOf returns the record that the tests store under an id.
func recordOf(id refresh.VersionID) string { return fmt.Sprintf(`{"the record of": %q}`, string(id)) }

// change returns the change from one version to another, with its record.
func change(from, to refresh.VersionID) refresh.Change {
	return refresh.Change{Provider: provider, From: from, To: to, Record: secret.New(recordOf(to))}
}

func (f *fixture) open(provider string) refresh.State {
	f.Helper()
	st, err := f.store.Open(f.Context(), provider)
	if err != nil {
		f.Fatalf("Open(%q) failed: %v", provider, err)
	}
	st.Name = provider
	return st
}

func (f *fixture) save(c refresh.Change) refresh.State {
	f.Helper()
	st, err := f.store.Save(f.Context(), c)
	if err != nil {
		f.Fatalf("Save(from %q to %q) failed: %v", c.From, c.To, err)
	}
	return st
}

func (f *fixture) note(provider string, n refresh.Note) {
	f.Helper()
	if err := f.store.Note(f.Context(), provider, n); err != nil {
		f.Fatalf("Note(%q, %q) failed: %v", provider, n, err)
	}
}

func (f *fixture) list() []refresh.State {
	f.Helper()
	states, err := refresh.Pages(f.Context(), f.store.List)
	if err != nil {
		f.Fatalf("List() failed: %v", err)
	}
	return states
}

// current checks that id is current, by what the store says and by what consumers read,
// and returns the state.
func (f *fixture) current(id refresh.VersionID) refresh.State {
	f.Helper()
	st := f.open(provider)
	if st.Current != id {
		f.Errorf("%q is current, want %q", st.Current, id)
	}
	if got := f.Read(provider); got != recordOf(id) {
		f.Errorf("consumers read %s, want %s", got, recordOf(id))
	}
	return st
}

// next returns what is stored and not current.
func next(st refresh.State) refresh.VersionID {
	if st.Next == st.Current {
		return ""
	}
	return st.Next
}

// same checks that a state is as before.
func (f *fixture) same(got, want refresh.State) {
	f.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		f.Errorf("the state is not as before (-want +got):\n%s", diff)
	}
}
