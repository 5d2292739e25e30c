package storetest

import (
	"context"
	"errors"

	"example.com/tokenkeeper/internal/refresh"
)

// probing returns a change with a probe. (The first version of a secret may become current
// as it is stored, so none of these is the first.)
func probing(from, to refresh.VersionID, probe func() error) refresh.Change {
	c := change(from, to)
	c.Probe = func(context.Context) error { return probe() }
	return c
}

func probed(f *fixture) {
	f.open(provider)
	f.save(change("", at(0)))
	probes := 0
	st := f.save(probing(at(0), at(60), func() error {
		probes++
		if got := f.Read(provider); got != recordOf(at(0)) {
			f.Errorf("while the token is probed consumers read %s, want %s", got, recordOf(at(0)))
		}
		if states := f.list(); len(states) != 1 || states[0].Current != at(0) || states[0].Next != at(60) {
			f.Errorf("while the token is probed List() = %+v, want %q as current and %q as next", states, at(0), at(60))
		}
		return nil
	}))
	if probes != 1 {
		f.Errorf("the token was probed %d times, want once", probes)
	}
	if st.Current != at(60) {
		f.Errorf("Save() says that %q is current, want %q", st.Current, at(60))
	}
	f.current(at(60))
}

func probeFails(f *fixture) {
	f.open(provider)
	f.save(change("", at(0)))
	refused := &refresh.Error{Class: refresh.Misconfigured, Code: "probe_failed", Detail: "the API refuses the token"}
	_, err := f.store.Save(f.Context(), probing(at(0), at(60), func() error { return refused }))
	if !errors.Is(err, refused) {
		f.Errorf("Save() returned %v, want the error of the probe", err)
	}
	f.current(at(0))

	// The next one does not have to ask its way past it.
	f.save(probing(at(0), at(120), func() error { return nil }))
	f.current(at(120))
}

func currentIsNotProbed(f *fixture) {
	f.open(provider)
	f.save(change("", at(0)))
	f.save(change(at(0), at(60)))
	for _, c := range []refresh.Change{
		probing(at(0), at(60), func() error { return errors.New("it is current") }),
		probing(at(0), at(30), func() error { return errors.New("what is current is later") }),
	} {
		if st := f.save(c); st.Current != at(60) {
			f.Errorf("Save() says that %q is current, want %q", st.Current, at(60))
		}
	}
	f.current(at(60))
}
