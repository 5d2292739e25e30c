package storetest

import (
	"strings"

	"example.com/tokenkeeper/internal/refresh"
)

func firstToken(f *fixture) {
	f.open(provider)
	if st := f.save(change("", at(0))); st.Current != at(0) {
		f.Errorf("Save() says that %q is current, want %q", st.Current, at(0))
	}
	f.current(at(0))
}

func laterToken(f *fixture) {
	f.open(provider)
	f.save(change("", at(0)))
	if st := f.save(change(at(0), at(1))); st.Current != at(1) || next(st) != "" {
		f.Errorf("Save() says that %q is current and %q next, want %q and none", st.Current, st.Next, at(1))
	}
	f.current(at(1))
}

func earlierToken(f *fixture) {
	f.open(provider)
	f.save(change("", at(60)))
	if st := f.save(change(at(60), at(0))); st.Current != at(60) {
		f.Errorf("Save() says that %q is current, want %q", st.Current, at(60))
	}
	f.current(at(60))
}

// A token that was decided on cannot have been issued after what comes of the decision.
func clockAhead(f *fixture) {
	f.open(provider)
	f.save(change("", at(7200)))
	if st := f.save(change(at(30), at(60))); st.Current != at(7200) {
		f.Errorf("Save() says that %q is current, want %q, which was not decided on", st.Current, at(7200))
	}
	if st := f.save(change(at(7200), at(90))); st.Current != at(90) {
		f.Errorf("Save() says that %q is current, want %q", st.Current, at(90))
	}
	f.current(at(90))
}

func sameSecond(f *fixture) {
	f.open(provider)
	f.save(change("", nth(0, 1)))
	for _, other := range []refresh.VersionID{nth(0, 0), nth(0, 2)} {
		if st := f.save(change(nth(0, 1), other)); st.Current != nth(0, 1) {
			f.Errorf("Save() says that %q is current, want %q", st.Current, nth(0, 1))
		}
	}
	f.current(nth(0, 1))
}

func savingAgain(f *fixture) {
	f.open(provider)
	f.save(change("", at(0)))
	f.save(change(at(0), at(60)))
	before := f.open(provider)
	for range 2 {
		if st := f.save(change(at(0), at(60))); st.Current != at(60) {
			f.Errorf("Save() says that %q is current, want %q", st.Current, at(60))
		}
	}
	f.same(f.current(at(60)), before)
}

func lateRetry(f *fixture) {
	f.open(provider)
	f.save(change("", at(0)))
	f.save(change(at(0), at(60)))
	f.save(change(at(60), at(120)))
	for _, c := range []refresh.Change{change("", at(0)), change(at(0), at(60)), change(at(60), at(0))} {
		if st := f.save(c); st.Current != at(120) {
			f.Errorf("Save(from %q to %q) says that %q is current, want %q", c.From, c.To, st.Current, at(120))
		}
	}
	f.current(at(120))
}

// The one that comes second may find its token current only if it was issued later.
func twoDecided(f *fixture) {
	f.open(provider)
	f.save(change("", at(0)))
	f.save(change(at(0), at(60)))
	if st := f.save(change(at(0), at(30))); st.Current != at(60) {
		f.Errorf("Save() says that %q is current, want %q", st.Current, at(60))
	}
	f.current(at(60))

	st := f.save(change(at(0), at(90)))
	if st.Current != at(60) && st.Current != at(90) {
		f.Errorf("Save() says that %q is current, want %q or %q", st.Current, at(60), at(90))
	}
	f.current(st.Current)
}

func putIsNext(f *fixture) {
	f.open(provider)
	f.save(change("", at(0)))
	f.Put(change(at(0), at(60)))
	if st := f.current(at(0)); st.Next != at(60) {
		f.Errorf("%q is next, want %q", st.Next, at(60))
	}
	if states := f.list(); len(states) != 1 || states[0].Current != at(0) || states[0].Next != at(60) {
		f.Errorf("List() = %+v, want %q as next", states, at(60))
	}
}

func promotion(f *fixture) {
	f.open(provider)
	f.save(change("", at(0)))
	f.Put(change(at(0), at(60)))
	if st := f.save(refresh.Change{Provider: provider, From: at(0), To: at(60)}); st.Current != at(60) || next(st) != "" {
		f.Errorf("Save() says that %q is current and %q next, want %q and none", st.Current, st.Next, at(60))
	}
	f.current(at(60))
}

func promotionAgain(f *fixture) {
	f.open(provider)
	f.save(change("", at(0)))
	f.Put(change(at(0), at(60)))
	for range 2 {
		f.save(refresh.Change{Provider: provider, From: at(0), To: at(60)})
	}
	before := f.current(at(60))
	// The run that put it was not dead, only slow.
	f.save(change(at(0), at(60)))
	f.same(f.current(at(60)), before)
}

func putReplaced(f *fixture) {
	f.open(provider)
	f.save(change("", at(0)))
	f.Put(change(at(0), at(60)))
	f.Put(change(at(0), at(90)))
	if st := f.current(at(0)); st.Next != at(90) {
		f.Errorf("%q is next, want %q", st.Next, at(90))
	}
	f.save(change(at(0), at(120)))
	if st := f.current(at(120)); next(st) != "" {
		f.Errorf("%q is next, want none", st.Next)
	}
}

func overtaken(f *fixture) {
	f.open(provider)
	f.save(change("", at(0)))
	f.Put(change(at(0), at(60)))
	f.save(change(at(0), at(120)))
	st, err := f.store.Save(f.Context(), refresh.Change{Provider: provider, From: at(0), To: at(60)})
	if err == nil && st.Current != at(120) {
		f.Errorf("Save() says that %q is current, want %q", st.Current, at(120))
	}
	f.current(at(120))
}

const byHand = `{"access_token": "by hand"}`

// foreign checks that what a person wrote is current, and returns its version.
func (f *fixture) foreign() refresh.VersionID {
	f.Helper()
	st := f.open(provider)
	if _, ours := st.Current.Parse(); ours || st.Current == "" {
		f.Errorf("%q is current, want one that is not ours", st.Current)
	}
	if !st.Owned {
		f.Error("the secret is no longer ours")
	}
	if got := f.Read(provider); !strings.Contains(got, byHand) {
		f.Errorf("consumers read %s, want what was written by hand", got)
	}
	return st.Current
}

func handwritten(f *fixture) {
	f.open(provider)
	f.save(change("", at(0)))
	f.Write(provider, byHand)
	id := f.foreign()
	if states := f.list(); len(states) != 1 || states[0].Current != id {
		f.Errorf("List() = %+v, want %q as current", states, id)
	}
	f.Write(provider, byHand+" ")
	if f.foreign() == id {
		f.Error("two things that were written by hand are the same version: a swap could not distinguish them")
	}
}

func handwrittenReplaced(f *fixture) {
	f.open(provider)
	f.save(change("", at(0)))
	f.Write(provider, byHand)
	f.save(change(f.foreign(), at(60)))
	f.current(at(60))
}

func handwrittenSince(f *fixture) {
	f.open(provider)
	f.save(change("", at(0)))
	f.Write(provider, byHand)
	id := f.foreign()
	if st := f.save(change(at(0), at(60))); st.Current != id {
		f.Errorf("Save() says that %q is current, want %q", st.Current, id)
	}
	f.foreign()
}
