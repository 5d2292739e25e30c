package storetest

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

func emptyStore(f *fixture) {
	if states := f.list(); len(states) != 0 {
		f.Errorf("%d secrets are listed: %+v", len(states), states)
	}
}

func opening(f *fixture) {
	st := f.open(provider)
	want := refresh.State{Name: provider, Exists: true, Owned: true}
	if diff := cmp.Diff(want, st); diff != "" {
		f.Errorf("Open() (-want +got):\n%s", diff)
	}
	if got := f.Read(provider); got != "" {
		f.Errorf("consumers read %q before there is a token", got)
	}
	if diff := cmp.Diff([]refresh.State{want}, f.list()); diff != "" {
		f.Errorf("List() (-want +got):\n%s", diff)
	}
}

func openingAgain(f *fixture) {
	f.open(provider)
	f.save(change("", at(0)))
	f.note(provider, failing)
	f.same(f.open(provider), f.open(provider))
	st := f.current(at(0))
	if st.Note != failing {
		f.Errorf("the note is %q, want %q", st.Note, failing)
	}
}

func endedContext(f *fixture) {
	f.open(provider)
	f.save(change("", at(0)))
	before := f.open(provider)
	ctx, cancel := context.WithCancel(f.Context())
	cancel()
	if _, err := f.store.Save(ctx, change(at(0), at(60))); err == nil {
		f.Error("Save() succeeded")
	}
	if err := f.store.Note(ctx, provider, failing); err == nil {
		f.Error("Note() succeeded")
	}
	if _, err := f.store.Open(ctx, "educloud"); err == nil {
		f.Error("Open() succeeded")
	}
	if _, err := refresh.Pages(ctx, f.store.List); err == nil {
		f.Error("List() succeeded")
	}
	f.same(f.current(at(0)), before)
}

func keptApart(f *fixture) {
	for _, name := range []string{"a", "a-b", "ab"} {
		f.open(name)
	}
	f.save(refresh.Change{Provider: "a", To: at(0), Record: secret.New("for a")})
	f.note("a-b", failing)
	f.Pause("ab", true)
	want := []refresh.State{
		{Name: "a", Exists: true, Owned: true, Current: at(0)},
		{Name: "a-b", Exists: true, Owned: true, Note: failing},
		{Name: "ab", Exists: true, Owned: true, Paused: true},
	}
	got := f.list()
	slices.SortFunc(got, func(a, b refresh.State) int { return strings.Compare(a.Name, b.Name) })
	for i := range got {
		got[i].Next = next(got[i])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		f.Errorf("List() (-want +got):\n%s", diff)
	}
	if f.Read("a") != "for a" || f.Read("ab") != "" || f.Read("a-b") != "" {
		f.Error("the record of one can be read at another")
	}
}

func paused(f *fixture) {
	f.open(provider)
	f.save(change("", at(0)))
	f.Pause(provider, true)
	if !f.current(at(0)).Paused {
		f.Error("paused, and Open() does not say so")
	}
	if states := f.list(); len(states) != 1 || !states[0].Paused {
		f.Errorf("paused, and List() does not say so: %+v", states)
	}
	f.Pause(provider, false)
	if f.current(at(0)).Paused {
		f.Error("resumed, and Open() does not say so")
	}
}

// failing and refused are notes of failures, and known is one of what is known where nothing
// fails.
var (
	failing = refresh.Note{
		Class: refresh.Misconfigured, Code: "invalid_client", Since: noon, Last: noon.Add(time.Minute),
		Tries: 2, Next: noon.Add(time.Hour), Config: 0xabcdef, Credential: "9f3a11c2",
	}
	refused = refresh.Note{
		Class: refresh.NeedsPerson, Code: "invalid_grant", Since: noon.Add(time.Hour),
		Last: noon.Add(time.Hour), Tries: 1, Config: 0xabcdef,
	}
	known = refresh.Note{Unsure: "9f3a11c2", RefreshTokenEnds: noon.Add(90 * 24 * time.Hour)}
)

func noteComesBack(f *fixture) {
	f.open(provider)
	for _, n := range []refresh.Note{failing, refused, known} {
		f.note(provider, n)
		if got := f.open(provider).Note; got != n {
			f.Errorf("Open() has the note %q, want %q", got, n)
		}
		if states := f.list(); len(states) != 1 || states[0].Note != n {
			f.Errorf("List() = %+v, want the note %q", states, n)
		}
	}
}

func noteReplaced(f *fixture) {
	f.open(provider)
	f.note(provider, failing)
	f.note(provider, refused)
	if got := f.open(provider).Note; got != refused {
		f.Errorf("the note is %q, want %q", got, refused)
	}
}

func noteRemoved(f *fixture) {
	f.open(provider)
	f.note(provider, failing)
	f.note(provider, refresh.Note{})
	f.note(provider, refresh.Note{})
	if got := f.open(provider).Note; got != (refresh.Note{}) {
		f.Errorf("the note is %q, want none", got)
	}
}

func noteStays(f *fixture) {
	f.open(provider)
	f.note(provider, failing)
	f.save(change("", at(0)))
	if got := f.current(at(0)).Note; got != failing {
		f.Errorf("the note is %q, want %q: the run that stored the token removes it", got, failing)
	}
}
